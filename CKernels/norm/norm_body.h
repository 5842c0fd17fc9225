/* Row normalisation: the part that all instruction sets share, included by the file of each after the
 * vectors (cpu/ck_vector_...) and NAME(operation), the kernels' names.
 *
 * Tile: one row, four vectors of columns at a time in four sums, so a chain of additions is short and float32 is wide
 * enough. Two passes over the row for layer norm's mean and variance, then the output; a row of 4096 stays in L1, so
 * adding the residual again in each pass costs less than storing the sum.
 * Tails: whole vectors go to the first sum, the last columns through a load whose idle lanes are zero. */

CK_INLINE V value(const float *x, const float *residual, int64_t c) {
    const V v = v_load(x + c);
    return residual ? v_add(v, v_load(residual + c)) : v;
}

CK_INLINE V value_first(const float *x, const float *residual, int64_t c, int64_t count) {
    const V v = v_load_first(x + c, count);
    return residual ? v_add(v, v_load_first(residual + c, count)) : v;
}

CK_INLINE float total(const V sums[4]) { return v_sum(v_add(v_add(sums[0], sums[1]), v_add(sums[2], sums[3]))); }

CK_INLINE float row_sum(const float *x, const float *residual, int64_t columns) {
    V sums[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    int64_t c = 0;
    for (; c + 4 * V_LANES <= columns; c += 4 * V_LANES)
        CK_UNROLL for (int i = 0; i < 4; i++) sums[i] = v_add(sums[i], value(x, residual, c + i * V_LANES));
    for (; c + V_LANES <= columns; c += V_LANES) sums[0] = v_add(sums[0], value(x, residual, c));
    if (c < columns) sums[1] = v_add(sums[1], value_first(x, residual, c, columns - c));
    return total(sums);
}

CK_INLINE float row_squares(const float *x, const float *residual, int64_t columns, float mean) {
    const V m = v_set1(mean);
    V sums[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    int64_t c = 0;
    for (; c + 4 * V_LANES <= columns; c += 4 * V_LANES)
        CK_UNROLL for (int i = 0; i < 4; i++) {
            const V deviation = v_sub(value(x, residual, c + i * V_LANES), m);
            sums[i] = v_fma(deviation, deviation, sums[i]);
        }
    for (; c + V_LANES <= columns; c += V_LANES) {
        const V deviation = v_sub(value(x, residual, c), m);
        sums[0] = v_fma(deviation, deviation, sums[0]);
    }
    if (c < columns) {
        const V deviation = v_select(vm_first(columns - c), v_sub(value_first(x, residual, c, columns - c), m), v_zero());
        sums[1] = v_fma(deviation, deviation, sums[1]);
    }
    return total(sums);
}

CK_INLINE void write_row(const float *x, const float *residual, const float *weight, const float *bias, float *y,
                         int64_t columns, float mean, float inverse) {
    const V m = v_set1(mean), scale = v_set1(inverse);
    int64_t c = 0;
    for (; c + V_LANES <= columns; c += V_LANES) {
        const V normal = v_mul(v_sub(value(x, residual, c), m), scale), w = v_load(weight + c);
        v_store(y + c, bias ? v_fma(normal, w, v_load(bias + c)) : v_mul(normal, w));
    }
    if (c < columns) {
        const int64_t rest = columns - c;
        const V normal = v_mul(v_sub(value_first(x, residual, c, rest), m), scale), w = v_load_first(weight + c, rest);
        v_store_first(y + c, bias ? v_fma(normal, w, v_load_first(bias + c, rest)) : v_mul(normal, w), rest);
    }
}

#include "norm/norm_rows.h"
