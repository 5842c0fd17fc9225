/* Farthest-point sampling, AVX2; the algorithm is in fps_body.h.
 *
 * A sweep does four vectors at a time. Registers: 3 centre, 2 best, 1 group, 1 step, 8 temporaries. */
#include "ck_vector_avx2.h"
#include "fps.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)
#pragma STDC FP_CONTRACT OFF

enum { GROUP = 32 };
#define NAME ck_fps_f32_pc_avx2
#include "fps/fps_body.h"

/* Lowers the distances of one bucket, and finds its farthest point again. */
CK_INLINE void lower_bucket(const ck_fps_buckets *buckets, int64_t bucket, point centre) {
    const int64_t first = bucket * CK_FPS_BUCKET;
    const float *x = buckets->x + first, *y = buckets->y + first, *z = buckets->z + first;
    float *const nearest = buckets->nearest + first;
    const V half[2] = {lower_group(x, y, z, nearest, centre), lower_group(x + 32, y + 32, z + 32, nearest + 32, centre)};
    const V value = v_largest_everywhere(v_max(half[0], half[1]));
    const int64_t base = vm_bits(v_equal(half[0], value)) != 0 ? 0 : 32;
    buckets->farthest[bucket] = v_lane0(value);
    buckets->farthest_index[bucket] = buckets->index[first + base + first_equal(nearest + base, value)];
}
_Static_assert(CK_FPS_BUCKET == 64, "lower_bucket does two halves of 32");

#include "fps/fps_sweep_buckets.h"

CK_TARGET_END
#endif
