/* AVX-512 for kernels: the compiler's intrinsics, or the same names computed by AVX2 code.
 *
 * A build with CK_EMULATE_AVX512 (tools/test-emulated.sh) runs the AVX-512 kernels on CPUs that lack the instructions, so
 * that their results are tested everywhere. It is for tests: nothing in it is fast. Each name follows Intel's description
 * of the intrinsic; a kernel that needs another one adds it here.
 *
 * Include it before CK_TARGET_BEGIN(CK_AVX512..._FEATURES). */
#ifndef CK_AVX512_H
#define CK_AVX512_H
#include "ck_target.h"

#if CK_X86
#include <immintrin.h>

#if CK_EMULATE_AVX512
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Everything here is inlined, so how a wide vector is passed does not matter. */
#pragma clang diagnostic ignored "-Wpsabi"

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define CK_EM static inline __attribute__((always_inline, unused))

/* The same 64 bytes by lane. */
typedef float ck_em_f32 __attribute__((vector_size(64)));
typedef int32_t ck_em_i32 __attribute__((vector_size(64)));
typedef uint32_t ck_em_u32 __attribute__((vector_size(64)));
typedef int16_t ck_em_i16 __attribute__((vector_size(64)));
typedef int8_t ck_em_i8 __attribute__((vector_size(64)));
typedef uint8_t ck_em_u8 __attribute__((vector_size(64)));
#define CK_EM_LANES for (int i = 0; i < 16; i++)
#define CK_EM_ON(mask) (((mask) >> i) & 1)

/* MARK: Constants, memory */

CK_EM __m512 ck_em_set1_ps(float x) { ck_em_f32 r; CK_EM_LANES r[i] = x; return (__m512)r; }
CK_EM __m512i ck_em_set1_epi32(int32_t x) { ck_em_i32 r; CK_EM_LANES r[i] = x; return (__m512i)r; }
CK_EM __m512i ck_em_set1_epi16(int16_t x) { ck_em_i16 r; for (int i = 0; i < 32; i++) r[i] = x; return (__m512i)r; }
CK_EM __m512i ck_em_set1_epi8(int8_t x) { ck_em_i8 r; for (int i = 0; i < 64; i++) r[i] = x; return (__m512i)r; }
CK_EM __m512 ck_em_setzero_ps(void) { return ck_em_set1_ps(0.0f); }
CK_EM __m512i ck_em_setzero_si512(void) { return ck_em_set1_epi32(0); }
CK_EM __m512 ck_em_loadu_ps(const void *p) { ck_em_f32 r; memcpy(&r, p, sizeof r); return (__m512)r; }
CK_EM __m512i ck_em_loadu_si512(const void *p) { ck_em_i32 r; memcpy(&r, p, sizeof r); return (__m512i)r; }
CK_EM void ck_em_storeu_ps(void *p, __m512 a) { memcpy(p, &a, sizeof a); }
CK_EM void ck_em_storeu_si512(void *p, __m512i a) { memcpy(p, &a, sizeof a); }
CK_EM __m512 ck_em_maskz_loadu_ps(__mmask16 k, const void *p) {
    ck_em_f32 r;
    CK_EM_LANES r[i] = CK_EM_ON(k) ? ((const float *)p)[i] : 0.0f;
    return (__m512)r;
}
CK_EM __m512i ck_em_maskz_loadu_epi32(__mmask16 k, const void *p) {
    ck_em_i32 r;
    CK_EM_LANES r[i] = CK_EM_ON(k) ? ((const int32_t *)p)[i] : 0;
    return (__m512i)r;
}
CK_EM void ck_em_mask_storeu_ps(void *p, __mmask16 k, __m512 a) {
    const ck_em_f32 v = (ck_em_f32)a;
    CK_EM_LANES if (CK_EM_ON(k)) ((float *)p)[i] = v[i];
}
CK_EM void ck_em_mask_storeu_epi32(void *p, __mmask16 k, __m512i a) {
    const ck_em_i32 v = (ck_em_i32)a;
    CK_EM_LANES if (CK_EM_ON(k)) ((int32_t *)p)[i] = v[i];
}
CK_EM void ck_em_mask_storeu_epi8(void *p, __mmask64 k, __m512i a) {
    const ck_em_i8 v = (ck_em_i8)a;
    for (int i = 0; i < 64; i++) if (CK_EM_ON(k)) ((int8_t *)p)[i] = v[i];
}
CK_EM void ck_em_mask_storeu_epi16_256(void *p, __mmask16 k, __m256i a) {
    int16_t v[16];
    memcpy(v, &a, sizeof v);
    CK_EM_LANES if (CK_EM_ON(k)) memcpy((char *)p + 2 * i, v + i, sizeof *v);
}
CK_EM __m256i ck_em_maskz_loadu_epi16_256(__mmask16 k, const void *p) {
    int16_t r[16] = {0};
    CK_EM_LANES if (CK_EM_ON(k)) memcpy(r + i, (const char *)p + 2 * i, sizeof *r);
    __m256i v;
    memcpy(&v, r, sizeof v);
    return v;
}
/* `scale` is 1, 2, 4 or 8 bytes. */
CK_EM __m512i ck_em_i32gather_epi32(__m512i index, const void *p, int scale) {
    const ck_em_i32 at = (ck_em_i32)index;
    ck_em_i32 r;
    CK_EM_LANES {
        int32_t value;
        memcpy(&value, (const char *)p + (int64_t)at[i] * scale, sizeof value);
        r[i] = value;
    }
    return (__m512i)r;
}
CK_EM __m512i ck_em_broadcast_i32x4(__m128i a) {
    ck_em_i32 r;
    int32_t part[4];
    memcpy(part, &a, sizeof part);
    CK_EM_LANES r[i] = part[i & 3];
    return (__m512i)r;
}

