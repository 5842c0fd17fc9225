/* Attention for AVX-512; the algorithm is in attention_body.h.
 *
 * Registers, 32: blocks take 6 rows x 4 cells (or 4 vectors of values) of sums, 6 queries (weights), 1 key (value); a step
 * of up to 5 beams the same shape with fewer rows. Twice the partial sums of AVX2 along d, so results differ from it in
 * the last bits. */
#include "attention/attention.h"
#include "ck_vector_avx512.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

typedef __m128 V4;
enum { GROUP_ROWS = 6, GROUP_CELLS = 4, GROUP_VECTORS = 4, DIRECT_ROWS = 5 };
#define DIRECT_CELLS(rows, type) ((rows) == 1 ? 8 : 4)
#define NAME(type) ck_attention_##type##_cells_avx512

CK_INLINE __m256 halves(V x) { return _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1)); }
CK_INLINE V4 v_sums4(V a, V b, V c, V d) {
    const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(halves(a), halves(b)), _mm256_hadd_ps(halves(c), halves(d)));
    return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}
CK_INLINE V4 v4_scale(V4 x, float scale) { return _mm_mul_ps(x, _mm_set1_ps(scale)); }
CK_INLINE void v4_store(float *p, V4 x) { _mm_storeu_ps(p, x); }
CK_INLINE void v4_store2(float *p, V4 x) { _mm_storel_pi((__m64 *)p, x); }

#include "attention/attention_body.h"

CK_TARGET_END
#endif
