/* Farthest-point sampling, Advanced SIMD; the algorithm is in fps_body.h.
 *
 * A sweep does four vectors at a time. vfmaq is not used: FMA would round differently from the reference. */
#include "ck_vector_neon.h"
#include "fps.h"

#if CK_ARM64

#pragma STDC FP_CONTRACT OFF

enum { GROUP = 16 };
#define NAME ck_fps_f32_pc_neon
#include "fps/fps_body.h"

static inline int64_t first_equal(const float *values, V value) {
    const float wanted = v_lane0(value);
    int64_t i = 0;
    while (values[i] != wanted) i++;
    return i;
}

/* Lowers the distances of one bucket, and finds its farthest point again. */
CK_INLINE void lower_bucket(const ck_fps_buckets *buckets, int64_t bucket, point centre) {
    const int64_t first = bucket * CK_FPS_BUCKET;
    V most = v_set1(CK_FPS_NEVER);
    for (int64_t i = first; i < first + CK_FPS_BUCKET; i += GROUP)
        most = v_max(most, lower_group(buckets->x + i, buckets->y + i, buckets->z + i, buckets->nearest + i, centre));
    const V value = v_largest_everywhere(most);
    buckets->farthest[bucket] = v_lane0(value);
    buckets->farthest_index[bucket] = buckets->index[first + first_equal(buckets->nearest + first, value)];
}

/* A centre that is NaN gives a NaN bound, changes no bucket, and would change no distance. */
static int32_t sweep_buckets(const ck_fps_buckets *buckets, point centre) {
    for (int64_t b = 0; b < buckets->padded; b += 4) {
        uint32_t can_change[4];
        vst1q_u32(can_change, v_less(box_distance(buckets, b, centre), v_load(buckets->farthest + b)));
        for (int lane = 0; lane < 4; lane++)
            if (can_change[lane]) lower_bucket(buckets, b + lane, centre);
    }
    float best = CK_FPS_NEVER;
    int32_t best_index = 0;
    for (int64_t b = 0; b < buckets->count; b++) {
        const float value = buckets->farthest[b];
        const int32_t index = buckets->farthest_index[b];
        if (value > best || (value == best && index < best_index)) best = value, best_index = index;
    }
    return best_index;
}

#endif
