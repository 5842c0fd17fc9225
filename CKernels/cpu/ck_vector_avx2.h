/* Vectors of AVX2 by the names that code shared by several instruction sets uses. ck_vector_avx512.h defines the same, and
 * ck_vector_neon.h what has a use there. A file includes one of the three.
 *
 * V: float32 lanes, VI: int32 lanes, VM: a condition per lane. v_min and v_max give y if one of the two is NaN. */
#ifndef CK_VECTOR_AVX2_H
#define CK_VECTOR_AVX2_H
#include "ck_math_avx2.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

typedef __m256 V;
typedef __m256i VI;
typedef __m256i VM;
enum { V_LANES = 8 };

CK_INLINE V v_zero(void) { return _mm256_setzero_ps(); }
CK_INLINE V v_set1(float x) { return _mm256_set1_ps(x); }
CK_INLINE V v_load(const float *p) { return _mm256_loadu_ps(p); }
CK_INLINE void v_store(float *p, V x) { _mm256_storeu_ps(p, x); }
CK_INLINE V v_add(V x, V y) { return _mm256_add_ps(x, y); }
CK_INLINE V v_sub(V x, V y) { return _mm256_sub_ps(x, y); }
CK_INLINE V v_mul(V x, V y) { return _mm256_mul_ps(x, y); }
CK_INLINE V v_min(V x, V y) { return _mm256_min_ps(x, y); }
CK_INLINE V v_max(V x, V y) { return _mm256_max_ps(x, y); }
CK_INLINE V v_fma(V x, V y, V z) { return _mm256_fmadd_ps(x, y, z); }
CK_INLINE V v_exp(V x) { return ck_exp_avx2(x); }
CK_INLINE V v_gelu(V x) { return ck_gelu_avx2(x); }
CK_INLINE V v_silu(V x) { return ck_silu_avx2(x); }

CK_INLINE VM v_less(V x, V y) { return _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_LT_OQ)); }
CK_INLINE VM v_at_most(V x, V y) { return _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_LE_OQ)); }
CK_INLINE VM v_equal(V x, V y) { return _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_EQ_OQ)); }
CK_INLINE V v_select(VM mask, V yes, V no) { return _mm256_blendv_ps(no, yes, _mm256_castsi256_ps(mask)); }

CK_INLINE VI vi_set1(int32_t x) { return _mm256_set1_epi32(x); }
CK_INLINE VI vi_load(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
CK_INLINE void vi_store(int32_t *p, VI x) { _mm256_storeu_si256((__m256i *)p, x); }
CK_INLINE VI vi_add(VI x, VI y) { return _mm256_add_epi32(x, y); }
CK_INLINE VI vi_mul(VI x, VI y) { return _mm256_mullo_epi32(x, y); }
CK_INLINE VI vi_min(VI x, VI y) { return _mm256_min_epi32(x, y); }
CK_INLINE VI vi_truncated(V x) { return _mm256_cvttps_epi32(x); }
CK_INLINE VM vi_less(VI x, VI y) { return _mm256_cmpgt_epi32(y, x); }
CK_INLINE VI vi_select(VM mask, VI yes, VI no) { return _mm256_blendv_epi8(no, yes, mask); }
/* The 32 bits at each of start[index], which need no alignment. */
CK_INLINE VI vi_pairs_at(const uint16_t *start, VI index) { return _mm256_i32gather_epi32((const int *)start, index, 2); }

CK_INLINE VM vm_and(VM x, VM y) { return _mm256_and_si256(x, y); }
CK_INLINE VM vm_or(VM x, VM y) { return _mm256_or_si256(x, y); }
CK_INLINE unsigned vm_bits(VM mask) { return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(mask)); }
/* The first `count` lanes, or all, or none. */
CK_INLINE VM vm_first(int64_t count) { return ck_tail_mask_avx2(count); }
/* The same for a count of 0 ... V_LANES. */
CK_INLINE VM vm_below(int64_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
/* Memory of other lanes is not touched; loads give zeros there. */
CK_INLINE V v_load_where(VM mask, const float *p) { return _mm256_maskload_ps(p, mask); }
CK_INLINE void v_store_where(VM mask, float *p, V x) { _mm256_maskstore_ps(p, mask, x); }

CK_INLINE V v_load_first(const float *p, int64_t count) {
    return count >= V_LANES ? v_load(p) : v_load_where(vm_first(count), p);
}
CK_INLINE void v_store_first(float *p, V x, int64_t count) {
    if (count >= V_LANES) v_store(p, x);
    else v_store_where(vm_first(count), p, x);
}

CK_INLINE float v_lane0(V x) { return _mm256_cvtss_f32(x); }

CK_INLINE float v_sum(V v) {
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}

CK_INLINE float v_largest(V v) {
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
}

/* The largest lane in every lane. */
CK_INLINE V v_largest_everywhere(V v) {
    v = _mm256_max_ps(v, _mm256_permute2f128_ps(v, v, 1));
    v = _mm256_max_ps(v, _mm256_shuffle_ps(v, v, _MM_SHUFFLE(1, 0, 3, 2)));
    return _mm256_max_ps(v, _mm256_shuffle_ps(v, v, _MM_SHUFFLE(2, 3, 0, 1)));
}

CK_INLINE int32_t vi_smallest(VI v) {
    v = _mm256_min_epi32(v, _mm256_permute2x128_si256(v, v, 1));
    v = _mm256_min_epi32(v, _mm256_shuffle_epi32(v, _MM_SHUFFLE(1, 0, 3, 2)));
    v = _mm256_min_epi32(v, _mm256_shuffle_epi32(v, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm256_cvtsi256_si32(v);
}

CK_TARGET_END
#endif
#endif
