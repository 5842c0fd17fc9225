/* Row normalisation with AVX-512: the plan of the AVX2 file, 64 columns at a time in four sums. Tails: whole vectors go to
 * the first sum, the last columns through a masked load whose idle lanes add zero. */
#include "ck_avx512.h"
#include "norm.h"

#if CK_X86
#include <math.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define CK_INLINE static inline __attribute__((always_inline))

CK_INLINE __mmask16 lanes_below(int64_t count) { return (__mmask16)((1u << count) - 1); }

CK_INLINE __m512 value(const float *x, const float *residual, int64_t c) {
    const __m512 v = _mm512_loadu_ps(x + c);
    return residual ? _mm512_add_ps(v, _mm512_loadu_ps(residual + c)) : v;
}

CK_INLINE __m512 masked_value(const float *x, const float *residual, int64_t c, __mmask16 mask) {
    const __m512 v = _mm512_maskz_loadu_ps(mask, x + c);
    return residual ? _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, residual + c)) : v;
}

CK_INLINE float total(__m512 s0, __m512 s1, __m512 s2, __m512 s3) {
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
}

CK_INLINE float row_sum(const float *x, const float *residual, int64_t columns) {
    __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    int64_t c = 0;
    for (; c + 64 <= columns; c += 64) {
        s0 = _mm512_add_ps(s0, value(x, residual, c));
        s1 = _mm512_add_ps(s1, value(x, residual, c + 16));
        s2 = _mm512_add_ps(s2, value(x, residual, c + 32));
        s3 = _mm512_add_ps(s3, value(x, residual, c + 48));
    }
    for (; c + 16 <= columns; c += 16) s0 = _mm512_add_ps(s0, value(x, residual, c));
    if (c < columns) s1 = _mm512_add_ps(s1, masked_value(x, residual, c, lanes_below(columns - c)));
    return total(s0, s1, s2, s3);
}

CK_INLINE __m512 add_square(__m512 sum, __m512 v, __m512 mean) {
    const __m512 deviation = _mm512_sub_ps(v, mean);
    return _mm512_fmadd_ps(deviation, deviation, sum);
}

/* Sum of (v - mean)^2; a mean of zero gives the sum of squares. */
CK_INLINE float row_squares(const float *x, const float *residual, int64_t columns, float mean) {
    const __m512 m = _mm512_set1_ps(mean);
    __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    int64_t c = 0;
    for (; c + 64 <= columns; c += 64) {
        s0 = add_square(s0, value(x, residual, c), m);
        s1 = add_square(s1, value(x, residual, c + 16), m);
        s2 = add_square(s2, value(x, residual, c + 32), m);
        s3 = add_square(s3, value(x, residual, c + 48), m);
    }
    for (; c + 16 <= columns; c += 16) s0 = add_square(s0, value(x, residual, c), m);
    if (c < columns) {
        const __mmask16 mask = lanes_below(columns - c);
        /* Idle lanes get the mean itself, so that they deviate by nothing; a mean that is not finite shows anyway. */
        s1 = add_square(s1, _mm512_mask_blend_ps(mask, m, masked_value(x, residual, c, mask)), m);
    }
    return total(s0, s1, s2, s3);
}

CK_INLINE void write_row(const float *x, const float *residual, const float *weight, const float *bias, float *y,
                         int64_t columns, float mean, float inverse) {
    const __m512 m = _mm512_set1_ps(mean), scale = _mm512_set1_ps(inverse);
    int64_t c = 0;
    for (; c + 16 <= columns; c += 16) {
        const __m512 normal = _mm512_mul_ps(_mm512_sub_ps(value(x, residual, c), m), scale);
        const __m512 w = _mm512_loadu_ps(weight + c);
        _mm512_storeu_ps(y + c, bias ? _mm512_fmadd_ps(normal, w, _mm512_loadu_ps(bias + c)) : _mm512_mul_ps(normal, w));
    }
    if (c < columns) {
        const __mmask16 mask = lanes_below(columns - c);
        const __m512 normal = _mm512_mul_ps(_mm512_sub_ps(masked_value(x, residual, c, mask), m), scale);
        const __m512 w = _mm512_maskz_loadu_ps(mask, weight + c);
        _mm512_mask_storeu_ps(y + c, mask, bias ? _mm512_fmadd_ps(normal, w, _mm512_maskz_loadu_ps(mask, bias + c))
                                                : _mm512_mul_ps(normal, w));
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
void ck_layer_norm_f32_avx512(const void *args, int part, int parts) {
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

void ck_rms_norm_f32_avx512(const void *args, int part, int parts) {
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
