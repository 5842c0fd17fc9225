/* Elementary functions on eight floats, for AVX2 kernels. Every lane is computed by the same operations, so a value
 * does not depend on its neighbours: a kernel may split its work anywhere and mask its tails.
 *
 * Polynomials: minimax fits (Lawson iteration in 40 digits) with the coefficients rounded one by one, lowest first.
 * Worst error over every seventh float, against the double functions of libm: exp 0.98 ulp (subnormal results too),
 * log 0.81 ulp, erf 1.02 ulp (5.6e-8 absolute), sigmoid 9e-8 absolute (0 below -88.7, where exp(-x) overflows).
 * NaN gives NaN; exp, erf and sigmoid have the right limits at +-inf; log(0) = -inf, log(negative) = NaN. */
#ifndef CK_MATH_AVX2_H
#define CK_MATH_AVX2_H
#include "ck_erf.h"
#include "ck_target.h"

#if CK_X86
#include <immintrin.h>
#include <stdint.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define CK_MATH_INLINE static inline __attribute__((always_inline, unused))

/* Lanes [0, count) set, for maskload and maskstore; count may lie outside 0...8. */
CK_MATH_INLINE __m256i ck_tail_mask_avx2(int64_t count) {
    const int32_t lanes = count > 8 ? 8 : count < 0 ? 0 : (int32_t)count;
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* 2^n for whole n in [-126, 127] */
CK_MATH_INLINE __m256 ck_pow2i_avx2(__m256i n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}

CK_MATH_INLINE __m256 ck_exp_avx2(__m256 x) {
    /* Beyond these bounds the result is 0 or inf anyway. min and max return their second operand when one is NaN. */
    x = _mm256_min_ps(_mm256_set1_ps(89.0f), x);
    x = _mm256_max_ps(_mm256_set1_ps(-105.0f), x);
    const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)),
                                     _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), x); /* ln 2 in two parts, the first exact in n * part */
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
    __m256 p = _mm256_set1_ps(1.97402725e-4f);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.39350840e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.33357032e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.16664630e-2f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.66666657e-1f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5f));
    p = _mm256_fmadd_ps(_mm256_mul_ps(r, r), p, r);
    p = _mm256_add_ps(p, _mm256_set1_ps(1.0f));
    /* Two factors: n reaches 128 and -151, beyond what one float exponent holds. */
    const __m256i whole = _mm256_cvtps_epi32(n);
    const __m256i half = _mm256_srai_epi32(whole, 1);
    return _mm256_mul_ps(_mm256_mul_ps(p, ck_pow2i_avx2(half)), ck_pow2i_avx2(_mm256_sub_epi32(whole, half)));
}

