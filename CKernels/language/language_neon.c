/* The small language kernels for NEON. Rotation and row assembly equal the reference bit for bit (no FMA), gating and
 * log-softmax up to the vector exp. Tails take lanes one by one through the same operations, so an element is computed
 * alike wherever a slice begins. */
#include "ck_math_neon.h"
#include "ck_target.h"
#include "half/half.h"
#include "language/language.h"

#if CK_ARM64
#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

/* MARK: assemble_rows */

INLINE void assemble(const ck_assemble_rows_args *a, bool is_bf16, int part, int parts) {
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const int64_t s = a->sources[i];
        float *y = a->y + i * a->y_stride;
        if (s < 0) {
            memcpy(y, a->extra + -(s + 1) * a->extra_stride, (size_t)a->d * sizeof *y);
            continue;
        }
        const uint16_t *row = (const uint16_t *)a->table + s * a->d;
        int64_t j = 0;
        for (; j + 8 <= a->d; j += 8) {
            const uint16x8_t bits = vld1q_u16(row + j);
            const float16x8_t halves = vreinterpretq_f16_u16(bits);
            vst1q_f32(y + j, is_bf16 ? vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(bits), 16))
                                     : vcvt_f32_f16(vget_low_f16(halves)));
            vst1q_f32(y + j + 4, is_bf16 ? vreinterpretq_f32_u32(vshll_high_n_u16(bits, 16)) : vcvt_high_f32_f16(halves));
        }
        for (; j < a->d; j++) y[j] = is_bf16 ? ck_f32_from_bf16_value(row[j]) : ck_f32_from_f16_value(row[j]);
    }
}

void ck_assemble_rows_f16_neon(const void *args, int part, int parts) { assemble(args, false, part, parts); }
void ck_assemble_rows_bf16_neon(const void *args, int part, int parts) { assemble(args, true, part, parts); }

/* MARK: rope_append */

/* Rounded as half.h rounds. */
INLINE uint16x4_t bf16_bits(float32x4_t v) {
    const uint32x4_t bits = vreinterpretq_u32_f32(v);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    const uint32x4_t quiet_nan = vorrq_u32(bits, vdupq_n_u32(0x400000));
    return vshrn_n_u32(vbslq_u32(vceqq_f32(v, v), rounded, quiet_nan), 16);
}

/* Elements `at` ..< at + lanes of the cache. */
INLINE void store_cache(ck_cache_type type, void *cache, int64_t at, int64_t lanes, float32x4_t v) {
    if (type == CK_CACHE_F32) {
        ck_store_lanes_neon((float *)cache + at, lanes, v);
        return;
    }
    const uint16x4_t halves = type == CK_CACHE_F16 ? vreinterpret_u16_f16(vcvt_f16_f32(v)) : bf16_bits(v);
    uint16_t *target = (uint16_t *)cache + at;
    if (lanes >= 4) {
        vst1_u16(target, halves);
        return;
    }
    if (lanes > 0) vst1_lane_u16(target, halves, 0);
    if (lanes > 1) vst1_lane_u16(target + 1, halves, 1);
    if (lanes > 2) vst1_lane_u16(target + 2, halves, 2);
}

INLINE void rotate(ck_cache_type type, const float *x, const float *cosines, const float *sines, int64_t d, void *cache,
                   int64_t at) {
    const int64_t half = d / 2;
    for (int64_t j = 0; j < half; j += 4) {
        const int64_t lanes = half - j;
        const float32x4_t low = ck_load_lanes_neon(x + j, lanes), high = ck_load_lanes_neon(x + j + half, lanes);
        const float32x4_t c = ck_load_lanes_neon(cosines + j, lanes), s = ck_load_lanes_neon(sines + j, lanes);
        store_cache(type, cache, at + j, lanes, vsubq_f32(vmulq_f32(low, c), vmulq_f32(high, s)));
        store_cache(type, cache, at + j + half, lanes, vaddq_f32(vmulq_f32(high, c), vmulq_f32(low, s)));
    }
}

