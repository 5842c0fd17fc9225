/* ck_linear: what its instruction sets share, included by the file of each after the vectors (cpu/ck_vector_...). */
#include "linear/epilogue.h"

CK_INLINE void finish(const ck_linear_args *a, const float *sums, int64_t sum_stride, int64_t row, int64_t rows,
                      int64_t column, int64_t columns) {
    const epilogue e = EPILOGUE_OF(a);
    finish_sums(&e, sums, sum_stride, row, rows, column, columns);
}

/* x' of the adapter: rows of lora_scale * lora_x, `count` values from `first` on. */
static void scale_lora_rows(const ck_linear_args *a, int64_t row, int64_t rows, int64_t first, int64_t count,
                            float *target, int64_t pitch) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < count; j++)
            target[i * pitch + j] = a->lora_scale * a->lora_x[(row + i) * a->lora_x_stride + first + j];
}
