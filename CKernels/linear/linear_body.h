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

/* MARK: Copies of x */

/* Rows of x are copied tile by tile, in each tile quads of steps, in each quad a row after the other: all that a tile reads in four steps
 * is near one pointer. */
enum { quad = 4 };

/* Row r into its place of x, whose tiles of `height` rows stand `tile_floats` apart. */
CK_INLINE void copy_quads(int64_t height, int64_t tile_floats, int64_t r, const float *source, int64_t count, float *x) {
    float *target = x + r / height * tile_floats + r % height * quad;
    int64_t k = 0;
    for (; k + quad <= count; k += quad, target += quad * height) memcpy(target, source + k, quad * sizeof *target);
    for (; k < count; k++) *target++ = source[k];
}

/* Rows and outputs of a part. Each part copies the rows it multiplies, so where a share of n is less than the `columns` that one copy
 * serves, parts share rows instead, in tiles of `height`: each part has four, or n has hardly a panel for each. */
typedef struct slice {
    int64_t row, end_row, column, end_column;
} slice;

CK_INLINE slice slice_of(const ck_linear_args *a, int part, int parts, int64_t height, int64_t columns) {
    slice s = {0, a->m, 0, a->n};
    const int64_t tiles = a->n < parts * 4 * CK_PANEL ? 1 : 4;
    if (a->n < parts * columns && a->m >= parts * tiles * height) ck_slice(a->m, height, part, parts, &s.row, &s.end_row);
    else ck_slice(a->n, CK_PANEL, part, parts, &s.column, &s.end_column);
    return s;
}
