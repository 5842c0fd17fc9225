/* Attention with NEON; the algorithm is in attention_body.h.
 *
 * Registers, 32: blocks take 6 rows x 4 cells (or 4 vectors of values) of sums, 6 queries (weights), 1 key (value); a step
 * of up to 5 beams the same shape with fewer rows. */
#include "attention/attention.h"
#include "ck_vector_neon.h"

#if CK_ARM64

typedef float32x4_t V4;
enum { GROUP_ROWS = 6, GROUP_CELLS = 4, GROUP_VECTORS = 4, DIRECT_ROWS = 5 };
#define DIRECT_CELLS(rows, type) ((rows) == 1 ? 8 : 4)
#define NAME(type) ck_attention_##type##_cells_neon

CK_INLINE V v_load_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
CK_INLINE V v_load_bf16(const uint16_t *p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }

/* 2^n for whole n in [-126, 127] */
CK_INLINE V v_pow2(int32x4_t n) { return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23)); }

/* The polynomial of ck_math_avx2.h; NaN passes through the bounds. */
CK_INLINE V v_exp(V x) {
    x = vmaxq_f32(vminq_f32(x, vdupq_n_f32(89.0f)), vdupq_n_f32(-105.0f));
    const V n = vrndnq_f32(vmulq_n_f32(x, 1.44269504f));
    V r = vfmsq_n_f32(x, n, 0.693359375f);
    r = vfmsq_n_f32(r, n, -2.12194440e-4f);
    V p = vdupq_n_f32(1.97402725e-4f);
    p = vfmaq_f32(vdupq_n_f32(1.39350840e-3f), p, r);
    p = vfmaq_f32(vdupq_n_f32(8.33357032e-3f), p, r);
    p = vfmaq_f32(vdupq_n_f32(4.16664630e-2f), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.66666657e-1f), p, r);
    p = vfmaq_f32(vdupq_n_f32(0.5f), p, r);
    p = vaddq_f32(vfmaq_f32(r, vmulq_f32(r, r), p), vdupq_n_f32(1.0f));
    const int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1);
    return vmulq_f32(vmulq_f32(p, v_pow2(half)), v_pow2(vsubq_s32(whole, half)));
}

CK_INLINE V4 v_sums4(V a, V b, V c, V d) { return vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)); }
CK_INLINE V4 v4_scale(V4 x, float scale) { return vmulq_n_f32(x, scale); }
CK_INLINE void v4_store(float *p, V4 x) { vst1q_f32(p, x); }
CK_INLINE void v4_store2(float *p, V4 x) { vst1_f32(p, vget_low_f32(x)); }

#include "attention/attention_body.h"
#endif
