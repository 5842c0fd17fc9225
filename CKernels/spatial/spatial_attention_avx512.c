/* Attention with a location term, for AVX-512; the algorithm is in spatial_attention_body.h. Sums of 16 lanes instead of 8,
 * so results differ from AVX2 in the last bits. Sums across lanes cost as much as the products they add (heads of LEO have
 * 32 features); exponentials, logarithms and values are what gains. */
#include "spatial.h"

#if CK_X86
#include "ck_avx512.h"
#include "ck_math_avx512.h"

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

typedef __m512 V;
typedef __mmask16 M;
enum { V_LANES = 16, MIX_SETS = 4, MIX_VECTORS = 2 };
#define NAME ck_spatial_attention_f32_avx512
#define OPERATION static inline __attribute__((always_inline))

OPERATION V v_zero(void) { return _mm512_setzero_ps(); }
OPERATION V v_set1(float x) { return _mm512_set1_ps(x); }
OPERATION V v_load(const float *p) { return _mm512_load_ps(p); }
OPERATION V v_loadu(const float *p) { return _mm512_loadu_ps(p); }
OPERATION V v_load_first(const float *p, M lanes) { return _mm512_maskz_loadu_ps(lanes, p); }
OPERATION void v_store(float *p, V x) { _mm512_store_ps(p, x); }
OPERATION void v_storeu(float *p, V x) { _mm512_storeu_ps(p, x); }
OPERATION void v_store_first(float *p, M lanes, V x) { _mm512_mask_storeu_ps(p, lanes, x); }
OPERATION V v_add(V x, V y) { return _mm512_add_ps(x, y); }
OPERATION V v_sub(V x, V y) { return _mm512_sub_ps(x, y); }
OPERATION V v_mul(V x, V y) { return _mm512_mul_ps(x, y); }
OPERATION V v_div(V x, V y) { return _mm512_div_ps(x, y); }
OPERATION V v_max(V x, V y) { return _mm512_max_ps(x, y); }
OPERATION V v_fma(V x, V y, V z) { return _mm512_fmadd_ps(x, y, z); }
OPERATION V v_exp(V x) { return ck_exp_avx512(x); }
OPERATION V v_log(V x) { return ck_log_avx512(x); }
OPERATION V v_sigmoid(V x) { return ck_sigmoid_avx512(x); }

OPERATION M m_first(int64_t count) { return ck_tail_mask_avx512(count); }
OPERATION M m_zeros(const int32_t *p, M lanes) {
    return (M)(lanes & _mm512_cmpeq_epi32_mask(_mm512_maskz_loadu_epi32(lanes, p), _mm512_setzero_si512()));
}
/* `yes` in the chosen lanes, `no` in the others */
OPERATION V v_select(M lanes, V yes, V no) { return _mm512_mask_blend_ps(lanes, no, yes); }

OPERATION float v_sum(V v) { return _mm512_reduce_add_ps(v); }
OPERATION float v_largest(V v) { return _mm512_reduce_max_ps(v); }

/* Sums of neighbouring quarters, and of neighbouring lanes in a quarter: those of x, then those of y. */
OPERATION V quarters(V x, V y) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x88), _mm512_shuffle_f32x4(x, y, 0xdd));
}
OPERATION V neighbours(V x, V y) { return _mm512_add_ps(_mm512_shuffle_ps(x, y, 0x88), _mm512_shuffle_ps(x, y, 0xdd)); }

OPERATION V v_sums(const V v[V_LANES]) {
    V four[4]; /* the quarters of four[i] belong to vectors i, i + 4, i + 8, i + 12 */
    for (int i = 0; i < 4; i++) four[i] = quarters(quarters(v[i], v[i + 4]), quarters(v[i + 8], v[i + 12]));
    return neighbours(neighbours(four[0], four[1]), neighbours(four[2], four[3]));
}

#include "spatial/spatial_attention_body.h"

CK_TARGET_END
#endif
