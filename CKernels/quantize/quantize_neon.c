/* q8 rows with NEON: 128 values at a time, made from the source into a buffer, then their largest size, then bytes, as in
 * quantize_avx2.c. The largest size is found on the bits, where a NaN or an infinity is larger than any number. Tails:
 * values beyond k are loaded as zeros, which change neither the sums of squares nor anything of a group. */
#include "quantize/quantize.h"
#include "ck_math_neon.h"

#if CK_ARM64
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { square_vectors = CK_Q8_SQUARE_SUMS / 4, group_parts = CK_GROUP / CK_Q8_SUBGROUP };

/* MARK: Source */

static float inverse_rms(const float *x, int64_t k, float eps) {
    float32x4_t sums[square_vectors];
    CK_UNROLL for (int s = 0; s < square_vectors; s++) sums[s] = vdupq_n_f32(0.0f);
    int64_t i = 0;
    for (; i + CK_Q8_SQUARE_SUMS <= k; i += CK_Q8_SQUARE_SUMS)
        CK_UNROLL for (int s = 0; s < square_vectors; s++) {
            const float32x4_t v = vld1q_f32(x + i + s * 4);
            sums[s] = vfmaq_f32(sums[s], v, v);
        }
    CK_UNROLL for (int s = 0; s < square_vectors; s++) {
        if (k - i <= s * 4) break;
        const float32x4_t v = ck_load_lanes_neon(x + i + s * 4, k - i - s * 4);
        sums[s] = vfmaq_f32(sums[s], v, v);
    }
    CK_UNROLL for (int half = square_vectors / 2; half > 0; half /= 2)
        CK_UNROLL for (int s = 0; s < half; s++) sums[s] = vaddq_f32(sums[s], sums[s + half]);
    const float32x2_t pair = vadd_f32(vget_low_f32(sums[0]), vget_high_f32(sums[0]));
    return 1.0f / sqrtf((vget_lane_f32(pair, 0) + vget_lane_f32(pair, 1)) / (float)k + eps);
}

/* Values [first, first + 128) of a row, zeros beyond k, into `buffer`. */
CK_INLINE void load_group(const ck_q8_rows_args *a, ck_q8_source source, int64_t row, int64_t first, float inverse,
                          float *buffer) {
    const float *x = a->x + row * a->x_stride + first;
    const int64_t count = a->k - first;
    for (int64_t j = 0; j < CK_GROUP; j += 4) {
        const int64_t lanes = count - j;
        float32x4_t v = vdupq_n_f32(0.0f);
        if (lanes > 0) {
            v = ck_load_lanes_neon(x + j, lanes);
            if (source == CK_Q8_RMS_NORM)
                v = vmulq_f32(vmulq_n_f32(v, inverse), ck_load_lanes_neon(a->weight + first + j, lanes));
            if (source == CK_Q8_SILU_MUL)
                v = vmulq_f32(ck_silu_neon(v), ck_load_lanes_neon(a->up + row * a->up_stride + first + j, lanes));
        }
        vst1q_f32(buffer + j, v);
    }
}

/* The first `count` values of the buffer times their scales. */
CK_INLINE void scale_group(const float *input_scale, int64_t count, float *buffer) {
    for (int64_t j = 0; j < count; j += 4)
        vst1q_f32(buffer + j, vmulq_f32(vld1q_f32(buffer + j), ck_load_lanes_neon(input_scale + j, count - j)));
}

/* MARK: Bytes */

/* The largest value or sum of neighbours. */
CK_INLINE uint32_t largest_bits(const float *buffer) {
    const uint32x4_t sizes = vdupq_n_u32(0x7fffffff);
    uint32x4_t most[4];
    CK_UNROLL for (int i = 0; i < 4; i++) most[i] = vdupq_n_u32(0);
    for (int j = 0; j < CK_GROUP; j += 16)
        CK_UNROLL for (int i = 0; i < 4; i++) {
            const float32x4_t v = vld1q_f32(buffer + j + i * 4), neighbours = vaddq_f32(v, vrev64q_f32(v));
            most[i] = vmaxq_u32(most[i], vandq_u32(sizes, vreinterpretq_u32_f32(v)));
            most[i] = vmaxq_u32(most[i], vandq_u32(sizes, vreinterpretq_u32_f32(neighbours)));
        }
    return vmaxvq_u32(vmaxq_u32(vmaxq_u32(most[0], most[1]), vmaxq_u32(most[2], most[3])));
}

/* 16 values as bytes. */
CK_INLINE int8x16_t quantized(const float *v, float32x4_t scale) {
    int16x4_t q[4];
    CK_UNROLL for (int i = 0; i < 4; i++) q[i] = vqmovn_s32(vcvtnq_s32_f32(vdivq_f32(vld1q_f32(v + i * 4), scale)));
    const int8x8_t low = vqmovn_s16(vcombine_s16(q[0], q[1])), high = vqmovn_s16(vcombine_s16(q[2], q[3]));
    return vcombine_s8(low, high);
}

static void quantize_group(const float *buffer, ck_q8_row row, int64_t group, int64_t parts) {
    const uint32_t bits = largest_bits(buffer);
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    const float scale = ck_q8_scale(bits < 0x7f800000u, largest);
    int32_t sum = 0;
    int16_t part_sums[group_parts] = {0};
    for (int64_t part = 0; part < parts; part++) {
        int8x16_t low = vdupq_n_s8(0), high = low;
        if (scale > 0.0f) {
            const float *v = buffer + part * CK_Q8_SUBGROUP;
            low = quantized(v, vdupq_n_f32(scale));
            high = quantized(v + 16, vdupq_n_f32(scale));
            part_sums[part] = (int16_t)(vaddlvq_s8(low) + vaddlvq_s8(high));
            sum += part_sums[part];
        }
        int8_t *q = row.q + group * CK_GROUP + part * CK_Q8_SUBGROUP;
        vst1q_s8(q, low);
        vst1q_s8(q + 16, high);
    }
    row.scale[group] = scale;
    row.sum[group] = sum;
    memcpy(row.part_sum + group * group_parts, part_sums, sizeof part_sums);
}

CK_INLINE void run(const ck_q8_rows_args *a, ck_q8_source source, int part, int parts) {
    float buffer[CK_GROUP] __attribute__((aligned(64)));
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const ck_q8_row row = ck_q8_row_at(a->y + i * a->y_stride, a->k);
        const float inverse = source == CK_Q8_RMS_NORM ? inverse_rms(a->x + i * a->x_stride, a->k, a->eps) : 0.0f;
        for (int64_t first = 0; first < a->k; first += CK_GROUP) {
            load_group(a, source, i, first, inverse, buffer);
            const int64_t count = a->k - first < CK_GROUP ? a->k - first : CK_GROUP;
            if (a->v) memcpy(a->v + i * a->v_stride + first, buffer, (size_t)count * sizeof *buffer);
            if (a->input_scale) scale_group(a->input_scale + first, count, buffer);
            quantize_group(buffer, row, first / CK_GROUP, count > CK_GROUP / 2 ? group_parts : group_parts / 2);
        }
        memset(row.padding, 0, (size_t)(row.end - row.padding));
    }
}

void ck_q8_quantize_f32_neon(const void *args, int part, int parts) { run(args, CK_Q8_PLAIN, part, parts); }
void ck_q8_rms_norm_f32_neon(const void *args, int part, int parts) { run(args, CK_Q8_RMS_NORM, part, parts); }
void ck_q8_silu_mul_f32_neon(const void *args, int part, int parts) { run(args, CK_Q8_SILU_MUL, part, parts); }
#endif
