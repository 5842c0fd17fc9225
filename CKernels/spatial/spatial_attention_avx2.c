/* Attention with a location term, for AVX2; the algorithm is in spatial_attention_body.h. Sums across lanes are horizontal
 * additions. */
#include "spatial.h"

#if CK_X86
#include "ck_math_avx2.h"
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

typedef __m256 V;
typedef __m256i M;
enum { V_LANES = 8, MIX_SETS = 2, MIX_VECTORS = 4 };
#define NAME ck_spatial_attention_f32_avx2
#define OPERATION static inline __attribute__((always_inline))

OPERATION V v_zero(void) { return _mm256_setzero_ps(); }
OPERATION V v_set1(float x) { return _mm256_set1_ps(x); }
OPERATION V v_load(const float *p) { return _mm256_load_ps(p); }
OPERATION V v_loadu(const float *p) { return _mm256_loadu_ps(p); }
OPERATION V v_load_first(const float *p, M lanes) { return _mm256_maskload_ps(p, lanes); }
OPERATION void v_store(float *p, V x) { _mm256_store_ps(p, x); }
OPERATION void v_storeu(float *p, V x) { _mm256_storeu_ps(p, x); }
OPERATION void v_store_first(float *p, M lanes, V x) { _mm256_maskstore_ps(p, lanes, x); }
OPERATION V v_add(V x, V y) { return _mm256_add_ps(x, y); }
OPERATION V v_sub(V x, V y) { return _mm256_sub_ps(x, y); }
OPERATION V v_mul(V x, V y) { return _mm256_mul_ps(x, y); }
OPERATION V v_div(V x, V y) { return _mm256_div_ps(x, y); }
OPERATION V v_max(V x, V y) { return _mm256_max_ps(x, y); }
OPERATION V v_fma(V x, V y, V z) { return _mm256_fmadd_ps(x, y, z); }
OPERATION V v_exp(V x) { return ck_exp_avx2(x); }
OPERATION V v_log(V x) { return ck_log_avx2(x); }
OPERATION V v_sigmoid(V x) { return ck_sigmoid_avx2(x); }

OPERATION M m_first(int64_t count) { return ck_tail_mask_avx2(count); }
OPERATION M m_zeros(const int32_t *p, M lanes) {
    return _mm256_and_si256(lanes, _mm256_cmpeq_epi32(_mm256_maskload_epi32(p, lanes), _mm256_setzero_si256()));
}
/* `yes` in the chosen lanes, `no` in the others */
OPERATION V v_select(M lanes, V yes, V no) { return _mm256_blendv_ps(no, yes, _mm256_castsi256_ps(lanes)); }

OPERATION float v_sum(V v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

OPERATION float v_largest(V v) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

OPERATION V v_sums(const V v[V_LANES]) {
    const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
    const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

#include "spatial/spatial_attention_body.h"

CK_TARGET_END
#endif
