/* Vectors of AVX2 by the names that code shared by several instruction sets uses. ck_vector_avx512.h defines the same, and
 * ck_vector_neon.h what has a use there. A file includes one of the three.
 *
 * V: float32 lanes, VI: int32 lanes, VM: a condition per lane, VD: as many lanes of float64. v_min and v_max give y if one of
 * the two is NaN. */
#ifndef CK_VECTOR_AVX2_H
#define CK_VECTOR_AVX2_H
#include "ck_math_avx2.h"

#include <string.h>

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

typedef __m256 V;
typedef __m256i VI;
typedef __m256i VM;
typedef struct VD {
    __m256d low, high;
} VD;
enum { V_LANES = 8 };

CK_INLINE V v_zero(void) { return _mm256_setzero_ps(); }
CK_INLINE V v_set1(float x) { return _mm256_set1_ps(x); }
CK_INLINE V v_load(const float *p) { return _mm256_loadu_ps(p); }
CK_INLINE void v_store(float *p, V x) { _mm256_storeu_ps(p, x); }
CK_INLINE V v_add(V x, V y) { return _mm256_add_ps(x, y); }
CK_INLINE V v_sub(V x, V y) { return _mm256_sub_ps(x, y); }
CK_INLINE V v_mul(V x, V y) { return _mm256_mul_ps(x, y); }
CK_INLINE V v_div(V x, V y) { return _mm256_div_ps(x, y); }
CK_INLINE V v_min(V x, V y) { return _mm256_min_ps(x, y); }
CK_INLINE V v_max(V x, V y) { return _mm256_max_ps(x, y); }
CK_INLINE V v_larger(V x, V y) { return _mm256_max_ps(x, y); } /* x > y ? x : y */
CK_INLINE V v_fma(V x, V y, V z) { return _mm256_fmadd_ps(x, y, z); }
CK_INLINE V v_exp(V x) { return ck_exp_avx2(x); }
CK_INLINE V v_gelu(V x) { return ck_gelu_avx2(x); }
CK_INLINE V v_silu(V x) { return ck_silu_avx2(x); }
CK_INLINE V v_relu(V x) { return _mm256_max_ps(v_zero(), x); } /* the second operand if it is NaN or -0 */

CK_INLINE VM v_less(V x, V y) { return _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_LT_OQ)); }
CK_INLINE VM v_at_most(V x, V y) { return _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_LE_OQ)); }
CK_INLINE VM v_equal(V x, V y) { return _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_EQ_OQ)); }
CK_INLINE VM v_is_nan(V x) { return _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)); }
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
/* The first `count` lanes, or all; memory of other lanes is not touched, loads give zeros there. */
CK_INLINE V v_load_first(const float *p, int64_t count) {
    return count >= V_LANES ? v_load(p) : _mm256_maskload_ps(p, vm_first(count));
}
CK_INLINE void v_store_first(float *p, V x, int64_t count) {
    if (count >= V_LANES) v_store(p, x);
    else _mm256_maskstore_ps(p, vm_first(count), x);
}

/* 16-bit floats, widened exactly and rounded as half.h rounds. */
CK_INLINE V v_load_f16(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
CK_INLINE V v_load_bf16(const uint16_t *p) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
CK_INLINE void v_store_first16(uint16_t *p, __m128i halves, int64_t count) {
    if (count >= V_LANES) {
        _mm_storeu_si128((__m128i *)p, halves);
        return;
    }
    uint16_t lanes[V_LANES];
    _mm_storeu_si128((__m128i *)lanes, halves);
    for (int64_t lane = 0; lane < count; lane++) p[lane] = lanes[lane];
}
CK_INLINE void v_store_first_f16(uint16_t *p, V x, int64_t count) {
    v_store_first16(p, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT), count);
}
CK_INLINE void v_store_first_bf16(uint16_t *p, V x, int64_t count) {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet_nan = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet_nan, v_is_nan(x)), 16);
    v_store_first16(p, _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1)), count);
}

/* 8-bit integers, widened exactly; rounded to nearest even from numbers in their range. */
CK_INLINE V v_load_i8(const int8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
CK_INLINE void v_store_first_i8(int8_t *p, V x, int64_t count) {
    const __m256i wide = _mm256_cvtps_epi32(x);
    const __m128i narrow = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    int8_t lanes[V_LANES];
    _mm_storel_epi64((__m128i *)lanes, _mm_packs_epi16(narrow, narrow));
    memcpy(p, lanes, (size_t)(count < V_LANES ? count : V_LANES));
}

CK_INLINE VD vd_zero(void) { return (VD){_mm256_setzero_pd(), _mm256_setzero_pd()}; }
CK_INLINE VD vd_add(VD sums, V x) {
    return (VD){_mm256_add_pd(sums.low, _mm256_cvtps_pd(_mm256_castps256_ps128(x))),
                _mm256_add_pd(sums.high, _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)))};
}
CK_INLINE double vd_sum(VD sums) {
    double lanes[4];
    _mm256_storeu_pd(lanes, _mm256_add_pd(sums.low, sums.high));
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}
/* x - shift in float64, rounded once. */
CK_INLINE V v_sub_f64(V x, double shift) {
    const __m256d s = _mm256_set1_pd(shift);
    const __m128 low = _mm256_cvtpd_ps(_mm256_sub_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(x)), s));
    return _mm256_set_m128(_mm256_cvtpd_ps(_mm256_sub_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)), s)), low);
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
