/* Ball query, the specification. */
#include "ball_query.h"

#include <assert.h>

#pragma STDC FP_CONTRACT OFF

void ck_ball_query_f32_ref(const void *raw, int part, int parts) {
    const ck_ball_query_args *args = raw;
    assert(args->n_points >= 1 && args->point_stride >= 3 && args->limit >= 1);
    const float squared_radius = args->radius * args->radius;
    int64_t begin, end;
    ck_slice(args->batch * args->n_centres, 1, part, parts, &begin, &end);
    for (int64_t row = begin; row < end; row++) {
        const float *points = args->points + row / args->n_centres * args->n_points * args->point_stride;
        const float *centre = args->centres + row * 3;
        int32_t *indices = args->indices + row * args->limit;
        int64_t found = 0;
        for (int64_t i = 0; i < args->n_points && found < args->limit; i++) {
            const float *p = points + i * args->point_stride;
            const float dx = p[0] - centre[0], dy = p[1] - centre[1], dz = p[2] - centre[2];
            const float d = (dx * dx + dy * dy) + dz * dz;
            if (d < squared_radius) indices[found++] = (int32_t)i; /* false for NaN: such a point is in no ball */
        }
        ck_ball_query_pad(indices, found, args->limit);
    }
}
