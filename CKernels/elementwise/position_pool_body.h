/* Pooling over positions: the part that all instruction sets share, included by the file of each after the vectors
 * (cpu/ck_vector_...), elementwise.h and NAME, the kernel's name.
 *
 * Tile: four vectors of channels in as many sums, walked down the positions; then one vector, the last one in part. A channel's
 * own additions run in ascending order of position in every tile, so neither the tile nor `parts` shows in the result. */
enum { pool_vectors = 4 };

CK_INLINE void pool_tile(int vectors, const float *x, float *y, int64_t count, int64_t positions, int64_t stride, bool squares) {
    V sum[pool_vectors];
    CK_UNROLL for (int i = 0; i < vectors; i++) sum[i] = v_zero();
    for (int64_t p = 0; p < positions; p++)
        CK_UNROLL for (int i = 0; i < vectors; i++) {
            const V v = v_load_first(x + p * stride + i * V_LANES, count - i * V_LANES);
            sum[i] = squares ? v_fma(v, v, sum[i]) : v_add(sum[i], v);
        }
    const V divisor = v_set1((float)positions);
    CK_UNROLL for (int i = 0; i < vectors; i++)
        v_store_first(y + i * V_LANES, squares ? sum[i] : v_div(sum[i], divisor), count - i * V_LANES);
}

CK_INLINE void pool_run(const float *x, float *y, int64_t count, int64_t positions, int64_t stride, bool squares) {
    const int64_t width = pool_vectors * V_LANES;
    int64_t c = 0;
    for (; c + width <= count; c += width) pool_tile(pool_vectors, x + c, y + c, width, positions, stride, squares);
    for (; c < count; c += V_LANES) pool_tile(1, x + c, y + c, count - c, positions, stride, squares);
}

void NAME(const void *args, int part, int parts) {
    const ck_position_pool_args *a = args;
    int64_t next, end;
    ck_slice(a->batch * a->channels, 16, part, parts, &next, &end);
    while (next < end) {
        const ck_run run = ck_next_run(&next, end, a->channels);
        const float *x = a->x + run.row * a->positions * a->channels + run.column;
        float *y = a->y + run.row * a->channels + run.column;
        if (a->mode == 1) pool_run(x, y, run.count, a->positions, a->channels, true);
        else pool_run(x, y, run.count, a->positions, a->channels, false);
    }
}
