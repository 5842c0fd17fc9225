/* Pooling over positions with NEON: four channels at a time, the last ones singly with the same fused operations, so
 * that the result does not depend on `parts`. */
#include "elementwise.h"

#if CK_ARM64
#include <arm_neon.h>
#include <math.h>

void ck_position_pool_f32_neon(const void *args, int part, int parts) {
    const ck_position_pool_args *a = args;
    const bool squares = a->mode == 1;
    const float positions = (float)a->positions;
    int64_t next, end;
    ck_slice(a->batch * a->channels, 16, part, parts, &next, &end);
    while (next < end) {
        const ck_run run = ck_next_run(&next, end, a->channels);
        const float *x = a->x + run.row * a->positions * a->channels + run.column;
        float *y = a->y + run.row * a->channels + run.column;
        int64_t c = 0;
        for (; c + 4 <= run.count; c += 4) {
            float32x4_t sum = vdupq_n_f32(0);
            for (int64_t p = 0; p < a->positions; p++) {
                const float32x4_t v = vld1q_f32(x + p * a->channels + c);
                sum = squares ? vfmaq_f32(sum, v, v) : vaddq_f32(sum, v);
            }
            vst1q_f32(y + c, squares ? sum : vdivq_f32(sum, vdupq_n_f32(positions)));
        }
        for (; c < run.count; c++) {
            float sum = 0;
            for (int64_t p = 0; p < a->positions; p++) {
                const float v = x[p * a->channels + c];
                sum = squares ? fmaf(v, v, sum) : sum + v;
            }
            y[c] = squares ? sum : sum / positions;
        }
    }
}
#endif
