/* Ball query, AVX-512: the plan of the AVX2 file with vectors of sixteen.
 *
 * Tile: 64 centres of one cloud x chunks of 256 points laid out by coordinate on the stack; four comparisons make the 64
 * bits of hits that are then written one by one. Tails: the chunk is padded with NaN, which is in no ball.
 * Large clouds: the centres in a grid (ball_query_grid.h), the points past it in the same chunks.
 * Registers: 3 centre, 1 radius, 5 temporaries of 32. */
#include "ball_query.h"
#include "ball_query_grid.h"
#include "ck_avx512.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)
#pragma STDC FP_CONTRACT OFF

enum { chunk_points = 256, block_centres = 64 };

typedef struct chunk {
    _Alignas(64) float x[chunk_points], y[chunk_points], z[chunk_points];
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

/* One bit for each of sixteen points x, y, z that is closer to its centre than the radius. */
static inline __mmask16 inside16(const float *x, const float *y, const float *z, __m512 cx, __m512 cy, __m512 cz,
                                 __m512 squared_radius) {
    const __m512 dx = _mm512_sub_ps(_mm512_loadu_ps(x), cx);
    const __m512 dy = _mm512_sub_ps(_mm512_loadu_ps(y), cy);
    const __m512 dz = _mm512_sub_ps(_mm512_loadu_ps(z), cz);
    const __m512 xy = _mm512_add_ps(_mm512_mul_ps(dx, dx), _mm512_mul_ps(dy, dy));
    const __m512 d = _mm512_add_ps(xy, _mm512_mul_ps(dz, dz));
    return _mm512_cmp_ps_mask(d, squared_radius, _CMP_LT_OQ);
}

/* Adds the hits of one centre in the chunk to row [limit], which holds `found`; returns how many it holds now. */
static int64_t search_chunk(const chunk *tile, int64_t padded, const float *centre, float squared_radius, int32_t base,
                            int32_t *row, int64_t found, int64_t limit) {
    const __m512 cx = _mm512_set1_ps(centre[0]), cy = _mm512_set1_ps(centre[1]), cz = _mm512_set1_ps(centre[2]);
    const __m512 bound = _mm512_set1_ps(squared_radius);
    uint64_t masks[chunk_points / 64];
    for (int64_t i = 0; i < padded; i += 64) {
        uint64_t mask = 0;
        for (int64_t j = 0; j < 64; j += 16)
            mask |= (uint64_t)inside16(tile->x + i + j, tile->y + i + j, tile->z + i + j, cx, cy, cz, bound) << j;
        masks[i / 64] = mask;
    }
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

/* Cells of the points i...i+15 as pairs, begin in the lower half and end in the upper. */
static inline __m512i cell_pairs(const ck_ball_grid *grid, const float *const axes[3], int64_t i) {
    __m512i cell = _mm512_setzero_si512();
    unsigned inside = 0xffff;
    for (int axis = 0; axis < 3; axis++) {
        const __m512 v = _mm512_load_ps(axes[axis] + i);
        const __m512 low = _mm512_set1_ps(grid->low[axis]);
        inside &= _mm512_cmp_ps_mask(v, low, _CMP_GE_OQ);
        inside &= _mm512_cmp_ps_mask(v, _mm512_set1_ps(grid->high[axis]), _CMP_LE_OQ);
        const __m512 position = _mm512_mul_ps(_mm512_sub_ps(v, low), _mm512_set1_ps(grid->scale[axis]));
        const __m512i along = _mm512_min_epi32(_mm512_cvttps_epi32(position), _mm512_set1_epi32(grid->last[axis]));
        cell = _mm512_add_epi32(cell, _mm512_mullo_epi32(along, _mm512_set1_epi32(grid->step[axis])));
    }
    cell = _mm512_mask_blend_epi32((__mmask16)inside, _mm512_set1_epi32(grid->count), cell);
    return _mm512_i32gather_epi32(cell, grid->start, 2);
}

/* Up to CK_BALL_GRID_CENTRES rows of one cloud. */
static void search_grid(const ck_ball_query_args *args, ck_ball_grid *grid, const float *points, int64_t first_row,
                        int64_t rows) {
    const __m512 squared_radius = _mm512_set1_ps(args->radius * args->radius);
    const int64_t n = args->n_points, limit = args->limit;
    int32_t *const indices = args->indices + first_row * limit;
    int64_t found[CK_BALL_GRID_CENTRES];
    memset(found, 0, (size_t)rows * sizeof *found);
    int64_t full = 0;
    for (int64_t begin = 0; begin < n && full < rows; begin += chunk_points) {
        chunk tile;
        _Alignas(64) uint32_t pairs[chunk_points];
        const float *const axes[3] = {tile.x, tile.y, tile.z};
        const int64_t count = n - begin < chunk_points ? n - begin : chunk_points;
        const int64_t padded = load_chunk(&tile, points + begin * args->point_stride, args->point_stride, count);
        for (int64_t i = 0; i < padded; i += 16) _mm512_store_si512(pairs + i, cell_pairs(grid, axes, i));
        for (int64_t i = 0; i < count; i++) {
            const int end = (int)(pairs[i] >> 16);
            int entry = (int)(pairs[i] & 0xffff);
            if (entry == end) continue;
            const __m512 x = _mm512_set1_ps(tile.x[i]), y = _mm512_set1_ps(tile.y[i]), z = _mm512_set1_ps(tile.z[i]);
            for (; entry < end; entry += 16) {
                unsigned mask = inside16(grid->x + entry, grid->y + entry, grid->z + entry, x, y, z, squared_radius);
                if (end - entry < 16) mask &= (1u << (end - entry)) - 1;
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

void ck_ball_query_f32_avx512(const void *raw, int part, int parts) {
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