INLINE void rope_append(const ck_rope_append_args *a, ck_cache_type type, int part, int parts) {
    const int64_t d = a->d, per_row = a->heads + a->kv_heads;
    int64_t begin, end;
    ck_slice(a->m * per_row, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t i = item / per_row, head = item % per_row;
        const float *cosines = a->cosines + a->positions[i] * (d / 2);
        const float *sines = a->sines + a->positions[i] * (d / 2);
        if (head < a->heads) {
            float *q = a->q + i * a->q_stride + head * d;
            rotate(CK_CACHE_F32, q, cosines, sines, d, q, 0);
        } else {
            const int64_t kv_head = head - a->heads;
            const int64_t at = a->cells[i] * a->cell_stride + kv_head * a->head_stride;
            rotate(type, a->k + i * a->k_stride + kv_head * d, cosines, sines, d, a->k_cache, at);
            const float *v = a->v + i * a->v_stride + kv_head * d;
            for (int64_t j = 0; j < d; j += 4)
                store_cache(type, a->v_cache, at + j, d - j, ck_load_lanes_neon(v + j, d - j));
        }
    }
}

void ck_rope_append_f32_neon(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F32, part, parts); }
void ck_rope_append_f16_neon(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F16, part, parts); }
void ck_rope_append_bf16_neon(const void *args, int part, int parts) { rope_append(args, CK_CACHE_BF16, part, parts); }

/* MARK: silu_mul */

void ck_silu_mul_f32_neon(const void *args, int part, int parts) {
    const ck_silu_mul_args *a = args;
    const int64_t pieces = (a->n + CK_SILU_COLUMNS - 1) / CK_SILU_COLUMNS;
    int64_t begin, end;
    ck_slice(a->m * pieces, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t i = item / pieces, first = item % pieces * CK_SILU_COLUMNS;
        const int64_t last = a->n - first < CK_SILU_COLUMNS ? a->n : first + CK_SILU_COLUMNS;
        for (int64_t j = first; j < last; j += 4) {
            const int64_t lanes = last - j;
            const float32x4_t gate = ck_load_lanes_neon(a->gate + i * a->gate_stride + j, lanes);
            const float32x4_t up = ck_load_lanes_neon(a->up + i * a->up_stride + j, lanes);
            ck_store_lanes_neon(a->y + i * a->y_stride + j, lanes, vmulq_f32(ck_silu_neon(gate), up));
        }
    }
}

/* MARK: log_softmax */

void ck_log_softmax_f32_neon(const void *args, int part, int parts) {
    const ck_log_softmax_args *a = args;
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const float *x = a->x + i * a->x_stride;
        float *y = a->y + i * a->y_stride;
        float32x4_t top = vdupq_n_f32(-INFINITY);
        for (int64_t j = 0; j < a->n; j += 4) /* vmaxq passes NaN on, which the sum would find anyway */
            top = vbslq_f32(ck_tail_mask_neon(a->n - j), vmaxq_f32(top, ck_load_lanes_neon(x + j, a->n - j)), top);
        const float32x4_t largest = vdupq_n_f32(vmaxvq_f32(top));

        float64x2_t sum_low = vdupq_n_f64(0), sum_high = vdupq_n_f64(0);
        for (int64_t j = 0; j < a->n; j += 4) {
            const float32x4_t raw = ck_exp_neon(vsubq_f32(ck_load_lanes_neon(x + j, a->n - j), largest));
            const float32x4_t e =
                vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(raw), ck_tail_mask_neon(a->n - j)));
            sum_low = vaddq_f64(sum_low, vcvt_f64_f32(vget_low_f32(e)));
            sum_high = vaddq_f64(sum_high, vcvt_high_f64_f32(e));
        }
        const double sum = vaddvq_f64(vaddq_f64(sum_low, sum_high));
        const float64x2_t shift = vdupq_n_f64((double)vgetq_lane_f32(largest, 0) + log(sum));
        for (int64_t j = 0; j < a->n; j += 4) {
            const float32x4_t v = ck_load_lanes_neon(x + j, a->n - j);
            const float32x2_t low = vcvt_f32_f64(vsubq_f64(vcvt_f64_f32(vget_low_f32(v)), shift));
            ck_store_lanes_neon(y + j, a->n - j, vcvt_high_f32_f64(low, vsubq_f64(vcvt_high_f64_f32(v), shift)));
        }
    }
}
#endif
