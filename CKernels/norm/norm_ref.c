/* Row normalisation, the specification: v = x + residual in float32, sums in float64. */
#include "norm.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

static float value(const float *x, const float *residual, int64_t c) { return residual ? x[c] + residual[c] : x[c]; }

/* [rows, columns] -> [rows, columns] */
void ck_layer_norm_f32_ref(const void *args, int part, int parts) {
    const ck_norm_args *a = args;
    int64_t begin, end;
    ck_slice(a->rows, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = a->x + r * a->x_stride;
        const float *residual = a->residual ? a->residual + r * a->residual_stride : NULL;
        float *y = a->y + r * a->y_stride;
        double sum = 0, squares = 0;
        for (int64_t c = 0; c < a->columns; c++) sum += value(x, residual, c);
        const double mean = sum / (double)a->columns;
        for (int64_t c = 0; c < a->columns; c++) {
            const double deviation = value(x, residual, c) - mean;
            squares += deviation * deviation;
        }
        const double inverse = 1 / sqrt(squares / (double)a->columns + a->eps);
        for (int64_t c = 0; c < a->columns; c++) {
            const float normal = (float)((value(x, residual, c) - mean) * inverse);
            y[c] = normal * a->weight[c] + (a->bias ? a->bias[c] : 0);
        }
    }
}

/* [rows, columns] -> [rows, columns] */
void ck_rms_norm_f32_ref(const void *args, int part, int parts) {
    const ck_norm_args *a = args;
    int64_t begin, end;
    ck_slice(a->rows, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = a->x + r * a->x_stride;
        const float *residual = a->residual ? a->residual + r * a->residual_stride : NULL;
        float *y = a->y + r * a->y_stride;
        double squares = 0;
        for (int64_t c = 0; c < a->columns; c++) {
            const double v = value(x, residual, c);
            squares += v * v;
        }
        const double inverse = 1 / sqrt(squares / (double)a->columns + a->eps);
        for (int64_t c = 0; c < a->columns; c++)
            y[c] = (float)(value(x, residual, c) * inverse) * a->weight[c];
    }
}
