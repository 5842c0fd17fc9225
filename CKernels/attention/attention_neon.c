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

CK_INLINE V4 v_sums4(V a, V b, V c, V d) { return vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)); }
CK_INLINE V4 v4_scale(V4 x, float scale) { return vmulq_n_f32(x, scale); }
CK_INLINE void v4_store(float *p, V4 x) { vst1q_f32(p, x); }
CK_INLINE void v4_store2(float *p, V4 x) { vst1_f32(p, vget_low_f32(x)); }

#include "attention/attention_body.h"
#endif
