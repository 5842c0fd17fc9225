/* Attention with a location term: close to the reference, which sums in float64, and NaN in the same places. */
#include "check.h"
#include "ck_vision.h"

static void attention_case(int fusion, int64_t n, int64_t heads, int64_t d, int64_t dims, int turn) {
    const ck_variants table = ck_spatial_attention_f32_variants();
    const int64_t width = heads * d, location_heads = turn % 2 ? 1 : heads;
    float *const inputs[] = {floats(n * width, false), floats(n * width, false), floats(n * width, false),
                             floats(n * n * dims, false)};
    if (n > 0 && turn % 3 == 1) { /* one number that is none, or infinite, in q, k, v or the locations */
        const int which = turn % 4;
        const bool is_nan = turn % 5 || (fusion == CK_FUSION_CTX && which == 3); /* there vector kernels make it NaN */
        inputs[which][below(which == 3 ? n * n * dims : n * width)] = is_nan ? NAN : INFINITY;
    }
    int32_t *padding = guarded(n * 4);
    for (int64_t i = 0; i < n; i++) padding[i] = turn % 11 == 10 || below(3) == 0;
    const int64_t rows = fusion == CK_FUSION_CTX ? width : location_heads;
    ck_spatial_attention_args a = {
        .q = inputs[0], .k = inputs[1], .v = inputs[2], .locations = inputs[3],
        .condition = floats(n * location_heads * (dims + 1), false), .location_weight = floats(rows * dims, false),
        .location_bias = floats(rows, false), .key_padding = turn % 4 ? padding : NULL, .n = n, .heads = heads, .d = d,
        .dims = dims, .location_heads = location_heads, .q_stride = width, .k_stride = width, .v_stride = width,
        .y_stride = width, .condition_stride = location_heads * (dims + 1), .fusion = fusion,
    };
    const int parts = 1 + turn % 4;
    const int64_t bytes = (int64_t)ck_spatial_attention_f32_scratch_bytes(&a, parts); /* a multiple of 64 */
    float *y = NULL, *probabilities = NULL;
    char label[100];
    snprintf(label, sizeof label, "fusion %d n %d heads %dx%d dims %d turn %d", fusion, (int)n, (int)heads, (int)d,
             (int)dims, turn);
    for (const ck_variant *row = table.rows + table.count; row-- > table.rows;) { /* the reference is the last row */
        if (!ck_isa_supported(row->isa)) continue;
        a.y = filled(n * width, 777);
        a.probabilities = filled(heads * n * n, 777);
        a.scratch = guarded(bytes);
        memset(a.scratch, 0xff, (size_t)bytes);
        if (ck_spatial_attention_f32_check(&a) != CK_OK) abort();
        run_parts(row, &a, parts);
        if (row->isa == CK_ISA_REF) {
            y = a.y;
            probabilities = a.probabilities;
            continue;
        }
        /* Scores carry roundings of 1e-7 relative, exp and log of 1 ulp each; mul divides by small l, and the products
         * of three random numbers of ctx make scores of 20 and more. */
        const double tolerance = fusion == CK_FUSION_MUL || fusion == CK_FUSION_CTX ? 1e-5 : 2e-6;
        close_floats(row->name, label, a.probabilities, probabilities, heads * n * n, tolerance, 0);
        close_floats(row->name, label, a.y, y, n * width, tolerance, 0);
    }
    release_all();
}

void check_spatial(void) {
    static const int64_t keys[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 61}, features[] = {1, 3, 4, 5, 8, 31, 32, 37, 64},
                         dims[] = {1, 4, 5, 12};
    int turn = 0;
    for (int fusion = CK_FUSION_NONE; fusion <= CK_FUSION_ADD; fusion++)
        for (int n = 0; n < 13; n++)
            for (int again = 0; again < 4; again++, turn++)
                attention_case(fusion, keys[n], 1 + turn % 3, features[turn % 9], dims[turn % 4], turn);
}
