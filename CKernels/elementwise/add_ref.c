/* y = a + b over [rows, columns], the specification. */
#include "elementwise.h"

#pragma STDC FP_CONTRACT OFF

void ck_add_f32_ref(const void *args, int part, int parts) {
    const ck_add_args *a = args;
    int64_t next, end;
    ck_slice(a->rows * a->columns, 16, part, parts, &next, &end);
    while (next < end) {
        const ck_run run = ck_next_run(&next, end, a->columns);
        const float *left = a->a + run.row * a->a_stride + run.column;
        const float *right = a->b + run.row * a->b_stride + run.column;
        float *y = a->y + run.row * a->y_stride + run.column;
        for (int64_t c = 0; c < run.count; c++) y[c] = left[c] + right[c];
    }
}
