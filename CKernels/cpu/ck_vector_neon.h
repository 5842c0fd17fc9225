/* Vectors of Advanced SIMD by the names of ck_vector_avx2.h, where they are described. */
#ifndef CK_VECTOR_NEON_H
#define CK_VECTOR_NEON_H
#include "ck_math_neon.h"

#include <string.h>

#if CK_ARM64

typedef float32x4_t V;
typedef int32x4_t VI;
typedef uint32x4_t VM;
typedef struct VD {
    float64x2_t low, high;
} VD;
enum { V_LANES = 4 };

CK_INLINE V v_zero(void) { return vdupq_n_f32(0); }
CK_INLINE V v_set1(float x) { return vdupq_n_f32(x); }
CK_INLINE V v_load(const float *p) { return vld1q_f32(p); }
CK_INLINE void v_store(float *p, V x) { vst1q_f32(p, x); }
CK_INLINE V v_add(V x, V y) { return vaddq_f32(x, y); }
CK_INLINE V v_sub(V x, V y) { return vsubq_f32(x, y); }
CK_INLINE V v_mul(V x, V y) { return vmulq_f32(x, y); }
CK_INLINE V v_div(V x, V y) { return vdivq_f32(x, y); }
CK_INLINE V v_min(V x, V y) { return vbslq_f32(vcltq_f32(x, y), x, y); } /* vminq would pass NaN on */
CK_INLINE V v_max(V x, V y) { return vmaxq_f32(x, y); }                  /* NaN if one of the two is */
CK_INLINE V v_larger(V x, V y) { return vbslq_f32(vcgtq_f32(x, y), x, y); } /* vmaxq would put 0 above -0 */
CK_INLINE V v_fma(V x, V y, V z) { return vfmaq_f32(z, x, y); }
CK_INLINE V v_exp(V x) { return ck_exp_neon(x); }
CK_INLINE V v_gelu(V x) { return ck_gelu_neon(x); }
CK_INLINE V v_silu(V x) { return ck_silu_neon(x); }
CK_INLINE V v_relu(V x) { return ck_relu_neon(x); }

CK_INLINE VM v_less(V x, V y) { return vcltq_f32(x, y); }
CK_INLINE VM v_at_most(V x, V y) { return vcleq_f32(x, y); }
CK_INLINE VM v_equal(V x, V y) { return vceqq_f32(x, y); }
CK_INLINE VM v_is_nan(V x) { return vmvnq_u32(vceqq_f32(x, x)); }
CK_INLINE V v_select(VM mask, V yes, V no) { return vbslq_f32(mask, yes, no); }

CK_INLINE VI vi_set1(int32_t x) { return vdupq_n_s32(x); }
CK_INLINE VI vi_add(VI x, VI y) { return vaddq_s32(x, y); }
CK_INLINE VI vi_select(VM mask, VI yes, VI no) { return vbslq_s32(mask, yes, no); }
CK_INLINE VM vm_first(int64_t count) { return ck_tail_mask_neon(count); }
CK_INLINE VM vm_and(VM x, VM y) { return vandq_u32(x, y); }
CK_INLINE VM vm_or(VM x, VM y) { return vorrq_u32(x, y); }

CK_INLINE V v_load_first(const float *p, int64_t count) { return ck_load_lanes_neon(p, count); }
CK_INLINE void v_store_first(float *p, V x, int64_t count) { ck_store_lanes_neon(p, count, x); }

CK_INLINE V v_load_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
CK_INLINE V v_load_bf16(const uint16_t *p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
CK_INLINE void v_store_first16(uint16_t *p, uint16x4_t halves, int64_t count) {
    if (count >= V_LANES) {
        vst1_u16(p, halves);
        return;
    }
    if (count > 0) vst1_lane_u16(p, halves, 0);
    if (count > 1) vst1_lane_u16(p + 1, halves, 1);
    if (count > 2) vst1_lane_u16(p + 2, halves, 2);
}
CK_INLINE void v_store_first_f16(uint16_t *p, V x, int64_t count) {
    v_store_first16(p, vreinterpret_u16_f16(vcvt_f16_f32(x)), count);
}
CK_INLINE void v_store_first_bf16(uint16_t *p, V x, int64_t count) {
    const uint32x4_t bits = vreinterpretq_u32_f32(x);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    const uint32x4_t quiet_nan = vorrq_u32(bits, vdupq_n_u32(0x400000));
    v_store_first16(p, vshrn_n_u32(vbslq_u32(vceqq_f32(x, x), rounded, quiet_nan), 16), count);
}

CK_INLINE V v_load_i8(const int8_t *p) {
    uint32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(bytes)))));
}
CK_INLINE void v_store_first_i8(int8_t *p, V x, int64_t count) {
    const int16x4_t narrow = vqmovn_s32(vcvtnq_s32_f32(x));
    int8_t lanes[8];
    vst1_s8(lanes, vqmovn_s16(vcombine_s16(narrow, narrow)));
    memcpy(p, lanes, (size_t)(count < V_LANES ? count : V_LANES));
}

CK_INLINE VD vd_zero(void) { return (VD){vdupq_n_f64(0), vdupq_n_f64(0)}; }
CK_INLINE VD vd_add(VD sums, V x) {
    return (VD){vaddq_f64(sums.low, vcvt_f64_f32(vget_low_f32(x))), vaddq_f64(sums.high, vcvt_high_f64_f32(x))};
}
CK_INLINE double vd_sum(VD sums) { return vaddvq_f64(vaddq_f64(sums.low, sums.high)); }
CK_INLINE V v_sub_f64(V x, double shift) {
    const float64x2_t s = vdupq_n_f64(shift);
    const float32x2_t low = vcvt_f32_f64(vsubq_f64(vcvt_f64_f32(vget_low_f32(x)), s));
    return vcvt_high_f32_f64(low, vsubq_f64(vcvt_high_f64_f32(x), s));
}

CK_INLINE float v_lane0(V x) { return vgetq_lane_f32(x, 0); }
/* In the order of the other sets: halves first. */
CK_INLINE float v_sum(V x) { return vaddv_f32(vadd_f32(vget_low_f32(x), vget_high_f32(x))); }
CK_INLINE float v_largest(V x) { return vmaxvq_f32(x); }
CK_INLINE V v_largest_everywhere(V x) { return vdupq_n_f32(vmaxvq_f32(x)); }
CK_INLINE int32_t vi_smallest(VI x) { return vminvq_s32(x); }

#endif
#endif
