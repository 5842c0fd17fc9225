/* The small kernels of the language model. Row assembly and rotation have the bits of the reference, gating those of
 * ck_math_ref.h; log-softmax differs by its exponential. */
#include "check.h"
#include "ck_language.h"
#include "ck_math_ref.h"
#include "half/half.h"

#pragma STDC FP_CONTRACT OFF

static void halves_case(bool is_bf16, int64_t m, int64_t d, int turn) {
    const int64_t vocabulary = 5, extras = 2;
    uint16_t *table = guarded(vocabulary * d * 2);
    for (int64_t i = 0; i < vocabulary * d; i++) table[i] = (uint16_t)random_bits();
    int32_t *sources = guarded(m * 4);
    for (int64_t i = 0; i < m; i++) sources[i] = (int32_t)below(vocabulary + extras) - (int32_t)extras;
    ck_assemble_rows_args a = {.sources = sources, .table = table, .extra = floats(extras * d, true), .m = m, .d = d,
                               .y_stride = d + turn % 3, .extra_stride = d};
    const ck_variants table_of = is_bf16 ? ck_assemble_rows_bf16_variants() : ck_assemble_rows_f16_variants();
    float *y = filled(m * a.y_stride, 777);
    a.y = y;
    if (ck_assemble_rows_check(&a) != CK_OK) abort();
    table_of.rows[table_of.count - 1].run(&a, 0, 1);
    FOR_EACH_VARIANT(row, table_of) {
        a.y = filled(m * a.y_stride, 777);
        run_parts(row, &a, 1 + turn % 3);
        same_bytes(row->name, "rows", a.y, y, m * a.y_stride * 4);
    }
    release_all();
}

/* The bits of a cache element, all NaNs made one. */
static uint32_t element(int type, const void *cache, int64_t at) {
    float value;
    if (type == 0) value = ((const float *)cache)[at];
    else if (type == 1) value = ck_f32_from_f16_value(((const uint16_t *)cache)[at]);
    else if (type == 3) value = (float)((const int8_t *)cache)[at];
    else value = ck_f32_from_bf16_value(((const uint16_t *)cache)[at]);
    return isnan(value) ? 0x7fc00000u : ck_bits_from_float(value);
}

static void rope_case(int type, int64_t m, int64_t heads, int64_t kv_heads, int64_t d, int turn) {
    const ck_variants table = type == 0   ? ck_rope_append_f32_variants()
                              : type == 1 ? ck_rope_append_f16_variants()
                              : type == 2 ? ck_rope_append_bf16_variants()
                                          : ck_rope_append_i8_variants();
    const int64_t positions = 9, cells = m + 3, elements = cells * kv_heads * d;
    const int64_t bytes = elements * (type == 0 ? 4 : type == 3 ? 1 : 2), scales = cells * kv_heads;
    int32_t *position = guarded(m * 4), *cell = guarded(m * 4);
    for (int64_t i = 0; i < m; i++) {
        position[i] = (int32_t)below(positions);
        cell[i] = (int32_t)((i * 2 + 1) % cells);
        for (int64_t j = 0; j < i; j++) /* rows go to different cells */
            if (cell[j] == cell[i]) cell[i] = (int32_t)((cell[i] + 1) % cells), j = -1;
    }
    const float *q = floats(m * heads * d, turn % 2);
    ck_rope_append_args a = {
        .k = floats(m * kv_heads * d, turn % 2), .v = floats(m * kv_heads * d, turn % 2), .positions = position,
        .cells = cell, .cosines = floats(positions * d / 2, false), .sines = floats(positions * d / 2, false), .m = m,
        .heads = heads, .kv_heads = kv_heads, .d = d, .q_stride = heads * d, .k_stride = kv_heads * d,
        .v_stride = kv_heads * d, .cell_stride = turn % 3 ? kv_heads * d : d, .head_stride = turn % 3 ? d : cells * d,
    };
    float *q_found[2] = {guarded(m * heads * d * 4), guarded(m * heads * d * 4)};
    uint8_t *cache[2][2] = {{guarded(bytes), guarded(bytes)}, {guarded(bytes), guarded(bytes)}};
    float *scale[2][2] = {{filled(scales, 777), filled(scales, 777)}, {filled(scales, 777), filled(scales, 777)}};
    for (const ck_variant *row = table.rows + table.count; row-- > table.rows;) { /* the reference is the last row */
        if (!ck_isa_supported(row->isa)) continue;
        const int use = row->isa == CK_ISA_REF ? 0 : 1;
        memcpy(q_found[use], q, (size_t)(m * heads * d * 4));
        memset(cache[use][0], 0, (size_t)bytes);
        memset(cache[use][1], 0, (size_t)bytes);
        a.q = q_found[use];
        a.k_cache = cache[use][0];
        a.v_cache = cache[use][1];
        a.k_scales = scale[use][0];
        a.v_scales = scale[use][1];
        const ck_status status = type == 0   ? ck_rope_append_f32_check(&a)
                                 : type == 1 ? ck_rope_append_f16_check(&a)
                                 : type == 2 ? ck_rope_append_bf16_check(&a)
                                             : ck_rope_append_i8_check(&a);
        if (status != CK_OK) abort();
        run_parts(row, &a, 1 + turn % 4);
        if (use == 0) continue;
        same_floats(row->name, "queries", q_found[1], q_found[0], m * heads * d);
        for (int which = 0; which < 2; which++) {
            uint32_t *bits[2] = {guarded(elements * 4), guarded(elements * 4)};
            for (int i = 0; i < 2; i++)
                for (int64_t j = 0; j < elements; j++) bits[i][j] = element(type, cache[i][which], j);
            same_bytes(row->name, which ? "values" : "keys", bits[1], bits[0], elements * 4);
            same_floats(row->name, "scales", scale[1][which], scale[0][which], scales);
        }
    }
    release_all();
}

