/* Vectors of Advanced SIMD by the names of ck_vector_avx2.h, where they are described. */
#ifndef CK_VECTOR_NEON_H
#define CK_VECTOR_NEON_H
#include "ck_target.h"

#if CK_ARM64
#include <arm_neon.h>
#include <stdint.h>

typedef float32x4_t V;
typedef int32x4_t VI;
typedef uint32x4_t VM;
enum { V_LANES = 4 };

CK_INLINE V v_zero(void) { return vdupq_n_f32(0); }
CK_INLINE V v_set1(float x) { return vdupq_n_f32(x); }
CK_INLINE V v_load(const float *p) { return vld1q_f32(p); }
CK_INLINE void v_store(float *p, V x) { vst1q_f32(p, x); }
CK_INLINE V v_add(V x, V y) { return vaddq_f32(x, y); }
CK_INLINE V v_sub(V x, V y) { return vsubq_f32(x, y); }
CK_INLINE V v_mul(V x, V y) { return vmulq_f32(x, y); }
CK_INLINE V v_min(V x, V y) { return vbslq_f32(vcltq_f32(x, y), x, y); } /* vminq would pass NaN on */
CK_INLINE V v_max(V x, V y) { return vmaxq_f32(x, y); }                  /* NaN if one of the two is */
CK_INLINE V v_fma(V x, V y, V z) { return vfmaq_f32(z, x, y); }

CK_INLINE VM v_less(V x, V y) { return vcltq_f32(x, y); }
CK_INLINE VM v_at_most(V x, V y) { return vcleq_f32(x, y); }
CK_INLINE VM v_equal(V x, V y) { return vceqq_f32(x, y); }
CK_INLINE V v_select(VM mask, V yes, V no) { return vbslq_f32(mask, yes, no); }

CK_INLINE VI vi_set1(int32_t x) { return vdupq_n_s32(x); }
CK_INLINE VI vi_add(VI x, VI y) { return vaddq_s32(x, y); }
CK_INLINE VI vi_select(VM mask, VI yes, VI no) { return vbslq_s32(mask, yes, no); }
CK_INLINE VM vm_first(int64_t count) {
    static const int32_t lanes[V_LANES] = {0, 1, 2, 3};
    const int32_t known = count > V_LANES ? V_LANES : count < 0 ? 0 : (int32_t)count;
    return vcltq_s32(vld1q_s32(lanes), vdupq_n_s32(known));
}
CK_INLINE VM vm_and(VM x, VM y) { return vandq_u32(x, y); }

CK_INLINE float v_lane0(V x) { return vgetq_lane_f32(x, 0); }
CK_INLINE float v_sum(V x) { return vaddvq_f32(x); }
CK_INLINE float v_largest(V x) { return vmaxvq_f32(x); }
CK_INLINE V v_largest_everywhere(V x) { return vdupq_n_f32(vmaxvq_f32(x)); }
CK_INLINE int32_t vi_smallest(VI x) { return vminvq_s32(x); }

#endif
#endif
