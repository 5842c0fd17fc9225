/* Farthest-point sampling: the part that every instruction set shares, included by the file of each after the vectors
 * (cpu/ck_vector_...) and
 *   GROUP, the points of a step of a sweep, which divides CK_FPS_PAD;
 *   NAME, the kernel's name.
 * Behind this the file defines first_equal and sweep_buckets.
 *
 * Small clouds: x, y, z and the running distances stay in the first-level cache by coordinate (16 bytes per point).
 * One sweep per sample does some vectors at a time: update the distances, take the largest of them, and remember per lane
 * the first group that raised it; the first of equals is then looked up in that group alone. No tails: clouds are padded.
 * Large clouds: the same update on the few buckets that can change, see fps_buckets.c.
 * Products and sums stay apart: FMA would round differently from the reference. */

typedef struct point {
    V x, y, z;
} point;

/* Position of the first of GROUP values equal to the lanes of `value`; one of them is. */
static inline int64_t first_equal(const float *values, V value);

/* A round on the buckets: lowers the distances of those that can change and returns the index of the farthest point. */
static int32_t sweep_buckets(const ck_fps_buckets *buckets, point centre);

CK_INLINE point broadcast(const float *p) { return (point){v_set1(p[0]), v_set1(p[1]), v_set1(p[2])}; }

CK_INLINE V squared_length(V dx, V dy, V dz) { return v_add(v_add(v_mul(dx, dx), v_mul(dy, dy)), v_mul(dz, dz)); }

/* Lowers the distances of a vector of points by the new centre; a distance that is NaN lowers nothing. */
CK_INLINE V lower(const float *x, const float *y, const float *z, float *nearest, point centre) {
    const V d = squared_length(v_sub(v_load(x), centre.x), v_sub(v_load(y), centre.y), v_sub(v_load(z), centre.z));
    const V lowered = v_min(d, v_load(nearest));
    v_store(nearest, lowered);
    return lowered;
}

/* Lowers GROUP distances and returns the largest of each column of lanes. */
CK_INLINE V lower_group(const float *x, const float *y, const float *z, float *nearest, point centre) {
    V most[GROUP / V_LANES];
    CK_UNROLL for (int i = 0; i < GROUP / V_LANES; i++)
        most[i] = lower(x + i * V_LANES, y + i * V_LANES, z + i * V_LANES, nearest + i * V_LANES, centre);
    if (GROUP / V_LANES == 2) return v_max(most[0], most[1]);
    return v_max(v_max(most[0], most[1]), v_max(most[GROUP / V_LANES - 2], most[GROUP / V_LANES - 1]));
}
_Static_assert(GROUP / V_LANES == 2 || GROUP / V_LANES == 4, "lower_group has two or four vectors");

/* Lowers every distance by the new centre and returns the index of the first largest, 0 when there is no candidate. */
static int32_t sweep(const float *x, const float *y, const float *z, float *nearest, int64_t padded, point centre) {
    V best = v_set1(CK_FPS_NEVER);
    VI best_group = vi_set1(0), group = vi_set1(0);
    const VI step = vi_set1(GROUP);
    for (int64_t i = 0; i < padded; i += GROUP) {
        const V most = lower_group(x + i, y + i, z + i, nearest + i, centre);
        best_group = vi_select(v_less(best, most), group, best_group);
        best = v_max(most, best);
        group = vi_add(group, step);
    }
    const V value = v_largest_everywhere(best);
    if (!(v_lane0(value) > CK_FPS_NEVER)) return 0;
    const int32_t first = vi_smallest(vi_select(v_equal(best, value), best_group, vi_set1(INT32_MAX)));
    return first + (int32_t)first_equal(nearest + first, value);
}

static void sample_small(const ck_fps_args *args, const float *cloud, float *scratch, int32_t *indices) {
    const int64_t n = args->n_points, stride = args->point_stride;
    const int64_t padded = (n + CK_FPS_PAD - 1) / CK_FPS_PAD * CK_FPS_PAD;
    float *const x = scratch, *const y = x + padded, *const z = y + padded, *const nearest = z + padded;
    for (int64_t i = 0; i < n; i++) {
        const float *p = cloud + i * stride;
        x[i] = p[0], y[i] = p[1], z[i] = p[2];
    }
    for (int64_t i = n; i < padded; i++) x[i] = y[i] = z[i] = __builtin_nanf(""); /* never a candidate */

    const V limit = v_set1(args->skip_near_origin ? CK_FPS_NEAR_ORIGIN : 0);
    for (int64_t i = 0; i < padded; i += V_LANES) {
        const V vx = v_load(x + i), vy = v_load(y + i), vz = v_load(z + i);
        /* v - v is 0 for finite v and NaN for all others. */
        const V flaw = v_add(v_add(v_sub(vx, vx), v_sub(vy, vy)), v_sub(vz, vz));
        const VM is_candidate = vm_and(v_equal(flaw, v_zero()), v_at_most(limit, squared_length(vx, vy, vz)));
        v_store(nearest + i, v_select(is_candidate, v_set1(CK_FPS_FAR), v_set1(CK_FPS_NEVER)));
    }

    int32_t last = 0;
    indices[0] = 0;
    for (int64_t sample = 1; sample < args->n_samples; sample++) {
        last = sweep(x, y, z, nearest, padded, broadcast(cloud + last * stride));
        indices[sample] = last;
    }
}

/* Distance from the centre to the box along one axis, 0 inside; 0 for a centre that is NaN. */
CK_INLINE V gap(const float *low, const float *high, V centre) {
    return v_max(v_max(v_sub(v_load(low), centre), v_sub(centre, v_load(high))), v_zero());
}

/* Squared distances from the centre to the boxes of V_LANES buckets. Rounding is monotone and the bound is computed by the
 * operations of the distance itself, so no point of the bucket can have a computed distance below it: skipping a bucket
 * is exact. */
CK_INLINE V box_distance(const ck_fps_buckets *buckets, int64_t first, point centre) {
    return squared_length(gap(buckets->low[0] + first, buckets->high[0] + first, centre.x),
                          gap(buckets->low[1] + first, buckets->high[1] + first, centre.y),
                          gap(buckets->low[2] + first, buckets->high[2] + first, centre.z));
}

static void sample_large(const ck_fps_args *args, const float *cloud, void *scratch, int32_t *indices) {
    ck_fps_buckets buckets;
    ck_fps_build_buckets(args, cloud, scratch, &buckets);
    int32_t last = 0;
    indices[0] = 0;
    for (int64_t sample = 1; sample < args->n_samples; sample++) {
        last = sweep_buckets(&buckets, broadcast(cloud + last * args->point_stride));
        indices[sample] = last;
    }
}

void NAME(const void *raw, int part, int parts) {
    const ck_fps_args *args = raw;
    if (args->n_samples == 0 || args->batch == 0) return; /* then scratch may be NULL */
    int64_t begin, end;
    ck_slice(args->batch, 1, part, parts, &begin, &end);
    void *const scratch = (char *)args->scratch + (size_t)part * ck_fps_cloud_bytes(args);
    const bool large = ck_fps_prefers_buckets(args);
    for (int64_t b = begin; b < end; b++) {
        const float *cloud = args->points + b * args->n_points * args->point_stride;
        int32_t *indices = args->indices + b * args->n_samples;
        if (large) sample_large(args, cloud, scratch, indices);
        else sample_small(args, cloud, scratch, indices);
    }
}
