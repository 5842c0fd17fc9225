/* Farthest-point sampling, AVX-512; the algorithm is in fps_body.h.
 *
 * A sweep does two vectors at a time. Registers: 3 centre, 2 best, 1 group, 1 step, 8 temporaries of 32. Large clouds:
 * sixteen boxes at a time, and four vectors for a bucket. */
#include "ck_vector_avx512.h"
#include "fps.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)
#pragma STDC FP_CONTRACT OFF

enum { GROUP = 32 };
#define NAME ck_fps_f32_pc_avx512
#include "fps/fps_body.h"

/* Lowers the distances of one bucket, and finds its farthest point again. */
CK_INLINE void lower_bucket(const ck_fps_buckets *buckets, int64_t bucket, point centre) {
    const int64_t first = bucket * CK_FPS_BUCKET;
    const float *x = buckets->x + first, *y = buckets->y + first, *z = buckets->z + first;
    float *nearest = buckets->nearest + first;
    V lowered[4];
    for (int i = 0; i < 4; i++) lowered[i] = lower(x + 16 * i, y + 16 * i, z + 16 * i, nearest + 16 * i, centre);
    const V value = v_largest_everywhere(v_max(v_max(lowered[0], lowered[1]), v_max(lowered[2], lowered[3])));
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) mask |= (uint64_t)vm_bits(v_equal(lowered[i], value)) << (16 * i);
    buckets->farthest[bucket] = v_lane0(value);
    buckets->farthest_index[bucket] = buckets->index[first + __builtin_ctzll(mask)];
}
_Static_assert(CK_FPS_BUCKET == 64 && CK_FPS_BUCKET_PAD == 16, "four vectors a bucket, one of buckets");

#include "fps/fps_sweep_buckets.h"

CK_TARGET_END
#endif