CK_MATH_INLINE __m256 ck_log_avx2(__m256 x) {
    const __m256 zero = _mm256_setzero_ps();
    const __m256 infinity = _mm256_set1_ps(__builtin_inff());
    /* Subnormals are scaled by 2^25 first. */
    const __m256 small = _mm256_cmp_ps(x, _mm256_set1_ps(1.17549435e-38f), _CMP_LT_OQ);
    const __m256 scaled = _mm256_blendv_ps(x, _mm256_mul_ps(x, _mm256_set1_ps(33554432.0f)), small);
    /* x = m 2^e with m in [sqrt(1/2), sqrt(2)): move the cut of the exponent to the bits of sqrt(1/2). */
    const __m256i bits = _mm256_sub_epi32(_mm256_castps_si256(scaled), _mm256_set1_epi32(0x3f3504f3));
    __m256 e = _mm256_cvtepi32_ps(_mm256_srai_epi32(bits, 23));
    e = _mm256_sub_ps(e, _mm256_and_ps(small, _mm256_set1_ps(25.0f)));
    const __m256i mantissa = _mm256_add_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x007fffff)),
                                              _mm256_set1_epi32(0x3f3504f3));
    const __m256 f = _mm256_sub_ps(_mm256_castsi256_ps(mantissa), _mm256_set1_ps(1.0f));
    __m256 p = _mm256_set1_ps(6.74955621e-2f);
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(-1.16701923e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.18834704e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(-1.24062076e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.42203629e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(-1.66679904e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(2.00020716e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(-2.50000089e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(3.33333135e-1f));
    const __m256 square = _mm256_mul_ps(f, f);
    __m256 low = _mm256_mul_ps(_mm256_mul_ps(square, f), p);
    low = _mm256_fmadd_ps(e, _mm256_set1_ps(-2.12194440e-4f), low);
    low = _mm256_fnmadd_ps(square, _mm256_set1_ps(0.5f), low);
    __m256 y = _mm256_fmadd_ps(e, _mm256_set1_ps(0.693359375f), _mm256_add_ps(f, low));
    y = _mm256_blendv_ps(y, _mm256_sub_ps(zero, infinity), _mm256_cmp_ps(x, zero, _CMP_EQ_OQ));
    y = _mm256_blendv_ps(y, infinity, _mm256_cmp_ps(x, infinity, _CMP_EQ_OQ));
    /* NaN and negative numbers: not (x >= 0) */
    return _mm256_or_ps(y, _mm256_cmp_ps(x, zero, _CMP_NGE_UQ));
}

CK_MATH_INLINE __m256 ck_sigmoid_avx2(__m256 x) {
    const __m256 one = _mm256_set1_ps(1.0f);
    const __m256 negated = _mm256_xor_ps(x, _mm256_set1_ps(-0.0f));
    return _mm256_div_ps(one, _mm256_add_ps(one, ck_exp_avx2(negated)));
}

CK_MATH_INLINE __m256 ck_erf_piece_avx2(int row, __m256i k) {
    return _mm256_permutevar8x32_ps(_mm256_load_ps(ck_erf_table[row]), k);
}

CK_MATH_INLINE __m256 ck_erf_avx2(__m256 x) {
    const __m256 sign_bit = _mm256_set1_ps(-0.0f);
    const __m256 t = _mm256_min_ps(_mm256_set1_ps(CK_ERF_END), _mm256_andnot_ps(sign_bit, x));
    const __m256i k = _mm256_cvtps_epi32(_mm256_mul_ps(t, _mm256_set1_ps(CK_ERF_STEPS_PER_UNIT)));
    const __m256 d = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(k), _mm256_set1_ps(CK_ERF_STEP), t);
    __m256 p = ck_erf_piece_avx2(CK_ERF_DEGREE + 1, k);
    p = _mm256_fmadd_ps(p, d, ck_erf_piece_avx2(5, k));
    p = _mm256_fmadd_ps(p, d, ck_erf_piece_avx2(4, k));
    p = _mm256_fmadd_ps(p, d, ck_erf_piece_avx2(3, k));
    p = _mm256_fmadd_ps(p, d, ck_erf_piece_avx2(2, k));
    p = _mm256_fmadd_ps(p, d, ck_erf_piece_avx2(1, k));
    const __m256 near = _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(CK_ERF_NEAR), k));
    const __m256 base = _mm256_blendv_ps(ck_erf_piece_avx2(0, k), t, near);
    const __m256 size = _mm256_fmadd_ps(p, _mm256_blendv_ps(d, t, near), base);
    return _mm256_or_ps(size, _mm256_and_ps(x, sign_bit));
}

/* GELU (the exact form, by erf) and SiLU as the linear kernels' epilogues compute them. */
CK_MATH_INLINE __m256 ck_gelu_avx2(__m256 x) {
    const __m256 erf = ck_erf_avx2(_mm256_mul_ps(x, _mm256_set1_ps(0.70710678f)));
    return _mm256_mul_ps(_mm256_mul_ps(_mm256_set1_ps(0.5f), x), _mm256_add_ps(_mm256_set1_ps(1.0f), erf));
}

CK_MATH_INLINE __m256 ck_silu_avx2(__m256 x) {
    const __m256 e = ck_exp_avx2(_mm256_xor_ps(x, _mm256_set1_ps(-0.0f)));
    return _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1.0f), e));
}

CK_TARGET_END
#endif
#endif
