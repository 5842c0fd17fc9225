/* ck_linear_q8 for AArch64 without the dot product extension; what stands around the tile is in body_neon.h.
 *
 * |q| <= 127 and |w| <= 128, so the sum of two products fits 16 bits: vmull, vmlal of the next 4 k, then vpadal, which adds
 * neighbours into 32 bits: 3 instructions per 4 outputs and 4 k, where the extension has one.
 * Tile: up to 3 rows times 8 outputs: 12 accumulators, each of 2 outputs x 2 sums, 4 weights, 6 broadcasts; clang spills
 * with 4 rows. */
#include "ck_target.h"
#include "linear_q8/tile_neon.h"

#if CK_ARM64

#pragma STDC FP_CONTRACT OFF

enum {
    tile_rows = 3,
    tile_outputs = 8,
    vectors = tile_outputs / 4
};
#define FEWER_ROWS(CASE) CASE(1) CASE(2)

/* acc += products of `count` (1 or 2) blocks of 4 k */
CK_Q8_INLINE void add_blocks(bool is_signed, int rows, int count, const int8_t *q, const uint8_t *values,
                             int32x4_t acc[tile_rows][vectors][2]) {
    int8x16_t value[tile_rows][2];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int b = 0; b < count; b++) value[r][b] = four_at(q + r * CK_GROUP + b * 4);
    CK_UNROLL for (int v = 0; v < vectors; v++) {
        int8x16_t w[2];
        CK_UNROLL for (int b = 0; b < count; b++) w[b] = weights_of(is_signed, values + b * CK_Q8_BLOCK + v * 16);
        CK_UNROLL for (int r = 0; r < rows; r++) {
            int16x8_t low = vmull_s8(vget_low_s8(w[0]), vget_low_s8(value[r][0]));
            int16x8_t high = vmull_high_s8(w[0], value[r][0]);
            if (count == 2) {
                low = vmlal_s8(low, vget_low_s8(w[1]), vget_low_s8(value[r][1]));
                high = vmlal_high_s8(high, w[1], value[r][1]);
            }
            acc[r][v][0] = vpadalq_s16(acc[r][v][0], low);
            acc[r][v][1] = vpadalq_s16(acc[r][v][1], high);
        }
    }
}

CK_Q8_INLINE void tile(bool is_signed, int rows, const ck_q8_group *x, const uint8_t *values, const float *scale,
                       int64_t blocks, bool resume, float *sums) {
    int32x4_t acc[tile_rows][vectors][2];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][v][0] = acc[r][v][1] = vdupq_n_s32(0);
    const int8_t *q = x->q;
    int64_t b = 0;
    for (; b + 2 <= blocks; b += 2, values += 2 * CK_Q8_BLOCK, q += 8)
        add_blocks(is_signed, rows, 2, q, values, acc);
    if (b < blocks) add_blocks(is_signed, rows, 1, q, values, acc);
    CK_UNROLL for (int r = 0; r < rows; r++) {
        const float x_scale = x->scale[r];
        CK_UNROLL for (int v = 0; v < vectors; v++)
            add_group(vpaddq_s32(acc[r][v][0], acc[r][v][1]), scale + v * 4, x_scale, resume,
                      sums + r * CK_Q8_PANEL + v * 4);
    }
}

#include "linear_q8/body_neon.h"

void ck_linear_q8_i8g128_n64_neon(const void *args, int part, int parts) {
    const ck_linear_q8_args *a = args;
    int64_t begin, end;
    ck_slice(a->n, CK_Q8_PANEL, part, parts, &begin, &end);
    if (a->m == 0 || begin == end) return;
    if (a->m <= tile_rows) run(a, CK_Q8_I8G128, false, begin, end);
    else run(a, CK_Q8_I8G128, true, begin, end);
}

void ck_linear_q8_i4g32_n64_neon(const void *args, int part, int parts) {
    const ck_linear_q8_args *a = args;
    int64_t begin, end;
    ck_slice(a->n, CK_Q8_PANEL, part, parts, &begin, &end);
    if (a->m > 0 && begin < end) run(a, CK_Q8_I4G32, true, begin, end);
}
#endif
