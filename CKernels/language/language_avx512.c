/* The small language kernels for AVX-512: the plan of the AVX2 file with sixteen lanes, every tail masked. Rotation and row
 * assembly equal the reference bit for bit (no FMA), gating equals the AVX2 kernel's; the sum of log-softmax has sixteen
 * lanes in double. */
#include "ck_avx512.h"
#include "ck_math_avx512.h"
#include "ck_target.h"
#include "language/language.h"

#if CK_X86
#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define INLINE static inline __attribute__((always_inline))

INLINE __m512 load_lanes(const float *p, int64_t lanes) {
    return lanes >= 16 ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(ck_tail_mask_avx512(lanes), p);
}

INLINE void store_lanes(float *p, int64_t lanes, __m512 v) {
    if (lanes >= 16) _mm512_storeu_ps(p, v);
    else _mm512_mask_storeu_ps(p, ck_tail_mask_avx512(lanes), v);
}

/* MARK: assemble_rows */

INLINE __m512 widened(__m256i halves, bool is_bf16) {
    if (!is_bf16) return _mm512_cvtph_ps(halves);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

INLINE void assemble(const ck_assemble_rows_args *a, bool is_bf16, int part, int parts) {
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const int64_t s = a->sources[i];
        float *y = a->y + i * a->y_stride;
        if (s < 0) {
            memcpy(y, a->extra + -(s + 1) * a->extra_stride, (size_t)a->d * sizeof *y);
            continue;
        }
        const uint16_t *row = (const uint16_t *)a->table + s * a->d;
        const int64_t d = a->d;
        int64_t j = 0;
        for (; j + 16 <= d; j += 16)
            _mm512_storeu_ps(y + j, widened(_mm256_loadu_si256((const __m256i *)(row + j)), is_bf16));
        const __mmask16 rest = ck_tail_mask_avx512(d - j);
        if (rest) _mm512_mask_storeu_ps(y + j, rest, widened(_mm256_maskz_loadu_epi16(rest, row + j), is_bf16));
    }
}

void ck_assemble_rows_f16_avx512(const void *args, int part, int parts) { assemble(args, false, part, parts); }
void ck_assemble_rows_bf16_avx512(const void *args, int part, int parts) { assemble(args, true, part, parts); }

/* MARK: rope_append */

/* Elements `at` ..< at + lanes of the cache, rounded as half.h rounds. */
INLINE void store_cache(ck_cache_type type, void *cache, int64_t at, int64_t lanes, __m512 v) {
    if (type == CK_CACHE_F32) {
        store_lanes((float *)cache + at, lanes, v);
        return;
    }
    __m256i halves;
    if (type == CK_CACHE_F16) {
        halves = _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
    } else {
        const __m512i bits = _mm512_castps_si512(v);
        const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
        const __m512i quiet_nan = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
        const __mmask16 is_nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
        halves = _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_mask_blend_epi32(is_nan, rounded, quiet_nan), 16));
    }
    uint16_t *target = (uint16_t *)cache + at;
    if (lanes >= 16) _mm256_storeu_si256((__m256i *)target, halves);
    else _mm256_mask_storeu_epi16(target, ck_tail_mask_avx512(lanes), halves);
}

INLINE void rotate(ck_cache_type type, const float *x, const float *cosines, const float *sines, int64_t d, void *cache,
                   int64_t at) {
    const int64_t half = d / 2;
    for (int64_t j = 0; j < half; j += 16) {
        const int64_t lanes = half - j;
        const __m512 low = load_lanes(x + j, lanes), high = load_lanes(x + j + half, lanes);
        const __m512 c = load_lanes(cosines + j, lanes), s = load_lanes(sines + j, lanes);
        store_cache(type, cache, at + j, lanes, _mm512_sub_ps(_mm512_mul_ps(low, c), _mm512_mul_ps(high, s)));
        store_cache(type, cache, at + j + half, lanes, _mm512_add_ps(_mm512_mul_ps(high, c), _mm512_mul_ps(low, s)));
    }
}

