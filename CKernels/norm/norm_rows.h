/* Row normalisation: what follows from three functions on a row, which the including file defines before:
 *   row_sum(x, residual, columns), the sum of v = x + residual;
 *   row_squares(x, residual, columns, mean), the sum of (v - mean)^2;
 *   write_row(x, residual, weight, bias, y, columns, mean, inverse), y = (v - mean) * inverse * weight + bias;
 * and NAME(operation), the kernels' names. residual and bias may be NULL. */
CK_INLINE void layer_row(const ck_norm_args *a, const float *x, const float *residual, const float *bias, float *y) {
    const float mean = row_sum(x, residual, a->columns) / (float)a->columns;
    const float variance = row_squares(x, residual, a->columns, mean) / (float)a->columns;
    write_row(x, residual, a->weight, bias, y, a->columns, mean, 1.0f / sqrtf(variance + a->eps));
}

/* A mean of zero gives the sum of squares. */
CK_INLINE void rms_row(const ck_norm_args *a, const float *x, const float *residual, float *y) {
    const float mean_square = row_squares(x, residual, a->columns, 0) / (float)a->columns;
    write_row(x, residual, a->weight, NULL, y, a->columns, 0, 1.0f / sqrtf(mean_square + a->eps));
}

/* The literal NULL arguments make the compiler build a loop without the residual and one without the bias. */
void NAME(layer_norm)(const void *args, int part, int parts) {
    const ck_norm_args *a = args;
    int64_t begin, end;
    ck_slice(a->rows, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = a->x + r * a->x_stride;
        float *y = a->y + r * a->y_stride;
        if (a->residual) layer_row(a, x, a->residual + r * a->residual_stride, a->bias, y);
        else layer_row(a, x, NULL, a->bias, y);
    }
}

void NAME(rms_norm)(const void *args, int part, int parts) {
    const ck_norm_args *a = args;
    int64_t begin, end;
    ck_slice(a->rows, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = a->x + r * a->x_stride;
        float *y = a->y + r * a->y_stride;
        if (a->residual) rms_row(a, x, a->residual + r * a->residual_stride, y);
        else rms_row(a, x, NULL, y);
    }
}
