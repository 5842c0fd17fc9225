/* Ball query, AVX2.
 *
 * Tile: 64 centres of one cloud x chunks of 256 points. A chunk is laid out by coordinate on the stack once and then
 * searched by every centre that still wants hits, so the transposition costs one pass per 64 centres and a centre
 * that is full stops at the chunk's end at the latest. All masks of a chunk are made before the first hit is
 * written, so that the mispredicted exits of the hit loop do not flush arithmetic.
 * Large clouds: the centres in a grid (ball_query_grid.h), the points past it in the same chunks. The cells of eight
 * points are computed at once, and one gather of 16-bit pairs fetches where a cell begins and ends.
 * Registers: 3 centre, 1 radius, 5 temporaries. Tails: the chunk is padded with NaN, which is in no ball.
 * Tried: a branch per 32 points and a table that writes four hits at once took twice as long, on mispredictions. */
#include "ball_query.h"
#include "ball_query_grid.h"
#include "ck_target.h"

#if CK_X86
#include <immintrin.h>
#include <string.h>

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

/* Cells of the points i...i+7 as pairs, begin in the lower half and end in the upper. */
static inline __m256i cell_pairs(const ck_ball_grid *grid, const float *const axes[3], int64_t i) {
    __m256i cell = _mm256_setzero_si256();
    __m256 inside = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (int axis = 0; axis < 3; axis++) {
        const __m256 v = _mm256_load_ps(axes[axis] + i);
        const __m256 low = _mm256_set1_ps(grid->low[axis]), high = _mm256_set1_ps(grid->high[axis]);
        inside = _mm256_and_ps(inside, _mm256_and_ps(_mm256_cmp_ps(v, low, _CMP_GE_OQ), _mm256_cmp_ps(v, high, _CMP_LE_OQ)));
        const __m256 position = _mm256_mul_ps(_mm256_sub_ps(v, low), _mm256_set1_ps(grid->scale[axis]));
        const __m256i along = _mm256_min_epi32(_mm256_cvttps_epi32(position), _mm256_set1_epi32(grid->last[axis]));
        cell = _mm256_add_epi32(cell, _mm256_mullo_epi32(along, _mm256_set1_epi32(grid->step[axis])));
    }
    cell = _mm256_blendv_epi8(_mm256_set1_epi32(grid->count), cell, _mm256_castps_si256(inside));
    return _mm256_i32gather_epi32((const int *)grid->start, cell, 2);
}

/* One bit for each of eight entries from `entry` on whose ball has the point. */
static inline unsigned balls_of(const ck_ball_grid *grid, int entry, __m256 x, __m256 y, __m256 z, __m256 squared_radius) {
    const __m256 dx = _mm256_sub_ps(x, _mm256_loadu_ps(grid->x + entry));
    const __m256 dy = _mm256_sub_ps(y, _mm256_loadu_ps(grid->y + entry));
    const __m256 dz = _mm256_sub_ps(z, _mm256_loadu_ps(grid->z + entry));
    const __m256 xy = _mm256_add_ps(_mm256_mul_ps(dx, dx), _mm256_mul_ps(dy, dy));
    const __m256 d = _mm256_add_ps(xy, _mm256_mul_ps(dz, dz));
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(d, squared_radius, _CMP_LT_OQ));
}

/* Up to CK_BALL_GRID_CENTRES rows of one cloud. */
static void search_grid(const ck_ball_query_args *args, ck_ball_grid *grid, const float *points, int64_t first_row,
                        int64_t rows) {
    const __m256 squared_radius = _mm256_set1_ps(args->radius * args->radius);
    const int64_t n = args->n_points, limit = args->limit;
    int32_t *const indices = args->indices + first_row * limit;
    int64_t found[CK_BALL_GRID_CENTRES];
    memset(found, 0, (size_t)rows * sizeof *found);
    int64_t full = 0;
    for (int64_t begin = 0; begin < n && full < rows; begin += chunk_points) {
        chunk tile;
        _Alignas(32) uint32_t pairs[chunk_points];
        const float *const axes[3] = {tile.x, tile.y, tile.z};
        const int64_t count = n - begin < chunk_points ? n - begin : chunk_points;
        const int64_t padded = load_chunk(&tile, points + begin * args->point_stride, args->point_stride, count);
        for (int64_t i = 0; i < padded; i += 8) _mm256_store_si256((__m256i *)(pairs + i), cell_pairs(grid, axes, i));
        for (int64_t i = 0; i < count; i++) {
            const int end = (int)(pairs[i] >> 16);
            int entry = (int)(pairs[i] & 0xffff);
            if (entry == end) continue;
            const __m256 x = _mm256_set1_ps(tile.x[i]), y = _mm256_set1_ps(tile.y[i]), z = _mm256_set1_ps(tile.z[i]);
            for (; entry < end; entry += 8) {
                unsigned mask = balls_of(grid, entry, x, y, z, squared_radius);
                if (end - entry < 8) mask &= (1u << (end - entry)) - 1;
                for (; mask; mask &= mask - 1) {
                    const int hit = entry + __builtin_ctz(mask);
                    const int64_t row = grid->row[hit];
                    if (found[row] == limit) {
                        grid->x[hit] = __builtin_nanf(""); /* full, and hit again: from now on in no ball */
                        continue;
                    }
                    indices[row * limit + found[row]++] = (int32_t)(begin + i);
                    full += found[row] == limit;
                }
            }
        }
    }
    for (int64_t i = 0; i < rows; i++) ck_ball_query_pad(indices + i * limit, found[i], limit);
}

/* A function of its own: small clouds should not have the stack of the grid. */
static __attribute__((noinline)) bool search_large(const ck_ball_query_args *args, const float *points, int64_t first_row,
                                                   int64_t rows) {
    ck_ball_grid grid;
    if (!ck_ball_grid_build(&grid, args->centres + first_row * 3, rows, args->radius)) return false;
    search_grid(args, &grid, points, first_row, rows);
    return true;
}

void ck_ball_query_f32_avx2(const void *raw, int part, int parts) {
    const ck_ball_query_args *args = raw;
    int64_t begin, end;
    ck_slice(args->batch * args->n_centres, 1, part, parts, &begin, &end);
    for (int64_t row = begin; row < end;) {
        const int64_t cloud = row / args->n_centres, cloud_end = (cloud + 1) * args->n_centres;
        int64_t rows = (end < cloud_end ? end : cloud_end) - row;
        const float *points = args->points + cloud * args->n_points * args->point_stride;
        if (rows > CK_BALL_GRID_CENTRES) rows = CK_BALL_GRID_CENTRES;
        if (!ck_ball_prefers_grid(args, rows) || !search_large(args, points, row, rows)) {
            if (rows > block_centres) rows = block_centres;
            search_block(args, points, row, rows);
        }
        row += rows;
    }
}

CK_TARGET_END
#endif
