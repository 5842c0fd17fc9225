/* Farthest-point sampling, AVX-512: the plan of the AVX2 file with vectors of sixteen.
 *
 * Small clouds: one sweep per sample does two vectors at a time; a mask from the comparison of maxima moves the group's
 * number into the lanes that it raised. Registers: 3 centre, 2 best, 1 group, 1 step, 8 temporaries of 32. No tails: clouds
 * are padded to 32.
 * Large clouds: sixteen boxes at a time, and four vectors for a bucket, see fps_buckets.c.
 * Products and sums stay apart: FMA would round differently from the reference. */
#include "ck_avx512.h"
#include "fps.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)
#pragma STDC FP_CONTRACT OFF

typedef struct point {
    __m512 x, y, z;
} point;

static inline point broadcast(const float *p) {
    return (point){_mm512_set1_ps(p[0]), _mm512_set1_ps(p[1]), _mm512_set1_ps(p[2])};
}

static inline __m512 squared_length(__m512 dx, __m512 dy, __m512 dz) {
    const __m512 xy = _mm512_add_ps(_mm512_mul_ps(dx, dx), _mm512_mul_ps(dy, dy));
    return _mm512_add_ps(xy, _mm512_mul_ps(dz, dz));
}

/* Lowers sixteen distances by the new centre. vminps keeps its second operand when the first is NaN. */
static inline __m512 lower(const float *x, const float *y, const float *z, float *nearest, point centre) {
    const __m512 d =
        squared_length(_mm512_sub_ps(_mm512_load_ps(x), centre.x), _mm512_sub_ps(_mm512_load_ps(y), centre.y),
                       _mm512_sub_ps(_mm512_load_ps(z), centre.z));
    const __m512 lowered = _mm512_min_ps(d, _mm512_load_ps(nearest));
    _mm512_store_ps(nearest, lowered);
    return lowered;
}

/* Lowest number in the lanes of `mask`, of which there is one. */
static inline int32_t smallest_of(__mmask16 mask, __m512i numbers) {
    return _mm512_reduce_min_epi32(_mm512_mask_blend_epi32(mask, _mm512_set1_epi32(INT32_MAX), numbers));
}

/* Position of the first of 32 values equal to `value`; one of them is. */
static inline int first_equal32(const float *values, __m512 value) {
    const uint32_t low = _mm512_cmp_ps_mask(_mm512_load_ps(values), value, _CMP_EQ_OQ);
    const uint32_t high = _mm512_cmp_ps_mask(_mm512_load_ps(values + 16), value, _CMP_EQ_OQ);
    return __builtin_ctz(low | high << 16);
}

/* Lowers every distance by the new centre and returns the index of the first largest, 0 when there is no candidate. */
static int32_t sweep(const float *x, const float *y, const float *z, float *nearest, int64_t padded, point centre) {
    __m512 best = _mm512_set1_ps(CK_FPS_NEVER);
    __m512i best_group = _mm512_setzero_si512(), group = _mm512_setzero_si512();
    const __m512i step = _mm512_set1_epi32(32);
    for (int64_t i = 0; i < padded; i += 32) {
        const __m512 most = _mm512_max_ps(lower(x + i, y + i, z + i, nearest + i, centre),
                                          lower(x + i + 16, y + i + 16, z + i + 16, nearest + i + 16, centre));
        best_group = _mm512_mask_blend_epi32(_mm512_cmp_ps_mask(most, best, _CMP_GT_OQ), best_group, group);
        best = _mm512_max_ps(most, best);
        group = _mm512_add_epi32(group, step);
    }
    const float largest = _mm512_reduce_max_ps(best);
    if (!(largest > CK_FPS_NEVER)) return 0;
    const __m512 value = _mm512_set1_ps(largest);
    const int32_t first = smallest_of(_mm512_cmp_ps_mask(best, value, _CMP_EQ_OQ), best_group);
    return first + first_equal32(nearest + first, value);
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

    const __m512 limit = _mm512_set1_ps(args->skip_near_origin ? CK_FPS_NEAR_ORIGIN : 0), zero = _mm512_setzero_ps();
    for (int64_t i = 0; i < padded; i += 16) {
        const __m512 vx = _mm512_load_ps(x + i), vy = _mm512_load_ps(y + i), vz = _mm512_load_ps(z + i);
        /* v - v is 0 for finite v and NaN for all others. */
        const __m512 flaw = _mm512_add_ps(_mm512_add_ps(_mm512_sub_ps(vx, vx), _mm512_sub_ps(vy, vy)),
                                          _mm512_sub_ps(vz, vz));
        const __mmask16 is_finite = _mm512_cmp_ps_mask(flaw, zero, _CMP_EQ_OQ);
        const __mmask16 is_away = _mm512_cmp_ps_mask(squared_length(vx, vy, vz), limit, _CMP_GE_OQ);
        _mm512_store_ps(nearest + i, _mm512_mask_blend_ps((__mmask16)(is_finite & is_away), _mm512_set1_ps(CK_FPS_NEVER),
                                                          _mm512_set1_ps(CK_FPS_FAR)));
    }

    int32_t last = 0;
    indices[0] = 0;
    for (int64_t sample = 1; sample < args->n_samples; sample++) {
        last = sweep(x, y, z, nearest, padded, broadcast(cloud + last * stride));
        indices[sample] = last;
    }
}

