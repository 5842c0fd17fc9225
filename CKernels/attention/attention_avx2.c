/* Attention for AVX2, FMA, F16C; the algorithm is in attention_body.h.
 *
 * Registers, 16: blocks take 3 rows x 4 cells (or 4 vectors of values) of sums, 3 queries (weights), 1 key (value). A
 * step of 4 or 5 beams takes 2 cells at once, so that all beams share each widened key. */
#include "attention/attention.h"
#include "ck_vector_avx2.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

typedef __m128 V4;
enum { GROUP_ROWS = 3, GROUP_CELLS = 4, GROUP_VECTORS = 4, DIRECT_ROWS = 5 };
#define DIRECT_CELLS(rows, type) ((rows) == 1 ? 8 : (rows) == 2 || ((rows) == 3 && (type) == CK_CACHE_F32) ? 4 : 2)
#define NAME(type) ck_attention_##type##_cells_avx2

CK_INLINE V4 v_sums4(V a, V b, V c, V d) {
    const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}
CK_INLINE V4 v4_scale(V4 x, float scale) { return _mm_mul_ps(x, _mm_set1_ps(scale)); }
CK_INLINE void v4_store(float *p, V4 x) { _mm_storeu_ps(p, x); }
CK_INLINE void v4_store2(float *p, V4 x) { _mm_storel_pi((__m64 *)p, x); }

#include "attention/attention_body.h"

CK_TARGET_END
#endif
