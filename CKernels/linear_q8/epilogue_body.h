/* What follows the sums of ck_linear_q8; included after the vectors (cpu/ck_vector_...), inside a target region. */
#include "linear/epilogue.h"

/* y[rows, columns] at (row, column) from sums with the adapter in them. */
CK_Q8_INLINE void finish(const ck_linear_q8_args *a, const float *sums, int64_t sum_stride, int64_t row, int64_t rows,
                         int64_t column, int64_t columns) {
    const epilogue e = EPILOGUE_OF(a);
    finish_sums(&e, sums, sum_stride, row, rows, column, columns);
}
