/* The functions of ck_math_avx2.h for one float, operation by operation, so that a reference can promise the bits of a
 * vector kernel. fmaf is correctly rounded wherever it runs. */
#ifndef CK_MATH_REF_H
#define CK_MATH_REF_H
#include "ck_erf.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

static inline float ck_pow2i_ref(int32_t n) {
    const uint32_t bits = (uint32_t)(n + 127) << 23;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float ck_exp_ref(float x) {
    if (isnan(x)) return x;
    x = 89.0f < x ? 89.0f : x;
    x = -105.0f > x ? -105.0f : x;
    const float n = rintf(x * 1.44269504f);
    float r = fmaf(-n, 0.693359375f, x);
    r = fmaf(-n, -2.12194440e-4f, r);
    float p = 1.97402725e-4f;
    p = fmaf(p, r, 1.39350840e-3f);
    p = fmaf(p, r, 8.33357032e-3f);
    p = fmaf(p, r, 4.16664630e-2f);
    p = fmaf(p, r, 1.66666657e-1f);
    p = fmaf(p, r, 0.5f);
    p = fmaf(r * r, p, r);
    p = p + 1.0f;
    const int32_t whole = (int32_t)n;
    const int32_t half = whole >= 0 ? whole / 2 : -((1 - whole) / 2); /* rounded down */
    return p * ck_pow2i_ref(half) * ck_pow2i_ref(whole - half);
}

static inline float ck_erf_ref(float x) {
    if (isnan(x)) return x;
    const float size = fabsf(x), t = CK_ERF_END < size ? CK_ERF_END : size;
    const int k = (int)rintf(t * CK_ERF_STEPS_PER_UNIT);
    const float d = fmaf(-(float)k, CK_ERF_STEP, t);
    float p = ck_erf_table[CK_ERF_DEGREE + 1][k];
    for (int power = CK_ERF_DEGREE; power >= 1; power--) p = fmaf(p, d, ck_erf_table[power][k]);
    return copysignf(k < CK_ERF_NEAR ? fmaf(p, t, t) : fmaf(p, d, ck_erf_table[0][k]), x);
}

static inline float ck_silu_ref(float x) { return x / (1.0f + ck_exp_ref(-x)); }

static inline float ck_gelu_ref(float x) { return (0.5f * x) * (1.0f + ck_erf_ref(x * 0.70710678f)); }

#endif
