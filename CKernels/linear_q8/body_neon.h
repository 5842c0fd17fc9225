/* The part of ck_linear_q8 that both instruction sets for AArch64 share, included by the file of each: weights, blocks,
 * adapters, epilogue.
 *
 * Products want signed weights: u - 128 is u with its top bit turned, one veorq per 4 outputs and 4 k. One tile of rows
 * does that on the way; more rows share a group turned once into 8 KB, blocks of up to 192 rows by one panel. int4 groups
 * are always expanded into the 8 KB: factor * (u - 8) fits a signed byte.
 * Tails: padding in the weights and q8 rows; the end of a row of y is written lane by lane.
 *
 * The including file defines, inside its target region, tile_rows, tile_outputs, FEWER_ROWS(CASE), which is CASE of every
 * number below tile_rows, and
 *   void tile(bool is_signed, int rows, const ck_q8_group *x, const uint8_t *values, const float *scale, int64_t blocks,
 *             bool resume, float *sums)
 * in which sums[rows][tile_outputs] = (resume ? sums : 0) + the group's products, row stride CK_Q8_PANEL. */
#include "linear_q8/epilogue_body.h"

enum {
    block_rows = 192, /* a multiple of tile_rows */
    group_blocks = CK_GROUP / 4,
    group_bytes = group_blocks * CK_Q8_BLOCK
};

CK_Q8_INLINE void panel_tiles(bool is_signed, int rows, const ck_q8_group *x, const group_weights *w, bool resume,
                              float *sums) {
    for (int64_t n = 0; n < CK_Q8_PANEL; n += tile_outputs)
        tile(is_signed, rows, x, w->values + n * 4, w->scale + n, w->blocks, resume, sums + n);
}

CK_Q8_INLINE void run_tiles(bool is_signed, int64_t rows, const ck_q8_group *x, const group_weights *w, bool resume,
                            float *sums) {
#define TILES(height) case height: panel_tiles(is_signed, height, x, w, resume, sums); return;
    switch (rows) {
        FEWER_ROWS(TILES)
    default: panel_tiles(is_signed, tile_rows, x, w, resume, sums); return;
    }
#undef TILES
}

/* MARK: Weights */

static void turned(const uint8_t *values, int64_t blocks, uint8_t *target) {
    const uint8x16_t top = vdupq_n_u8(128);
    for (int64_t i = 0; i < blocks * CK_Q8_BLOCK; i += 16) vst1q_u8(target + i, veorq_u8(vld1q_u8(values + i), top));
}

/* A group of int4 weights as signed int8 ones, and their scales. */
static void expand(const uint8_t *values, const uint32_t *words, int64_t blocks, uint8_t *target, float *scale) {
    const uint8x16_t low_bits = vdupq_n_u8(15);
    const int8x16_t middle = vdupq_n_s8(8);
    const int64_t steps = (blocks + 1) / 2;
    for (int64_t n = 0; n < CK_Q8_PANEL; n += 4) {
        const uint32x4_t word = vld1q_u32(words + n);
        vst1q_f32(scale + n, vreinterpretq_f32_u32(vandq_u32(word, vdupq_n_u32(0xffff0000u))));
        uint32x4_t rest = word;
        for (int64_t step = 0; step < steps; step++) {
            if (step > 0 && step % 4 == 0) rest = vshrq_n_u32(rest, 4);
            const uint32x4_t each = vmulq_n_u32(vandq_u32(rest, vdupq_n_u32(15)), 0x01010101u);
            const int8x16_t factor = vreinterpretq_s8_u32(each);
            const uint8x16_t both = vld1q_u8(values + step * CK_Q8_BLOCK + n * 4);
            const int8x16_t low = vsubq_s8(vreinterpretq_s8_u8(vandq_u8(both, low_bits)), middle);
            const int8x16_t high = vsubq_s8(vreinterpretq_s8_u8(vshrq_n_u8(both, 4)), middle);
            uint8_t *to = target + step * 2 * CK_Q8_BLOCK + n * 4;
            vst1q_u8(to, vreinterpretq_u8_s8(vmulq_s8(low, factor)));
            vst1q_u8(to + CK_Q8_BLOCK, vreinterpretq_u8_s8(vmulq_s8(high, factor)));
        }
    }
}

