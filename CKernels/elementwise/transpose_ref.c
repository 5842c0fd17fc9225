/* x [batch, rows, columns] -> y [batch, columns, rows], the specification. */
#include "elementwise.h"

/* Parts share blocks of output rows; 16 x 16 elements touch each of their cache lines once. */
void ck_transpose_f32_ref(const void *args, int part, int parts) {
    enum { block = 16 };
    const ck_transpose_args *a = args;
    const int64_t rows = a->rows, columns = a->columns, blocks = columns / block + (columns % block != 0);
    if (rows == 0 || columns == 0) return;
    int64_t begin, end;
    ck_slice(a->batch * blocks, 1, part, parts, &begin, &end);
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t image = unit / blocks, first = unit % blocks * block;
        const int64_t last = columns - first < block ? columns : first + block;
        const float *x = a->x + image * rows * columns;
        float *y = a->y + image * rows * columns;
        for (int64_t r0 = 0; r0 < rows; r0 += block) {
            const int64_t r1 = rows - r0 < block ? rows : r0 + block;
            for (int64_t c = first; c < last; c++)
                for (int64_t r = r0; r < r1; r++) y[c * rows + r] = x[r * columns + c];
        }
    }
}
