/* q8 rows with AVX-512: a group of 128 values stays in eight registers from its source to its bytes.
 *
 * The largest size is found on the bits, where a NaN or an infinity is larger than any number. Tails: values beyond k are
 * loaded as zeros, which change neither the sums of squares nor anything of a group, and become the padding. (An infinite
 * 1 / rms makes them NaN, but then the row's own values are infinite or NaN.)
 *
 * A wide division takes 10 cycles and would be most of a group's time, so all values of a group are divided by their scale
 * with the same bits but no division: times 1 / scale to 48 bits, which is within one unit of the quotient, then one
 * correction by the remainder, which is exact (Markstein 1990). Why the result is the correctly rounded quotient: let S be
 * the 24 bits of the scale. A quotient that is k / 2S units away from a midpoint is moved by the rounding of 1 / scale by
 * at most (S + k) / 2^49 units, which is less, so it stays on its side. All this where nothing underflows; other scales
 * divide. */
#include "quantize/quantize.h"
#include "ck_avx512.h"
#include "ck_math_avx512.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)


enum { group_vectors = CK_GROUP / 16, half_vectors = group_vectors / 2 };

CK_INLINE __m512 load_lanes(const float *p, int64_t lanes) {
    return _mm512_maskz_loadu_ps(ck_tail_mask_avx512(lanes), p);
}

/* MARK: Source */

static float inverse_rms(const float *x, int64_t k, float eps) {
    __m512 low = _mm512_setzero_ps(), high = low;
    int64_t i = 0;
    for (; i + 32 <= k; i += 32) {
        const __m512 v = _mm512_loadu_ps(x + i), w = _mm512_loadu_ps(x + i + 16);
        low = _mm512_fmadd_ps(v, v, low);
        high = _mm512_fmadd_ps(w, w, high);
    }
    if (i < k) {
        const __m512 v = load_lanes(x + i, k - i);
        low = _mm512_fmadd_ps(v, v, low);
    }
    if (i + 16 < k) {
        const __m512 w = load_lanes(x + i + 16, k - i - 16);
        high = _mm512_fmadd_ps(w, w, high);
    }
    const __m512 sums = _mm512_add_ps(low, high);
    const __m256 sum = _mm256_add_ps(_mm512_castps512_ps256(sums), _mm512_extractf32x8_ps(sums, 1));
    __m128 rest = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    rest = _mm_add_ps(rest, _mm_movehl_ps(rest, rest));
    rest = _mm_add_ss(rest, _mm_movehdup_ps(rest));
    return 1.0f / sqrtf(_mm_cvtss_f32(rest) / (float)k + eps);
}

/* Values [first, first + 128) of a row into `v`, zeros after the `count` that exist; those also to a->v if there is one. */
CK_INLINE void load_group(const ck_q8_rows_args *a, ck_q8_source source, int64_t row, int64_t first, int64_t count,
                          float inverse, __m512 v[group_vectors]) {
    const float *x = a->x + row * a->x_stride + first;
    float *values = a->v ? a->v + row * a->v_stride + first : NULL;
    CK_UNROLL for (int j = 0; j < group_vectors; j++) {
        const int64_t lanes = count - j * 16;
        v[j] = load_lanes(x + j * 16, lanes);
        if (source == CK_Q8_RMS_NORM)
            v[j] = _mm512_mul_ps(_mm512_mul_ps(v[j], _mm512_set1_ps(inverse)),
                                 load_lanes(a->weight + first + j * 16, lanes));
        if (source == CK_Q8_SILU_MUL)
            v[j] = _mm512_mul_ps(ck_silu_avx512(v[j]), load_lanes(a->up + row * a->up_stride + first + j * 16, lanes));
        if (values) _mm512_mask_storeu_ps(values + j * 16, ck_tail_mask_avx512(lanes), v[j]);
        if (a->input_scale) v[j] = _mm512_mul_ps(v[j], load_lanes(a->input_scale + first + j * 16, lanes));
    }
}

/* MARK: Bytes */

/* The largest value or sum of neighbours. */
CK_INLINE int32_t largest_bits(const __m512 v[group_vectors]) {
    const __m512i sizes = _mm512_set1_epi32(0x7fffffff);
    __m512i most = _mm512_setzero_si512();
    CK_UNROLL for (int j = 0; j < group_vectors; j++) {
        const __m512 neighbours = _mm512_add_ps(v[j], _mm512_shuffle_ps(v[j], v[j], 0xb1));
        most = _mm512_max_epi32(most, _mm512_and_si512(sizes, _mm512_castps_si512(v[j])));
        most = _mm512_max_epi32(most, _mm512_and_si512(sizes, _mm512_castps_si512(neighbours)));
    }
    return _mm512_reduce_max_epi32(most);
}

