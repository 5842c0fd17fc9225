/* Row normalisation with NEON. Tile: one row, 16 columns at a time in four sums; the last columns go one by one into a
 * scalar sum. Two passes, as in the reference. */
#include "norm.h"

#if CK_ARM64
#include <arm_neon.h>
#include <math.h>

static inline float32x4_t value(const float *x, const float *residual, int64_t c) {
    const float32x4_t v = vld1q_f32(x + c);
    return residual ? vaddq_f32(v, vld1q_f32(residual + c)) : v;
}

static inline float scalar_value(const float *x, const float *residual, int64_t c) {
    return residual ? x[c] + residual[c] : x[c];
}

static float row_sum(const float *x, const float *residual, int64_t columns) {
    float32x4_t s[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
    int64_t c = 0;
    for (; c + 16 <= columns; c += 16)
        for (int i = 0; i < 4; i++) s[i] = vaddq_f32(s[i], value(x, residual, c + 4 * i));
    for (; c + 4 <= columns; c += 4) s[0] = vaddq_f32(s[0], value(x, residual, c));
    float sum = vaddvq_f32(vaddq_f32(vaddq_f32(s[0], s[1]), vaddq_f32(s[2], s[3])));
    for (; c < columns; c++) sum += scalar_value(x, residual, c);
    return sum;
}

/* Sum of (v - mean)^2; a mean of zero gives the sum of squares. */
static float row_squares(const float *x, const float *residual, int64_t columns, float mean) {
    const float32x4_t m = vdupq_n_f32(mean);
    float32x4_t s[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
    int64_t c = 0;
    for (; c + 16 <= columns; c += 16)
        for (int i = 0; i < 4; i++) {
            const float32x4_t d = vsubq_f32(value(x, residual, c + 4 * i), m);
            s[i] = vfmaq_f32(s[i], d, d);
        }
    for (; c + 4 <= columns; c += 4) {
        const float32x4_t d = vsubq_f32(value(x, residual, c), m);
        s[0] = vfmaq_f32(s[0], d, d);
    }
    float sum = vaddvq_f32(vaddq_f32(vaddq_f32(s[0], s[1]), vaddq_f32(s[2], s[3])));
    for (; c < columns; c++) {
        const float d = scalar_value(x, residual, c) - mean;
        sum += d * d;
    }
    return sum;
}

static void write_row(const float *x, const float *residual, const float *weight, const float *bias, float *y,
                      int64_t columns, float mean, float inverse) {
    const float32x4_t m = vdupq_n_f32(mean), scale = vdupq_n_f32(inverse);
    int64_t c = 0;
    for (; c + 4 <= columns; c += 4) {
        const float32x4_t normal = vmulq_f32(vsubq_f32(value(x, residual, c), m), scale);
        const float32x4_t shift = bias ? vld1q_f32(bias + c) : vdupq_n_f32(0);
        vst1q_f32(y + c, vfmaq_f32(shift, normal, vld1q_f32(weight + c)));
    }
    for (; c < columns; c++)
        y[c] = (scalar_value(x, residual, c) - mean) * inverse * weight[c] + (bias ? bias[c] : 0);
}

void ck_layer_norm_f32_neon(const void *args, int part, int parts) {
    const ck_norm_args *a = args;
    int64_t begin, end;
    ck_slice(a->rows, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = a->x + r * a->x_stride;
        const float *residual = a->residual ? a->residual + r * a->residual_stride : NULL;
        const float mean = row_sum(x, residual, a->columns) / (float)a->columns;
        const float variance = row_squares(x, residual, a->columns, mean) / (float)a->columns;
        write_row(x, residual, a->weight, a->bias, a->y + r * a->y_stride, a->columns, mean,
                  1.0f / sqrtf(variance + a->eps));
    }
}

void ck_rms_norm_f32_neon(const void *args, int part, int parts) {
    const ck_norm_args *a = args;
    int64_t begin, end;
    ck_slice(a->rows, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = a->x + r * a->x_stride;
        const float *residual = a->residual ? a->residual + r * a->residual_stride : NULL;
        const float mean_square = row_squares(x, residual, a->columns, 0) / (float)a->columns;
        write_row(x, residual, a->weight, NULL, a->y + r * a->y_stride, a->columns, 0, 1.0f / sqrtf(mean_square + a->eps));
    }
}
#endif
