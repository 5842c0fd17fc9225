/* Elementary functions on four floats, for NEON kernels: the operations of ck_math_avx2.h one by one, so that results have
 * the bits of ck_math_ref.h. Errors and limits stand there. NEON's min and max pass NaN on. */
#ifndef CK_MATH_NEON_H
#define CK_MATH_NEON_H
#include "ck_erf.h"
#include "ck_target.h"

#if CK_ARM64
#include <arm_neon.h>
#include <stdint.h>

#pragma STDC FP_CONTRACT OFF

#define CK_MATH_INLINE static inline __attribute__((always_inline, unused))

/* MARK: Tails */

/* The first `lanes` floats at p, zeros in the other lanes; nothing else is read. */
CK_MATH_INLINE float32x4_t ck_load_lanes_neon(const float *p, int64_t lanes) {
    if (lanes >= 4) return vld1q_f32(p);
    float32x4_t v = vdupq_n_f32(0.0f);
    if (lanes > 0) v = vld1q_lane_f32(p, v, 0);
    if (lanes > 1) v = vld1q_lane_f32(p + 1, v, 1);
    if (lanes > 2) v = vld1q_lane_f32(p + 2, v, 2);
    return v;
}

CK_MATH_INLINE void ck_store_lanes_neon(float *p, int64_t lanes, float32x4_t v) {
    if (lanes >= 4) {
        vst1q_f32(p, v);
        return;
    }
    if (lanes > 0) vst1q_lane_f32(p, v, 0);
    if (lanes > 1) vst1q_lane_f32(p + 1, v, 1);
    if (lanes > 2) vst1q_lane_f32(p + 2, v, 2);
}

/* Lanes [0, count) set; count may lie outside 0...4. */
CK_MATH_INLINE uint32x4_t ck_tail_mask_neon(int64_t count) {
    static const int32_t order[4] = {0, 1, 2, 3};
    const int32_t lanes = count > 4 ? 4 : count < 0 ? 0 : (int32_t)count;
    return vcltq_s32(vld1q_s32(order), vdupq_n_s32(lanes));
}

/* MARK: Functions */

/* 2^n for whole n in [-126, 127] */
CK_MATH_INLINE float32x4_t ck_pow2i_neon(int32x4_t n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}

CK_MATH_INLINE float32x4_t ck_exp_neon(float32x4_t x) {
    x = vmaxq_f32(vminq_f32(x, vdupq_n_f32(89.0f)), vdupq_n_f32(-105.0f));
    const float32x4_t n = vrndnq_f32(vmulq_f32(x, vdupq_n_f32(1.44269504f)));
    float32x4_t r = vfmsq_f32(x, n, vdupq_n_f32(0.693359375f));
    r = vfmsq_f32(r, n, vdupq_n_f32(-2.12194440e-4f));
    float32x4_t p = vdupq_n_f32(1.97402725e-4f);
    p = vfmaq_f32(vdupq_n_f32(1.39350840e-3f), p, r);
    p = vfmaq_f32(vdupq_n_f32(8.33357032e-3f), p, r);
    p = vfmaq_f32(vdupq_n_f32(4.16664630e-2f), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.66666657e-1f), p, r);
    p = vfmaq_f32(vdupq_n_f32(0.5f), p, r);
    p = vfmaq_f32(r, vmulq_f32(r, r), p);
    p = vaddq_f32(p, vdupq_n_f32(1.0f));
    const int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1);
    return vmulq_f32(vmulq_f32(p, ck_pow2i_neon(half)), ck_pow2i_neon(vsubq_s32(whole, half)));
}

