/* Ball query: the part that AVX2 and AVX-512 share, included by the file of each after the vectors (cpu/ck_vector_...)
 * and NAME, the kernel's name.
 *
 * Small clouds: ball_query_chunks.h. All masks of a chunk are made before the first hit is written, so that the
 * mispredicted exits of the hit loop do not flush arithmetic.
 * Large clouds: the centres in a grid (ball_query_grid.h), the points past it in the same chunks. The cells of a vector
 * of points are computed at once, and one gather of 16-bit pairs fetches where a cell begins and ends.
 * Registers: 3 centre, 1 radius, 5 temporaries.
 * Tried: a branch per 32 points and a table that writes four hits at once took twice as long, on mispredictions. */

enum { CHUNK_UNIT = 64 }; /* points of one mask */
#include "ball_query/ball_query_chunks.h"

typedef struct point {
    V x, y, z;
} point;

CK_INLINE point broadcast(float x, float y, float z) { return (point){v_set1(x), v_set1(y), v_set1(z)}; }

/* One bit for each of V_LANES points x, y, z that is closer to `centre` than the radius. */
CK_INLINE unsigned inside(const float *x, const float *y, const float *z, point centre, V squared_radius) {
    /* The other way round than in the contract: the square is the same, and the subtraction loads what it takes away. */
    const V dx = v_sub(centre.x, v_load(x)), dy = v_sub(centre.y, v_load(y)), dz = v_sub(centre.z, v_load(z));
    const V d = v_add(v_add(v_mul(dx, dx), v_mul(dy, dy)), v_mul(dz, dz));
    return vm_bits(v_less(d, squared_radius));
}

static int64_t search_chunk(const chunk *tile, int64_t padded, const float *centre, float squared_radius, int32_t base,
                            int32_t *row, int64_t found, int64_t limit) {
    const point at = broadcast(centre[0], centre[1], centre[2]);
    const V bound = v_set1(squared_radius);
    uint64_t masks[chunk_points / 64];
    for (int64_t i = 0; i < padded; i += 64) {
        uint64_t mask = 0;
        for (int64_t j = 0; j < 64; j += V_LANES)
            mask |= (uint64_t)inside(tile->x + i + j, tile->y + i + j, tile->z + i + j, at, bound) << j;
        masks[i / 64] = mask;
    }
    for (int64_t i = 0; i < padded; i += 64)
        for (uint64_t mask = masks[i / 64]; mask; mask &= mask - 1) {
            if (found == limit) return found;
            row[found++] = base + (int32_t)i + __builtin_ctzll(mask);
        }
    return found;
}

/* Cells of V_LANES points from i on as pairs, begin in the lower half and end in the upper. */
CK_INLINE VI cell_pairs(const ck_ball_grid *grid, const float *const axes[3], int64_t i) {
    VI cell = vi_set1(0);
    VM within = vm_first(V_LANES);
    for (int axis = 0; axis < 3; axis++) {
        const V v = v_load(axes[axis] + i), low = v_set1(grid->low[axis]), high = v_set1(grid->high[axis]);
        within = vm_and(within, vm_and(v_at_most(low, v), v_at_most(v, high)));
        const V position = v_mul(v_sub(v, low), v_set1(grid->scale[axis]));
        const VI along = vi_min(vi_truncated(position), vi_set1(grid->last[axis]));
        cell = vi_add(cell, vi_mul(along, vi_set1(grid->step[axis])));
    }
    return vi_pairs_at(grid->start, vi_select(within, cell, vi_set1(grid->count)));
}

/* Up to CK_BALL_GRID_CENTRES rows of one cloud. */
static void search_grid(const ck_ball_query_args *args, ck_ball_grid *grid, const float *points, int64_t first_row,
                        int64_t rows) {
    const V squared_radius = v_set1(args->radius * args->radius);
    const int64_t n = args->n_points, limit = args->limit;
    int32_t *const indices = args->indices + first_row * limit;
    int64_t found[CK_BALL_GRID_CENTRES];
    memset(found, 0, (size_t)rows * sizeof *found);
    int64_t full = 0;
    for (int64_t begin = 0; begin < n && full < rows; begin += chunk_points) {
        chunk tile;
        _Alignas(64) int32_t pairs[chunk_points];
        const float *const axes[3] = {tile.x, tile.y, tile.z};
        const int64_t count = n - begin < chunk_points ? n - begin : chunk_points;
        const int64_t padded = load_chunk(&tile, points + begin * args->point_stride, args->point_stride, count);
        for (int64_t i = 0; i < padded; i += V_LANES) vi_store(pairs + i, cell_pairs(grid, axes, i));
        for (int64_t i = 0; i < count; i++) {
            const int end = (int)((uint32_t)pairs[i] >> 16);
            int entry = pairs[i] & 0xffff;
            if (entry == end) continue;
            const point at = broadcast(tile.x[i], tile.y[i], tile.z[i]);
            for (; entry < end; entry += V_LANES) {
                unsigned mask = inside(grid->x + entry, grid->y + entry, grid->z + entry, at, squared_radius);
                if (end - entry < V_LANES) mask &= (1u << (end - entry)) - 1;
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

void NAME(const void *raw, int part, int parts) {
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
