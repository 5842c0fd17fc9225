/* Normalisation, sums and pooling: close to the reference, whose sums are in float64. */
#include "check.h"
#include "ck_vision.h"

static void norm_case(bool is_layer, int64_t rows, int64_t columns, int turn) {
    const ck_variants table = is_layer ? ck_layer_norm_f32_variants() : ck_rms_norm_f32_variants();
    const int64_t stride = columns + turn % 3;
    ck_norm_args a = {.x = floats(rows * stride, false), .residual = turn % 2 ? floats(rows * stride, false) : NULL,
                      .weight = floats(columns, false), .bias = is_layer && turn % 4 < 2 ? floats(columns, false) : NULL,
                      .rows = rows, .columns = columns, .x_stride = stride, .residual_stride = stride,
                      .y_stride = stride, .eps = 1e-5f};
    float *y = filled(rows * stride, 777);
    a.y = y;
    if (ck_norm_check(&a) != CK_OK) abort();
    table.rows[table.count - 1].run(&a, 0, 1);
    FOR_EACH_VARIANT(row, table) {
        a.y = filled(rows * stride, 777);
        run_parts(row, &a, 1 + turn % 3);
        /* The mean carries an error of 1e-7 of the values, which a small variance (few columns) magnifies. */
        close_floats(row->name, "normalised", a.y, y, rows * stride, columns < 4 ? 1e-4 : 4e-6, 4e-6);
    }
    release_all();
}

static void add_case(int64_t rows, int64_t columns, int turn) {
    const ck_variants table = ck_add_f32_variants();
    ck_add_args a = {.a = floats(rows * columns, true), .b = floats(turn % 2 ? columns : rows * columns, true),
                     .rows = rows, .columns = columns, .a_stride = columns, .b_stride = turn % 2 ? 0 : columns,
                     .y_stride = columns};
    float *y = filled(rows * columns, 777);
    a.y = y;
    if (ck_add_check(&a) != CK_OK) abort();
    table.rows[table.count - 1].run(&a, 0, 1);
    FOR_EACH_VARIANT(row, table) {
        a.y = filled(rows * columns, 777);
        run_parts(row, &a, 1 + turn % 5);
        same_floats(row->name, "sums", a.y, y, rows * columns);
    }
    release_all();
}

static void pool_case(int64_t batch, int64_t positions, int64_t channels, int turn) {
    const ck_variants table = ck_position_pool_f32_variants();
    ck_position_pool_args a = {.x = floats(batch * positions * channels, false), .batch = batch, .positions = positions,
                               .channels = channels, .mode = turn % 2};
    float *y = filled(batch * channels, 777);
    a.y = y;
    if (ck_position_pool_check(&a) != CK_OK) abort();
    table.rows[table.count - 1].run(&a, 0, 1);
    FOR_EACH_VARIANT(row, table) {
        a.y = filled(batch * channels, 777);
        run_parts(row, &a, 1 + turn % 5);
        close_floats(row->name, "pooled", a.y, y, batch * channels, 1e-6, 2e-6);
    }
    release_all();
}

void check_rows(void) {
    static const int64_t columns[] = {1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 97, 128, 257, 1024};
    int turn = 0;
    for (int c = 0; c < 14; c++)
        for (int64_t rows = 0; rows < 6; rows += 1 + rows, turn++) {
            norm_case(true, rows, columns[c], turn);
            norm_case(false, rows, columns[c], turn);
            add_case(rows, columns[c], turn);
            pool_case(rows, 1 + turn % 50, columns[c], turn);
        }
}
