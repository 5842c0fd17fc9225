/* The small language kernels for AVX2. Rotation and row assembly equal the reference bit for bit (no FMA), gating and
 * log-softmax up to the vector exp. Tails are masked, so an element is computed alike wherever a slice begins. */
#include "ck_math_avx2.h"
#include "ck_target.h"
#include "half/half.h"
#include "language/language.h"

#if CK_X86
#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define INLINE static inline __attribute__((always_inline))

INLINE __m256 load_lanes(const float *p, int64_t lanes) {
    return lanes >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, ck_tail_mask_avx2(lanes));
}

INLINE void store_lanes(float *p, int64_t lanes, __m256 v) {
    if (lanes >= 8) _mm256_storeu_ps(p, v);
    else _mm256_maskstore_ps(p, ck_tail_mask_avx2(lanes), v);
}

/* MARK: assemble_rows */

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
        int64_t j = 0;
        for (; j + 8 <= a->d; j += 8) {
            const __m128i bits = _mm_loadu_si128((const __m128i *)(row + j));
            _mm256_storeu_ps(y + j, is_bf16 ? _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16))
                                            : _mm256_cvtph_ps(bits));
        }
        for (; j < a->d; j++) y[j] = is_bf16 ? ck_f32_from_bf16_value(row[j]) : ck_f32_from_f16_value(row[j]);
    }
}

void ck_assemble_rows_f16_avx2(const void *args, int part, int parts) { assemble(args, false, part, parts); }
void ck_assemble_rows_bf16_avx2(const void *args, int part, int parts) { assemble(args, true, part, parts); }

/* MARK: rope_append */

/* Elements `at` ..< at + lanes of the cache, rounded as half.h rounds. */
INLINE void store_cache(ck_cache_type type, void *cache, int64_t at, int64_t lanes, __m256 v) {
    if (type == CK_CACHE_F32) {
        store_lanes((float *)cache + at, lanes, v);
        return;
    }
    __m128i halves;
    if (type == CK_CACHE_F16) {
        halves = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
    } else {
        const __m256i bits = _mm256_castps_si256(v);
        const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
        const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
        const __m256i quiet_nan = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
        const __m256 is_nan = _mm256_cmp_ps(v, v, _CMP_UNORD_Q);
        const __m256 chosen = _mm256_blendv_ps(_mm256_castsi256_ps(rounded), _mm256_castsi256_ps(quiet_nan), is_nan);
        const __m256i high = _mm256_srli_epi32(_mm256_castps_si256(chosen), 16);
        halves = _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
    }
    uint16_t *target = (uint16_t *)cache + at;
    if (lanes >= 8) {
        _mm_storeu_si128((__m128i *)target, halves);
        return;
    }
    uint16_t values[8];
    _mm_storeu_si128((__m128i *)values, halves);
    memcpy(target, values, (size_t)lanes * sizeof *values);
}

INLINE void rotate(ck_cache_type type, const float *x, const float *cosines, const float *sines, int64_t d, void *cache,
                   int64_t at) {
    const int64_t half = d / 2;
    for (int64_t j = 0; j < half; j += 8) {
        const int64_t lanes = half - j;
        const __m256 low = load_lanes(x + j, lanes), high = load_lanes(x + j + half, lanes);
        const __m256 c = load_lanes(cosines + j, lanes), s = load_lanes(sines + j, lanes);
        store_cache(type, cache, at + j, lanes, _mm256_sub_ps(_mm256_mul_ps(low, c), _mm256_mul_ps(high, s)));
        store_cache(type, cache, at + j + half, lanes, _mm256_add_ps(_mm256_mul_ps(high, c), _mm256_mul_ps(low, s)));
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
            for (int64_t j = 0; j < d; j += 8) store_cache(type, a->v_cache, at + j, d - j, load_lanes(v + j, d - j));
        }
    }
}

void ck_rope_append_f32_avx2(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F32, part, parts); }
void ck_rope_append_f16_avx2(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F16, part, parts); }
void ck_rope_append_bf16_avx2(const void *args, int part, int parts) { rope_append(args, CK_CACHE_BF16, part, parts); }

/* MARK: silu_mul */

void ck_silu_mul_f32_avx2(const void *args, int part, int parts) {
    const ck_silu_mul_args *a = args;
    const int64_t pieces = (a->n + CK_SILU_COLUMNS - 1) / CK_SILU_COLUMNS;
    const __m256 one = _mm256_set1_ps(1.0f), sign = _mm256_set1_ps(-0.0f);
    int64_t begin, end;
    ck_slice(a->m * pieces, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t i = item / pieces, first = item % pieces * CK_SILU_COLUMNS;
        const int64_t last = a->n - first < CK_SILU_COLUMNS ? a->n : first + CK_SILU_COLUMNS;
        for (int64_t j = first; j < last; j += 8) {
            const int64_t lanes = last - j;
            const __m256 gate = load_lanes(a->gate + i * a->gate_stride + j, lanes);
            const __m256 up = load_lanes(a->up + i * a->up_stride + j, lanes);
            const __m256 silu = _mm256_div_ps(gate, _mm256_add_ps(one, ck_exp_avx2(_mm256_xor_ps(gate, sign))));
            store_lanes(a->y + i * a->y_stride + j, lanes, _mm256_mul_ps(silu, up));
        }
    }
}

/* MARK: log_softmax */

void ck_log_softmax_f32_avx2(const void *args, int part, int parts) {
    const ck_log_softmax_args *a = args;
    const __m256 lowest = _mm256_set1_ps(-INFINITY);
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const float *x = a->x + i * a->x_stride;
        float *y = a->y + i * a->y_stride;
        __m256 top = lowest;
        for (int64_t j = 0; j < a->n; j += 8) {
            const __m256 present = _mm256_castsi256_ps(ck_tail_mask_avx2(a->n - j));
            /* The second operand wins if it is NaN; a NaN that is lost here comes back through the sum. */
            top = _mm256_max_ps(top, _mm256_blendv_ps(lowest, load_lanes(x + j, a->n - j), present));
        }
        float lanes[8], largest = -INFINITY;
        _mm256_storeu_ps(lanes, top);
        for (int lane = 0; lane < 8; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;

        __m256d sum_low = _mm256_setzero_pd(), sum_high = _mm256_setzero_pd();
        for (int64_t j = 0; j < a->n; j += 8) {
            const __m256 present = _mm256_castsi256_ps(ck_tail_mask_avx2(a->n - j));
            const __m256 shifted = _mm256_sub_ps(load_lanes(x + j, a->n - j), _mm256_set1_ps(largest));
            const __m256 e = _mm256_and_ps(ck_exp_avx2(shifted), present);
            sum_low = _mm256_add_pd(sum_low, _mm256_cvtps_pd(_mm256_castps256_ps128(e)));
            sum_high = _mm256_add_pd(sum_high, _mm256_cvtps_pd(_mm256_extractf128_ps(e, 1)));
        }
        double sums[4];
        _mm256_storeu_pd(sums, _mm256_add_pd(sum_low, sum_high));
        const double shift = (double)largest + log((sums[0] + sums[1]) + (sums[2] + sums[3]));
        const __m256d shifts = _mm256_set1_pd(shift);
        for (int64_t j = 0; j < a->n; j += 8) {
            const __m256 v = load_lanes(x + j, a->n - j);
            const __m128 low = _mm256_cvtpd_ps(_mm256_sub_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(v)), shifts));
            const __m128 high = _mm256_cvtpd_ps(_mm256_sub_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)), shifts));
            store_lanes(y + j, a->n - j, _mm256_set_m128(high, low));
        }
    }
}

CK_TARGET_END
#endif
