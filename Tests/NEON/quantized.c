/* q8 rows and integer products: every variant has the bits of the reference. */
#include "check.h"
#include "ck_quantized.h"

static void row_case(int kind, int64_t m, int64_t k, int turn) {
    static ck_status (*const checks[])(const ck_q8_rows_args *) = {ck_q8_quantize_check, ck_q8_rms_norm_check,
                                                                  ck_q8_silu_mul_check};
    const ck_variants tables[] = {ck_q8_quantize_f32_variants(), ck_q8_rms_norm_f32_variants(),
                                  ck_q8_silu_mul_f32_variants()};
    const int64_t gap = turn % 2 * 3, bytes = m * ck_q8_row_bytes(k), groups = m * ck_q8_groups(k);
    float *x = floats(m * (k + gap), turn % 4 == 1);
    if (turn % 5 == 2) /* scales that underflow, and groups of zeros */
        for (int64_t i = 0; i < m * (k + gap); i++) x[i] *= turn % 2 ? 1e-39f : 0.0f;
    ck_q8_rows_args a = {.x = x, .up = floats(m * (k + gap), turn % 8 == 1), .weight = floats(k, false),
                         .input_scale = turn % 7 < 3 ? floats(k, false) : NULL,
                         .m = m, .k = k, .x_stride = k + gap, .up_stride = k + gap, .v_stride = k + gap, .eps = 1e-5f};
    uint8_t *y = guarded(bytes);
    float *v = filled(m * (k + gap), 777);
    a.y = y;
    a.v = v;
    if (checks[kind](&a) != CK_OK) abort();
    tables[kind].rows[tables[kind].count - 1].run(&a, 0, 1);
    char label[80];
    snprintf(label, sizeof label, "m %d k %d turn %d", (int)m, (int)k, turn);
    FOR_EACH_VARIANT(row, tables[kind]) {
        a.y = guarded(bytes);
        a.v = turn % 3 ? filled(m * (k + gap), 777) : NULL;
        run_parts(row, &a, 1 + turn % 3);
        /* The scales are compared as floats: a NaN may have any bits. */
        const int64_t scales = groups * CK_GROUP, sums = scales + groups * 4;
        same_bytes(row->name, label, a.y, y, scales);
        same_floats(row->name, label, (float *)(void *)(a.y + scales), (float *)(void *)(y + scales), groups);
        same_bytes(row->name, label, a.y + sums, y + sums, bytes - sums);
        if (a.v) same_floats(row->name, label, a.v, v, m * (k + gap));
    }
    release_all();
}

static void product_case(bool is_int4, int64_t m, int64_t n, int64_t k, int64_t rank, int turn) {
    const ck_variants table = is_int4 ? ck_linear_q8_i4g32_n64_variants() : ck_linear_q8_i8g128_n64_variants();
    const int64_t padded = (n + 15) / 16 * 16, gap = turn % 2 * 3;
    const float *source = floats(n * k, false);
    uint8_t *weight = guarded(is_int4 ? ck_n64_i4g32_bytes(n, k) : ck_n64_i8g128_bytes(n, k));
    void *scale = guarded(ck_n64_scale_bytes(n, k));
    const ck_status status =
        is_int4 ? ck_pack_n64_i4g32(source, n, k, weight, scale) : ck_pack_n64_i8g128(source, n, k, weight, scale);
    float *b = guarded(padded * rank * 4);
    uint8_t *x = guarded(m * ck_q8_row_bytes(k));
    float *values = floats(m * k, turn % 4 == 1);
    if (turn % 3 == 0) { /* the largest products: q of 127 beside -127 and 64 beside 64, weights that no packing makes */
        const int64_t bytes = is_int4 ? ck_n64_i4g32_bytes(n, k) : ck_n64_i8g128_bytes(n, k);
        for (int64_t i = 0; i < bytes; i++) weight[i] = below(4) ? 0 : (uint8_t)random_bits();
        for (int64_t i = 0; i < m * k; i++) values[i] = below(4) ? 1 : -1;
    }
    const ck_q8_rows_args rows = {.x = values, .y = x, .m = m, .k = k, .x_stride = k};
    if (status != CK_OK || ck_pack_nk16_f32(floats(n * rank, false), n, rank, b) != CK_OK) abort();
    ck_variants quantize = ck_q8_quantize_f32_variants();
    quantize.rows[quantize.count - 1].run(&rows, 0, 1);

    const ck_lora lora = {b, rank, 2, 1.75f};
    int32_t *ids = guarded(m * 4);
    for (int64_t i = 0; i < m; i++) ids[i] = (int32_t)below(2) - 1;
    ck_linear_q8_args a = {
        .x = x, .weight = weight, .weight_scale = scale,
        .bias = turn % 3 ? floats(n, false) : NULL,
        .channel_scale = turn % 5 ? NULL : floats(n, false),
        .residual = turn % 7 < 3 ? floats(m * (n + gap), false) : NULL,
        .m = m, .n = n, .k = k, .residual_stride = n + gap, .y_stride = n + gap,
        .lora_x = rank ? floats(m * (rank + 2), false) : NULL, .lora_x_stride = rank + 2, .lora = lora,
        .adapters = &lora, .adapter_ids = turn % 2 ? ids : NULL, .adapter_count = 1, .activation = turn / 2 % 4,
    };
    float *y = filled(m * (n + gap), 777);
    a.y = y;
    if (ck_linear_q8_check(&a) != CK_OK) abort();
    table.rows[table.count - 1].run(&a, 0, 1);
    char label[100];
    snprintf(label, sizeof label, "m %d n %d k %d rank %d turn %d", (int)m, (int)n, (int)k, (int)rank, turn);
    FOR_EACH_VARIANT(row, table) {
        a.y = filled(m * (n + gap), 777);
        run_parts(row, &a, 1 + turn % 3);
        same_floats(row->name, label, a.y, y, m * (n + gap));
    }
    release_all();
}

void check_quantized(void) {
    static const int64_t depths[] = {0, 1, 3, 4, 5, 31, 32, 33, 63, 64, 65, 96, 97, 127, 128, 129, 191, 193, 257, 640};
    int turn = 0;
    for (int kind = 0; kind < 3; kind++)
        for (int k = 0; k < 20; k++)
            for (int64_t m = 0; m < 5; m += 1 + m / 2, turn++) row_case(kind, m, depths[k], turn);

    static const int64_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 13}, columns[] = {1, 15, 17, 63, 64, 65, 131},
                         ranks[] = {0, 1, 3, 16};
    for (int is_int4 = 0; is_int4 < 2; is_int4++) {
        for (int m = 0; m < 9; m++)
            for (int n = 0; n < 7; n++, turn++)
                product_case(is_int4, rows[m], columns[n], depths[turn % 20], ranks[turn % 4], turn);
        product_case(is_int4, 199, 65, 300, 5, turn++);
    }
}
