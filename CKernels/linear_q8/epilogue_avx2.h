/* What follows the integer sums of ck_linear_q8, for AVX2 and, inlined there, for AVX-512: adapter, bias, activation,
 * channel scale, residual. Every lane does the operations of linear_q8_ref.c in the same order. */
#ifndef CK_LINEAR_Q8_EPILOGUE_AVX2_H
#define CK_LINEAR_Q8_EPILOGUE_AVX2_H
#include "ck_math_avx2.h"
#include "ck_target.h"
#include "linear_q8/linear_q8.h"

#if CK_X86
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define CK_Q8_INLINE static inline __attribute__((always_inline, unused))
#define CK_UNROLL _Pragma("clang loop unroll(full)")

CK_Q8_INLINE __m256 activated(__m256 v, int32_t activation) {
    switch (activation) {
    case CK_ACT_RELU: return _mm256_max_ps(_mm256_setzero_ps(), v); /* the second operand wins if it is NaN */
    case CK_ACT_GELU: {
        const __m256 erf = ck_erf_avx2(_mm256_mul_ps(v, _mm256_set1_ps(0.70710678f)));
        return _mm256_mul_ps(_mm256_mul_ps(_mm256_set1_ps(0.5f), v), _mm256_add_ps(_mm256_set1_ps(1.0f), erf));
    }
    case CK_ACT_SILU: {
        const __m256 e = ck_exp_avx2(_mm256_xor_ps(v, _mm256_set1_ps(-0.0f)));
        return _mm256_div_ps(v, _mm256_add_ps(_mm256_set1_ps(1.0f), e));
    }
    default: return v;
    }
}

CK_Q8_INLINE __m256 load_lanes(const float *p, int64_t lanes) {
    return lanes >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, ck_tail_mask_avx2(lanes));
}

/* y[rows, columns] at (row, column) from sums with the adapter in them. */
CK_Q8_INLINE void finish_as(const ck_linear_q8_args *a, int32_t activation, const float *sums, int64_t sum_stride,
                            int64_t row, int64_t rows, int64_t column, int64_t columns) {
    for (int64_t i = 0; i < rows; i++) {
        const float *residual = a->residual ? a->residual + (row + i) * a->residual_stride + column : NULL;
        float *y = a->y + (row + i) * a->y_stride + column;
        for (int64_t j = 0; j < columns; j += 8) {
            const int64_t lanes = columns - j;
            __m256 v = _mm256_loadu_ps(sums + i * sum_stride + j);
            if (a->bias) v = _mm256_add_ps(v, load_lanes(a->bias + column + j, lanes));
            v = activated(v, activation);
            if (a->channel_scale) v = _mm256_mul_ps(v, load_lanes(a->channel_scale + column + j, lanes));
            if (residual) v = _mm256_add_ps(v, load_lanes(residual + j, lanes));
            if (lanes >= 8) _mm256_storeu_ps(y + j, v);
            else _mm256_maskstore_ps(y + j, ck_tail_mask_avx2(lanes), v);
        }
    }
}

static inline void finish(const ck_linear_q8_args *a, const float *sums, int64_t sum_stride, int64_t row, int64_t rows,
                          int64_t column, int64_t columns) {
    switch (a->activation) {
    case CK_ACT_RELU: finish_as(a, CK_ACT_RELU, sums, sum_stride, row, rows, column, columns); return;
    case CK_ACT_GELU: finish_as(a, CK_ACT_GELU, sums, sum_stride, row, rows, column, columns); return;
    case CK_ACT_SILU: finish_as(a, CK_ACT_SILU, sums, sum_stride, row, rows, column, columns); return;
    default: finish_as(a, CK_ACT_NONE, sums, sum_stride, row, rows, column, columns); return;
    }
}

CK_TARGET_END
#endif
#endif
