/* Sorting a large cloud into buckets of neighbours, for farthest-point sampling.
 *
 * The candidates are ordered along a Morton curve (10 bits per axis, three radix passes) and cut into runs of
 * CK_FPS_BUCKET points. Where a point lands changes only speed, never the samples. Inside a bucket the points
 * stand in their original order, so the first of equals has the lowest index. */
#include "fps.h"

#include <string.h>

enum { digit_bits = 10, digits = 1 << digit_bits, passes = 3 };

/* Spreads the low ten bits of v to every third bit. */
static uint32_t spread(uint32_t v) {
    v = (v | v << 16) & 0x030000ff;
    v = (v | v << 8) & 0x0300f00f;
    v = (v | v << 4) & 0x030c30c3;
    return (v | v << 2) & 0x09249249;
}

static uint32_t cell(float value, double low, double scale) {
    const double position = ((double)value - low) * scale;
    return position < digits - 1 ? (uint32_t)position : digits - 1;
}

/* Keys and indices of the candidates, in original order; returns their number. */
static int64_t list_candidates(const ck_fps_args *args, const float *cloud, uint32_t *keys, int32_t *order) {
    const int64_t n = args->n_points, stride = args->point_stride;
    float low[3] = {0, 0, 0}, high[3] = {0, 0, 0};
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        const float *p = cloud + i * stride;
        if (!ck_fps_is_candidate(p, args->skip_near_origin != 0)) continue;
        for (int axis = 0; axis < 3; axis++) {
            if (count == 0 || p[axis] < low[axis]) low[axis] = p[axis];
            if (count == 0 || p[axis] > high[axis]) high[axis] = p[axis];
        }
        order[count++] = (int32_t)i;
    }
    /* One scale for the three axes keeps the cells cubes. Double, because high - low may overflow float32. */
    double extent = 0;
    for (int axis = 0; axis < 3; axis++) {
        const double length = (double)high[axis] - (double)low[axis];
        if (length > extent) extent = length;
    }
    const double scale = extent > 0 ? (double)digits / extent : 0;
    for (int64_t k = 0; k < count; k++) {
        const float *p = cloud + order[k] * stride;
        keys[k] = spread(cell(p[0], low[0], scale)) | spread(cell(p[1], low[1], scale)) << 1 |
                  spread(cell(p[2], low[2], scale)) << 2;
    }
    return count;
}

/* Stable; the result is in `to_keys`, `to_order`, because the number of passes is odd. */
static void radix_sort(uint32_t *from_keys, int32_t *from_order, uint32_t *to_keys, int32_t *to_order, int64_t count) {
    uint32_t starts[passes][digits];
    memset(starts, 0, sizeof starts);
    for (int64_t k = 0; k < count; k++)
        for (int pass = 0; pass < passes; pass++) starts[pass][from_keys[k] >> pass * digit_bits & (digits - 1)]++;
    for (int pass = 0; pass < passes; pass++) {
        uint32_t sum = 0;
        for (int digit = 0; digit < digits; digit++) {
            const uint32_t here = starts[pass][digit];
            starts[pass][digit] = sum;
            sum += here;
        }
        for (int64_t k = 0; k < count; k++) {
            const uint32_t slot = starts[pass][from_keys[k] >> pass * digit_bits & (digits - 1)]++;
            to_keys[slot] = from_keys[k];
            to_order[slot] = from_order[k];
        }
        uint32_t *keys = from_keys;
        int32_t *order = from_order;
        from_keys = to_keys, from_order = to_order;
        to_keys = keys, to_order = order;
    }
}

void ck_fps_build_buckets(const ck_fps_args *args, const float *cloud, void *scratch, ck_fps_buckets *buckets) {
    const int64_t unit = CK_FPS_BUCKET * CK_FPS_BUCKET_PAD, stride = args->point_stride;
    const int64_t slots = (args->n_points + unit - 1) / unit * unit, room = slots / CK_FPS_BUCKET;
    float *next = scratch;
    float **const by_slot[] = {&buckets->x, &buckets->y, &buckets->z, &buckets->nearest};
    float **const by_bucket[] = {&buckets->low[0],  &buckets->low[1],  &buckets->low[2],  &buckets->high[0],
                                 &buckets->high[1], &buckets->high[2], &buckets->farthest};
    for (int i = 0; i < 4; i++, next += slots) *by_slot[i] = next;
    buckets->index = (int32_t *)next, next += slots;
    uint32_t *keys = (uint32_t *)next;
    next += slots;
    int32_t *order = (int32_t *)next;
    next += slots;
    for (int i = 0; i < 7; i++, next += room) *by_bucket[i] = next;
    buckets->farthest_index = (int32_t *)next;

    /* nearest and index are not filled yet: sort through them. */
    uint32_t *const other_keys = (uint32_t *)buckets->nearest;
    const int64_t count = list_candidates(args, cloud, other_keys, buckets->index);
    radix_sort(other_keys, buckets->index, keys, order, count);

    buckets->count = (count + CK_FPS_BUCKET - 1) / CK_FPS_BUCKET;
    buckets->padded = (buckets->count + CK_FPS_BUCKET_PAD - 1) / CK_FPS_BUCKET_PAD * CK_FPS_BUCKET_PAD;
    for (int64_t i = 0; i < buckets->padded * CK_FPS_BUCKET; i++) {
        buckets->x[i] = buckets->y[i] = buckets->z[i] = 0;
        buckets->nearest[i] = CK_FPS_NEVER;
        buckets->index[i] = 0;
    }
    for (int64_t b = 0; b < buckets->padded; b++) {
        for (int axis = 0; axis < 3; axis++) buckets->low[axis][b] = buckets->high[axis][b] = 0;
        buckets->farthest[b] = CK_FPS_NEVER;
        buckets->farthest_index[b] = 0; /* until the bucket is full: how many points it has */
    }

    /* Placing the points in their original order is what keeps that order inside each bucket. */
    int32_t *const bucket_of = (int32_t *)keys;
    for (int64_t i = 0; i < args->n_points; i++) bucket_of[i] = -1;
    for (int64_t k = 0; k < count; k++) bucket_of[order[k]] = (int32_t)(k / CK_FPS_BUCKET);
    for (int64_t i = 0; i < args->n_points; i++) {
        const int64_t b = bucket_of[i];
        if (b < 0) continue;
        const float *p = cloud + i * stride;
        const int32_t held = buckets->farthest_index[b]++;
        const int64_t slot = b * CK_FPS_BUCKET + held;
        buckets->x[slot] = p[0], buckets->y[slot] = p[1], buckets->z[slot] = p[2];
        buckets->nearest[slot] = CK_FPS_FAR;
        buckets->index[slot] = (int32_t)i;
        for (int axis = 0; axis < 3; axis++) {
            if (held == 0 || p[axis] < buckets->low[axis][b]) buckets->low[axis][b] = p[axis];
            if (held == 0 || p[axis] > buckets->high[axis][b]) buckets->high[axis][b] = p[axis];
        }
    }
    for (int64_t b = 0; b < buckets->count; b++) {
        buckets->farthest[b] = CK_FPS_FAR;
        buckets->farthest_index[b] = buckets->index[b * CK_FPS_BUCKET];
    }
}
