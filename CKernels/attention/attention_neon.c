/* Attention with NEON; the algorithm is in attention_body.h.
 *
 * Registers, 32: blocks take 6 rows x 4 cells (or 4 vectors of values) of sums, 6 queries (weights), 1 key (value); a step
 * of up to 5 beams the same shape with fewer rows. */
#include "attention/attention.h"
#include "ck_math_neon.h"
#include "ck_target.h"

#if CK_ARM64
#include <arm_neon.h>

typedef float32x4_t V;
typedef float32x4_t V4;
enum { V_LANES = 4, GROUP_ROWS = 6, GROUP_CELLS = 4, GROUP_VECTORS = 4, DIRECT_ROWS = 5 };
#define DIRECT_CELLS(rows, type) ((rows) == 1 ? 8 : 4)
#define NAME(type) ck_attention_##type##_cells_neon
#define OPERATION static inline __attribute__((always_inline))

OPERATION V v_zero(void) { return vdupq_n_f32(0); }
OPERATION V v_set1(float x) { return vdupq_n_f32(x); }
OPERATION V v_load(const float *p) { return vld1q_f32(p); }
OPERATION void v_store(float *p, V x) { vst1q_f32(p, x); }
OPERATION V v_load_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
OPERATION V v_load_bf16(const uint16_t *p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
OPERATION V v_add(V x, V y) { return vaddq_f32(x, y); }
OPERATION V v_sub(V x, V y) { return vsubq_f32(x, y); }
OPERATION V v_mul(V x, V y) { return vmulq_f32(x, y); }
OPERATION V v_max(V x, V y) { return vmaxq_f32(x, y); }
OPERATION V v_fma(V x, V y, V z) { return vfmaq_f32(z, x, y); }
OPERATION float v_lane0(V x) { return vgetq_lane_f32(x, 0); }
OPERATION float v_largest(V x) { return vmaxvq_f32(x); }
OPERATION float v_sum(V x) { return vaddvq_f32(x); }

OPERATION V v_exp(V x) { return ck_exp_neon(x); }

/* x in the first `count` lanes, `rest` in the others */
OPERATION V v_first(V x, V rest, int64_t count) { return vbslq_f32(ck_tail_mask_neon(count), x, rest); }

OPERATION V4 v_sums4(V a, V b, V c, V d) { return vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)); }
OPERATION V4 v4_scale(V4 x, float scale) { return vmulq_n_f32(x, scale); }
OPERATION void v4_store(float *p, V4 x) { vst1q_f32(p, x); }
OPERATION void v4_store2(float *p, V4 x) { vst1_f32(p, vget_low_f32(x)); }

#include "attention/attention_body.h"
#endif
