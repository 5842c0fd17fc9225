/* What follows the integer sums of ck_linear_q8, for AVX2 and, inlined there, for AVX-512. */
#ifndef CK_LINEAR_Q8_EPILOGUE_AVX2_H
#define CK_LINEAR_Q8_EPILOGUE_AVX2_H
#include "ck_vector_avx2.h"
#include "linear_q8/linear_q8.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define CK_Q8_INLINE static inline __attribute__((always_inline, unused))

#include "linear/epilogue.h"

/* y[rows, columns] at (row, column) from sums with the adapter in them. */
CK_INLINE void finish(const ck_linear_q8_args *a, const float *sums, int64_t sum_stride, int64_t row, int64_t rows,
                      int64_t column, int64_t columns) {
    const epilogue e = {.bias = a->bias,
                        .channel_scale = a->channel_scale,
                        .residual = a->residual,
                        .y = a->y,
                        .residual_stride = a->residual_stride,
                        .y_stride = a->y_stride,
                        .activation = a->activation};
    finish_sums(&e, sums, sum_stride, row, rows, column, columns);
}

CK_TARGET_END
#endif
#endif
