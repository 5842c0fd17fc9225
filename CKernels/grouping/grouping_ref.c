/* Gathering, grouping and the maximum over a group, the specification. */
#include "grouping.h"

#include <assert.h>

#pragma STDC FP_CONTRACT OFF

void ck_gather_points_f32_ref(const void *raw, int part, int parts) {
    const ck_gather_points_args *args = raw;
    int64_t begin, end;
    ck_slice(args->batch * args->n_samples, 1, part, parts, &begin, &end);
    for (int64_t row = begin; row < end; row++) {
        const int64_t index = args->indices[row];
        assert(index >= 0 && index < args->n_points);
        const float *point = args->points + (row / args->n_samples * args->n_points + index) * args->point_stride;
        for (int64_t c = 0; c < args->columns; c++) args->out[row * args->columns + c] = point[c];
    }
}

void ck_group_rows_ref(const ck_group_points_args *args, int64_t begin, int64_t end, float *out) {
    const int64_t width = 3 + args->n_features;
    for (int64_t row = begin; row < end; row++, out += width) {
        const int64_t centre = row / args->limit;
        const int64_t index = args->indices ? args->indices[row] : row % args->limit;
        assert(index >= 0 && index < args->n_points);
        const int64_t point = centre / args->n_centres * args->n_points + index;
        const float *xyz = args->xyz + point * args->xyz_stride;
        for (int64_t c = 0; c < 3; c++) out[c] = args->centres ? xyz[c] - args->centres[centre * 3 + c] : xyz[c];
        for (int64_t c = 0; c < args->n_features; c++) out[3 + c] = args->features[point * args->feature_stride + c];
    }
}

void ck_group_points_f32_ref(const void *raw, int part, int parts) {
    const ck_group_points_args *args = raw;
    int64_t begin, end;
    ck_slice(args->batch * args->n_centres, 1, part, parts, &begin, &end);
    const int64_t first = begin * args->limit;
    ck_group_rows_ref(args, first, end * args->limit, args->out + first * (3 + args->n_features));
}

void ck_max_pool_f32_ref(const void *raw, int part, int parts) {
    const ck_max_pool_args *args = raw;
    assert(args->size >= 1);
    int64_t begin, end;
    ck_slice(args->groups, 1, part, parts, &begin, &end);
    for (int64_t g = begin; g < end; g++)
        for (int64_t c = 0; c < args->columns; c++) {
            const float *x = args->x + g * args->size * args->columns + c;
            float most = x[0];
            bool has_nan = most != most;
            for (int64_t i = 1; i < args->size; i++) {
                const float value = x[i * args->columns];
                if (value > most) most = value; /* of -0 and 0 the first stays */
                has_nan |= value != value;
            }
            args->y[g * args->columns + c] = has_nan ? __builtin_nanf("") : most;
        }
}
