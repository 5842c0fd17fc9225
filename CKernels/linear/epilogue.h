/* What follows the sums of a matrix product: bias, activation, channel scale, residual. Included after the vectors
 * (cpu/ck_vector_...), inside a target region, by code for products of every weight type. Every lane does the operations
 * of linear_ref.c in the same order; of the last vector only the columns that exist are touched. */

/* y [rows, columns] as in ck_linear_args; bias, channel_scale and residual may be NULL. */
typedef struct epilogue {
    const float *bias, *channel_scale, *residual;
    float *y;
    int64_t residual_stride, y_stride;
    int32_t activation;
} epilogue;

/* From the arguments of either product, which have the same names. */
#define EPILOGUE_OF(a) \
    ((epilogue){(a)->bias, (a)->channel_scale, (a)->residual, (a)->y, (a)->residual_stride, (a)->y_stride, (a)->activation})

CK_INLINE V activated(V v, int32_t activation) {
    switch (activation) {
    case CK_ACT_RELU: return v_relu(v);
    case CK_ACT_GELU: return v_gelu(v);
    case CK_ACT_SILU: return v_silu(v);
    default: return v;
    }
}

/* y[rows, columns] at (row, column) from finished sums. */
CK_INLINE void finish_as(const epilogue *e, int32_t activation, const float *sums, int64_t sum_stride, int64_t row,
                         int64_t rows, int64_t column, int64_t columns) {
    /* Copies that no store to y can change, so that the loop below is built without the branches. */
    const float *const bias = e->bias ? e->bias + column : NULL;
    const float *const scale = e->channel_scale ? e->channel_scale + column : NULL;
    for (int64_t i = 0; i < rows; i++) {
        const float *const residual = e->residual ? e->residual + (row + i) * e->residual_stride + column : NULL;
        const float *const sum = sums + i * sum_stride;
        float *const y = e->y + (row + i) * e->y_stride + column;
        for (int64_t j = 0; j < columns; j += V_LANES) {
            const int64_t lanes = columns - j;
            V v = v_load(sum + j);
            if (bias) v = v_add(v, v_load_first(bias + j, lanes));
            v = activated(v, activation);
            if (scale) v = v_mul(v, v_load_first(scale + j, lanes));
            if (residual) v = v_add(v, v_load_first(residual + j, lanes));
            v_store_first(y + j, v, lanes);
        }
    }
}

static inline void finish_sums(const epilogue *e, const float *sums, int64_t sum_stride, int64_t row, int64_t rows,
                               int64_t column, int64_t columns) {
    switch (e->activation) {
    case CK_ACT_RELU: finish_as(e, CK_ACT_RELU, sums, sum_stride, row, rows, column, columns); return;
    case CK_ACT_GELU: finish_as(e, CK_ACT_GELU, sums, sum_stride, row, rows, column, columns); return;
    case CK_ACT_SILU: finish_as(e, CK_ACT_SILU, sums, sum_stride, row, rows, column, columns); return;
    default: finish_as(e, CK_ACT_NONE, sums, sum_stride, row, rows, column, columns); return;
    }
}
