/* Vectors of AVX-512 by the names of ck_vector_avx2.h, where they are described. */
#ifndef CK_VECTOR_AVX512_H
#define CK_VECTOR_AVX512_H
#include "ck_math_avx512.h"

#include <string.h>

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

typedef __m512 V;
typedef __m512i VI;
typedef __mmask16 VM;
typedef struct VD {
    __m512d low, high;
} VD;
enum { V_LANES = 16 };

CK_INLINE V v_zero(void) { return _mm512_setzero_ps(); }
CK_INLINE V v_set1(float x) { return _mm512_set1_ps(x); }
CK_INLINE V v_load(const float *p) { return _mm512_loadu_ps(p); }
CK_INLINE void v_store(float *p, V x) { _mm512_storeu_ps(p, x); }
CK_INLINE V v_add(V x, V y) { return _mm512_add_ps(x, y); }
CK_INLINE V v_sub(V x, V y) { return _mm512_sub_ps(x, y); }
CK_INLINE V v_mul(V x, V y) { return _mm512_mul_ps(x, y); }
CK_INLINE V v_div(V x, V y) { return _mm512_div_ps(x, y); }
CK_INLINE V v_min(V x, V y) { return _mm512_min_ps(x, y); }
CK_INLINE V v_max(V x, V y) { return _mm512_max_ps(x, y); }
CK_INLINE V v_larger(V x, V y) { return _mm512_max_ps(x, y); }
CK_INLINE V v_fma(V x, V y, V z) { return _mm512_fmadd_ps(x, y, z); }
CK_INLINE V v_exp(V x) { return ck_exp_avx512(x); }
CK_INLINE V v_gelu(V x) { return ck_gelu_avx512(x); }
CK_INLINE V v_silu(V x) { return ck_silu_avx512(x); }
CK_INLINE V v_relu(V x) { return _mm512_max_ps(v_zero(), x); }

CK_INLINE VM v_less(V x, V y) { return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ); }
CK_INLINE VM v_at_most(V x, V y) { return _mm512_cmp_ps_mask(x, y, _CMP_LE_OQ); }
CK_INLINE VM v_equal(V x, V y) { return _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ); }
CK_INLINE VM v_is_nan(V x) { return _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q); }
CK_INLINE V v_select(VM mask, V yes, V no) { return _mm512_mask_blend_ps(mask, no, yes); }

CK_INLINE VI vi_set1(int32_t x) { return _mm512_set1_epi32(x); }
CK_INLINE VI vi_load(const int32_t *p) { return _mm512_loadu_si512(p); }
CK_INLINE void vi_store(int32_t *p, VI x) { _mm512_storeu_si512(p, x); }
CK_INLINE VI vi_add(VI x, VI y) { return _mm512_add_epi32(x, y); }
CK_INLINE VI vi_mul(VI x, VI y) { return _mm512_mullo_epi32(x, y); }
CK_INLINE VI vi_min(VI x, VI y) { return _mm512_min_epi32(x, y); }
CK_INLINE VI vi_truncated(V x) { return _mm512_cvttps_epi32(x); }
CK_INLINE VM vi_less(VI x, VI y) { return _mm512_cmplt_epi32_mask(x, y); }
CK_INLINE VI vi_select(VM mask, VI yes, VI no) { return _mm512_mask_blend_epi32(mask, no, yes); }
CK_INLINE VI vi_pairs_at(const uint16_t *start, VI index) { return _mm512_i32gather_epi32(index, start, 2); }

CK_INLINE VM vm_and(VM x, VM y) { return (VM)(x & y); }
CK_INLINE VM vm_or(VM x, VM y) { return (VM)(x | y); }
CK_INLINE unsigned vm_bits(VM mask) { return mask; }
CK_INLINE VM vm_first(int64_t count) { return ck_tail_mask_avx512(count); }
CK_INLINE V v_load_first(const float *p, int64_t count) { return _mm512_maskz_loadu_ps(vm_first(count), p); }
CK_INLINE void v_store_first(float *p, V x, int64_t count) { _mm512_mask_storeu_ps(p, vm_first(count), x); }

CK_INLINE V v_load_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
CK_INLINE V v_load_bf16(const uint16_t *p) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
CK_INLINE void v_store_first_f16(uint16_t *p, V x, int64_t count) {
    _mm256_mask_storeu_epi16(p, vm_first(count), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
CK_INLINE void v_store_first_bf16(uint16_t *p, V x, int64_t count) {
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __m512i quiet_nan = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    const __m512i high = _mm512_srli_epi32(_mm512_mask_blend_epi32(v_is_nan(x), rounded, quiet_nan), 16);
    _mm256_mask_storeu_epi16(p, vm_first(count), _mm512_cvtepi32_epi16(high));
}

CK_INLINE V v_load_i8(const int8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
CK_INLINE void v_store_first_i8(int8_t *p, V x, int64_t count) {
    int8_t lanes[V_LANES];
    _mm_storeu_si128((__m128i *)lanes, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x)));
    memcpy(p, lanes, (size_t)(count < V_LANES ? count : V_LANES));
}

CK_INLINE VD vd_zero(void) { return (VD){_mm512_setzero_pd(), _mm512_setzero_pd()}; }
CK_INLINE VD vd_add(VD sums, V x) {
    return (VD){_mm512_add_pd(sums.low, _mm512_cvtps_pd(_mm512_castps512_ps256(x))),
                _mm512_add_pd(sums.high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)))};
}
CK_INLINE double vd_sum(VD sums) { return _mm512_reduce_add_pd(_mm512_add_pd(sums.low, sums.high)); }
CK_INLINE V v_sub_f64(V x, double shift) {
    const __m512d s = _mm512_set1_pd(shift);
    const __m256 low = _mm512_cvtpd_ps(_mm512_sub_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(x)), s));
    const __m256 high = _mm512_cvtpd_ps(_mm512_sub_pd(_mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)), s));
    return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

CK_INLINE float v_lane0(V x) { return _mm512_cvtss_f32(x); }
CK_INLINE float v_sum(V x) { return _mm512_reduce_add_ps(x); }
CK_INLINE float v_largest(V x) { return _mm512_reduce_max_ps(x); }
CK_INLINE V v_largest_everywhere(V x) { return _mm512_set1_ps(_mm512_reduce_max_ps(x)); }
CK_INLINE int32_t vi_smallest(VI x) { return _mm512_reduce_min_epi32(x); }

CK_TARGET_END
#endif
#endif
