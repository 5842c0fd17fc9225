/* Vectors of AVX-512 by the names of ck_vector_avx2.h, where they are described. */
#ifndef CK_VECTOR_AVX512_H
#define CK_VECTOR_AVX512_H
#include "ck_math_avx512.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

typedef __m512 V;
typedef __m512i VI;
typedef __mmask16 VM;
enum { V_LANES = 16 };

CK_INLINE V v_zero(void) { return _mm512_setzero_ps(); }
CK_INLINE V v_set1(float x) { return _mm512_set1_ps(x); }
CK_INLINE V v_load(const float *p) { return _mm512_loadu_ps(p); }
CK_INLINE void v_store(float *p, V x) { _mm512_storeu_ps(p, x); }
CK_INLINE V v_add(V x, V y) { return _mm512_add_ps(x, y); }
CK_INLINE V v_sub(V x, V y) { return _mm512_sub_ps(x, y); }
CK_INLINE V v_mul(V x, V y) { return _mm512_mul_ps(x, y); }
CK_INLINE V v_min(V x, V y) { return _mm512_min_ps(x, y); }
CK_INLINE V v_max(V x, V y) { return _mm512_max_ps(x, y); }
CK_INLINE V v_fma(V x, V y, V z) { return _mm512_fmadd_ps(x, y, z); }
CK_INLINE V v_exp(V x) { return ck_exp_avx512(x); }
CK_INLINE V v_gelu(V x) { return ck_gelu_avx512(x); }
CK_INLINE V v_silu(V x) { return ck_silu_avx512(x); }

CK_INLINE VM v_less(V x, V y) { return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ); }
CK_INLINE VM v_at_most(V x, V y) { return _mm512_cmp_ps_mask(x, y, _CMP_LE_OQ); }
CK_INLINE VM v_equal(V x, V y) { return _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ); }
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
CK_INLINE VM vm_below(int64_t count) { return (VM)((1u << count) - 1); }
CK_INLINE V v_load_where(VM mask, const float *p) { return _mm512_maskz_loadu_ps(mask, p); }
CK_INLINE void v_store_where(VM mask, float *p, V x) { _mm512_mask_storeu_ps(p, mask, x); }
CK_INLINE V v_load_first(const float *p, int64_t count) { return v_load_where(vm_first(count), p); }
CK_INLINE void v_store_first(float *p, V x, int64_t count) { v_store_where(vm_first(count), p, x); }

CK_INLINE float v_lane0(V x) { return _mm512_cvtss_f32(x); }
CK_INLINE float v_sum(V x) { return _mm512_reduce_add_ps(x); }
CK_INLINE float v_largest(V x) { return _mm512_reduce_max_ps(x); }
CK_INLINE V v_largest_everywhere(V x) { return _mm512_set1_ps(_mm512_reduce_max_ps(x)); }
CK_INLINE int32_t vi_smallest(VI x) { return _mm512_reduce_min_epi32(x); }

CK_TARGET_END
#endif
#endif
