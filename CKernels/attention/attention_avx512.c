/* Attention for AVX-512; the algorithm is in attention_body.h.
 *
 * Registers, 32: blocks take 6 rows x 4 cells (or 4 vectors of values) of sums, 6 queries (weights), 1 key (value); a step
 * of up to 5 beams the same shape with fewer rows. Twice the partial sums of AVX2 along d, so results differ from it in
 * the last bits. */
#include "attention/attention.h"
#include "ck_avx512.h"
#include "ck_math_avx512.h"
#include "ck_target.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

typedef __m512 V;
typedef __m128 V4;
enum { V_LANES = 16, GROUP_ROWS = 6, GROUP_CELLS = 4, GROUP_VECTORS = 4, DIRECT_ROWS = 5 };
#define DIRECT_CELLS(rows, type) ((rows) == 1 ? 8 : 4)
#define NAME(type) ck_attention_##type##_cells_avx512
#define OPERATION static inline __attribute__((always_inline))

OPERATION V v_zero(void) { return _mm512_setzero_ps(); }
OPERATION V v_set1(float x) { return _mm512_set1_ps(x); }
OPERATION V v_load(const float *p) { return _mm512_loadu_ps(p); }
OPERATION void v_store(float *p, V x) { _mm512_storeu_ps(p, x); }
OPERATION V v_load_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
OPERATION V v_load_bf16(const uint16_t *p) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
OPERATION V v_add(V x, V y) { return _mm512_add_ps(x, y); }
OPERATION V v_sub(V x, V y) { return _mm512_sub_ps(x, y); }
OPERATION V v_mul(V x, V y) { return _mm512_mul_ps(x, y); }
OPERATION V v_max(V x, V y) { return _mm512_max_ps(x, y); }
OPERATION V v_fma(V x, V y, V z) { return _mm512_fmadd_ps(x, y, z); }
OPERATION V v_exp(V x) { return ck_exp_avx512(x); }
OPERATION float v_lane0(V x) { return _mm512_cvtss_f32(x); }

/* x in the first `count` lanes, `rest` in the others */
OPERATION V v_first(V x, V rest, int64_t count) { return _mm512_mask_blend_ps(ck_tail_mask_avx512(count), rest, x); }

OPERATION float v_largest(V x) { return _mm512_reduce_max_ps(x); }
OPERATION float v_sum(V x) { return _mm512_reduce_add_ps(x); }

OPERATION __m256 halves(V x) { return _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1)); }
OPERATION V4 v_sums4(V a, V b, V c, V d) {
    const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(halves(a), halves(b)), _mm256_hadd_ps(halves(c), halves(d)));
    return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}
OPERATION V4 v4_scale(V4 x, float scale) { return _mm_mul_ps(x, _mm_set1_ps(scale)); }
OPERATION void v4_store(float *p, V4 x) { _mm_storeu_ps(p, x); }
OPERATION void v4_store2(float *p, V4 x) { _mm_storel_pi((__m64 *)p, x); }

#include "attention/attention_body.h"

CK_TARGET_END
#endif
