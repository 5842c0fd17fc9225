/* Row normalisation with NEON. Tile: one row, 16 columns at a time in four sums; the last columns go one by one into a
 * scalar sum. Two passes, as in the reference. */
#include "ck_vector_neon.h"
#include "norm.h"

#if CK_ARM64

CK_INLINE V value(const float *x, const float *residual, int64_t c) {
    const V v = v_load(x + c);
    return residual ? v_add(v, v_load(residual + c)) : v;
}

CK_INLINE float scalar_value(const float *x, const float *residual, int64_t c) {
    return residual ? x[c] + residual[c] : x[c];
}

CK_INLINE float row_sum(const float *x, const float *residual, int64_t columns) {
    V sums[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    int64_t c = 0;
    for (; c + 16 <= columns; c += 16)
        for (int i = 0; i < 4; i++) sums[i] = v_add(sums[i], value(x, residual, c + 4 * i));
    for (; c + 4 <= columns; c += 4) sums[0] = v_add(sums[0], value(x, residual, c));
    float sum = v_sum(v_add(v_add(sums[0], sums[1]), v_add(sums[2], sums[3])));
    for (; c < columns; c++) sum += scalar_value(x, residual, c);
    return sum;
}

CK_INLINE float row_squares(const float *x, const float *residual, int64_t columns, float mean) {
    const V m = v_set1(mean);
    V sums[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    int64_t c = 0;
    for (; c + 16 <= columns; c += 16)
        for (int i = 0; i < 4; i++) {
            const V deviation = v_sub(value(x, residual, c + 4 * i), m);
            sums[i] = v_fma(deviation, deviation, sums[i]);
        }
    for (; c + 4 <= columns; c += 4) {
        const V deviation = v_sub(value(x, residual, c), m);
        sums[0] = v_fma(deviation, deviation, sums[0]);
    }
    float sum = v_sum(v_add(v_add(sums[0], sums[1]), v_add(sums[2], sums[3])));
    for (; c < columns; c++) {
        const float d = scalar_value(x, residual, c) - mean;
        sum += d * d;
    }
    return sum;
}

CK_INLINE void write_row(const float *x, const float *residual, const float *weight, const float *bias, float *y,
                         int64_t columns, float mean, float inverse) {
    const V m = v_set1(mean), scale = v_set1(inverse);
    int64_t c = 0;
    for (; c + 4 <= columns; c += 4) {
        const V normal = v_mul(v_sub(value(x, residual, c), m), scale);
        v_store(y + c, v_fma(normal, v_load(weight + c), bias ? v_load(bias + c) : v_zero()));
    }
    for (; c < columns; c++)
        y[c] = (scalar_value(x, residual, c) - mean) * inverse * weight[c] + (bias ? bias[c] : 0);
}

#define NAME(operation) ck_##operation##_f32_neon
#include "norm/norm_rows.h"
#endif
