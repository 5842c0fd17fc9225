/* ck_linear: one chain of FMAs per sum, then the epilogue operation by operation, bit for bit. */
#include "check.h"
#include "ck_linear.h"
#include "ck_math_ref.h"
#include "half/half.h"

#pragma STDC FP_CONTRACT OFF

static float stored(int type, const void *weight, int64_t at) {
    if (type == 0) return ((const float *)weight)[at];
    const uint16_t bits = ((const uint16_t *)weight)[at];
    return type == 1 ? ck_f32_from_f16_value(bits) : ck_f32_from_bf16_value(bits);
}

static float activated(float v, int32_t activation) {
    switch (activation) {
    case CK_ACT_RELU: return v < 0 ? 0 : v;
    case CK_ACT_GELU: return ck_gelu_ref(v);
    case CK_ACT_SILU: return ck_silu_ref(v);
    default: return v;
    }
}

static float expected(const ck_linear_args *a, int type, int64_t i, int64_t n) {
    float v = 0;
    for (int64_t k = 0; k < a->k; k++)
        v = fmaf(a->x[i * a->x_stride + k], stored(type, a->weight, (n / 16 * a->k + k) * 16 + n % 16), v);
    for (int64_t r = 0; a->lora_x && r < a->rank; r++)
        v = fmaf(a->lora_scale * a->lora_x[i * a->lora_x_stride + r], a->lora_b[(n / 16 * a->rank + r) * 16 + n % 16], v);
    if (a->bias) v += a->bias[n];
    v = activated(v, a->activation);
    if (a->channel_scale) v *= a->channel_scale[n];
    if (a->residual) v += a->residual[i * a->residual_stride + n];
    return v;
}

static void one(int type, int64_t m, int64_t n, int64_t k, int64_t rank, int turn) {
    const bool odd = turn % 4 == 3;
    const int64_t padded = (n + 15) / 16 * 16, gap = turn % 2 * 3;
    const float *source = floats(n * k, odd);
    void *weight = guarded(padded * k * (type == 0 ? 4 : 2));
    const ck_status status = type == 0   ? ck_pack_nk16_f32(source, n, k, weight)
                             : type == 1 ? ck_pack_nk16_f16(source, n, k, weight)
                                         : ck_pack_nk16_bf16(source, n, k, weight);
    float *b = guarded(padded * rank * 4);
    if (status != CK_OK || ck_pack_nk16_f32(floats(n * rank, odd), n, rank, b) != CK_OK) abort();
    ck_linear_args a = {
        .x = floats(m * (k + gap), odd),
        .weight = weight,
        .bias = turn % 3 ? floats(n, odd) : NULL,
        .lora_x = rank ? floats(m * rank, odd) : NULL,
        .lora_b = b,
        .channel_scale = turn % 5 ? NULL : floats(n, odd),
        .residual = turn % 7 < 3 ? floats(m * (n + gap), odd) : NULL,
        .m = m, .n = n, .k = k, .rank = rank,
        .x_stride = k + gap, .lora_x_stride = rank, .residual_stride = n + gap, .y_stride = n + gap,
        .lora_scale = 1.75f, .activation = turn / 2 % 4,
    };
    float *y = filled(m * (n + gap), 777);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) y[i * (n + gap) + j] = expected(&a, type, i, j);
    const ck_variants table = type == 0   ? ck_linear_f32_f32_nk16_variants()
                              : type == 1 ? ck_linear_f32_f16_nk16_variants()
                                          : ck_linear_f32_bf16_nk16_variants();
    char label[160];
    snprintf(label, sizeof label, "m %d n %d k %d rank %d turn %d", (int)m, (int)n, (int)k, (int)rank, turn);
    FOR_EACH_VARIANT(row, table) {
        a.y = filled(m * (n + gap), 777);
        if (ck_linear_check(&a) != CK_OK) abort();
        run_parts(row, &a, 1 + turn % 3);
        same_floats(row->name, label, a.y, y, m * (n + gap));
    }
    release_all();
}

void check_linear(void) {
    static const int64_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 13}, columns[] = {0, 1, 15, 16, 17, 31, 49, 97},
                         depths[] = {0, 1, 2, 31, 127, 129, 257}, ranks[] = {0, 1, 3, 16};
    static const int64_t large[][4] = {{97, 17, 257, 64}, {7, 289, 511, 3}, {5, 81, 769, 300}, {8, 5, 511, 300},
                                       {1, 97, 511, 64},  {2, 130, 40, 5},  {3, 70, 60, 2},    {193, 33, 40, 0}};
    int turn = 0;
    for (int type = 0; type < 3; type++) {
        for (int m = 0; m < 9; m++)
            for (int n = 0; n < 8; n++)
                for (int k = 0; k < 2; k++, turn++)
                    one(type, rows[m], columns[n], depths[(turn + 3 * k) % 7], ranks[turn % 4], turn);
        for (int i = 0; i < 8; i++, turn++) one(type, large[i][0], large[i][1], large[i][2], large[i][3], turn);
    }
    /* The activations over all kinds of floats: x W with one k and W = 1. */
    const int64_t count = 1 << 16;
    float *x = guarded(count * 4), *y = guarded(count * 4 * 16), *want = guarded(count * 4);
    float *ones = filled(16, 1);
    for (int64_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)i << 16 | (random_bits() & 0xffff);
        memcpy(x + i, &bits, 4);
    }
    ck_linear_args a = {.x = x, .weight = ones, .y = y, .m = count, .n = 1, .k = 1, .x_stride = 1, .y_stride = 1};
    for (a.activation = CK_ACT_RELU; a.activation <= CK_ACT_SILU; a.activation++) {
        for (int64_t i = 0; i < count; i++) want[i] = activated(fmaf(x[i], 1, 0), a.activation);
        FOR_EACH_VARIANT(row, ck_linear_f32_f32_nk16_variants()) {
            row->run(&a, 0, 1);
            same_floats(row->name, "every kind of float", y, want, count);
        }
    }
    release_all();
}
