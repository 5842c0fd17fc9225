/* Farthest-point sampling, AVX2.
 *
 * Small clouds: x, y, z and the running distances stay in the first-level cache by coordinate (16 bytes per point).
 * One sweep per sample does four vectors at a time: update the distances, take the largest of the four, and
 * remember per lane the first group of 32 that raised it; the first of equals is then looked up in that group alone.
 * Registers: 3 centre, 2 best, 1 group, 1 step, 8 temporaries. No tails: clouds are padded to 32.
 * Large clouds: the same update on the few buckets that can change, see fps_buckets.c.
 * Products and sums stay apart: FMA would round differently from the reference. */
#include "fps.h"
#include "ck_target.h"

#if CK_X86
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)
#pragma STDC FP_CONTRACT OFF

typedef struct point {
    __m256 x, y, z;
} point;

static inline point broadcast(const float *p) {
    return (point){_mm256_set1_ps(p[0]), _mm256_set1_ps(p[1]), _mm256_set1_ps(p[2])};
}

static inline __m256 squared_length(__m256 dx, __m256 dy, __m256 dz) {
    const __m256 xy = _mm256_add_ps(_mm256_mul_ps(dx, dx), _mm256_mul_ps(dy, dy));
    return _mm256_add_ps(xy, _mm256_mul_ps(dz, dz));
}

/* Lowers eight distances by the new centre. vminps keeps its second operand when the first is NaN. */
static inline __m256 lower(const float *x, const float *y, const float *z, float *nearest, point centre) {
    const __m256 d =
        squared_length(_mm256_sub_ps(_mm256_load_ps(x), centre.x), _mm256_sub_ps(_mm256_load_ps(y), centre.y),
                       _mm256_sub_ps(_mm256_load_ps(z), centre.z));
    const __m256 lowered = _mm256_min_ps(d, _mm256_load_ps(nearest));
    _mm256_store_ps(nearest, lowered);
    return lowered;
}

static inline __m256 max4(__m256 a, __m256 b, __m256 c, __m256 d) {
    return _mm256_max_ps(_mm256_max_ps(a, b), _mm256_max_ps(c, d));
}

/* The largest lane, in every lane. */
static inline __m256 largest(__m256 v) {
    v = _mm256_max_ps(v, _mm256_permute2f128_ps(v, v, 1));
    v = _mm256_max_ps(v, _mm256_shuffle_ps(v, v, _MM_SHUFFLE(1, 0, 3, 2)));
    return _mm256_max_ps(v, _mm256_shuffle_ps(v, v, _MM_SHUFFLE(2, 3, 0, 1)));
}