/* MARK: float32 */

#define CK_EM_PS(name, expression) \
    CK_EM __m512 ck_em_##name##_ps(__m512 x, __m512 y) { \
        const ck_em_f32 a = (ck_em_f32)x, b = (ck_em_f32)y; \
        ck_em_f32 r; \
        CK_EM_LANES r[i] = (expression); \
        return (__m512)r; \
    }
CK_EM_PS(add, a[i] + b[i])
CK_EM_PS(sub, a[i] - b[i])
CK_EM_PS(mul, a[i] * b[i])
CK_EM_PS(div, a[i] / b[i])
CK_EM_PS(min, a[i] < b[i] ? a[i] : b[i]) /* the second operand if one is NaN */
CK_EM_PS(max, a[i] > b[i] ? a[i] : b[i])
#undef CK_EM_PS

#define CK_EM_FMA(name, expression) \
    CK_EM __m512 ck_em_##name##_ps(__m512 x, __m512 y, __m512 z) { \
        const ck_em_f32 a = (ck_em_f32)x, b = (ck_em_f32)y, c = (ck_em_f32)z; \
        ck_em_f32 r; \
        CK_EM_LANES r[i] = (expression); \
        return (__m512)r; \
    }
CK_EM_FMA(fmadd, __builtin_fmaf(a[i], b[i], c[i]))
CK_EM_FMA(fmsub, __builtin_fmaf(a[i], b[i], -c[i]))
CK_EM_FMA(fnmadd, __builtin_fmaf(-a[i], b[i], c[i]))
#undef CK_EM_FMA

CK_EM __m512 ck_em_sqrt_ps(__m512 x) {
    const ck_em_f32 a = (ck_em_f32)x;
    ck_em_f32 r;
    CK_EM_LANES r[i] = __builtin_sqrtf(a[i]);
    return (__m512)r;
}
/* Only to whole numbers (scale 0), by the rounding mode in the low bits. */
CK_EM __m512 ck_em_roundscale_ps(__m512 x, int mode) {
    const ck_em_f32 a = (ck_em_f32)x;
    ck_em_f32 r;
    CK_EM_LANES {
        switch (mode & 3) {
        case _MM_FROUND_TO_NEAREST_INT: r[i] = __builtin_rintf(a[i]); break;
        case _MM_FROUND_TO_NEG_INF: r[i] = __builtin_floorf(a[i]); break;
        case _MM_FROUND_TO_POS_INF: r[i] = __builtin_ceilf(a[i]); break;
        default: r[i] = __builtin_truncf(a[i]); break;
        }
    }
    return (__m512)r;
}
/* a 2^floor(b) */
CK_EM __m512 ck_em_scalef_ps(__m512 x, __m512 y) {
    const ck_em_f32 a = (ck_em_f32)x, b = (ck_em_f32)y;
    ck_em_f32 r;
    CK_EM_LANES r[i] = b[i] != b[i] ? b[i] : ldexpf(a[i], (int)fmaxf(-1000.0f, fminf(1000.0f, floorf(b[i]))));
    return (__m512)r;
}
CK_EM float ck_em_reduce_add_ps(__m512 x) { /* by halves, as compilers build it */
    const ck_em_f32 a = (ck_em_f32)x;
    float s[8];
    for (int i = 0; i < 8; i++) s[i] = a[i] + a[i + 8];
    for (int i = 0; i < 4; i++) s[i] += s[i + 4];
    for (int i = 0; i < 2; i++) s[i] += s[i + 2];
    return s[0] + s[1];
}
CK_EM float ck_em_reduce_max_ps(__m512 x) {
    const ck_em_f32 a = (ck_em_f32)x;
    float m = a[0];
    for (int i = 1; i < 16; i++) m = m > a[i] ? m : a[i];
    return m;
}

