/* Mean or sum of squares over positions, the specification: sums in float64, positions in ascending order. */
#include "elementwise.h"

#pragma STDC FP_CONTRACT OFF

/* x [batch, positions, channels] -> y [batch, channels] */
void ck_position_pool_f32_ref(const void *args, int part, int parts) {
    const ck_position_pool_args *a = args;
    int64_t begin, end;
    ck_slice(a->batch * a->channels, 16, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const float *x = a->x + i / a->channels * a->positions * a->channels + i % a->channels;
        double sum = 0;
        for (int64_t p = 0; p < a->positions; p++) {
            const double v = x[p * a->channels];
            sum += a->mode == 1 ? v * v : v;
        }
        a->y[i] = (float)(a->mode == 1 ? sum : sum / (double)a->positions);
    }
}
