/* Ball query, AVX2.
 *
 * Tile: 64 centres of one cloud x chunks of 256 points. A chunk is laid out by coordinate on the stack once and then
 * searched by every centre that still wants hits, so the transposition costs one pass per 64 centres and a centre
 * that is full stops at the chunk's end at the latest. All masks of a chunk are made before the first hit is
 * written, so that the mispredicted exits of the hit loop do not flush arithmetic.
 * Registers: 3 centre, 1 radius, 5 temporaries. Tails: the chunk is padded with NaN, which is in no ball.
 * Tried: a branch per 32 points and a table that writes four hits at once took twice as long, on mispredictions. */
#include "ball_query.h"
#include "ck_target.h"

#if CK_X86
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)
#pragma STDC FP_CONTRACT OFF

enum { chunk_points = 256, block_centres = 64 };

typedef struct chunk {
    _Alignas(32) float x[chunk_points], y[chunk_points], z[chunk_points];
} chunk;

/* Lays out points [count, stride]; returns count rounded up to 64. */
static int64_t load_chunk(chunk *tile, const float *points, int64_t stride, int64_t count) {
    const int64_t padded = (count + 63) / 64 * 64;
    for (int64_t i = 0; i < count; i++) {
        const float *p = points + i * stride;
        tile->x[i] = p[0], tile->y[i] = p[1], tile->z[i] = p[2];
    }
    for (int64_t i = count; i < padded; i++) tile->x[i] = tile->y[i] = tile->z[i] = __builtin_nanf("");
    return padded;
}

/* One bit for each of 64 points from x, y, z on that lies in the ball. */
static inline uint64_t inside64(const float *x, const float *y, const float *z, __m256 cx, __m256 cy, __m256 cz,
                                __m256 squared_radius) {
    uint64_t mask = 0;
    for (int i = 0; i < 64; i += 8) {
        const __m256 dx = _mm256_sub_ps(_mm256_load_ps(x + i), cx);
        const __m256 dy = _mm256_sub_ps(_mm256_load_ps(y + i), cy);
        const __m256 dz = _mm256_sub_ps(_mm256_load_ps(z + i), cz);
        const __m256 xy = _mm256_add_ps(_mm256_mul_ps(dx, dx), _mm256_mul_ps(dy, dy));
        const __m256 d = _mm256_add_ps(xy, _mm256_mul_ps(dz, dz));
        mask |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(d, squared_radius, _CMP_LT_OQ)) << i;
    }
    return mask;
}

/* Adds the hits of one centre in the chunk to row [limit], which holds `found`; returns how many it holds now. */
static int64_t search_chunk(const chunk *tile, int64_t padded, const float *centre, float squared_radius, int32_t base,
                            int32_t *row, int64_t found, int64_t limit) {
    const __m256 cx = _mm256_set1_ps(centre[0]), cy = _mm256_set1_ps(centre[1]), cz = _mm256_set1_ps(centre[2]);
    const __m256 bound = _mm256_set1_ps(squared_radius);
    uint64_t masks[chunk_points / 64];
    for (int64_t i = 0; i < padded; i += 64)
        masks[i / 64] = inside64(tile->x + i, tile->y + i, tile->z + i, cx, cy, cz, bound);
    for (int64_t i = 0; i < padded; i += 64)
        for (uint64_t mask = masks[i / 64]; mask; mask &= mask - 1) {
            if (found == limit) return found;
            row[found++] = base + (int32_t)i + __builtin_ctzll(mask);
        }
    return found;
}

/* Up to block_centres rows of one cloud. */
static void search_block(const ck_ball_query_args *args, const float *points, int64_t first_row, int64_t rows) {
    const float squared_radius = args->radius * args->radius;
    const int64_t n = args->n_points, limit = args->limit;
    int64_t found[block_centres] = {0};
    int64_t full = 0;
    for (int64_t begin = 0; begin < n && full < rows; begin += chunk_points) {
        chunk tile;
        const int64_t count = n - begin < chunk_points ? n - begin : chunk_points;
        const int64_t padded = load_chunk(&tile, points + begin * args->point_stride, args->point_stride, count);
        for (int64_t i = 0; i < rows; i++) {
            if (found[i] == limit) continue;
            const int64_t row = first_row + i;
            found[i] = search_chunk(&tile, padded, args->centres + row * 3, squared_radius, (int32_t)begin,
                                    args->indices + row * limit, found[i], limit);
            full += found[i] == limit;
        }
    }
    for (int64_t i = 0; i < rows; i++) ck_ball_query_pad(args->indices + (first_row + i) * limit, found[i], limit);
}

void ck_ball_query_f32_avx2(const void *raw, int part, int parts) {
    const ck_ball_query_args *args = raw;
    int64_t begin, end;
    ck_slice(args->batch * args->n_centres, 1, part, parts, &begin, &end);
    for (int64_t row = begin; row < end;) {
        const int64_t cloud = row / args->n_centres, cloud_end = (cloud + 1) * args->n_centres;
        int64_t rows = (end < cloud_end ? end : cloud_end) - row;
        if (rows > block_centres) rows = block_centres;
        search_block(args, args->points + cloud * args->n_points * args->point_stride, row, rows);
        row += rows;
    }
}

CK_TARGET_END
#endif