CK_MATH_INLINE float32x4_t ck_log_neon(float32x4_t x) {
    const float32x4_t zero = vdupq_n_f32(0.0f), infinity = vdupq_n_f32(__builtin_inff());
    const uint32x4_t small = vcltq_f32(x, vdupq_n_f32(1.17549435e-38f));
    const float32x4_t scaled = vbslq_f32(small, vmulq_f32(x, vdupq_n_f32(33554432.0f)), x);
    const int32x4_t root = vdupq_n_s32(0x3f3504f3); /* bits of sqrt(1/2) */
    const int32x4_t bits = vsubq_s32(vreinterpretq_s32_f32(scaled), root);
    const float32x4_t shift = vreinterpretq_f32_u32(vandq_u32(small, vreinterpretq_u32_f32(vdupq_n_f32(25.0f))));
    const float32x4_t e = vsubq_f32(vcvtq_f32_s32(vshrq_n_s32(bits, 23)), shift);
    const int32x4_t mantissa = vaddq_s32(vandq_s32(bits, vdupq_n_s32(0x007fffff)), root);
    const float32x4_t f = vsubq_f32(vreinterpretq_f32_s32(mantissa), vdupq_n_f32(1.0f));
    float32x4_t p = vdupq_n_f32(6.74955621e-2f);
    p = vfmaq_f32(vdupq_n_f32(-1.16701923e-1f), p, f);
    p = vfmaq_f32(vdupq_n_f32(1.18834704e-1f), p, f);
    p = vfmaq_f32(vdupq_n_f32(-1.24062076e-1f), p, f);
    p = vfmaq_f32(vdupq_n_f32(1.42203629e-1f), p, f);
    p = vfmaq_f32(vdupq_n_f32(-1.66679904e-1f), p, f);
    p = vfmaq_f32(vdupq_n_f32(2.00020716e-1f), p, f);
    p = vfmaq_f32(vdupq_n_f32(-2.50000089e-1f), p, f);
    p = vfmaq_f32(vdupq_n_f32(3.33333135e-1f), p, f);
    const float32x4_t square = vmulq_f32(f, f);
    float32x4_t low = vmulq_f32(vmulq_f32(square, f), p);
    low = vfmaq_f32(low, e, vdupq_n_f32(-2.12194440e-4f));
    low = vfmsq_f32(low, square, vdupq_n_f32(0.5f));
    float32x4_t y = vfmaq_f32(vaddq_f32(f, low), e, vdupq_n_f32(0.693359375f));
    y = vbslq_f32(vceqq_f32(x, zero), vnegq_f32(infinity), y);
    y = vbslq_f32(vceqq_f32(x, infinity), infinity, y);
    return vbslq_f32(vcgeq_f32(x, zero), y, vdupq_n_f32(__builtin_nanf(""))); /* NaN and negative numbers */
}

CK_MATH_INLINE float32x4_t ck_sigmoid_neon(float32x4_t x) {
    const float32x4_t one = vdupq_n_f32(1.0f);
    return vdivq_f32(one, vaddq_f32(one, ck_exp_neon(vnegq_f32(x))));
}

/* Entries of one row of the table; `bytes` are those of each lane's entry. */
CK_MATH_INLINE float32x4_t ck_erf_piece_neon(int row, uint8x16_t bytes) {
    const uint8_t *entries = (const uint8_t *)ck_erf_table[row];
    const uint8x16x2_t table = {{vld1q_u8(entries), vld1q_u8(entries + 16)}};
    return vreinterpretq_f32_u8(vqtbl2q_u8(table, bytes));
}

CK_MATH_INLINE float32x4_t ck_erf_neon(float32x4_t x) {
    const float32x4_t t = vminq_f32(vdupq_n_f32(CK_ERF_END), vabsq_f32(x));
    const int32x4_t k = vcvtnq_s32_f32(vmulq_f32(t, vdupq_n_f32(CK_ERF_STEPS_PER_UNIT)));
    const float32x4_t d = vfmsq_f32(t, vcvtq_f32_s32(k), vdupq_n_f32(CK_ERF_STEP));
    const int32x4_t entry = vaddq_s32(vmulq_s32(k, vdupq_n_s32(0x04040404)), vdupq_n_s32(0x03020100));
    const uint8x16_t bytes = vreinterpretq_u8_s32(entry);
    float32x4_t p = ck_erf_piece_neon(CK_ERF_DEGREE + 1, bytes);
    p = vfmaq_f32(ck_erf_piece_neon(5, bytes), p, d);
    p = vfmaq_f32(ck_erf_piece_neon(4, bytes), p, d);
    p = vfmaq_f32(ck_erf_piece_neon(3, bytes), p, d);
    p = vfmaq_f32(ck_erf_piece_neon(2, bytes), p, d);
    p = vfmaq_f32(ck_erf_piece_neon(1, bytes), p, d);
    const uint32x4_t near = vcltq_s32(k, vdupq_n_s32(CK_ERF_NEAR));
    const float32x4_t base = vbslq_f32(near, t, ck_erf_piece_neon(0, bytes));
    const float32x4_t size = vfmaq_f32(base, p, vbslq_f32(near, t, d));
    return vbslq_f32(vdupq_n_u32(0x80000000u), x, size);
}

CK_MATH_INLINE float32x4_t ck_silu_neon(float32x4_t x) {
    return vdivq_f32(x, vaddq_f32(vdupq_n_f32(1.0f), ck_exp_neon(vnegq_f32(x))));
}

CK_MATH_INLINE float32x4_t ck_gelu_neon(float32x4_t x) {
    const float32x4_t erf = ck_erf_neon(vmulq_f32(x, vdupq_n_f32(0.70710678f)));
    return vmulq_f32(vmulq_f32(vdupq_n_f32(0.5f), x), vaddq_f32(vdupq_n_f32(1.0f), erf));
}

/* NaN and -0 stay, as in `v < 0 ? 0 : v`. */
CK_MATH_INLINE float32x4_t ck_relu_neon(float32x4_t x) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x), vcltzq_f32(x)));
}

#endif
#endif
