/* Farthest-point sampling, Advanced SIMD: the plan of the AVX2 file with vectors of four.
 *
 * One sweep per sample over x, y, z and the running distances kept by coordinate; per lane it remembers the first
 * group of 16 points that raised the maximum. vfmaq is not used: FMA would round differently from the reference. */
#include "fps.h"
#include "ck_target.h"

#if CK_ARM64
#include <arm_neon.h>

#pragma STDC FP_CONTRACT OFF

typedef struct point {
    float32x4_t x, y, z;
} point;

static inline point broadcast(const float *p) { return (point){vdupq_n_f32(p[0]), vdupq_n_f32(p[1]), vdupq_n_f32(p[2])}; }

static inline float32x4_t squared_length(float32x4_t dx, float32x4_t dy, float32x4_t dz) {
    return vaddq_f32(vaddq_f32(vmulq_f32(dx, dx), vmulq_f32(dy, dy)), vmulq_f32(dz, dz));
}

/* Lowers four distances by the new centre. The comparison is false for NaN, which vminq would pass on. */
static inline float32x4_t lower(const float *x, const float *y, const float *z, float *nearest, point centre) {
    const float32x4_t d = squared_length(vsubq_f32(vld1q_f32(x), centre.x), vsubq_f32(vld1q_f32(y), centre.y),
                                         vsubq_f32(vld1q_f32(z), centre.z));
    const float32x4_t before = vld1q_f32(nearest);
    const float32x4_t lowered = vbslq_f32(vcltq_f32(d, before), d, before);
    vst1q_f32(nearest, lowered);
    return lowered;
}

/* Lowers sixteen and returns the largest of each column of four. */
static inline float32x4_t lower16(const float *x, const float *y, const float *z, float *nearest, point centre) {
    const float32x4_t a = lower(x, y, z, nearest, centre), b = lower(x + 4, y + 4, z + 4, nearest + 4, centre);
    const float32x4_t c = lower(x + 8, y + 8, z + 8, nearest + 8, centre);
    const float32x4_t d = lower(x + 12, y + 12, z + 12, nearest + 12, centre);
    return vmaxq_f32(vmaxq_f32(a, b), vmaxq_f32(c, d));
}

/* Position of the first value equal to `value`; there is one. */
static inline int64_t first_equal(const float *values, float value) {
    int64_t i = 0;
    while (values[i] != value) i++;
    return i;
}

static int32_t sweep(const float *x, const float *y, const float *z, float *nearest, int64_t padded, point centre) {
    float32x4_t best = vdupq_n_f32(CK_FPS_NEVER);
    uint32x4_t best_group = vdupq_n_u32(0), group = vdupq_n_u32(0);
    const uint32x4_t step = vdupq_n_u32(16);
    for (int64_t i = 0; i < padded; i += 16) {
        const float32x4_t most = lower16(x + i, y + i, z + i, nearest + i, centre);
        best_group = vbslq_u32(vcgtq_f32(most, best), group, best_group);
        best = vmaxq_f32(most, best);
        group = vaddq_u32(group, step);
    }
    const float value = vmaxvq_f32(best);
    if (!(value > CK_FPS_NEVER)) return 0;
    const uint32x4_t candidates = vbslq_u32(vceqq_f32(best, vdupq_n_f32(value)), best_group, vdupq_n_u32(UINT32_MAX));
    const int64_t first = vminvq_u32(candidates);
    return (int32_t)(first + first_equal(nearest + first, value));
}

static void sample_small(const ck_fps_args *args, const float *cloud, float *scratch, int32_t *indices) {
    const int64_t n = args->n_points, stride = args->point_stride;
    const int64_t padded = (n + CK_FPS_PAD - 1) / CK_FPS_PAD * CK_FPS_PAD;
    float *const x = scratch, *const y = x + padded, *const z = y + padded, *const nearest = z + padded;
    for (int64_t i = 0; i < n; i++) {
        const float *p = cloud + i * stride;
        x[i] = p[0], y[i] = p[1], z[i] = p[2];
        nearest[i] = ck_fps_is_candidate(p, args->skip_near_origin != 0) ? CK_FPS_FAR : CK_FPS_NEVER;
    }
    for (int64_t i = n; i < padded; i++) x[i] = y[i] = z[i] = 0, nearest[i] = CK_FPS_NEVER;

    int32_t last = 0;
    indices[0] = 0;
    for (int64_t sample = 1; sample < args->n_samples; sample++) {
        last = sweep(x, y, z, nearest, padded, broadcast(cloud + last * stride));
        indices[sample] = last;
    }
}

static inline void lower_bucket(const ck_fps_buckets *buckets, int64_t bucket, point centre) {
    const int64_t first = bucket * CK_FPS_BUCKET;
    float32x4_t most = vdupq_n_f32(CK_FPS_NEVER);
    for (int64_t i = first; i < first + CK_FPS_BUCKET; i += 16)
        most = vmaxq_f32(most, lower16(buckets->x + i, buckets->y + i, buckets->z + i, buckets->nearest + i, centre));
    buckets->farthest[bucket] = vmaxvq_f32(most);
    buckets->farthest_index[bucket] =
        buckets->index[first + first_equal(buckets->nearest + first, buckets->farthest[bucket])];
}

static inline float32x4_t gap(const float *low, const float *high, float32x4_t centre) {
    const float32x4_t below = vsubq_f32(vld1q_f32(low), centre), above = vsubq_f32(centre, vld1q_f32(high));
    return vmaxq_f32(vmaxq_f32(below, above), vdupq_n_f32(0));
}

/* Exact: rounding is monotone and the bound is computed by the operations of the distance itself. A centre that is
 * NaN gives a NaN bound, changes no bucket, and would change no distance. */
static int32_t sweep_buckets(const ck_fps_buckets *buckets, point centre) {
    for (int64_t b = 0; b < buckets->padded; b += 4) {
        const float32x4_t bound = squared_length(gap(buckets->low[0] + b, buckets->high[0] + b, centre.x),
                                                 gap(buckets->low[1] + b, buckets->high[1] + b, centre.y),
                                                 gap(buckets->low[2] + b, buckets->high[2] + b, centre.z));
        uint32_t can_change[4];
        vst1q_u32(can_change, vcltq_f32(bound, vld1q_f32(buckets->farthest + b)));
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

void ck_fps_f32_pc_neon(const void *raw, int part, int parts) {
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

#endif
