/* Grouping and the maximum over a group, AVX2.
 *
 * Grouping is bound by stores: rows are short (6 or 131 floats), so the gain is in copying without a call per row.
 * A tail is the last eight features again, overlapping. A row of fewer than eight features is copied one by one.
 * The maximum keeps four vectors of columns in registers down the group, with four more for "was NaN"; column
 * tails use masked loads and stores. */
#include "grouping.h"
#include "ck_target.h"

#if CK_X86
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)
#pragma STDC FP_CONTRACT OFF

void ck_group_rows_avx2(const ck_group_points_args *args, int64_t begin, int64_t end, float *out) {
    const int64_t n_features = args->n_features, width = 3 + n_features;
    if (begin >= end) return;
    /* Counted along: three divisions per row would cost as much as the copy. */
    int64_t centre = begin / args->limit, neighbour = begin % args->limit;
    int64_t centre_of_cloud = centre % args->n_centres, cloud = centre / args->n_centres * args->n_points;
    for (int64_t row = begin; row < end; row++, out += width) {
        const int64_t index = args->indices ? args->indices[row] : neighbour;
        const int64_t point = cloud + index;
        const float *xyz = args->xyz + point * args->xyz_stride;
        const float *features = n_features ? args->features + point * args->feature_stride : 0;
        if (args->centres) {
            const float *origin = args->centres + centre * 3;
            out[0] = xyz[0] - origin[0], out[1] = xyz[1] - origin[1], out[2] = xyz[2] - origin[2];
        } else {
            out[0] = xyz[0], out[1] = xyz[1], out[2] = xyz[2];
        }
        if (n_features >= 8) {
            for (int64_t c = 0; c + 8 <= n_features; c += 8) _mm256_storeu_ps(out + 3 + c, _mm256_loadu_ps(features + c));
            _mm256_storeu_ps(out + width - 8, _mm256_loadu_ps(features + n_features - 8));
        } else {
            for (int64_t c = 0; c < n_features; c++) out[3 + c] = features[c];
        }
        if (++neighbour < args->limit) continue;
        neighbour = 0, centre++;
        if (++centre_of_cloud == args->n_centres) centre_of_cloud = 0, cloud += args->n_points;
    }
}

void ck_group_points_f32_avx2(const void *raw, int part, int parts) {
    const ck_group_points_args *args = raw;
    int64_t begin, end;
    ck_slice(args->batch * args->n_centres, 1, part, parts, &begin, &end);
    const int64_t first = begin * args->limit;
    ck_group_rows_avx2(args, first, end * args->limit, args->out + first * (3 + args->n_features));
}

/* vmaxps gives its second operand for equals and for NaN, so of -0 and 0 the first stays as in the reference. */
static inline __m256 with_nan(__m256 most, __m256 was_nan) {
    return _mm256_blendv_ps(most, _mm256_set1_ps(__builtin_nanf("")), was_nan);
}

static void pool32(const float *x, float *y, int64_t size, int64_t columns) {
    __m256 most[4], was_nan[4];
    for (int v = 0; v < 4; v++) {
        most[v] = _mm256_loadu_ps(x + 8 * v);
        was_nan[v] = _mm256_cmp_ps(most[v], most[v], _CMP_UNORD_Q);
    }
    for (int64_t i = 1; i < size; i++)
        for (int v = 0; v < 4; v++) {
            const __m256 value = _mm256_loadu_ps(x + i * columns + 8 * v);
            was_nan[v] = _mm256_or_ps(was_nan[v], _mm256_cmp_ps(value, value, _CMP_UNORD_Q));
            most[v] = _mm256_max_ps(value, most[v]);
        }
    for (int v = 0; v < 4; v++) _mm256_storeu_ps(y + 8 * v, with_nan(most[v], was_nan[v]));
}

/* Up to eight columns. */
static void pool_tail(const float *x, float *y, int64_t size, int64_t columns, int64_t count) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i used = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lanes);
    __m256 most = _mm256_maskload_ps(x, used), was_nan = _mm256_cmp_ps(most, most, _CMP_UNORD_Q);
    for (int64_t i = 1; i < size; i++) {
        const __m256 value = _mm256_maskload_ps(x + i * columns, used);
        was_nan = _mm256_or_ps(was_nan, _mm256_cmp_ps(value, value, _CMP_UNORD_Q));
        most = _mm256_max_ps(value, most);
    }
    _mm256_maskstore_ps(y, used, with_nan(most, was_nan));
}

void ck_max_pool_f32_avx2(const void *raw, int part, int parts) {
    const ck_max_pool_args *args = raw;
    const int64_t columns = args->columns;
    int64_t begin, end;
    ck_slice(args->groups, 1, part, parts, &begin, &end);
    for (int64_t g = begin; g < end; g++) {
        const float *x = args->x + g * args->size * columns;
        float *y = args->y + g * columns;
        int64_t c = 0;
        for (; c + 32 <= columns; c += 32) pool32(x + c, y + c, args->size, columns);
        for (; c < columns; c += 8) pool_tail(x + c, y + c, args->size, columns, columns - c < 8 ? columns - c : 8);
    }
}

CK_TARGET_END
#endif
