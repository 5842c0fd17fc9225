/* y = a + b: the part that all instruction sets share, included by the file of each after the vectors (cpu/ck_vector_...),
 * elementwise.h and NAME, the kernel's name. Bound by memory; equal to the reference bit for bit, since every element is one
 * addition. */
void NAME(const void *args, int part, int parts) {
    const ck_add_args *a = args;
    int64_t next, end;
    ck_slice(a->rows * a->columns, 16, part, parts, &next, &end);
    while (next < end) {
        const ck_run run = ck_next_run(&next, end, a->columns);
        const float *left = a->a + run.row * a->a_stride + run.column;
        const float *right = a->b + run.row * a->b_stride + run.column;
        float *y = a->y + run.row * a->y_stride + run.column;
        int64_t c = 0;
        for (; c + V_LANES <= run.count; c += V_LANES) v_store(y + c, v_add(v_load(left + c), v_load(right + c)));
        for (; c < run.count; c++) y[c] = left[c] + right[c];
    }
}
