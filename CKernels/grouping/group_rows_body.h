/* Grouping: the part that AVX2 and NEON share, included by the file of each after the vectors (cpu/ck_vector_...), grouping.h and
 * NAME(function), the functions' names.
 *
 * It is bound by stores: rows are short (6 or 131 floats), so the gain is in copying without a call per row. A tail is the last
 * features again, overlapping. A row of fewer features than lanes is copied one by one. */
#pragma STDC FP_CONTRACT OFF

void NAME(group_rows)(const ck_group_points_args *args, int64_t begin, int64_t end, float *out) {
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
        if (n_features >= V_LANES) {
            for (int64_t c = 0; c + V_LANES <= n_features; c += V_LANES) v_store(out + 3 + c, v_load(features + c));
            v_store(out + width - V_LANES, v_load(features + n_features - V_LANES));
        } else {
            for (int64_t c = 0; c < n_features; c++) out[3 + c] = features[c];
        }
        if (++neighbour < args->limit) continue;
        neighbour = 0, centre++;
        if (++centre_of_cloud == args->n_centres) centre_of_cloud = 0, cloud += args->n_points;
    }
}

void NAME(group_points_f32)(const void *raw, int part, int parts) {
    const ck_group_points_args *args = raw;
    int64_t begin, end;
    ck_slice(args->batch * args->n_centres, 1, part, parts, &begin, &end);
    const int64_t first = begin * args->limit;
    NAME(group_rows)(args, first, end * args->limit, args->out + first * (3 + args->n_features));
}