/* MARK: float64 */

typedef double ck_em_f64 __attribute__((vector_size(64)));
CK_EM __m512d ck_em_set1_pd(double x) { ck_em_f64 r; for (int i = 0; i < 8; i++) r[i] = x; return (__m512d)r; }
CK_EM __m512d ck_em_setzero_pd(void) { return ck_em_set1_pd(0.0); }
CK_EM __m512d ck_em_add_pd(__m512d x, __m512d y) { return (__m512d)((ck_em_f64)x + (ck_em_f64)y); }
CK_EM __m512d ck_em_sub_pd(__m512d x, __m512d y) { return (__m512d)((ck_em_f64)x - (ck_em_f64)y); }
CK_EM double ck_em_reduce_add_pd(__m512d x) { /* by halves, as compilers build it */
    const ck_em_f64 a = (ck_em_f64)x;
    double s[4];
    for (int i = 0; i < 4; i++) s[i] = a[i] + a[i + 4];
    return (s[0] + s[2]) + (s[1] + s[3]);
}
CK_EM __m512d ck_em_cvtps_pd(__m256 x) {
    float a[8];
    memcpy(a, &x, sizeof a);
    ck_em_f64 r;
    for (int i = 0; i < 8; i++) r[i] = a[i];
    return (__m512d)r;
}
CK_EM __m256 ck_em_cvtpd_ps(__m512d x) { /* half to even */
    const ck_em_f64 a = (ck_em_f64)x;
    float r[8];
    for (int i = 0; i < 8; i++) r[i] = (float)a[i];
    __m256 v;
    memcpy(&v, r, sizeof v);
    return v;
}

/* MARK: Integers */

#define CK_EM_EPI(name, type, lanes, expression) \
    CK_EM __m512i ck_em_##name(__m512i x, __m512i y) { \
        const type a = (type)x, b = (type)y; \
        type r; \
        for (int i = 0; i < lanes; i++) r[i] = (expression); \
        return (__m512i)r; \
    }
CK_EM_EPI(add_epi32, ck_em_u32, 16, a[i] + b[i])
CK_EM_EPI(sub_epi32, ck_em_u32, 16, a[i] - b[i])
CK_EM_EPI(mullo_epi32, ck_em_u32, 16, a[i] * b[i])
CK_EM_EPI(min_epi32, ck_em_i32, 16, a[i] < b[i] ? a[i] : b[i])
CK_EM_EPI(max_epi32, ck_em_i32, 16, a[i] > b[i] ? a[i] : b[i])
CK_EM_EPI(and_si512, ck_em_u32, 16, a[i] & b[i])
CK_EM_EPI(or_si512, ck_em_u32, 16, a[i] | b[i])
CK_EM_EPI(xor_si512, ck_em_u32, 16, a[i] ^ b[i])
CK_EM_EPI(andnot_si512, ck_em_u32, 16, ~a[i] & b[i])
CK_EM_EPI(add_epi8, ck_em_u8, 64, (uint8_t)(a[i] + b[i]))
CK_EM_EPI(sub_epi8, ck_em_u8, 64, (uint8_t)(a[i] - b[i]))
CK_EM_EPI(mullo_epi16, ck_em_i16, 32, (int16_t)(uint16_t)((int32_t)a[i] * b[i]))
CK_EM_EPI(max_epi8, ck_em_i8, 64, a[i] > b[i] ? a[i] : b[i])
CK_EM_EPI(shuffle_epi8, ck_em_u8, 64, b[i] & 0x80 ? 0 : a[(i & 0x30) + (b[i] & 15)]) /* within 16 bytes */
#undef CK_EM_EPI
CK_EM __m512i ck_em_slli_epi32(__m512i x, unsigned n) { return (__m512i)((ck_em_u32)x << n); }
CK_EM __m512i ck_em_srli_epi32(__m512i x, unsigned n) { return (__m512i)((ck_em_u32)x >> n); }
CK_EM __m512i ck_em_srai_epi32(__m512i x, unsigned n) { return (__m512i)((ck_em_i32)x >> n); }
CK_EM __m512i ck_em_srli_epi16(__m512i x, unsigned n) {
    typedef uint16_t lanes __attribute__((vector_size(64)));
    return (__m512i)((lanes)x >> (uint16_t)n);
}
CK_EM int32_t ck_em_reduce_add_epi32(__m512i x) {
    const ck_em_u32 a = (ck_em_u32)x;
    uint32_t s = 0;
    CK_EM_LANES s += a[i];
    return (int32_t)s;
}
CK_EM int32_t ck_em_reduce_max_epi32(__m512i x) {
    const ck_em_i32 a = (ck_em_i32)x;
    int32_t m = a[0];
    for (int i = 1; i < 16; i++) m = m > a[i] ? m : a[i];
    return m;
}
CK_EM int32_t ck_em_reduce_min_epi32(__m512i x) {
    const ck_em_i32 a = (ck_em_i32)x;
    int32_t m = a[0];
    for (int i = 1; i < 16; i++) m = m < a[i] ? m : a[i];
    return m;
}

