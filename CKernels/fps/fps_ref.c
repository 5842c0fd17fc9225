/* Farthest-point sampling, the specification. */
#include "fps.h"

#include <assert.h>

#pragma STDC FP_CONTRACT OFF

/* points [n_points, point_stride], nearest [n_points] -> indices [n_samples] */
static void sample_cloud(const ck_fps_args *args, const float *points, float *nearest, int32_t *indices) {
    const int64_t n = args->n_points, stride = args->point_stride;
    for (int64_t i = 0; i < n; i++)
        nearest[i] = ck_fps_is_candidate(points + i * stride, args->skip_near_origin != 0) ? CK_FPS_FAR : CK_FPS_NEVER;

    int64_t last = 0;
    indices[0] = 0;
    for (int64_t sample = 1; sample < args->n_samples; sample++) {
        const float *centre = points + last * stride;
        float best = CK_FPS_NEVER;
        last = 0;
        for (int64_t i = 0; i < n; i++) {
            const float *p = points + i * stride;
            const float dx = p[0] - centre[0], dy = p[1] - centre[1], dz = p[2] - centre[2];
            const float d = (dx * dx + dy * dy) + dz * dz;
            if (d < nearest[i]) nearest[i] = d; /* false for NaN: a centre that is not finite changes nothing */
            if (nearest[i] > best) {
                best = nearest[i];
                last = i;
            }
        }
        indices[sample] = (int32_t)last;
    }
}

void ck_fps_f32_pc_ref(const void *raw, int part, int parts) {
    const ck_fps_args *args = raw;
    assert(args->n_points >= 1 && args->point_stride >= 3);
    if (args->n_samples == 0 || args->batch == 0) return; /* then scratch may be NULL */
    int64_t begin, end;
    ck_slice(args->batch, 1, part, parts, &begin, &end);
    float *nearest = (float *)((char *)args->scratch + (size_t)part * ck_fps_cloud_bytes(args));
    for (int64_t b = begin; b < end; b++)
        sample_cloud(args, args->points + b * args->n_points * args->point_stride, nearest,
                     args->indices + b * args->n_samples);
}
