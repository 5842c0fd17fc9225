/* ck_linear_q8 for AArch64 with the dot product extension; what stands around the tile is in body_neon.h.
 *
 * Tile: up to 6 rows times 16 outputs: 24 accumulators, 4 weights, 1 broadcast of the 32 registers. */
#include "ck_target.h"
#include "linear_q8/tile_neon.h"

#if CK_ARM64

#pragma STDC FP_CONTRACT OFF

CK_TARGET_BEGIN("dotprod")

enum {
    tile_rows = 6,
    tile_outputs = 16,
    vectors = tile_outputs / 4
};
#define FEWER_ROWS(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5)

CK_Q8_INLINE void tile(bool is_signed, int rows, const ck_q8_group *x, const uint8_t *values, const float *scale,
                       int64_t blocks, bool resume, float *sums) {
    int32x4_t acc[tile_rows][vectors];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = vdupq_n_s32(0);
    const int8_t *q = x->q;
    for (int64_t b = 0; b < blocks; b++, values += CK_Q8_BLOCK, q += 4) {
        int8x16_t weights[vectors];
        CK_UNROLL for (int v = 0; v < vectors; v++) weights[v] = weights_of(is_signed, values + v * 16);
        CK_UNROLL for (int r = 0; r < rows; r++) {
            const int8x16_t value = four_at(q + r * CK_GROUP);
            CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = vdotq_s32(acc[r][v], weights[v], value);
        }
    }
    CK_UNROLL for (int r = 0; r < rows; r++) {
        const float x_scale = x->scale[r];
        CK_UNROLL for (int v = 0; v < vectors; v++)
            add_group(acc[r][v], scale + v * 4, x_scale, resume, sums + r * CK_Q8_PANEL + v * 4);
    }
}

#include "linear_q8/body_neon.h"

void ck_linear_q8_i8g128_n64_neondot(const void *args, int part, int parts) {
    const ck_linear_q8_args *a = args;
    int64_t begin, end;
    ck_slice(a->n, CK_Q8_PANEL, part, parts, &begin, &end);
    if (a->m == 0 || begin == end) return;
    if (a->m <= tile_rows) run(a, CK_Q8_I8G128, false, begin, end);
    else run(a, CK_Q8_I8G128, true, begin, end);
}

void ck_linear_q8_i4g32_n64_neondot(const void *args, int part, int parts) {
    const ck_linear_q8_args *a = args;
    int64_t begin, end;
    ck_slice(a->n, CK_Q8_PANEL, part, parts, &begin, &end);
    if (a->m > 0 && begin < end) run(a, CK_Q8_I4G32, true, begin, end);
}

CK_TARGET_END
#endif
