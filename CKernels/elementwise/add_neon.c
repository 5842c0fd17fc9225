/* y = a + b with NEON: four columns at a time, the last ones singly. */
#include "elementwise.h"

#if CK_ARM64
#include <arm_neon.h>

void ck_add_f32_neon(const void *args, int part, int parts) {
    const ck_add_args *a = args;
    int64_t next, end;
    ck_slice(a->rows * a->columns, 16, part, parts, &next, &end);
    while (next < end) {
        const ck_run run = ck_next_run(&next, end, a->columns);
        const float *left = a->a + run.row * a->a_stride + run.column;
        const float *right = a->b + run.row * a->b_stride + run.column;
        float *y = a->y + run.row * a->y_stride + run.column;
        int64_t c = 0;
        for (; c + 4 <= run.count; c += 4) vst1q_f32(y + c, vaddq_f32(vld1q_f32(left + c), vld1q_f32(right + c)));
        for (; c < run.count; c++) y[c] = left[c] + right[c];
    }
}
#endif