/* Packs saturate; within each 16 bytes x fills the lower half and y the upper one. */
CK_EM int32_t ck_em_within(int32_t value, int32_t least, int32_t most) {
    return value < least ? least : value > most ? most : value;
}
CK_EM __m512i ck_em_packs_epi32(__m512i x, __m512i y) {
    const ck_em_i32 a = (ck_em_i32)x, b = (ck_em_i32)y;
    ck_em_i16 r;
    for (int i = 0; i < 32; i++) {
        const int from = i / 8 * 4 + i % 4;
        r[i] = (int16_t)ck_em_within(i % 8 < 4 ? a[from] : b[from], INT16_MIN, INT16_MAX);
    }
    return (__m512i)r;
}
CK_EM __m512i ck_em_packs_epi16(__m512i x, __m512i y) {
    const ck_em_i16 a = (ck_em_i16)x, b = (ck_em_i16)y;
    ck_em_i8 r;
    for (int i = 0; i < 64; i++) {
        const int from = i / 16 * 8 + i % 8;
        r[i] = (int8_t)ck_em_within(i % 16 < 8 ? a[from] : b[from], INT8_MIN, INT8_MAX);
    }
    return (__m512i)r;
}
/* Pairs u8 x s8, the sum saturated; pairs s16 x s16, the sum wrapped (it can do so for one pair only). */
CK_EM __m512i ck_em_maddubs_epi16(__m512i x, __m512i y) {
    const ck_em_u8 a = (ck_em_u8)x;
    const ck_em_i8 b = (ck_em_i8)y;
    ck_em_i16 r;
    for (int i = 0; i < 32; i++) {
        const int32_t sum = (int32_t)a[2 * i] * b[2 * i] + (int32_t)a[2 * i + 1] * b[2 * i + 1];
        r[i] = (int16_t)ck_em_within(sum, INT16_MIN, INT16_MAX);
    }
    return (__m512i)r;
}
CK_EM __m512i ck_em_madd_epi16(__m512i x, __m512i y) {
    const ck_em_i16 a = (ck_em_i16)x, b = (ck_em_i16)y;
    ck_em_u32 r;
    CK_EM_LANES r[i] = (uint32_t)((int32_t)a[2 * i] * b[2 * i]) + (uint32_t)((int32_t)a[2 * i + 1] * b[2 * i + 1]);
    return (__m512i)r;
}

/* VNNI: four products u8 x s8 of each lane join the lane; wraps, does not saturate. */
CK_EM __m512i ck_em_dpbusd_epi32(__m512i sum, __m512i x, __m512i y) {
    const ck_em_u8 a = (ck_em_u8)x;
    const ck_em_i8 b = (ck_em_i8)y;
    ck_em_u32 r = (ck_em_u32)sum;
    CK_EM_LANES for (int j = 0; j < 4; j++) r[i] += (uint32_t)((int32_t)a[4 * i + j] * b[4 * i + j]);
    return (__m512i)r;
}

CK_EM __m512i ck_em_dpwssd_epi32(__m512i sum, __m512i x, __m512i y) {
    const ck_em_i16 a = (ck_em_i16)x, b = (ck_em_i16)y;
    ck_em_u32 r = (ck_em_u32)sum;
    CK_EM_LANES for (int j = 0; j < 2; j++) r[i] += (uint32_t)((int32_t)a[2 * i + j] * b[2 * i + j]);
    return (__m512i)r;
}

