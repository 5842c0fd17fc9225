/* The maximum over a group: the part that all instruction sets share, included by the file of each after the vectors
 * (cpu/ck_vector_...), grouping.h and NAME(function), the kernels' names.
 *
 * Four vectors of columns stay in registers down the group, with a mask of "was NaN" each. */
enum { pool_vectors = 4 };

/* `columns` at x, at most `vectors` vectors; rows `stride` apart. Of -0 and 0 the first stays as in the reference. */
CK_INLINE void pool(int vectors, const float *x, float *y, int64_t size, int64_t stride, int64_t columns) {
    V most[pool_vectors];
    VM was_nan[pool_vectors];
    CK_UNROLL for (int v = 0; v < vectors; v++) {
        most[v] = v_load_first(x + v * V_LANES, columns - v * V_LANES);
        was_nan[v] = v_is_nan(most[v]);
    }
    for (int64_t i = 1; i < size; i++)
        CK_UNROLL for (int v = 0; v < vectors; v++) {
            const V value = v_load_first(x + i * stride + v * V_LANES, columns - v * V_LANES);
            was_nan[v] = vm_or(was_nan[v], v_is_nan(value));
            most[v] = v_larger(value, most[v]);
        }
    CK_UNROLL for (int v = 0; v < vectors; v++)
        v_store_first(y + v * V_LANES, v_select(was_nan[v], v_set1(__builtin_nanf("")), most[v]), columns - v * V_LANES);
}

void NAME(max_pool_f32)(const void *raw, int part, int parts) {
    const ck_max_pool_args *args = raw;
    const int64_t columns = args->columns, width = pool_vectors * V_LANES;
    int64_t begin, end;
    ck_slice(args->groups, 1, part, parts, &begin, &end);
    for (int64_t g = begin; g < end; g++) {
        const float *x = args->x + g * args->size * columns;
        float *y = args->y + g * columns;
        int64_t c = 0;
        for (; c + width <= columns; c += width) pool(pool_vectors, x + c, y + c, args->size, columns, width);
        for (; c < columns; c += V_LANES) pool(1, x + c, y + c, args->size, columns, columns - c);
    }
}
