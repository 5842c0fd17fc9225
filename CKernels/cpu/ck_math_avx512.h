/* Elementary functions on sixteen floats, for AVX-512 kernels: the polynomials of ck_math_avx2.h, so the same errors. Every
 * lane is computed by the same operations. Include after ck_avx512.h. */
#ifndef CK_MATH_AVX512_H
#define CK_MATH_AVX512_H
#include "ck_avx512.h"

#if CK_X86
#include <stdint.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

/* Lanes [0, count) set; count may lie outside 0...16. */
static inline __attribute__((always_inline, unused)) __mmask16 ck_tail_mask_avx512(int64_t count) {
    return (__mmask16)(count >= 16 ? 0xffff : count <= 0 ? 0 : (1 << count) - 1);
}

/* 0.98 ulp, subnormal results too; NaN gives NaN. */
static inline __attribute__((always_inline, unused)) __m512 ck_exp_avx512(__m512 x) {
    /* Beyond these bounds the result is 0 or inf anyway. min and max return their second operand when one is NaN. */
    x = _mm512_min_ps(_mm512_set1_ps(89.0f), x);
    x = _mm512_max_ps(_mm512_set1_ps(-105.0f), x);
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)),
                                          _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
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

CK_TARGET_END
#endif
#endif