static void gate_case(int64_t m, int64_t n, int turn) {
    const int64_t stride = n + turn % 3;
    float *gate = floats(m * stride, true), *up = floats(m * stride, true), *y = filled(m * stride, 777);
    for (int64_t i = 0; i < m * stride; i++) gate[i] *= 30;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) y[i * stride + j] = ck_silu_ref(gate[i * stride + j]) * up[i * stride + j];
    FOR_EACH_VARIANT(row, ck_silu_mul_f32_variants()) {
        ck_silu_mul_args a = {gate, up, filled(m * stride, 777), m, n, stride, stride, stride};
        if (ck_silu_mul_check(&a) != CK_OK) abort();
        run_parts(row, &a, 1 + turn % 5);
        same_floats(row->name, "gated", a.y, y, m * stride);
    }
    release_all();
}

static void softmax_case(int64_t m, int64_t n, float size, bool odd, int turn) {
    const ck_variants table = ck_log_softmax_f32_variants();
    const int64_t stride = n + turn % 3;
    float *x = floats(m * stride, odd);
    for (int64_t i = 0; i < m * stride; i++) x[i] *= size;
    if (odd && turn % 2) /* masked entries, and neither NaN nor infinity besides */
        for (int64_t i = 0; i < m * stride; i++)
            if (x[i] == INFINITY || isnan(x[i])) x[i] = -INFINITY;
    ck_log_softmax_args a = {x, filled(m * stride, 777), m, n, stride, stride};
    float *y = a.y;
    table.rows[table.count - 1].run(&a, 0, 1);
    FOR_EACH_VARIANT(row, table) {
        a.y = filled(m * stride, 777);
        run_parts(row, &a, 1 + turn % 3);
        /* Each exp has a relative error of a few 1e-7, which the sum keeps; both results are rounded once, half a unit each. */
        close_floats(row->name, "log-softmax", a.y, y, m * stride, 3e-7, 1.2e-7);
    }
    release_all();
}

void check_language(void) {
    static const int64_t widths[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 97, 255, 256, 257, 600};
    int turn = 0;
    for (int i = 0; i < 18; i++)
        for (int64_t m = 0; m < 6; m += 1 + m, turn++) {
            halves_case(false, m, widths[i], turn);
            halves_case(true, m, widths[i], turn);
            gate_case(m, widths[i], turn);
            if (widths[i] > 0) softmax_case(m, widths[i], m == 3 ? 1e30f : 5, turn % 4 > 1, turn);
        }
    softmax_case(2, 5000, 3, false, turn);
    static const int64_t dims[] = {0, 2, 4, 6, 8, 10, 14, 22, 64, 128};
    for (int type = 0; type < 4; type++)
        for (int i = 0; i < 10; i++)
            for (int64_t m = 0; m < 6; m += 1 + m, turn++) {
                rope_case(type, m, 3, 1, dims[i], turn);
                rope_case(type, m, 2, 2, dims[i], turn);
            }
}