/* BF16: two products of each lane join the lane, the odd one first; subnormal values count as zero. */
CK_EM float ck_em_normal(float x) { return __builtin_fabsf(x) < 0x1p-126f ? __builtin_copysignf(0.0f, x) : x; }
CK_EM float ck_em_bf16(uint32_t bits) { /* in the upper half */
    float x;
    bits &= 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return ck_em_normal(x);
}
CK_EM __m512 ck_em_dpbf16_ps(__m512 sum, __m512bh x, __m512bh y) {
    const ck_em_u32 a = (ck_em_u32)x, b = (ck_em_u32)y;
    ck_em_f32 r = (ck_em_f32)sum;
    CK_EM_LANES {
        r[i] = ck_em_normal(__builtin_fmaf(ck_em_bf16(a[i]), ck_em_bf16(b[i]), ck_em_normal(r[i])));
        r[i] = ck_em_normal(__builtin_fmaf(ck_em_bf16(a[i] << 16), ck_em_bf16(b[i] << 16), r[i]));
    }
    return (__m512)r;
}
CK_EM __m512bh ck_em_cvtne2ps_pbh(__m512 upper, __m512 lower) { /* half to even, NaN quiet */
    typedef uint16_t lanes __attribute__((vector_size(64)));
    lanes r;
    for (int i = 0; i < 32; i++) {
        const float x = ck_em_normal(i < 16 ? ((ck_em_f32)lower)[i] : ((ck_em_f32)upper)[i - 16]);
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        r[i] = x != x ? (uint16_t)(bits >> 16 | 0x40) : (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
    return (__m512bh)r;
}

/* MARK: Conversions */

CK_EM __m512 ck_em_cvtepi32_ps(__m512i x) {
    const ck_em_i32 a = (ck_em_i32)x;
    ck_em_f32 r;
    CK_EM_LANES r[i] = (float)a[i];
    return (__m512)r;
}
CK_EM __m512i ck_em_cvtps_epi32(__m512 x) { /* half to even; what does not fit becomes INT32_MIN */
    const ck_em_f32 a = (ck_em_f32)x;
    ck_em_i32 r;
    CK_EM_LANES {
        const float w = __builtin_rintf(a[i]);
        r[i] = w >= -2147483648.0f && w < 2147483648.0f ? (int32_t)w : INT32_MIN;
    }
    return (__m512i)r;
}
CK_EM __m512i ck_em_cvttps_epi32(__m512 x) { /* towards zero; what does not fit becomes INT32_MIN */
    const ck_em_f32 a = (ck_em_f32)x;
    ck_em_i32 r;
    CK_EM_LANES r[i] = a[i] >= -2147483648.0f && a[i] < 2147483648.0f ? (int32_t)a[i] : INT32_MIN;
    return (__m512i)r;
}
CK_EM __m512i ck_em_cvtepi8_epi32(__m128i x) {
    int8_t a[16];
    memcpy(a, &x, sizeof a);
    ck_em_i32 r;
    CK_EM_LANES r[i] = a[i];
    return (__m512i)r;
}
CK_EM __m512i ck_em_cvtepu8_epi32(__m128i x) {
    uint8_t a[16];
    memcpy(a, &x, sizeof a);
    ck_em_i32 r;
    CK_EM_LANES r[i] = a[i];
    return (__m512i)r;
}
CK_EM __m512i ck_em_cvtepu16_epi32(__m256i x) {
    uint16_t a[16];
    memcpy(a, &x, sizeof a);
    ck_em_i32 r;
    CK_EM_LANES r[i] = a[i];
    return (__m512i)r;
}
CK_EM __m128i ck_em_cvtepi32_epi8(__m512i x) { /* the low byte */
    const ck_em_i32 a = (ck_em_i32)x;
    int8_t r[16];
    CK_EM_LANES r[i] = (int8_t)(uint8_t)a[i];
    __m128i v;
    memcpy(&v, r, sizeof v);
    return v;
}
CK_EM __m256i ck_em_cvtepi32_epi16(__m512i x) { /* the low half */
    const ck_em_i32 a = (ck_em_i32)x;
    uint16_t r[16];
    CK_EM_LANES r[i] = (uint16_t)a[i];
    __m256i v;
    memcpy(&v, r, sizeof v);
    return v;
}
CK_EM __m512 ck_em_cvtph_ps(__m256i x) {
    __m256 halves[2] = {_mm256_cvtph_ps(_mm256_castsi256_si128(x)), _mm256_cvtph_ps(_mm256_extracti128_si256(x, 1))};
    return ck_em_loadu_ps(halves);
}
#define ck_em_cvtps_ph(x, mode) \
    _mm256_inserti128_si256(_mm256_castsi128_si256(_mm256_cvtps_ph(ck_em_half(x, 0), mode)), \
                            _mm256_cvtps_ph(ck_em_half(x, 1), mode), 1)
CK_EM __m256 ck_em_half(__m512 x, int upper) {
    __m256 h[2];
    memcpy(h, &x, sizeof h);
    return h[upper];
}
CK_EM __m256i ck_em_half_epi(__m512i x, int upper) {
    __m256i h[2];
    memcpy(h, &x, sizeof h);
    return h[upper];
}

/* MARK: Masks, lanes */

CK_EM __mmask16 ck_em_cmp_ps_mask(__m512 x, __m512 y, const int predicate) {
    const ck_em_f32 a = (ck_em_f32)x, b = (ck_em_f32)y;
    __mmask16 k = 0;
    CK_EM_LANES {
        bool t;
        switch (predicate) {
        case _CMP_EQ_OQ: t = a[i] == b[i]; break;
        case _CMP_LT_OQ: t = a[i] < b[i]; break;
        case _CMP_LE_OQ: t = a[i] <= b[i]; break;
        case _CMP_GT_OQ: t = a[i] > b[i]; break;
        case _CMP_GE_OQ: t = a[i] >= b[i]; break;
        case _CMP_NEQ_UQ: t = !(a[i] == b[i]); break;
        case _CMP_NLT_UQ: t = !(a[i] < b[i]); break;
        case _CMP_NLE_UQ: t = !(a[i] <= b[i]); break;
        case _CMP_NGE_UQ: t = !(a[i] >= b[i]); break;
        case _CMP_NGT_UQ: t = !(a[i] > b[i]); break;
        case _CMP_UNORD_Q: t = a[i] != a[i] || b[i] != b[i]; break;
        default: t = a[i] == a[i] && b[i] == b[i]; break; /* _CMP_ORD_Q */
        }
        k |= (__mmask16)(t << i);
    }
    return k;
}
CK_EM __mmask16 ck_em_cmpeq_epi32_mask(__m512i x, __m512i y) {
    const ck_em_i32 a = (ck_em_i32)x, b = (ck_em_i32)y;
    __mmask16 k = 0;
    CK_EM_LANES k |= (__mmask16)((a[i] == b[i]) << i);
    return k;
}
CK_EM __mmask16 ck_em_cmplt_epi32_mask(__m512i x, __m512i y) {
    const ck_em_i32 a = (ck_em_i32)x, b = (ck_em_i32)y;
    __mmask16 k = 0;
    CK_EM_LANES k |= (__mmask16)((a[i] < b[i]) << i);
    return k;
}
CK_EM __m512 ck_em_mask_blend_ps(__mmask16 k, __m512 x, __m512 y) { /* y where the bit is set */
    const ck_em_f32 a = (ck_em_f32)x, b = (ck_em_f32)y;
    ck_em_f32 r;
    CK_EM_LANES r[i] = CK_EM_ON(k) ? b[i] : a[i];
    return (__m512)r;
}
CK_EM __m512i ck_em_mask_blend_epi32(__mmask16 k, __m512i x, __m512i y) {
    return (__m512i)ck_em_mask_blend_ps(k, (__m512)x, (__m512)y);
}
CK_EM __m512 ck_em_permutexvar_ps(__m512i index, __m512 x) {
    const ck_em_i32 at = (ck_em_i32)index;
    const ck_em_f32 a = (ck_em_f32)x;
    ck_em_f32 r;
    CK_EM_LANES r[i] = a[at[i] & 15];
    return (__m512)r;
}
/* Two bits of `pick` for each of four places: the lower two places from x, the upper two from y. */
CK_EM __m512 ck_em_shuffle_ps(__m512 x, __m512 y, int pick) { /* lanes within each 16 bytes */
    const ck_em_f32 a = (ck_em_f32)x, b = (ck_em_f32)y;
    ck_em_f32 r;
    CK_EM_LANES {
        const int from = (i & 12) + (pick >> 2 * (i & 3) & 3);
        r[i] = (i & 3) < 2 ? a[from] : b[from];
    }
    return (__m512)r;
}
CK_EM __m512 ck_em_shuffle_f32x4(__m512 x, __m512 y, int pick) { /* 16 bytes each */
    const ck_em_f32 a = (ck_em_f32)x, b = (ck_em_f32)y;
    ck_em_f32 r;
    CK_EM_LANES {
        const int from = (pick >> 2 * (i / 4) & 3) * 4 + i % 4;
        r[i] = i < 8 ? a[from] : b[from];
    }
    return (__m512)r;
}
CK_EM __m512i ck_em_permutexvar_epi32(__m512i index, __m512i x) {
    return (__m512i)ck_em_permutexvar_ps(index, (__m512)x);
}
CK_EM __m512i ck_em_permutexvar_epi16(__m512i index, __m512i x) {
    const ck_em_i16 at = (ck_em_i16)index, a = (ck_em_i16)x;
    ck_em_i16 r;
    for (int i = 0; i < 32; i++) r[i] = a[at[i] & 31];
    return (__m512i)r;
}
CK_EM __m512 ck_em_castsi512_ps(__m512i x) { return (__m512)x; }
CK_EM __m512i ck_em_castps_si512(__m512 x) { return (__m512i)x; }
CK_EM __m256 ck_em_castps512_ps256(__m512 x) { return ck_em_half(x, 0); }
CK_EM __m512 ck_em_castps256_ps512(__m256 x) { /* the upper half is anything: here NaN, so that a use shows */
    ck_em_f32 r;
    float part[8];
    memcpy(part, &x, sizeof part);
    CK_EM_LANES r[i] = i < 8 ? part[i] : __builtin_nanf("");
    return (__m512)r;
}
CK_EM __m256i ck_em_castsi512_si256(__m512i x) { return ck_em_half_epi(x, 0); }
CK_EM __m256i ck_em_extracti32x8_epi32(__m512i x, int upper) { return ck_em_half_epi(x, upper); }
CK_EM __m512 ck_em_maskz_mov_ps(__mmask16 k, __m512 x) { return ck_em_mask_blend_ps(k, ck_em_setzero_ps(), x); }
/* `half` in place of one half of x. */
CK_EM __m512 ck_em_insertf32x8(__m512 x, __m256 half, int upper) {
    __m256 h[2];
    memcpy(h, &x, sizeof h);
    h[upper] = half;
    return ck_em_loadu_ps(h);
}
CK_EM __m256 ck_em_extractf32x8_ps(__m512 x, int upper) { return ck_em_half(x, upper); }
CK_EM float ck_em_cvtss_f32(__m512 x) { return ((ck_em_f32)x)[0]; }

CK_TARGET_END

/* The compiler's names, from here on. */
#define _mm512_set1_ps ck_em_set1_ps
#define _mm512_set1_epi32 ck_em_set1_epi32
#define _mm512_set1_epi16 ck_em_set1_epi16
#define _mm512_set1_epi8 ck_em_set1_epi8
#define _mm512_setzero_ps ck_em_setzero_ps
#define _mm512_setzero_si512 ck_em_setzero_si512
#define _mm512_loadu_ps ck_em_loadu_ps
#define _mm512_load_ps ck_em_loadu_ps
#define _mm512_loadu_si512 ck_em_loadu_si512
#define _mm512_load_si512 ck_em_loadu_si512
#define _mm512_storeu_ps ck_em_storeu_ps
#define _mm512_store_ps ck_em_storeu_ps
#define _mm512_storeu_si512 ck_em_storeu_si512
#define _mm512_store_si512 ck_em_storeu_si512
#define _mm512_maskz_loadu_ps ck_em_maskz_loadu_ps
#define _mm512_maskz_loadu_epi32 ck_em_maskz_loadu_epi32
#define _mm512_mask_storeu_ps ck_em_mask_storeu_ps
#define _mm512_mask_storeu_epi32 ck_em_mask_storeu_epi32
#define _mm512_mask_storeu_epi8 ck_em_mask_storeu_epi8
#define _mm256_mask_storeu_epi16 ck_em_mask_storeu_epi16_256
#define _mm256_maskz_loadu_epi16 ck_em_maskz_loadu_epi16_256
#define _mm512_broadcast_i32x4 ck_em_broadcast_i32x4
#undef _mm512_i32gather_epi32
#define _mm512_i32gather_epi32 ck_em_i32gather_epi32
#define _mm512_add_ps ck_em_add_ps
#define _mm512_sub_ps ck_em_sub_ps
#define _mm512_mul_ps ck_em_mul_ps
#define _mm512_div_ps ck_em_div_ps
#define _mm512_min_ps ck_em_min_ps
#define _mm512_max_ps ck_em_max_ps
#define _mm512_fmadd_ps ck_em_fmadd_ps
#define _mm512_fmsub_ps ck_em_fmsub_ps
#define _mm512_fnmadd_ps ck_em_fnmadd_ps
#define _mm512_sqrt_ps ck_em_sqrt_ps
#undef _mm512_roundscale_ps
#define _mm512_roundscale_ps ck_em_roundscale_ps
#define _mm512_scalef_ps ck_em_scalef_ps
#define _mm512_reduce_add_ps ck_em_reduce_add_ps
#define _mm512_reduce_max_ps ck_em_reduce_max_ps
#define _mm512_set1_pd ck_em_set1_pd
#define _mm512_setzero_pd ck_em_setzero_pd
#define _mm512_add_pd ck_em_add_pd
#define _mm512_sub_pd ck_em_sub_pd
#define _mm512_reduce_add_pd ck_em_reduce_add_pd
#define _mm512_cvtps_pd ck_em_cvtps_pd
#define _mm512_cvtpd_ps ck_em_cvtpd_ps
#define _mm512_add_epi32 ck_em_add_epi32
#define _mm512_sub_epi32 ck_em_sub_epi32
#define _mm512_mullo_epi32 ck_em_mullo_epi32
#define _mm512_min_epi32 ck_em_min_epi32
#define _mm512_max_epi32 ck_em_max_epi32
#define _mm512_and_si512 ck_em_and_si512
#define _mm512_or_si512 ck_em_or_si512
#define _mm512_xor_si512 ck_em_xor_si512
#define _mm512_andnot_si512 ck_em_andnot_si512
#define _mm512_add_epi8 ck_em_add_epi8
#define _mm512_sub_epi8 ck_em_sub_epi8
#define _mm512_mullo_epi16 ck_em_mullo_epi16
#define _mm512_max_epi8 ck_em_max_epi8
#define _mm512_packs_epi32 ck_em_packs_epi32
#define _mm512_packs_epi16 ck_em_packs_epi16
#define _mm512_maddubs_epi16 ck_em_maddubs_epi16
#define _mm512_madd_epi16 ck_em_madd_epi16
#define _mm512_shuffle_epi8 ck_em_shuffle_epi8
#define _mm512_slli_epi32 ck_em_slli_epi32
#define _mm512_srli_epi32 ck_em_srli_epi32
#define _mm512_srai_epi32 ck_em_srai_epi32
#define _mm512_srli_epi16 ck_em_srli_epi16
#define _mm512_reduce_add_epi32 ck_em_reduce_add_epi32
#define _mm512_reduce_max_epi32 ck_em_reduce_max_epi32
#define _mm512_reduce_min_epi32 ck_em_reduce_min_epi32
#define _mm512_dpbusd_epi32 ck_em_dpbusd_epi32
#define _mm512_dpwssd_epi32 ck_em_dpwssd_epi32
#define _mm512_dpbf16_ps ck_em_dpbf16_ps
#define _mm512_cvtne2ps_pbh ck_em_cvtne2ps_pbh
#define _mm512_cvtepi32_ps ck_em_cvtepi32_ps
#define _mm512_cvtps_epi32 ck_em_cvtps_epi32
#define _mm512_cvttps_epi32 ck_em_cvttps_epi32
#define _mm512_cvtepi8_epi32 ck_em_cvtepi8_epi32
#define _mm512_cvtepu8_epi32 ck_em_cvtepu8_epi32
#define _mm512_cvtepu16_epi32 ck_em_cvtepu16_epi32
#define _mm512_cvtepi32_epi8 ck_em_cvtepi32_epi8
#define _mm512_cvtepi32_epi16 ck_em_cvtepi32_epi16
#define _mm512_cvtph_ps ck_em_cvtph_ps
#undef _mm512_cvtps_ph
#define _mm512_cvtps_ph ck_em_cvtps_ph
#undef _mm512_cmp_ps_mask
#define _mm512_cmp_ps_mask ck_em_cmp_ps_mask
#undef _mm512_cmpeq_epi32_mask
#define _mm512_cmpeq_epi32_mask ck_em_cmpeq_epi32_mask
#undef _mm512_cmplt_epi32_mask
#define _mm512_cmplt_epi32_mask ck_em_cmplt_epi32_mask
#define _mm512_mask_blend_ps ck_em_mask_blend_ps
#define _mm512_mask_blend_epi32 ck_em_mask_blend_epi32
#undef _mm512_shuffle_ps
#define _mm512_shuffle_ps ck_em_shuffle_ps
#undef _mm512_shuffle_f32x4
#define _mm512_shuffle_f32x4 ck_em_shuffle_f32x4
#define _mm512_permutexvar_ps ck_em_permutexvar_ps
#define _mm512_permutexvar_epi32 ck_em_permutexvar_epi32
#define _mm512_permutexvar_epi16 ck_em_permutexvar_epi16
#define _mm512_castsi512_ps ck_em_castsi512_ps
#define _mm512_castps_si512 ck_em_castps_si512
#define _mm512_castps512_ps256 ck_em_castps512_ps256
#define _mm512_castps256_ps512 ck_em_castps256_ps512
#define _mm512_castsi512_si256 ck_em_castsi512_si256
#undef _mm512_extracti32x8_epi32
#define _mm512_extracti32x8_epi32 ck_em_extracti32x8_epi32
#define _mm512_maskz_mov_ps ck_em_maskz_mov_ps
#undef _mm512_insertf32x8
#define _mm512_insertf32x8 ck_em_insertf32x8
#undef _mm512_extractf32x8_ps
#define _mm512_extractf32x8_ps ck_em_extractf32x8_ps
#define _mm512_cvtss_f32 ck_em_cvtss_f32
#endif
#endif
#endif