INLINE void rope_append(const ck_rope_append_args *a, ck_cache_type type, int part, int parts) {
    const int64_t d = a->d, per_row = a->heads + a->kv_heads;
    int64_t begin, end;
    ck_slice(a->m * per_row, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t i = item / per_row, head = item % per_row;
        const float *cosines = a->cosines + a->positions[i] * (d / 2);
        const float *sines = a->sines + a->positions[i] * (d / 2);
        if (head < a->heads) {
            float *q = a->q + i * a->q_stride + head * d;
            rotate(CK_CACHE_F32, q, cosines, sines, d, q, 0);
        } else {
            const int64_t kv_head = head - a->heads;
            const int64_t at = a->cells[i] * a->cell_stride + kv_head * a->head_stride;
            rotate(type, a->k + i * a->k_stride + kv_head * d, cosines, sines, d, a->k_cache, at);
            const float *v = a->v + i * a->v_stride + kv_head * d;
            for (int64_t j = 0; j < d; j += 16) store_cache(type, a->v_cache, at + j, d - j, load_lanes(v + j, d - j));
        }
    }
}

void ck_rope_append_f32_avx512(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F32, part, parts); }
void ck_rope_append_f16_avx512(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F16, part, parts); }
void ck_rope_append_bf16_avx512(const void *args, int part, int parts) { rope_append(args, CK_CACHE_BF16, part, parts); }

/* MARK: silu_mul */

void ck_silu_mul_f32_avx512(const void *args, int part, int parts) {
    const ck_silu_mul_args *a = args;
    const int64_t pieces = (a->n + CK_SILU_COLUMNS - 1) / CK_SILU_COLUMNS;
    int64_t begin, end;
    ck_slice(a->m * pieces, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t i = item / pieces, first = item % pieces * CK_SILU_COLUMNS;
        const int64_t last = a->n - first < CK_SILU_COLUMNS ? a->n : first + CK_SILU_COLUMNS;
        for (int64_t j = first; j < last; j += 16) {
            const int64_t lanes = last - j;
            const __m512 gate = load_lanes(a->gate + i * a->gate_stride + j, lanes);
            const __m512 up = load_lanes(a->up + i * a->up_stride + j, lanes);
            store_lanes(a->y + i * a->y_stride + j, lanes, _mm512_mul_ps(ck_silu_avx512(gate), up));
        }
    }
}

/* MARK: log_softmax */

INLINE float largest_of(const float *x, int64_t n) {
    const __m512 lowest = _mm512_set1_ps(-INFINITY);
    __m512 top = lowest;
    for (int64_t j = 0; j < n; j += 16) {
        /* The second operand wins if it is NaN; a NaN that is lost here comes back through the sum. */
        const __m512 v = load_lanes(x + j, n - j);
        top = _mm512_max_ps(top, _mm512_mask_blend_ps(ck_tail_mask_avx512(n - j), lowest, v));
    }
    float lanes[16], largest = -INFINITY;
    _mm512_storeu_ps(lanes, top);
    for (int lane = 0; lane < 16; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
    return largest;
}

void ck_log_softmax_f32_avx512(const void *args, int part, int parts) {
    const ck_log_softmax_args *a = args;
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const float *x = a->x + i * a->x_stride;
        float *y = a->y + i * a->y_stride;
        const float largest = largest_of(x, a->n);
        const __m512 top = _mm512_set1_ps(largest);
        __m512d sum_low = _mm512_setzero_pd(), sum_high = sum_low;
        for (int64_t j = 0; j < a->n; j += 16) {
            const __m512 shifted = _mm512_sub_ps(load_lanes(x + j, a->n - j), top);
            const __m512 e = _mm512_maskz_mov_ps(ck_tail_mask_avx512(a->n - j), ck_exp_avx512(shifted));
            sum_low = _mm512_add_pd(sum_low, _mm512_cvtps_pd(_mm512_castps512_ps256(e)));
            sum_high = _mm512_add_pd(sum_high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(e, 1)));
        }
        const double shift = (double)largest + log(_mm512_reduce_add_pd(_mm512_add_pd(sum_low, sum_high)));
        const __m512d shifts = _mm512_set1_pd(shift);
        for (int64_t j = 0; j < a->n; j += 16) {
            const __m512 v = load_lanes(x + j, a->n - j);
            const __m256 low = _mm512_cvtpd_ps(_mm512_sub_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(v)), shifts));
            const __m256 high = _mm512_cvtpd_ps(_mm512_sub_pd(_mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)), shifts));
            store_lanes(y + j, a->n - j, _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1));
        }
    }
}

CK_TARGET_END
#endif