CK_Q8_INLINE group_weights weights_at(const ck_linear_q8_args *a, ck_q8_weight type, bool is_signed, int64_t panel,
                                      int64_t group, uint8_t *values, float *scale) {
    const int64_t rest = a->k - group * CK_GROUP;
    const int64_t blocks = rest < CK_GROUP ? (rest + 3) / 4 : group_blocks;
    const int64_t at = (panel * ck_q8_groups(a->k) + group) * CK_Q8_PANEL;
    const uint8_t *packed = (const uint8_t *)a->weight + panel * ck_q8_blocks(type, a->k) * CK_Q8_BLOCK;
    if (type == CK_Q8_I4G32) {
        expand(packed + group * group_bytes / 2, (const uint32_t *)a->weight_scale + at, blocks, values, scale);
        return (group_weights){values, scale, blocks};
    }
    const float *scales = (const float *)a->weight_scale + at;
    if (!is_signed) return (group_weights){packed + group * group_bytes, scales, blocks};
    turned(packed + group * group_bytes, blocks, values);
    return (group_weights){values, scales, blocks};
}

/* MARK: Epilogue */

static void add_adapters(const ck_linear_q8_args *a, int64_t row, int64_t rows, int64_t panel, float *sums) {
    if (!a->lora_x) return;
    const int64_t rest = (a->n - panel * CK_Q8_PANEL + CK_PANEL - 1) / CK_PANEL;
    const int64_t panels16 = rest < CK_Q8_PANEL / CK_PANEL ? rest : CK_Q8_PANEL / CK_PANEL;
    for (int64_t i = row; i < row + rows; i++) {
        const ck_lora *lora = ck_q8_adapter(a, i);
        if (!lora) continue;
        const float *low = a->lora_x + i * a->lora_x_stride + lora->x_offset;
        const float *b = lora->b + panel * (CK_Q8_PANEL / CK_PANEL) * lora->rank * CK_PANEL;
        for (int64_t p = 0; p < panels16; p++) {
            float *sum = sums + (i - row) * CK_Q8_PANEL + p * CK_PANEL;
            float32x4_t v[4];
            CK_UNROLL for (int j = 0; j < 4; j++) v[j] = vld1q_f32(sum + j * 4);
            for (int64_t r = 0; r < lora->rank; r++, b += CK_PANEL) {
                const float32x4_t value = vdupq_n_f32(lora->scale * low[r]);
                CK_UNROLL for (int j = 0; j < 4; j++) v[j] = vfmaq_f32(v[j], value, vld1q_f32(b + j * 4));
            }
            CK_UNROLL for (int j = 0; j < 4; j++) vst1q_f32(sum + j * 4, v[j]);
        }
    }
}

/* MARK: Blocks */

/* Rows of one block, at one panel. */
CK_Q8_INLINE void block(const ck_linear_q8_args *a, ck_q8_weight type, bool is_signed, int64_t row, int64_t rows,
                        int64_t panel, uint8_t *values, float *scale, float *sums) {
    if (a->k == 0) memset(sums, 0, (size_t)(rows * CK_Q8_PANEL) * sizeof *sums);
    for (int64_t group = 0; group < ck_q8_groups(a->k); group++) {
        const group_weights w = weights_at(a, type, is_signed, panel, group, values, scale);
        for (int64_t first = 0; first < rows; first += tile_rows) {
            const ck_q8_group x = ck_q8_group_at((uint8_t *)a->x, a->m, a->k, row + first, group); /* read only */
            const int64_t height = rows - first < tile_rows ? rows - first : tile_rows;
            run_tiles(is_signed, height, &x, &w, group > 0, sums + first * CK_Q8_PANEL);
        }
    }
    add_adapters(a, row, rows, panel, sums);
}

CK_Q8_INLINE void run(const ck_linear_q8_args *a, ck_q8_weight type, bool is_signed, int64_t begin, int64_t end) {
    float sums[block_rows * CK_Q8_PANEL] __attribute__((aligned(64)));
    uint8_t values[group_bytes] __attribute__((aligned(64)));
    float scale[CK_Q8_PANEL] __attribute__((aligned(64)));
    /* Blocks of equal height, so that the last one is not a few rows that stream all weights again. */
    const int64_t blocks = (a->m + block_rows - 1) / block_rows;
    const int64_t height = ((a->m + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
    for (int64_t column = begin; column < end; column += CK_Q8_PANEL) {
        const int64_t columns = end - column < CK_Q8_PANEL ? end - column : CK_Q8_PANEL;
        for (int64_t row = 0; row < a->m; row += height) {
            const int64_t rows = a->m - row < height ? a->m - row : height;
            block(a, type, is_signed, row, rows, column / CK_Q8_PANEL, values, scale, sums);
            finish(a, sums, CK_Q8_PANEL, row, rows, column, columns);
        }
    }
}

