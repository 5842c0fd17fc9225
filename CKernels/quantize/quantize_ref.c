/* The specification of the q8 rows: plain loops, every operation rounded to float32 on its own. */
#include "quantize/quantize.h"
#include "ck_math_ref.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

/* 1 / sqrt(mean of x^2 + eps), squares in 32 sums */
static float inverse_rms(const float *x, int64_t k, float eps) {
    float sums[CK_Q8_SQUARE_SUMS] = {0};
    for (int64_t i = 0; i < k; i++) sums[i % CK_Q8_SQUARE_SUMS] = fmaf(x[i], x[i], sums[i % CK_Q8_SQUARE_SUMS]);
    for (int half = CK_Q8_SQUARE_SUMS / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) sums[i] += sums[i + half];
    return 1.0f / sqrtf(sums[0] / (float)k + eps);
}

static float value(const ck_q8_rows_args *a, ck_q8_source source, int64_t row, int64_t j, float inverse) {
    const float x = a->x[row * a->x_stride + j];
    switch (source) {
    case CK_Q8_PLAIN: return x;
    case CK_Q8_RMS_NORM: return x * inverse * a->weight[j];
    case CK_Q8_SILU_MUL: break;
    }
    return ck_silu_ref(x) * a->up[row * a->up_stride + j];
}

/* v [count], count <= 128 -> y */
static void quantize_group(const float *v, int64_t count, ck_q8_group y) {
    float largest = 0.0f;
    bool finite = true;
    for (int64_t j = 0; j < count; j++) {
        const float neighbours = (j ^ 1) < count ? v[j] + v[j ^ 1] : v[j];
        finite = finite && isfinite(v[j]) && isfinite(neighbours);
        largest = fmaxf(largest, fmaxf(fabsf(v[j]), fabsf(neighbours)));
    }
    const float scale = ck_q8_scale(finite, largest);
    int32_t sum = 0;
    int16_t part_sums[4] = {0};
    for (int64_t j = 0; j < count; j++) {
        const float q = scale > 0.0f ? rintf(v[j] / scale) : 0.0f;
        y.q[j] = (int8_t)q;
        sum += (int32_t)q;
        part_sums[j / CK_Q8_SUBGROUP] = (int16_t)(part_sums[j / CK_Q8_SUBGROUP] + (int16_t)q);
    }
    memset(y.q + count, 0, (size_t)(CK_GROUP - count));
    *y.scale = scale;
    *y.sum = sum;
    memcpy(y.part_sum, part_sums, sizeof part_sums);
}

static void run(const ck_q8_rows_args *a, ck_q8_source source, int part, int parts) {
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const float inverse = source == CK_Q8_RMS_NORM ? inverse_rms(a->x + i * a->x_stride, a->k, a->eps) : 0.0f;
        for (int64_t group = 0; group < ck_q8_groups(a->k); group++) {
            const int64_t first = group * CK_GROUP;
            const int64_t count = a->k - first < CK_GROUP ? a->k - first : CK_GROUP;
            float v[CK_GROUP];
            for (int64_t j = 0; j < count; j++) v[j] = value(a, source, i, first + j, inverse);
            if (a->v) memcpy(a->v + i * a->v_stride + first, v, (size_t)count * sizeof *v);
            if (a->input_scale)
                for (int64_t j = 0; j < count; j++) v[j] *= a->input_scale[first + j];
            quantize_group(v, count, ck_q8_group_at(a->y, a->m, a->k, i, group));
        }
    }
}

void ck_q8_quantize_f32_ref(const void *args, int part, int parts) { run(args, CK_Q8_PLAIN, part, parts); }
void ck_q8_rms_norm_f32_ref(const void *args, int part, int parts) { run(args, CK_Q8_RMS_NORM, part, parts); }
void ck_q8_silu_mul_f32_ref(const void *args, int part, int parts) { run(args, CK_Q8_SILU_MUL, part, parts); }
