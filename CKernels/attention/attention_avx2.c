/* Attention for AVX2, FMA, F16C; the algorithm is in attention_body.h.
 *
 * Registers, 16: blocks take 3 rows x 4 cells (or 4 vectors of values) of sums, 3 queries (weights), 1 key (value). A
 * step of 4 or 5 beams takes 2 cells at once, so that all beams share each widened key. */
#include "attention/attention.h"
#include "ck_math_avx2.h"
#include "ck_target.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

typedef __m256 V;
typedef __m128 V4;
enum { V_LANES = 8, GROUP_ROWS = 3, GROUP_CELLS = 4, GROUP_VECTORS = 4, DIRECT_ROWS = 5 };
#define DIRECT_CELLS(rows, type) ((rows) == 1 ? 8 : (rows) == 2 || ((rows) == 3 && (type) == CK_CACHE_F32) ? 4 : 2)
#define NAME(type) ck_attention_##type##_cells_avx2
#define OPERATION static inline __attribute__((always_inline))

OPERATION V v_zero(void) { return _mm256_setzero_ps(); }
OPERATION V v_set1(float x) { return _mm256_set1_ps(x); }
OPERATION V v_load(const float *p) { return _mm256_loadu_ps(p); }
OPERATION void v_store(float *p, V x) { _mm256_storeu_ps(p, x); }
OPERATION V v_load_f16(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
OPERATION V v_load_bf16(const uint16_t *p) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
OPERATION V v_add(V x, V y) { return _mm256_add_ps(x, y); }
OPERATION V v_sub(V x, V y) { return _mm256_sub_ps(x, y); }
OPERATION V v_mul(V x, V y) { return _mm256_mul_ps(x, y); }
OPERATION V v_max(V x, V y) { return _mm256_max_ps(x, y); }
OPERATION V v_fma(V x, V y, V z) { return _mm256_fmadd_ps(x, y, z); }
OPERATION V v_exp(V x) { return ck_exp_avx2(x); }
OPERATION float v_lane0(V x) { return _mm256_cvtss_f32(x); }

/* x in the first `count` lanes, `rest` in the others */
OPERATION V v_first(V x, V rest, int64_t count) {
    return _mm256_blendv_ps(rest, x, _mm256_castsi256_ps(ck_tail_mask_avx2(count)));
}

OPERATION float v_largest(V v) {
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
}

OPERATION float v_sum(V v) {
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}

OPERATION V4 v_sums4(V a, V b, V c, V d) {
    const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}
OPERATION V4 v4_scale(V4 x, float scale) { return _mm_mul_ps(x, _mm_set1_ps(scale)); }
OPERATION void v4_store(float *p, V4 x) { _mm_storeu_ps(p, x); }
OPERATION void v4_store2(float *p, V4 x) { _mm_storel_pi((__m64 *)p, x); }

#include "attention/attention_body.h"

CK_TARGET_END
#endif
