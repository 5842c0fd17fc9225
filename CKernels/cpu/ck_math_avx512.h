/* Elementary functions on sixteen floats, for AVX-512 kernels: the functions of ck_math_avx2.h by the same polynomials and
 * the same order of operations. They agree with them in every bit (vscalefps rounds once, as does AVX2 code, whose first
 * factor is exact), so accuracy and special values are those stated there.
 *
 * Every lane is computed by the same operations, so a value does not depend on its neighbours. Idle lanes of a masked load
 * are zero and harmless. */
#ifndef CK_MATH_AVX512_H
#define CK_MATH_AVX512_H
#include "ck_avx512.h"
#include "ck_erf.h"

#if CK_X86
#include <stdint.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define CK_MATH512_INLINE static inline __attribute__((always_inline, unused))

/* Lanes [0, count) set; count may lie outside 0...16. */
CK_MATH512_INLINE __mmask16 ck_tail_mask_avx512(int64_t count) {
    const int64_t lanes = count > 16 ? 16 : count < 0 ? 0 : count;
    return (__mmask16)((1u << lanes) - 1);
}

CK_MATH512_INLINE __m512 ck_negated_avx512(__m512 x) {
    const __m512i sign = _mm512_castps_si512(_mm512_set1_ps(-0.0f));
    return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(x), sign));
}

CK_MATH512_INLINE __m512 ck_exp_avx512(__m512 x) {
    /* Beyond these bounds the result is 0 or inf anyway. min and max return their second operand when one is NaN. */
    x = _mm512_min_ps(_mm512_set1_ps(89.0f), x);
    x = _mm512_max_ps(_mm512_set1_ps(-105.0f), x);
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)),
                                          _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x); /* ln 2 in two parts, the first exact in n * part */
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    __m512 p = _mm512_set1_ps(1.97402725e-4f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.39350840e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.33357032e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.16664630e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.66666657e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
    p = _mm512_fmadd_ps(_mm512_mul_ps(r, r), p, r);
    p = _mm512_add_ps(p, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, n);
}

CK_MATH512_INLINE __m512 ck_log_avx512(__m512 x) {
    const __m512 zero = _mm512_setzero_ps();
    const __m512 infinity = _mm512_set1_ps(__builtin_inff());
    /* Subnormals are scaled by 2^25 first. */
    const __mmask16 small = _mm512_cmp_ps_mask(x, _mm512_set1_ps(1.17549435e-38f), _CMP_LT_OQ);
    const __m512 scaled = _mm512_mask_blend_ps(small, x, _mm512_mul_ps(x, _mm512_set1_ps(33554432.0f)));
    /* x = m 2^e with m in [sqrt(1/2), sqrt(2)): move the cut of the exponent to the bits of sqrt(1/2). */
    const __m512i bits = _mm512_sub_epi32(_mm512_castps_si512(scaled), _mm512_set1_epi32(0x3f3504f3));
    __m512 e = _mm512_cvtepi32_ps(_mm512_srai_epi32(bits, 23));
    e = _mm512_sub_ps(e, _mm512_mask_blend_ps(small, zero, _mm512_set1_ps(25.0f)));
    const __m512i mantissa =
        _mm512_add_epi32(_mm512_and_si512(bits, _mm512_set1_epi32(0x007fffff)), _mm512_set1_epi32(0x3f3504f3));
    const __m512 f = _mm512_sub_ps(_mm512_castsi512_ps(mantissa), _mm512_set1_ps(1.0f));
    __m512 p = _mm512_set1_ps(6.74955621e-2f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(-1.16701923e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.18834704e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(-1.24062076e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.42203629e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(-1.66679904e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.00020716e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(-2.50000089e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(3.33333135e-1f));
    const __m512 square = _mm512_mul_ps(f, f);
    __m512 low = _mm512_mul_ps(_mm512_mul_ps(square, f), p);
    low = _mm512_fmadd_ps(e, _mm512_set1_ps(-2.12194440e-4f), low);
    low = _mm512_fnmadd_ps(square, _mm512_set1_ps(0.5f), low);
    __m512 y = _mm512_fmadd_ps(e, _mm512_set1_ps(0.693359375f), _mm512_add_ps(f, low));
    y = _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, zero, _CMP_EQ_OQ), y, _mm512_sub_ps(zero, infinity));
    y = _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, infinity, _CMP_EQ_OQ), y, infinity);
    /* NaN and negative numbers: not (x >= 0) */
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, zero, _CMP_NGE_UQ), y, _mm512_set1_ps(__builtin_nanf("")));
}

CK_MATH512_INLINE __m512 ck_sigmoid_avx512(__m512 x) {
    const __m512 one = _mm512_set1_ps(1.0f);
    return _mm512_div_ps(one, _mm512_add_ps(one, ck_exp_avx512(ck_negated_avx512(x))));
}

/* Eight pieces in the lower half of a vector; no index reaches the upper one. */
CK_MATH512_INLINE __m512 ck_erf_piece_avx512(int row, __m512i k) {
    return _mm512_permutexvar_ps(k, _mm512_castps256_ps512(_mm256_load_ps(ck_erf_table[row])));
}

CK_MATH512_INLINE __m512 ck_erf_avx512(__m512 x) {
    const __m512i bits = _mm512_castps_si512(x), sign = _mm512_castps_si512(_mm512_set1_ps(-0.0f));
    const __m512 absolute = _mm512_castsi512_ps(_mm512_andnot_si512(sign, bits));
    const __m512 t = _mm512_min_ps(_mm512_set1_ps(CK_ERF_END), absolute);
    const __m512i k = _mm512_cvtps_epi32(_mm512_mul_ps(t, _mm512_set1_ps(CK_ERF_STEPS_PER_UNIT)));
    const __m512 d = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(k), _mm512_set1_ps(CK_ERF_STEP), t);
    __m512 p = ck_erf_piece_avx512(CK_ERF_DEGREE + 1, k);
    p = _mm512_fmadd_ps(p, d, ck_erf_piece_avx512(5, k));
    p = _mm512_fmadd_ps(p, d, ck_erf_piece_avx512(4, k));
    p = _mm512_fmadd_ps(p, d, ck_erf_piece_avx512(3, k));
    p = _mm512_fmadd_ps(p, d, ck_erf_piece_avx512(2, k));
    p = _mm512_fmadd_ps(p, d, ck_erf_piece_avx512(1, k));
    const __mmask16 near = _mm512_cmplt_epi32_mask(k, _mm512_set1_epi32(CK_ERF_NEAR));
    const __m512 base = _mm512_mask_blend_ps(near, ck_erf_piece_avx512(0, k), t);
    const __m512 size = _mm512_fmadd_ps(p, _mm512_mask_blend_ps(near, d, t), base);
    return _mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(size), _mm512_and_si512(bits, sign)));
}

/* GELU (the exact form, by erf) and SiLU as the linear kernels' epilogues compute them. */
CK_MATH512_INLINE __m512 ck_gelu_avx512(__m512 x) {
    const __m512 erf = ck_erf_avx512(_mm512_mul_ps(x, _mm512_set1_ps(0.70710678f)));
    return _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), x), _mm512_add_ps(_mm512_set1_ps(1.0f), erf));
}

CK_MATH512_INLINE __m512 ck_silu_avx512(__m512 x) {
    const __m512 e = ck_exp_avx512(ck_negated_avx512(x));
    return _mm512_div_ps(x, _mm512_add_ps(_mm512_set1_ps(1.0f), e));
}

CK_TARGET_END
#endif
#endif
