/* Grouping and the maximum over a group, Advanced SIMD.
 *
 * Grouping copies short rows (6 or 131 floats) without a call per row, four features at a time; a tail is the last four
 * again, overlapping. The maximum takes four columns at a time down the group, tails one by one: vmaxq passes NaN on but
 * orders -0 below 0, so comparison and selection stand in its place. */
#include "grouping.h"
#include "ck_target.h"

#if CK_ARM64
#include <arm_neon.h>

#pragma STDC FP_CONTRACT OFF

void ck_group_rows_neon(const ck_group_points_args *args, int64_t begin, int64_t end, float *out) {
    const int64_t n_features = args->n_features, width = 3 + n_features;
    if (begin >= end) return;
    /* Counted along: three divisions per row would cost as much as the copy. */
    int64_t centre = begin / args->limit, neighbour = begin % args->limit;
    int64_t centre_of_cloud = centre % args->n_centres, cloud = centre / args->n_centres * args->n_points;
    for (int64_t row = begin; row < end; row++, out += width) {
        const int64_t index = args->indices ? args->indices[row] : neighbour;
        const int64_t point = cloud + index;
        const float *xyz = args->xyz + point * args->xyz_stride;
        const float *features = n_features ? args->features + point * args->feature_stride : 0;
        if (args->centres) {
            const float *origin = args->centres + centre * 3;
            out[0] = xyz[0] - origin[0], out[1] = xyz[1] - origin[1], out[2] = xyz[2] - origin[2];
        } else {
            out[0] = xyz[0], out[1] = xyz[1], out[2] = xyz[2];
        }
        if (n_features >= 4) {
            for (int64_t c = 0; c + 4 <= n_features; c += 4) vst1q_f32(out + 3 + c, vld1q_f32(features + c));
            vst1q_f32(out + width - 4, vld1q_f32(features + n_features - 4));
        } else {
            for (int64_t c = 0; c < n_features; c++) out[3 + c] = features[c];
        }
        if (++neighbour < args->limit) continue;
        neighbour = 0, centre++;
        if (++centre_of_cloud == args->n_centres) centre_of_cloud = 0, cloud += args->n_points;
    }
}

void ck_group_points_f32_neon(const void *raw, int part, int parts) {
    const ck_group_points_args *args = raw;
    int64_t begin, end;
    ck_slice(args->batch * args->n_centres, 1, part, parts, &begin, &end);
    const int64_t first = begin * args->limit;
    ck_group_rows_neon(args, first, end * args->limit, args->out + first * (3 + args->n_features));
}

static void pool4(const float *x, float *y, int64_t size, int64_t columns) {
    float32x4_t most = vld1q_f32(x);
    uint32x4_t is_number = vceqq_f32(most, most);
    for (int64_t i = 1; i < size; i++) {
        const float32x4_t value = vld1q_f32(x + i * columns);
        is_number = vandq_u32(is_number, vceqq_f32(value, value));
        most = vbslq_f32(vcgtq_f32(value, most), value, most);
    }
    vst1q_f32(y, vbslq_f32(is_number, most, vdupq_n_f32(__builtin_nanf(""))));
}

void ck_max_pool_f32_neon(const void *raw, int part, int parts) {
    const ck_max_pool_args *args = raw;
    const int64_t columns = args->columns;
    int64_t begin, end;
    ck_slice(args->groups, 1, part, parts, &begin, &end);
    for (int64_t g = begin; g < end; g++) {
        const float *x = args->x + g * args->size * columns;
        float *y = args->y + g * columns;
        int64_t c = 0;
        for (; c + 4 <= columns; c += 4) pool4(x + c, y + c, args->size, columns);
        for (; c < columns; c++) {
            float most = x[c];
            bool has_nan = most != most;
            for (int64_t i = 1; i < args->size; i++) {
                const float value = x[i * columns + c];
                if (value > most) most = value;
                has_nan |= value != value;
            }
            y[c] = has_nan ? __builtin_nanf("") : most;
        }
    }
}

#endif