static inline int32_t smallest_i32(__m256i v) {
    v = _mm256_min_epi32(v, _mm256_permute2x128_si256(v, v, 1));
    v = _mm256_min_epi32(v, _mm256_shuffle_epi32(v, _MM_SHUFFLE(1, 0, 3, 2)));
    v = _mm256_min_epi32(v, _mm256_shuffle_epi32(v, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm256_cvtsi256_si32(v);
}

/* Position of the first of 32 values equal to `value`; one of them is. */
static inline int first_equal32(const float *values, __m256 value) {
    uint32_t mask = 0;
    for (int i = 0; i < 4; i++) {
        const __m256 equal = _mm256_cmp_ps(_mm256_load_ps(values + 8 * i), value, _CMP_EQ_OQ);
        mask |= (uint32_t)_mm256_movemask_ps(equal) << (8 * i);
    }
    return __builtin_ctz(mask);
}

/* Lowers every distance by the new centre and returns the index of the first largest, 0 when there is no candidate. */
static int32_t sweep(const float *x, const float *y, const float *z, float *nearest, int64_t padded, point centre) {
    const __m256 never = _mm256_set1_ps(CK_FPS_NEVER);
    __m256 best = never;
    __m256i best_group = _mm256_setzero_si256(), group = _mm256_setzero_si256();
    const __m256i step = _mm256_set1_epi32(32);
    for (int64_t i = 0; i < padded; i += 32) {
        const __m256 a = lower(x + i, y + i, z + i, nearest + i, centre);
        const __m256 b = lower(x + i + 8, y + i + 8, z + i + 8, nearest + i + 8, centre);
        const __m256 c = lower(x + i + 16, y + i + 16, z + i + 16, nearest + i + 16, centre);
        const __m256 d = lower(x + i + 24, y + i + 24, z + i + 24, nearest + i + 24, centre);
        const __m256 most = max4(a, b, c, d);
        const __m256i raised = _mm256_castps_si256(_mm256_cmp_ps(most, best, _CMP_GT_OQ));
        best = _mm256_max_ps(most, best);
        best_group = _mm256_blendv_epi8(best_group, group, raised);
        group = _mm256_add_epi32(group, step);
    }
    const __m256 value = largest(best);
    if (_mm256_movemask_ps(_mm256_cmp_ps(value, never, _CMP_GT_OQ)) == 0) return 0;
    const __m256i has_value = _mm256_castps_si256(_mm256_cmp_ps(best, value, _CMP_EQ_OQ));
    const int32_t first = smallest_i32(_mm256_blendv_epi8(_mm256_set1_epi32(INT32_MAX), best_group, has_value));
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

    const __m256 limit = _mm256_set1_ps(args->skip_near_origin ? CK_FPS_NEAR_ORIGIN : 0), zero = _mm256_setzero_ps();
    for (int64_t i = 0; i < padded; i += 8) {
        const __m256 vx = _mm256_load_ps(x + i), vy = _mm256_load_ps(y + i), vz = _mm256_load_ps(z + i);
        /* v - v is 0 for finite v and NaN for all others. */
        const __m256 flaw = _mm256_add_ps(_mm256_add_ps(_mm256_sub_ps(vx, vx), _mm256_sub_ps(vy, vy)),
                                          _mm256_sub_ps(vz, vz));
        const __m256 is_finite = _mm256_cmp_ps(flaw, zero, _CMP_EQ_OQ);
        const __m256 is_away = _mm256_cmp_ps(squared_length(vx, vy, vz), limit, _CMP_GE_OQ);
        _mm256_store_ps(nearest + i, _mm256_blendv_ps(_mm256_set1_ps(CK_FPS_NEVER), _mm256_set1_ps(CK_FPS_FAR),
                                                      _mm256_and_ps(is_finite, is_away)));
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
    __m256 half[2];
    for (int i = 0; i < 2; i++, x += 32, y += 32, z += 32, nearest += 32)
        half[i] = max4(lower(x, y, z, nearest, centre), lower(x + 8, y + 8, z + 8, nearest + 8, centre),
                       lower(x + 16, y + 16, z + 16, nearest + 16, centre),
                       lower(x + 24, y + 24, z + 24, nearest + 24, centre));
    nearest = buckets->nearest + first;
    const __m256 value = largest(_mm256_max_ps(half[0], half[1]));
    const bool in_first = _mm256_movemask_ps(_mm256_cmp_ps(half[0], value, _CMP_EQ_OQ)) != 0;
    const int64_t base = in_first ? 0 : 32;
    buckets->farthest[bucket] = _mm256_cvtss_f32(value);
    buckets->farthest_index[bucket] = buckets->index[first + base + first_equal32(nearest + base, value)];
}
_Static_assert(CK_FPS_BUCKET == 64, "lower_bucket does two halves of 32");

/* Distance from the centre to the box along one axis, 0 inside; 0 for a centre that is NaN. */
static inline __m256 gap(const float *low, const float *high, __m256 centre) {
    const __m256 below = _mm256_sub_ps(_mm256_load_ps(low), centre), above = _mm256_sub_ps(centre, _mm256_load_ps(high));
    return _mm256_max_ps(_mm256_max_ps(below, above), _mm256_setzero_ps());
}

/* Rounding is monotone and the box bound is computed by the operations of the distance itself, so no point of the
 * bucket can have a computed distance below the bound: skipping a bucket is exact. */
static int32_t sweep_buckets(const ck_fps_buckets *buckets, point centre) {
    for (int64_t b = 0; b < buckets->padded; b += 8) {
        const __m256 bound = squared_length(gap(buckets->low[0] + b, buckets->high[0] + b, centre.x),
                                            gap(buckets->low[1] + b, buckets->high[1] + b, centre.y),
                                            gap(buckets->low[2] + b, buckets->high[2] + b, centre.z));
        const __m256 can_change = _mm256_cmp_ps(bound, _mm256_load_ps(buckets->farthest + b), _CMP_LT_OQ);
        for (unsigned mask = (unsigned)_mm256_movemask_ps(can_change); mask; mask &= mask - 1)
            lower_bucket(buckets, b + __builtin_ctz(mask), centre);
    }
    /* A pass of its own: reading the maxima right after writing single ones would stall on store forwarding. */
    __m256 best = _mm256_set1_ps(CK_FPS_NEVER);
    __m256i best_index = _mm256_setzero_si256();
    for (int64_t b = 0; b < buckets->padded; b += 8) {
        const __m256 value = _mm256_load_ps(buckets->farthest + b);
        const __m256i index = _mm256_load_si256((const __m256i *)(buckets->farthest_index + b));
        const __m256i larger = _mm256_castps_si256(_mm256_cmp_ps(value, best, _CMP_GT_OQ));
        const __m256i equal = _mm256_castps_si256(_mm256_cmp_ps(value, best, _CMP_EQ_OQ));
        const __m256i earlier = _mm256_and_si256(equal, _mm256_cmpgt_epi32(best_index, index));
        best_index = _mm256_blendv_epi8(best_index, index, _mm256_or_si256(larger, earlier));
        best = _mm256_max_ps(value, best);
    }
    const __m256i has_value = _mm256_castps_si256(_mm256_cmp_ps(best, largest(best), _CMP_EQ_OQ));
    return smallest_i32(_mm256_blendv_epi8(_mm256_set1_epi32(INT32_MAX), best_index, has_value));
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

void ck_fps_f32_pc_avx2(const void *raw, int part, int parts) {
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