/* What divides the values of a group. */
typedef struct divisor {
    __m512 scale, inverse, inverse_rest;
} divisor;

CK_INLINE divisor divisor_of(float scale) {
    const float inverse = 1.0f / scale;
    const float rest = fmaf(-scale, inverse, 1.0f) * inverse;
    return (divisor){_mm512_set1_ps(scale), _mm512_set1_ps(inverse), _mm512_set1_ps(rest)};
}

/* v / scale, correctly rounded. */
CK_INLINE __m512 quotient(__m512 v, const divisor *d, bool divides) {
    if (divides) return _mm512_div_ps(v, d->scale);
    const __m512 q = _mm512_fmadd_ps(v, d->inverse, _mm512_mul_ps(v, d->inverse_rest));
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(q, d->scale, v), d->inverse, q);
}

/* 64 values as bytes. */
CK_INLINE __m512i quantized(const __m512 v[half_vectors], const divisor *d, bool divides) {
    static const int32_t order[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    __m512i q[half_vectors];
    CK_UNROLL for (int i = 0; i < half_vectors; i++) q[i] = _mm512_cvtps_epi32(quotient(v[i], d, divides));
    const __m512i bytes = _mm512_packs_epi16(_mm512_packs_epi32(q[0], q[1]), _mm512_packs_epi32(q[2], q[3]));
    return _mm512_permutexvar_epi32(_mm512_loadu_si512(order), bytes);
}

/* Sums of the four parts of 32 bytes. */
CK_INLINE __m128i part_sums(__m512i low, __m512i high) {
    const __m512i byte = _mm512_set1_epi8(1), pair = _mm512_set1_epi16(1);
    const __m512i a = _mm512_madd_epi16(_mm512_maddubs_epi16(byte, low), pair);
    const __m512i b = _mm512_madd_epi16(_mm512_maddubs_epi16(byte, high), pair);
    const __m256i first = _mm256_hadd_epi32(_mm512_castsi512_si256(a), _mm512_extracti32x8_epi32(a, 1));
    const __m256i last = _mm256_hadd_epi32(_mm512_castsi512_si256(b), _mm512_extracti32x8_epi32(b, 1));
    const __m256i sums = _mm256_hadd_epi32(first, last);
    return _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
}

CK_INLINE void quantize_group(const __m512 v[group_vectors], ck_q8_group y) {
    const int32_t bits = largest_bits(v);
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    const float scale = ck_q8_scale(bits < 0x7f800000, largest);
    __m512i low = _mm512_setzero_si512(), high = low;
    if (scale > 0.0f) {
        const divisor d = divisor_of(scale);
        const bool divides = !(scale > 0x1p-80f && scale < 0x1p80f);
        low = divides ? quantized(v, &d, true) : quantized(v, &d, false);
        high = divides ? quantized(v + half_vectors, &d, true) : quantized(v + half_vectors, &d, false);
    }
    _mm512_storeu_si512(y.q, low);
    _mm512_storeu_si512(y.q + CK_GROUP / 2, high);
    const __m128i sums = part_sums(low, high);
    _mm_storel_epi64((__m128i *)(void *)y.part_sum, _mm_packs_epi32(sums, sums));
    __m128i sum = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
    *y.sum = _mm_cvtsi128_si32(sum);
    *y.scale = scale;
}

CK_INLINE void run(const ck_q8_rows_args *a, ck_q8_source source, int part, int parts) {
    __m512 v[group_vectors];
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const float inverse = source == CK_Q8_RMS_NORM ? inverse_rms(a->x + i * a->x_stride, a->k, a->eps) : 0.0f;
        int64_t first = 0;
        for (; first + CK_GROUP <= a->k; first += CK_GROUP) {
            load_group(a, source, i, first, CK_GROUP, inverse, v);
            quantize_group(v, ck_q8_group_at(a->y, a->m, a->k, i, first / CK_GROUP));
        }
        if (first < a->k) {
            load_group(a, source, i, first, a->k - first, inverse, v);
            quantize_group(v, ck_q8_group_at(a->y, a->m, a->k, i, first / CK_GROUP));
        }
    }
}

void ck_q8_quantize_f32_avx512(const void *args, int part, int parts) { run(args, CK_Q8_PLAIN, part, parts); }
void ck_q8_rms_norm_f32_avx512(const void *args, int part, int parts) { run(args, CK_Q8_RMS_NORM, part, parts); }
void ck_q8_silu_mul_f32_avx512(const void *args, int part, int parts) { run(args, CK_Q8_SILU_MUL, part, parts); }

CK_TARGET_END
#endif
