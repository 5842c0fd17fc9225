/* Sampling and ball query give the indices of the reference; grouping copies; the maximum and the fused set-abstraction
 * layer have the bits of their steps one after the other. */
#include "check.h"
#include "ck_linear.h"
#include "ck_points.h"

static void layer_case(int64_t batch, int64_t n_points, int64_t n_centres, int64_t limit, const int64_t *widths,
                       int64_t n_layers, bool odd, int turn) {
    const bool all = n_centres == 0;
    const int64_t centres = all ? 1 : n_centres, rows = batch * centres * limit, n_features = widths[0] - 3;
    int32_t *indices = guarded(rows * 4);
    for (int64_t i = 0; i < rows; i++) indices[i] = (int32_t)below(n_points);
    ck_group_points_args group = {
        .xyz = floats(batch * n_points * 3, odd), .features = floats(batch * n_points * n_features, odd),
        .centres = all ? NULL : floats(batch * centres * 3, false), .indices = all ? NULL : indices,
        .out = filled(rows * widths[0], 777), .batch = batch, .n_points = n_points, .xyz_stride = 3,
        .feature_stride = n_features, .n_features = n_features, .n_centres = centres, .limit = limit,
    };
    if (ck_group_points_f32_check(&group) != CK_OK) abort();
    ck_variants table = ck_group_points_f32_variants();
    table.rows[table.count - 1].run(&group, 0, 1);
    const float *grouped = group.out;
    char label[100];
    snprintf(label, sizeof label, "batch %d points %d centres %d limit %d turn %d", (int)batch, (int)n_points,
             (int)n_centres, (int)limit, turn);
    FOR_EACH_VARIANT(row, table) {
        group.out = filled(rows * widths[0], 777);
        run_parts(row, &group, 1 + turn % 3);
        same_floats(row->name, label, group.out, grouped, rows * widths[0]);
    }

    ck_set_abstraction_args fused = {.group = group, .n_layers = n_layers};
    for (int64_t i = 0; i <= n_layers; i++) fused.widths[i] = widths[i];
    for (int64_t i = 0; i < n_layers; i++) {
        float *weight = guarded((widths[i + 1] + 15) / 16 * 16 * widths[i] * 4);
        if (ck_pack_nk16_f32(floats(widths[i + 1] * widths[i], false), widths[i + 1], widths[i], weight) != CK_OK) abort();
        fused.weights[i] = weight;
        fused.biases[i] = floats(widths[i + 1], false);
    }
    const int64_t columns = widths[n_layers];
    const ck_variants linear = ck_linear_f32_f32_nk16_variants(), pool = ck_max_pool_f32_variants();
    FOR_EACH_VARIANT(row, ck_set_abstraction_f32_variants()) {
        const ck_variant *product = ck_find_variant(linear, row->isa);
        if (!product) abort();
        const float *x = grouped;
        for (int64_t i = 0; i < n_layers; i++) {
            const ck_linear_args layer = {
                .x = x, .weight = fused.weights[i], .bias = fused.biases[i], .y = filled(rows * widths[i + 1], 777),
                .m = rows, .n = widths[i + 1], .k = widths[i], .x_stride = widths[i], .y_stride = widths[i + 1],
                .activation = CK_ACT_RELU};
            product->run(&layer, 0, 1);
            x = layer.y;
        }
        ck_max_pool_args most = {x, filled(batch * centres * columns, 777), batch * centres, limit, columns};
        pool.rows[pool.count - 1].run(&most, 0, 1);
        const ck_variant *vector_pool = ck_find_variant(pool, row->isa);
        if (!vector_pool) abort();
        ck_max_pool_args same = most;
        same.y = filled(batch * centres * columns, 777);
        run_parts(vector_pool, &same, 2);
        same_floats(vector_pool->name, label, same.y, most.y, batch * centres * columns);

        const int parts = 1 + turn % 4;
        fused.y = filled(batch * centres * columns, 777);
        fused.scratch = guarded(((int64_t)ck_set_abstraction_f32_scratch_bytes(&fused, parts) + 63) / 64 * 64);
        if (ck_set_abstraction_f32_check(&fused) != CK_OK) abort();
        run_parts(row, &fused, parts);
        same_floats(row->name, label, fused.y, most.y, batch * centres * columns);
    }
    release_all();
}

