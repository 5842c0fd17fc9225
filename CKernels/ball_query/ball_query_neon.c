/* Ball query, Advanced SIMD.
 *
 * Tile: 64 centres of one cloud x chunks of 256 points laid out by coordinate on the stack, as in the AVX2 file.
 * Eight points give one branch; their hits are written singly. Tails: the chunk is padded with NaN. */
#include "ball_query.h"
#include "ck_target.h"

#if CK_ARM64
#include <arm_neon.h>

#pragma STDC FP_CONTRACT OFF

enum { chunk_points = 256, block_centres = 64 };

typedef struct chunk {
    float x[chunk_points], y[chunk_points], z[chunk_points];
} chunk;

static int64_t load_chunk(chunk *tile, const float *points, int64_t stride, int64_t count) {
    const int64_t padded = (count + 7) / 8 * 8;
    for (int64_t i = 0; i < count; i++) {
        const float *p = points + i * stride;
        tile->x[i] = p[0], tile->y[i] = p[1], tile->z[i] = p[2];
    }
    for (int64_t i = count; i < padded; i++) tile->x[i] = tile->y[i] = tile->z[i] = __builtin_nanf("");
    return padded;
}

/* All ones in the lanes of four points from i on that lie in the ball. */
static inline uint32x4_t is_inside(const chunk *tile, int64_t i, const float *centre, float squared_radius) {
    const float32x4_t dx = vsubq_f32(vld1q_f32(tile->x + i), vdupq_n_f32(centre[0]));
    const float32x4_t dy = vsubq_f32(vld1q_f32(tile->y + i), vdupq_n_f32(centre[1]));
    const float32x4_t dz = vsubq_f32(vld1q_f32(tile->z + i), vdupq_n_f32(centre[2]));
    const float32x4_t d = vaddq_f32(vaddq_f32(vmulq_f32(dx, dx), vmulq_f32(dy, dy)), vmulq_f32(dz, dz));
    return vcltq_f32(d, vdupq_n_f32(squared_radius));
}

static int64_t search_chunk(const chunk *tile, int64_t padded, const float *centre, float squared_radius, int32_t base,
                            int32_t *row, int64_t found, int64_t limit) {
    for (int64_t i = 0; i < padded && found < limit; i += 8) {
        const uint16x8_t inside = vcombine_u16(vmovn_u32(is_inside(tile, i, centre, squared_radius)),
                                               vmovn_u32(is_inside(tile, i + 4, centre, squared_radius)));
        /* One byte per point, the first in the lowest. */
        uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vmovn_u16(inside)), 0);
        while (mask && found < limit) {
            const int position = __builtin_ctzll(mask) / 8;
            row[found++] = base + (int32_t)i + position;
            mask &= ~((uint64_t)0xff << (8 * position));
        }
    }
    return found;
}

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

void ck_ball_query_f32_neon(const void *raw, int part, int parts) {
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

#endif
