/* Ball query, Advanced SIMD: ball_query_chunks.h. Eight points give one branch; their hits are written singly. */
#include "ball_query.h"
#include "ck_target.h"

#if CK_ARM64
#include <arm_neon.h>

#pragma STDC FP_CONTRACT OFF

enum { CHUNK_UNIT = 8 };
#include "ball_query/ball_query_chunks.h"

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