static float *cloud_of(int64_t count, int turn) {
    float *points = floats(count, turn % 5 == 4);
    if (turn % 3 == 1) /* a coarse grid: ties */
        for (int64_t i = 0; i < count; i++) points[i] = isfinite(points[i]) ? rintf(points[i] * 4) / 4 : points[i];
    return points;
}

static void sampling_case(int64_t batch, int64_t n_points, int64_t n_samples, int turn) {
    const ck_variants table = ck_fps_f32_pc_variants();
    const int64_t stride = 3 + turn % 4, count = batch * n_samples;
    const int parts = 1 + turn % 3;
    ck_fps_args a = {.points = cloud_of(batch * n_points * stride, turn), .batch = batch, .n_points = n_points,
                     .point_stride = stride, .n_samples = n_samples, .skip_near_origin = turn % 2};
    a.scratch = guarded((int64_t)ck_fps_f32_pc_scratch_bytes(&a, parts));
    int32_t *indices = guarded(count * 4);
    a.indices = indices;
    if (ck_fps_f32_pc_check(&a) != CK_OK) abort();
    table.rows[table.count - 1].run(&a, 0, 1);
    FOR_EACH_VARIANT(row, table) {
        a.indices = guarded(count * 4);
        run_parts(row, &a, parts);
        same_bytes(row->name, "samples", a.indices, indices, count * 4);
    }
    release_all();
}

static void ball_case(int64_t batch, int64_t n_points, int64_t n_centres, int64_t limit, int turn) {
    const ck_variants table = ck_ball_query_f32_variants();
    const int64_t stride = 3 + turn % 4, count = batch * n_centres * limit;
    ck_ball_query_args a = {.points = cloud_of(batch * n_points * stride, turn),
                            .centres = cloud_of(batch * n_centres * 3, turn), .batch = batch, .n_points = n_points,
                            .point_stride = stride, .n_centres = n_centres, .limit = limit,
                            .radius = turn % 2 ? 0.5f : 1.5f};
    int32_t *indices = guarded(count * 4);
    a.indices = indices;
    if (ck_ball_query_f32_check(&a) != CK_OK) abort();
    table.rows[table.count - 1].run(&a, 0, 1);
    FOR_EACH_VARIANT(row, table) {
        a.indices = guarded(count * 4);
        run_parts(row, &a, 1 + turn % 3);
        same_bytes(row->name, "neighbours", a.indices, indices, count * 4);
    }
    release_all();
}

static void check_indices(void) {
    static const int64_t sizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 61, 97, 255, 256, 257, 600};
    int turn = 0;
    for (int i = 0; i < 16; i++)
        for (int again = 0; again < 5; again++, turn++) {
            sampling_case(turn % 3, sizes[i], 1 + below(sizes[i] + 3), turn);
            ball_case(turn % 3, sizes[i], 1 + below(70), 1 + below(40), turn);
        }
    for (int again = 0; again < 3; again++) sampling_case(1, 4097 + again, 257, again); /* by buckets */
}

void check_points(void) {
    check_indices();
    static const struct {
        int64_t batch, n_points, n_centres, limit, widths[5], n_layers;
    } shapes[] = {
        {2, 60, 9, 32, {6, 64, 64, 128}, 3},          {2, 32, 3, 32, {131, 128, 128, 256}, 3},
        {1, 16, 0, 16, {259, 256, 300, 513}, 3},      {2, 9, 5, 3, {3, 1}, 1},
        {2, 19, 7, 5, {10, 17, 33, 15, 41}, 4},       {1, 4, 61, 1, {4, 16, 5}, 2},
        {2, 700, 0, 700, {5, 12, 20}, 2},             {1, 300, 3, 257, {7, 31, 9}, 2},
        {1, 37, 3, 13, {9, 1500, 40}, 2},             {1, 5, 1, 2, {7, 2, 3}, 2},
    };
    int turn = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int again = 0; again < 3; again++, turn++)
            layer_case(shapes[i].batch, shapes[i].n_points, shapes[i].n_centres, shapes[i].limit, shapes[i].widths,
                       shapes[i].n_layers, turn % 2, turn);
}
