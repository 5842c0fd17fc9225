/* Pairwise geometry of boxes, the specification, in float32. */
#include "spatial.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

static float squared(float x, float y, float z) { return x * x + y * y + z * z; }

/* Largest D of all slots. The square root never decreases, so the maximum may be taken of the squares. NaN wins, as in
 * torch.amax. Every part computes it for itself: a maximum does not depend on the order. */
static float largest_distance(const ck_pairwise_args *a) {
    float largest = 0; /* of a slot to itself */
    for (int64_t i = 0; i < a->n; i++) {
        const float *p = a->locations + i * a->stride;
        for (int64_t j = 0; j <= i; j++) {
            const float *q = a->locations + j * a->stride;
            const float d2 = squared(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
            if (d2 != d2) return d2;
            if (d2 > largest) largest = d2;
        }
        if (a->n_padding > 0) { /* absent slots sit at the origin */
            const float d2 = squared(p[0], p[1], p[2]);
            if (d2 > largest) largest = d2;
        }
    }
    return sqrtf(largest + a->eps);
}

/* locations [n, 6] -> y [n, n, dims] */
void ck_pairwise_f32_ref(const void *args, int part, int parts) {
    const ck_pairwise_args *a = args;
    const int64_t n = a->n, dims = a->dims;
    int64_t begin, end;
    ck_slice(n, 1, part, parts, &begin, &end);
    if (begin == end) return;
    const float largest = a->relation != 2 && a->normalise && dims != 4 ? largest_distance(a) : 1;
    for (int64_t i = begin; i < end; i++) {
        const float *p = a->locations + i * a->stride;
        for (int64_t j = 0; j < n; j++) {
            const float *q = a->locations + j * a->stride;
            float *y = a->y + (i * n + j) * dims;
            if (a->relation == 2) {
                memcpy(y, p, 6 * sizeof(float));
                memcpy(y + 6, q, 6 * sizeof(float));
                continue;
            }
            const float dx = p[0] - q[0], dy = p[1] - q[1], dz = p[2] - q[2];
            const float distance = sqrtf(squared(dx, dy, dz) + a->eps);
            if (dims != 4) *y++ = distance / largest;
            if (dims == 1) continue;
            const float flat = sqrtf(dx * dx + dy * dy + a->eps);
            float height = dz, slant = distance;
            if (a->relation == 1) { /* from bottom to bottom, as the official code places it: z - whole height */
                height = (p[2] - p[5]) - (q[2] - q[5]);
                slant = sqrtf(squared(dx, dy, height) + a->eps);
            }
            y[0] = height / slant;
            y[1] = flat / slant;
            y[2] = dy / flat;
            y[3] = dx / flat;
        }
    }
}
