/* The loop of a fused set-abstraction layer, the same for every instruction set.
 *
 * All rows (neighbours of centres of clouds) of a slice form one sequence; a block of them goes through group, the
 * layers and the maximum while it is in the cache. Blocks ignore the borders of clouds, so that small layers still
 * fill them, and cut a centre only when it has more neighbours than a block has rows. A row's result does not
 * depend on the rows beside it, and a maximum of maxima is the maximum: fused and unfused agree in every bit. */
#include "set_abstraction.h"

/* Lays the maximum over a later piece of a centre's rows over that of the earlier ones, as max_pool would. */
static void merge_piece(float *y, const float *piece, int64_t columns) {
    for (int64_t c = 0; c < columns; c++) {
        const bool has_nan = y[c] != y[c] || piece[c] != piece[c];
        const float most = piece[c] > y[c] ? piece[c] : y[c];
        y[c] = has_nan ? __builtin_nanf("") : most;
    }
}

/* x [end - begin, columns], the results of rows [begin, end) -> y [all centres, columns] */
static void pool_rows(ck_kernel max_pool, const float *x, int64_t begin, int64_t end, int64_t limit, int64_t columns,
                      float *piece, float *y) {
    while (begin < end) {
        const int64_t centre = begin / limit, seen = begin % limit;
        float *const target = y + centre * columns;
        ck_max_pool_args pool = {x, target, (end - begin) / limit, limit, columns};
        if (seen > 0 || pool.groups == 0) {
            pool.groups = 1;
            pool.size = limit - seen < end - begin ? limit - seen : end - begin;
            pool.y = seen > 0 ? piece : target;
        }
        max_pool(&pool, 0, 1);
        if (seen > 0) merge_piece(target, piece, columns);
        begin += pool.groups * pool.size;
        x += pool.groups * pool.size * columns;
    }
}

void ck_set_abstraction_run(const ck_set_abstraction_args *args, ck_set_abstraction_steps steps, int part, int parts) {
    int64_t begin, end;
    ck_slice(args->group.batch * args->group.n_centres, 1, part, parts, &begin, &end);
    if (begin == end) return;
    const ck_set_abstraction_block block = ck_set_abstraction_plan_block(args);
    float *const scratch =
        (float *)args->scratch + (size_t)part * (size_t)(block.even_floats + block.odd_floats + block.row_floats);
    float *const buffers[2] = {scratch, scratch + block.even_floats};
    float *const piece = buffers[1] + block.odd_floats;
    const int64_t limit = args->group.limit, n_layers = args->n_layers;

    for (int64_t row = begin * limit; row < end * limit; row += block.rows) {
        const int64_t row_end = row + block.rows < end * limit ? row + block.rows : end * limit;
        steps.group_rows(&args->group, row, row_end, buffers[0]);
        for (int64_t i = 0; i < n_layers; i++) {
            const ck_linear_args layer = {
                .x = buffers[i % 2],
                .weight = args->weights[i],
                .bias = args->biases[i],
                .y = buffers[(i + 1) % 2],
                .m = row_end - row,
                .n = args->widths[i + 1],
                .k = args->widths[i],
                .x_stride = args->widths[i],
                .y_stride = args->widths[i + 1],
                .activation = CK_ACT_RELU,
            };
            steps.layer(&layer);
        }
        pool_rows(steps.max_pool, buffers[n_layers % 2], row, row_end, limit, args->widths[n_layers], piece, args->y);
    }
}