/* Lowers the distances of one bucket, and finds its farthest point again. */
static inline void lower_bucket(const ck_fps_buckets *buckets, int64_t bucket, point centre) {
    const int64_t first = bucket * CK_FPS_BUCKET;
    const float *x = buckets->x + first, *y = buckets->y + first, *z = buckets->z + first;
    float *nearest = buckets->nearest + first;
    __m512 lowered[4];
    for (int i = 0; i < 4; i++) lowered[i] = lower(x + 16 * i, y + 16 * i, z + 16 * i, nearest + 16 * i, centre);
    const float largest =
        _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(lowered[0], lowered[1]), _mm512_max_ps(lowered[2], lowered[3])));
    const __m512 value = _mm512_set1_ps(largest);
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) mask |= (uint64_t)_mm512_cmp_ps_mask(lowered[i], value, _CMP_EQ_OQ) << (16 * i);
    buckets->farthest[bucket] = largest;
    buckets->farthest_index[bucket] = buckets->index[first + __builtin_ctzll(mask)];
}
_Static_assert(CK_FPS_BUCKET == 64 && CK_FPS_BUCKET_PAD == 16, "four vectors a bucket, one of buckets");

/* Distance from the centre to the box along one axis, 0 inside; 0 for a centre that is NaN. */
static inline __m512 gap(const float *low, const float *high, __m512 centre) {
    const __m512 below = _mm512_sub_ps(_mm512_load_ps(low), centre), above = _mm512_sub_ps(centre, _mm512_load_ps(high));
    return _mm512_max_ps(_mm512_max_ps(below, above), _mm512_setzero_ps());
}

/* Rounding is monotone and the box bound is computed by the operations of the distance itself, so no point of the
 * bucket can have a computed distance below the bound: skipping a bucket is exact. */
static int32_t sweep_buckets(const ck_fps_buckets *buckets, point centre) {
    for (int64_t b = 0; b < buckets->padded; b += 16) {
        const __m512 bound = squared_length(gap(buckets->low[0] + b, buckets->high[0] + b, centre.x),
                                            gap(buckets->low[1] + b, buckets->high[1] + b, centre.y),
                                            gap(buckets->low[2] + b, buckets->high[2] + b, centre.z));
        unsigned mask = _mm512_cmp_ps_mask(bound, _mm512_load_ps(buckets->farthest + b), _CMP_LT_OQ);
        for (; mask; mask &= mask - 1) lower_bucket(buckets, b + __builtin_ctz(mask), centre);
    }
    /* A pass of its own: reading the maxima right after writing single ones would stall on store forwarding. */
    __m512 best = _mm512_set1_ps(CK_FPS_NEVER);
    __m512i best_index = _mm512_setzero_si512();
    for (int64_t b = 0; b < buckets->padded; b += 16) {
        const __m512 value = _mm512_load_ps(buckets->farthest + b);
        const __m512i index = _mm512_load_si512(buckets->farthest_index + b);
        const unsigned larger = _mm512_cmp_ps_mask(value, best, _CMP_GT_OQ);
        const unsigned equal = _mm512_cmp_ps_mask(value, best, _CMP_EQ_OQ);
        const unsigned earlier = _mm512_cmplt_epi32_mask(index, best_index);
        best_index = _mm512_mask_blend_epi32((__mmask16)(larger | (equal & earlier)), best_index, index);
        best = _mm512_max_ps(value, best);
    }
    const __m512 value = _mm512_set1_ps(_mm512_reduce_max_ps(best));
    return smallest_of(_mm512_cmp_ps_mask(best, value, _CMP_EQ_OQ), best_index);
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

void ck_fps_f32_pc_avx512(const void *raw, int part, int parts) {
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

CK_TARGET_END
#endif
