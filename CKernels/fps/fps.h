/* Private parts of farthest-point sampling: the variants and the bucket index for large clouds. */
#ifndef CK_FPS_H
#define CK_FPS_H
#include "ck_points.h"

void ck_fps_f32_pc_ref(const void *args, int part, int parts);
void ck_fps_f32_pc_avx2(const void *args, int part, int parts);
void ck_fps_f32_pc_avx512(const void *args, int part, int parts);
void ck_fps_f32_pc_neon(const void *args, int part, int parts);

/* Every point starts this far (squared) from the empty set, as in the official sampler: two points farther
 * apart than 1e5 count as 1e5 apart. */
#define CK_FPS_FAR 1e10f
/* The distance kept for a point that may not be chosen: below every real one, and no minimum raises it. */
#define CK_FPS_NEVER (-1.0f)

/* Whether sampling may choose p. A point with a NaN or infinite coordinate may not be: its distance to itself is
 * NaN, so it would win every later round. (The official sampler does exactly that.) */
static inline bool ck_fps_is_candidate(const float *p, bool skip_near_origin) {
#pragma STDC FP_CONTRACT OFF
    const float x = p[0], y = p[1], z = p[2];
    if (!__builtin_isfinite(x) || !__builtin_isfinite(y) || !__builtin_isfinite(z)) return false;
    const float squared_norm = (x * x + y * y) + z * z;
    return !skip_near_origin || (double)squared_norm > 1e-3;
}

/* No float32 lies between the double 1e-3 and 0.001f, which is above it: `norm <= 1e-3` is `norm < 0.001f`. */
#define CK_FPS_NEAR_ORIGIN 0.001f
_Static_assert((double)CK_FPS_NEAR_ORIGIN > 1e-3, "0.001f rounds up");

/* Clouds are kept in scratch by coordinate, padded with points that are never chosen. */
enum { CK_FPS_PAD = 32 };

/* Scratch of one cloud in bytes, a multiple of 64. */
size_t ck_fps_cloud_bytes(const ck_fps_args *args);

/* Large clouds: the candidates in buckets of neighbours. A round visits only the buckets whose box is nearer to
 * the new centre than their farthest point is to the chosen set; the others cannot change. */
enum { CK_FPS_BUCKET = 64, CK_FPS_BUCKET_PAD = 16 };

typedef struct ck_fps_buckets {
    float *x, *y, *z, *nearest;     /* [count * CK_FPS_BUCKET]; inside a bucket points keep their order */
    int32_t *index;                 /* of each slot in the cloud; 0 in padding */
    float *low[3], *high[3];        /* [padded] boxes */
    float *farthest;                /* [padded] largest `nearest` of the bucket, CK_FPS_NEVER in padding */
    int32_t *farthest_index;        /* [padded] the lowest index that has it */
    int64_t count, padded;          /* buckets; rounded up to CK_FPS_BUCKET_PAD */
} ck_fps_buckets;

/* Whether building buckets pays for this cloud and number of samples. */
bool ck_fps_prefers_buckets(const ck_fps_args *args);

/* Sorts the cloud's candidates into buckets laid out in `scratch` (ck_fps_cloud_bytes, 64-byte aligned). */
void ck_fps_build_buckets(const ck_fps_args *args, const float *cloud, void *scratch, ck_fps_buckets *buckets);

#endif
