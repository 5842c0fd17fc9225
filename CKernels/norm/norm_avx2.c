/* Row normalisation with AVX2.
 *
 * Tile: one row, 32 columns at a time in four sums, so a chain of additions is columns/32 long and float32 is wide
 * enough. Two passes over the row for layer norm's mean and variance, then the output; a row of 4096 stays in L1, so
 * adding the residual again in each pass costs less than storing the sum.
 * Tails: whole vectors go to the first sum, the last columns through a masked load whose idle lanes add zero. */
#include "norm.h"

#if CK_X86
#include <immintrin.h>
#include <math.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define CK_INLINE static inline __attribute__((always_inline))

CK_INLINE __m256i lanes_below(int64_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

CK_INLINE float horizontal_sum(__m256 v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

CK_INLINE __m256 value(const float *x, const float *residual, int64_t c) {
    const __m256 v = _mm256_loadu_ps(x + c);
    return residual ? _mm256_add_ps(v, _mm256_loadu_ps(residual + c)) : v;
}

CK_INLINE __m256 masked_value(const float *x, const float *residual, int64_t c, __m256i mask) {
    const __m256 v = _mm256_maskload_ps(x + c, mask);
    return residual ? _mm256_add_ps(v, _mm256_maskload_ps(residual + c, mask)) : v;
}

CK_INLINE float row_sum(const float *x, const float *residual, int64_t columns) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    int64_t c = 0;
    for (; c + 32 <= columns; c += 32) {
        s0 = _mm256_add_ps(s0, value(x, residual, c));
        s1 = _mm256_add_ps(s1, value(x, residual, c + 8));
        s2 = _mm256_add_ps(s2, value(x, residual, c + 16));
        s3 = _mm256_add_ps(s3, value(x, residual, c + 24));
    }
    for (; c + 8 <= columns; c += 8) s0 = _mm256_add_ps(s0, value(x, residual, c));
    if (c < columns) s1 = _mm256_add_ps(s1, masked_value(x, residual, c, lanes_below(columns - c)));
    return horizontal_sum(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
}

CK_INLINE __m256 add_square(__m256 sum, __m256 v, __m256 mean) {
    const __m256 deviation = _mm256_sub_ps(v, mean);
    return _mm256_fmadd_ps(deviation, deviation, sum);
}

/* Sum of (v - mean)^2; a mean of zero gives the sum of squares. */
CK_INLINE float row_squares(const float *x, const float *residual, int64_t columns, float mean) {
    const __m256 m = _mm256_set1_ps(mean);
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    int64_t c = 0;
    for (; c + 32 <= columns; c += 32) {
        s0 = add_square(s0, value(x, residual, c), m);
        s1 = add_square(s1, value(x, residual, c + 8), m);
        s2 = add_square(s2, value(x, residual, c + 16), m);
        s3 = add_square(s3, value(x, residual, c + 24), m);
    }
    for (; c + 8 <= columns; c += 8) s0 = add_square(s0, value(x, residual, c), m);
    if (c < columns) {
        const __m256i mask = lanes_below(columns - c);
        const __m256 deviation = _mm256_sub_ps(masked_value(x, residual, c, mask), m);
        const __m256 kept = _mm256_and_ps(deviation, _mm256_castsi256_ps(mask));
        s1 = _mm256_fmadd_ps(kept, kept, s1);
    }
    return horizontal_sum(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
}

CK_INLINE void write_row(const float *x, const float *residual, const float *weight, const float *bias, float *y,
                         int64_t columns, float mean, float inverse) {
    const __m256 m = _mm256_set1_ps(mean), scale = _mm256_set1_ps(inverse);
    int64_t c = 0;
    for (; c + 8 <= columns; c += 8) {
        const __m256 normal = _mm256_mul_ps(_mm256_sub_ps(value(x, residual, c), m), scale);
        const __m256 w = _mm256_loadu_ps(weight + c);
        _mm256_storeu_ps(y + c, bias ? _mm256_fmadd_ps(normal, w, _mm256_loadu_ps(bias + c)) : _mm256_mul_ps(normal, w));
    }
    if (c < columns) {
        const __m256i mask = lanes_below(columns - c);
        const __m256 normal = _mm256_mul_ps(_mm256_sub_ps(masked_value(x, residual, c, mask), m), scale);
        const __m256 w = _mm256_maskload_ps(weight + c, mask);
        _mm256_maskstore_ps(y + c, mask, bias ? _mm256_fmadd_ps(normal, w, _mm256_maskload_ps(bias + c, mask))
                                              : _mm256_mul_ps(normal, w));
    }
}

CK_INLINE void layer_row(const ck_norm_args *a, const float *x, const float *residual, const float *bias, float *y) {
    const float mean = row_sum(x, residual, a->columns) / (float)a->columns;
    const float variance = row_squares(x, residual, a->columns, mean) / (float)a->columns;
    write_row(x, residual, a->weight, bias, y, a->columns, mean, 1.0f / sqrtf(variance + a->eps));
}

CK_INLINE void rms_row(const ck_norm_args *a, const float *x, const float *residual, float *y) {
    const float mean_square = row_squares(x, residual, a->columns, 0) / (float)a->columns;
    write_row(x, residual, a->weight, NULL, y, a->columns, 0, 1.0f / sqrtf(mean_square + a->eps));
}

/* The literal NULL arguments make the compiler build a loop without the residual and one without the bias. */
void ck_layer_norm_f32_avx2(const void *args, int part, int parts) {
    const ck_norm_args *a = args;
    int64_t begin, end;
    ck_slice(a->rows, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = a->x + r * a->x_stride;
        float *y = a->y + r * a->y_stride;
        if (a->residual) layer_row(a, x, a->residual + r * a->residual_stride, a->bias, y);
        else layer_row(a, x, NULL, a->bias, y);
    }
}

void ck_rms_norm_f32_avx2(const void *args, int part, int parts) {
    const ck_norm_args *a = args;
    int64_t begin, end;
    ck_slice(a->rows, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = a->x + r * a->x_stride;
        float *y = a->y + r * a->y_stride;
        if (a->residual) rms_row(a, x, a->residual + r * a->residual_stride, y);
        else rms_row(a, x, NULL, y);
    }
}

CK_TARGET_END
#endif
