/* ck_linear_q8 for AVX2.
 *
 * One row is limited by memory, which gives four streams half as much again as one, if they advance in small steps: four
 * panels take turns of a single block of 256 bytes, and their sums wait in memory. Turns of 512 bytes were 10 % slower
 * and of 1 KB 35 %, eight panels 15 %, two 8 %; fetching 512 bytes ahead matters with pages of 4 KB.
 *
 * Up to 12 rows: weights are streamed once, a group of four panels at a time; the group's 8 KB (int4: 4 KB, taken apart in
 * registers) of a panel stay in the first-level cache while tiles of up to 6 rows, and in them the vectors of outputs, take
 * their turns. What comes two panels later is fetched meanwhile, in the order of its addresses: every fourth line at a time,
 * as it is used, hid next to nothing of the memory's latency (5 rows: 1.3 times as long).
 *
 * More rows: up to 192 rows and 4 panels at a time. A group's 8 KB of a panel (int4: taken apart once) stay in the first-level cache
 * for all tiles of 6 rows; the sums of the block wait in a buffer between groups.
 *
 * Stack: about 210 KB. Tails: the last panel is padded in the weights and q8 rows are padded in k, so only the final
 * store is masked. */
#include "linear_q8/tile_q8_avx2.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

enum {
    block_rows = 192, /* a multiple of tile_rows */
    block_panels = 4,
    sum_pitch = block_panels * CK_Q8_PANEL,
    group_bytes = CK_GROUP * CK_Q8_PANEL
};

/* MARK: Preparation */

/* The rows from `row` on at a group. */
CK_Q8_INLINE group_rows rows_at(const ck_linear_q8_args *a, int64_t row, int64_t group, const int32_t *starts) {
    const ck_q8_group x = ck_q8_group_at((uint8_t *)a->x, a->m, a->k, row, group); /* read only */
    return (group_rows){x.q, x.scale, x.sum, starts};
}

/* int4: where the sums of some rows begin, [rows, group_parts] */
CK_Q8_INLINE void row_starts(const ck_linear_q8_args *a, ck_q8_weight type, int64_t row, int64_t rows, int64_t group,
                             int32_t *starts) {
    if (type == CK_Q8_I8G128) return;
    const ck_q8_group x = ck_q8_group_at((uint8_t *)a->x, a->m, a->k, row, group); /* read only */
    for (int64_t i = 0; i < rows; i++) part_starts(x.part_sum + i * group_parts, starts + i * group_parts);
}

/* int4 scale words of a panel's group as floats and as 16-bit pairs (f, f) */
CK_Q8_INLINE void split_words(const uint32_t *words, float *scale, int32_t *factor) {
    const __m256i nibbles = _mm256_set1_epi16(0x0f0f);
    const __m256i byte0 = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 0, -1, 4, -1, 4, -1, 8, -1, 8, -1, 12, -1, 12, -1)); /* -1: a zero byte */
    const __m256i byte1 = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, -1, 1, -1, 5, -1, 5, -1, 9, -1, 9, -1, 13, -1, 13, -1));
    for (int64_t n = 0; n < CK_Q8_PANEL; n += 8) {
        const __m256i word = _mm256_loadu_si256((const __m256i *)(const void *)(words + n));
        const __m256i low = _mm256_and_si256(word, nibbles), high = _mm256_and_si256(_mm256_srli_epi32(word, 4), nibbles);
        const __m256i factors[4] = {_mm256_shuffle_epi8(low, byte0), _mm256_shuffle_epi8(high, byte0),
                                    _mm256_shuffle_epi8(low, byte1), _mm256_shuffle_epi8(high, byte1)};
        for (int part = 0; part < 4; part++)
            _mm256_storeu_si256((__m256i *)(void *)(factor + part * CK_Q8_PANEL + n), factors[part]);
        _mm256_storeu_ps(scale + n, _mm256_castsi256_ps(_mm256_and_si256(word, _mm256_set1_epi32((int32_t)0xffff0000u))));
    }
}

/* The scales of a panel's group: in place (int8), or taken apart into the buffers (int4). */
CK_Q8_INLINE const float *scales_at(const ck_linear_q8_args *a, ck_q8_weight type, int64_t panel, int64_t group,
                                    float *scale, int32_t *factor) {
    const int64_t at = (panel * ck_q8_groups(a->k) + group) * CK_Q8_PANEL;
    if (type == CK_Q8_I8G128) return (const float *)a->weight_scale + at;
    split_words((const uint32_t *)a->weight_scale + at, scale, factor);
    return scale;
}

CK_Q8_INLINE int64_t blocks_in_group(int64_t k, int64_t group) {
    const int64_t rest = k - group * CK_GROUP;
    return rest < CK_GROUP ? (rest + 3) / 4 : group_blocks;
}

CK_Q8_INLINE const uint8_t *values_at(const ck_linear_q8_args *a, ck_q8_weight type, int64_t panel, int64_t group) {
    const int64_t group_values = type == CK_Q8_I8G128 ? group_blocks : group_blocks / 2;
    return (const uint8_t *)a->weight + (panel * ck_q8_blocks(type, a->k) + group * group_values) * CK_Q8_BLOCK;
}

/* sums[rows, 64] += lora.scale * lora_x B^T, 64 outputs of a row at a time: with rank 16, below 1 % of 4096 k. Outputs
 * beyond the last panel of B are not touched. */
CK_Q8_INLINE void add_adapters(const ck_linear_q8_args *a, int64_t row, int64_t rows, int64_t panel, float *sums,
                               int64_t sum_stride) {
    if (!a->lora_x) return;
    const int64_t panels16 = (a->n - panel * CK_Q8_PANEL + CK_PANEL - 1) / CK_PANEL;
    for (int64_t i = row; i < row + rows; i++) {
        const ck_lora *lora = ck_q8_adapter(a, i);
        if (!lora) continue;
        float *sum = sums + (i - row) * sum_stride;
        const float *low = a->lora_x + i * a->lora_x_stride + lora->x_offset;
        const float *b = lora->b + panel * (CK_Q8_PANEL / CK_PANEL) * lora->rank * CK_PANEL;
        const __m256 scale = _mm256_set1_ps(lora->scale);
        const int64_t panel_floats = lora->rank * CK_PANEL;
        if (panels16 >= 4) {
            __m256 v[panel_vectors];
            CK_UNROLL for (int j = 0; j < panel_vectors; j++) v[j] = _mm256_loadu_ps(sum + j * 8);
            for (int64_t r = 0; r < lora->rank; r++, b += CK_PANEL) {
                const __m256 value = _mm256_mul_ps(scale, _mm256_broadcast_ss(low + r));
                CK_UNROLL for (int j = 0; j < panel_vectors; j++)
                    v[j] = _mm256_fmadd_ps(value, _mm256_loadu_ps(b + j / 2 * panel_floats + j % 2 * 8), v[j]);
            }
            CK_UNROLL for (int j = 0; j < panel_vectors; j++) _mm256_storeu_ps(sum + j * 8, v[j]);
            continue;
        }
        for (int64_t p = 0; p < panels16; p++, sum += CK_PANEL) {
            __m256 first = _mm256_loadu_ps(sum), second = _mm256_loadu_ps(sum + 8);
            for (int64_t r = 0; r < lora->rank; r++) {
                const __m256 value = _mm256_mul_ps(scale, _mm256_broadcast_ss(low + r));
                first = _mm256_fmadd_ps(value, _mm256_loadu_ps(b + p * panel_floats + r * CK_PANEL), first);
                second = _mm256_fmadd_ps(value, _mm256_loadu_ps(b + p * panel_floats + r * CK_PANEL + 8), second);
            }
            _mm256_storeu_ps(sum, first);
            _mm256_storeu_ps(sum + 8, second);
        }
    }
}

/* MARK: One row */

enum { row_panels = 4, row_ahead = 512 };

/* What four panels need beside their weights. */
typedef struct row_state {
    float sums[row_panels][CK_Q8_PANEL];
    int32_t acc[row_panels][CK_Q8_PANEL];
    int32_t short_sum[row_panels][CK_Q8_PANEL]; /* int4: two 16-bit sums of a part per output */
    float scale[row_panels][CK_Q8_PANEL];
    int32_t factor[row_panels][4 * CK_Q8_PANEL];
    const float *scales[row_panels];
} row_state;

CK_Q8_INLINE void fill_sums(int32_t *sums, __m256i value) {
    CK_UNROLL for (int v = 0; v < panel_vectors; v++) _mm256_store_si256((__m256i *)(void *)(sums + v * 8), value);
}

/* One block: int8, sums of 32 bits += 4 k; int4, sums of 16 bits += 8 k. */
CK_Q8_INLINE void row_block(ck_q8_weight type, const uint8_t *values, const int8_t *q, int32_t *sums) {
    const __m256i ones = _mm256_set1_epi16(1), low_bits = _mm256_set1_epi8(15);
    const __m256i first = broadcast(q), second = type == CK_Q8_I8G128 ? first : broadcast(q + 4);
    CK_UNROLL for (int v = 0; v < panel_vectors; v++) {
        __m256i *sum = (__m256i *)(void *)(sums + v * 8);
        const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(values + v * 32));
        if (v % 2 == 0) _mm_prefetch((const char *)values + v * 32 + row_ahead, _MM_HINT_T0);
        if (type == CK_Q8_I8G128) {
            const __m256i fours = _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, first), ones);
            _mm256_store_si256(sum, _mm256_add_epi32(_mm256_load_si256(sum), fours));
        } else {
            const __m256i low = _mm256_and_si256(bytes, low_bits);
            const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_bits);
            const __m256i both = _mm256_add_epi16(_mm256_maddubs_epi16(low, first), _mm256_maddubs_epi16(high, second));
            _mm256_store_si256(sum, _mm256_add_epi16(_mm256_load_si256(sum), both));
        }
    }
}

/* int4: acc += short_sum * factor */
CK_Q8_INLINE void row_part(const int32_t *short_sum, const int32_t *factor, int32_t *acc) {
    CK_UNROLL for (int v = 0; v < panel_vectors; v++) {
        __m256i *sum = (__m256i *)(void *)(acc + v * 8);
        const __m256i shorts = _mm256_load_si256((const __m256i *)(const void *)(short_sum + v * 8));
        const __m256i pair = _mm256_load_si256((const __m256i *)(const void *)(factor + v * 8));
        _mm256_store_si256(sum, _mm256_add_epi32(_mm256_load_si256(sum), _mm256_madd_epi16(shorts, pair)));
    }
}

CK_Q8_INLINE void row_join(const int32_t *acc, const group_rows *x, const float *scale, bool resume, float *sums) {
    __m256i total[tile_rows][panel_vectors];
    CK_UNROLL for (int v = 0; v < panel_vectors; v++)
        total[0][v] = _mm256_load_si256((const __m256i *)(const void *)(acc + v * 8));
    join_sums(1, panel_vectors, total, x, scale, resume, sums, CK_Q8_PANEL);
}

CK_Q8_INLINE void row_group(const ck_linear_q8_args *a, ck_q8_weight type, int64_t first_panel, int64_t panels,
                            int64_t group, row_state *state) {
    const bool i8 = type == CK_Q8_I8G128;
    const int64_t k_blocks = blocks_in_group(a->k, group), blocks = i8 ? k_blocks : (k_blocks + 1) / 2;
    int32_t starts[group_parts];
    row_starts(a, type, 0, 1, group, starts);
    const group_rows x = rows_at(a, 0, group, starts);
    for (int64_t p = 0; p < panels; p++) {
        state->scales[p] = scales_at(a, type, first_panel + p, group, state->scale[p], state->factor[p]);
        fill_sums(state->acc[p], _mm256_set1_epi32(i8 ? -128 * *x.sum : 0));
    }
    const uint8_t *values = values_at(a, type, first_panel, group);
    const int64_t panel_bytes = ck_q8_blocks(type, a->k) * CK_Q8_BLOCK, part = part_blocks / 2;
    for (int64_t b = 0; b < blocks; b++, values += CK_Q8_BLOCK) {
        if (!i8 && b % part == 0) {
            const __m256i start = broadcast(starts + b / part);
            for (int64_t p = 0; p < panels; p++) fill_sums(state->short_sum[p], start);
        }
        for (int64_t p = 0; p < panels; p++)
            row_block(type, values + p * panel_bytes, x.q + b * (i8 ? 4 : 8), i8 ? state->acc[p] : state->short_sum[p]);
        if (!i8 && (b % part == part - 1 || b == blocks - 1))
            for (int64_t p = 0; p < panels; p++)
                row_part(state->short_sum[p], state->factor[p] + b / part * CK_Q8_PANEL, state->acc[p]);
    }
    for (int64_t p = 0; p < panels; p++) row_join(state->acc[p], &x, state->scales[p], group > 0, state->sums[p]);
}

CK_Q8_INLINE void one_row(const ck_linear_q8_args *a, ck_q8_weight type, int64_t begin, int64_t end) {
    row_state state __attribute__((aligned(64)));
    const int64_t width = row_panels * (int64_t)CK_Q8_PANEL;
    for (int64_t column = begin; column < end; column += width) {
        const int64_t first = column / CK_Q8_PANEL;
        const int64_t columns = end - column < width ? end - column : width;
        const int64_t panels = (columns + CK_Q8_PANEL - 1) / CK_Q8_PANEL;
        if (a->k == 0) memset(state.sums, 0, sizeof state.sums);
        for (int64_t group = 0; group < ck_q8_groups(a->k); group++) row_group(a, type, first, panels, group, &state);
        for (int64_t p = 0; p < panels; p++) add_adapters(a, 0, 1, first + p, state.sums[p], CK_Q8_PANEL);
        finish(a, state.sums[0], 0, 0, 1, column, columns);
    }
}

/* MARK: Few rows */

enum { stream_rows = 12, stream_panels = 4, stream_pitch = stream_panels * CK_Q8_PANEL };

/* Panels between what is multiplied and what is fetched. */
enum { stream_ahead = 2 };

/* All vectors of a panel's group in turns of `vectors`; fetches as many bytes at `next` (may be NULL). */
CK_Q8_INLINE void stream_panel(ck_q8_weight type, int rows, int vectors, const group_rows *x, const group_weights *w,
                               const uint8_t *next, bool resume, float *sums) {
    const int64_t steps = type == CK_Q8_I8G128 ? w->blocks : (w->blocks + 1) / 2;
    for (int v = 0; v < panel_vectors; v += vectors) {
        const group_weights part = {w->values + v * 32, w->scale + v * 8, w->factor + v * 8, w->blocks};
        const uint8_t *fetched = next ? next + v * steps * 32 : NULL;
        float *to = sums + v * 8;
        if (type == CK_Q8_I8G128) i8_tile(rows, vectors, fetched, x, &part, resume, to, stream_pitch);
        else i4_tile(false, rows, vectors, fetched, x, &part, resume, to, stream_pitch);
    }
}

CK_Q8_INLINE void stream_tile(ck_q8_weight type, int64_t rows, const group_rows *x, const group_weights *w,
                              const uint8_t *next, bool resume, float *sums) {
    switch (rows) {
    case 1: stream_panel(type, 1, 4, x, w, next, resume, sums); return;
    case 2: stream_panel(type, 2, 4, x, w, next, resume, sums); return;
    case 3: stream_panel(type, 3, 2, x, w, next, resume, sums); return;
    case 4: stream_panel(type, 4, 2, x, w, next, resume, sums); return;
    case 5: stream_panel(type, 5, 2, x, w, next, resume, sums); return;
    default: stream_panel(type, 6, 2, x, w, next, resume, sums); return;
    }
}

/* Where the weights stand that come `stream_ahead` turns later; NULL beyond the slice. */
CK_Q8_INLINE const uint8_t *later_values(const ck_linear_q8_args *a, ck_q8_weight type, int64_t first_panel, int64_t panels,
                                         int64_t end_panel, int64_t group, int64_t p) {
    const int64_t later = p + stream_ahead, later_group = group + later / panels;
    if (later_group < ck_q8_groups(a->k)) return values_at(a, type, first_panel + later % panels, later_group);
    const int64_t panel = first_panel + panels + later % panels;
    return panel < end_panel ? values_at(a, type, panel, 0) : NULL;
}

/* One group of up to four panels. */
CK_Q8_INLINE void stream_group(const ck_linear_q8_args *a, ck_q8_weight type, int64_t first_panel, int64_t panels,
                               int64_t end_panel, int64_t group, float *sums) {
    float scale[CK_Q8_PANEL] __attribute__((aligned(64)));
    int32_t factor[4 * CK_Q8_PANEL] __attribute__((aligned(64)));
    const int64_t blocks = blocks_in_group(a->k, group);
    const int64_t tiles = (a->m + tile_rows - 1) / tile_rows;
    int32_t starts[stream_rows * group_parts];
    row_starts(a, type, 0, a->m, group, starts);
    for (int64_t p = 0; p < panels; p++) {
        const float *scales = scales_at(a, type, first_panel + p, group, scale, factor);
        const group_weights w = {values_at(a, type, first_panel + p, group), scales, factor, blocks};
        const uint8_t *next = later_values(a, type, first_panel, panels, end_panel, group, p);
        for (int64_t tile = 0; tile < tiles; tile++) {
            const int64_t first = a->m * tile / tiles, end = a->m * (tile + 1) / tiles;
            const group_rows x = rows_at(a, first, group, starts + first * group_parts);
            stream_tile(type, end - first, &x, &w, tile == 0 ? next : NULL, group > 0,
                        sums + first * stream_pitch + p * CK_Q8_PANEL);
        }
    }
}

CK_Q8_INLINE void stream(const ck_linear_q8_args *a, ck_q8_weight type, int64_t begin, int64_t end) {
    float sums[stream_rows * stream_pitch] __attribute__((aligned(64)));
    const int64_t end_panel = (end + CK_Q8_PANEL - 1) / CK_Q8_PANEL;
    for (int64_t column = begin; column < end; column += stream_pitch) {
        const int64_t columns = end - column < stream_pitch ? end - column : stream_pitch;
        const int64_t panel = column / CK_Q8_PANEL, panels = (columns + CK_Q8_PANEL - 1) / CK_Q8_PANEL;
        if (a->k == 0) memset(sums, 0, sizeof sums);
        for (int64_t group = 0; group < ck_q8_groups(a->k); group++)
            stream_group(a, type, panel, panels, end_panel, group, sums);
        for (int64_t p = 0; p < panels; p++) add_adapters(a, 0, a->m, panel + p, sums + p * CK_Q8_PANEL, stream_pitch);
        finish(a, sums, stream_pitch, 0, a->m, column, columns);
    }
}

/* MARK: Many rows */

/* int4 weights of a panel's group as bytes 0 ... 15, laid out as int8 ones. */
CK_Q8_INLINE void split_weights(const uint8_t *values, int64_t blocks, uint8_t *target) {
    const __m256i low_bits = _mm256_set1_epi8(15);
    for (int64_t b = 0; b < blocks; b += 2, values += CK_Q8_BLOCK, target += 2 * CK_Q8_BLOCK)
        for (int64_t v = 0; v < panel_vectors; v++) {
            const __m256i both = _mm256_loadu_si256((const __m256i *)(const void *)(values + v * 32));
            __m256i *to = (__m256i *)(void *)(target + v * 32);
            _mm256_store_si256(to, _mm256_and_si256(both, low_bits));
            _mm256_store_si256(to + CK_Q8_BLOCK / 32, _mm256_and_si256(_mm256_srli_epi16(both, 4), low_bits));
        }
}

CK_Q8_INLINE void block_tile(ck_q8_weight type, int rows, const group_rows *x, const group_weights *w, bool resume,
                             float *sums) {
    for (int v = 0; v < panel_vectors; v += 2) {
        const group_weights part = {w->values + v * 32, w->scale + v * 8, w->factor + v * 8, w->blocks};
        if (type == CK_Q8_I8G128) i8_tile(rows, 2, NULL, x, &part, resume, sums + v * 8, sum_pitch);
        else i4_tile(true, rows, 2, NULL, x, &part, resume, sums + v * 8, sum_pitch);
    }
}

/* All tiles of a block at one panel and group. Meanwhile the weights that stand next, and with `next_x` the next group of the rows,
 * travel to the second-level cache. */
CK_Q8_INLINE void block_tiles(const ck_linear_q8_args *a, ck_q8_weight type, int64_t row, int64_t rows, int64_t group,
                              const int32_t *starts, const group_weights *w, const uint8_t *next, bool next_x, float *sums) {
    const int64_t tiles = (rows + tile_rows - 1) / tile_rows;
    const int64_t next_bytes = next ? group_bytes / (type == CK_Q8_I8G128 ? 1 : 2) : 0;
    const int64_t share = (next_bytes / tiles + 63) & ~(int64_t)63;
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t first = tile * tile_rows;
        const int64_t stop = (tile + 1) * share < next_bytes ? (tile + 1) * share : next_bytes;
        for (int64_t at = tile * share; at < stop; at += 64) _mm_prefetch((const char *)next + at, _MM_HINT_T1);
        const group_rows x = rows_at(a, row + first, group, starts + first * group_parts);
        if (next_x) {
            const int64_t height = rows - first < tile_rows ? rows - first : tile_rows;
            const char *q = (const char *)x.q + a->m * CK_GROUP;
            for (int64_t at = 0; at < height * CK_GROUP; at += 64) _mm_prefetch(q + at, _MM_HINT_T1);
        }
        float *tile_sums = sums + first * sum_pitch;
        switch (rows - first) {
        case 1: block_tile(type, 1, &x, w, group > 0, tile_sums); break;
        case 2: block_tile(type, 2, &x, w, group > 0, tile_sums); break;
        case 3: block_tile(type, 3, &x, w, group > 0, tile_sums); break;
        case 4: block_tile(type, 4, &x, w, group > 0, tile_sums); break;
        case 5: block_tile(type, 5, &x, w, group > 0, tile_sums); break;
        default: block_tile(type, 6, &x, w, group > 0, tile_sums); break;
        }
    }
}

/* Up to block_rows rows and block_panels panels, whole k. */
CK_Q8_INLINE void block(const ck_linear_q8_args *a, ck_q8_weight type, int64_t row, int64_t rows, int64_t column,
                        int64_t columns, uint8_t *split, float *sums) {
    float scale[CK_Q8_PANEL] __attribute__((aligned(64)));
    int32_t factor[4 * CK_Q8_PANEL] __attribute__((aligned(64)));
    int32_t starts[block_rows * group_parts];
    const int64_t first_panel = column / CK_Q8_PANEL, panels = (columns + CK_Q8_PANEL - 1) / CK_Q8_PANEL;
    if (a->k == 0) memset(sums, 0, (size_t)(rows * sum_pitch) * sizeof *sums);
    for (int64_t group = 0; group < ck_q8_groups(a->k); group++) {
        const int64_t blocks = blocks_in_group(a->k, group);
        row_starts(a, type, row, rows, group, starts);
        for (int64_t p = 0; p < panels; p++) {
            const int64_t panel = first_panel + p;
            const uint8_t *values = values_at(a, type, panel, group);
            if (type == CK_Q8_I4G32) {
                split_weights(values, blocks, split);
                values = split;
            }
            const group_weights w = {values, scales_at(a, type, panel, group, scale, factor), factor, blocks};
            const bool last = p + 1 == panels;
            const uint8_t *next = NULL;
            if (blocks == group_blocks && (!last || (group + 2) * CK_GROUP <= a->k))
                next = values_at(a, type, last ? first_panel : panel + 1, last ? group + 1 : group);
            const bool next_x = p == 0 && (group + 2) * CK_GROUP <= a->k;
            block_tiles(a, type, row, rows, group, starts, &w, next, next_x, sums + p * CK_Q8_PANEL);
        }
    }
    for (int64_t p = 0; p < panels; p++) add_adapters(a, row, rows, first_panel + p, sums + p * CK_Q8_PANEL, sum_pitch);
    finish(a, sums, sum_pitch, row, rows, column, columns);
}

CK_Q8_INLINE void blocked(const ck_linear_q8_args *a, ck_q8_weight type, int64_t begin, int64_t end) {
    float sums[block_rows * sum_pitch] __attribute__((aligned(64)));
    uint8_t split[group_bytes] __attribute__((aligned(64)));
    memset(split, 0, sizeof split); /* tails of int4 parts are read */
    /* Blocks of equal height, so that the last one is not a few rows that stream all weights again. */
    const int64_t blocks = (a->m + block_rows - 1) / block_rows;
    const int64_t height = ((a->m + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
    for (int64_t column = begin; column < end; column += sum_pitch) {
        const int64_t columns = end - column < sum_pitch ? end - column : sum_pitch;
        for (int64_t row = 0; row < a->m; row += height)
            block(a, type, row, a->m - row < height ? a->m - row : height, column, columns, split, sums);
    }
}

/* MARK: Entries */

/* Functions of their own: the large buffers of one should not widen the stack of the others. */
#define ENTRY(name, type) \
    static __attribute__((noinline)) void blocked_##name(const ck_linear_q8_args *a, int64_t begin, int64_t end) { \
        blocked(a, type, begin, end); \
    } \
    static __attribute__((noinline)) void stream_##name(const ck_linear_q8_args *a, int64_t begin, int64_t end) { \
        stream(a, type, begin, end); \
    } \
    static __attribute__((noinline)) void row_##name(const ck_linear_q8_args *a, int64_t begin, int64_t end) { \
        one_row(a, type, begin, end); \
    } \
    void ck_linear_q8_##name##_n64_avx2(const void *args, int part, int parts) { \
        const ck_linear_q8_args *a = args; \
        int64_t begin, end; \
        ck_slice(a->n, CK_Q8_PANEL, part, parts, &begin, &end); \
        if (a->m == 0 || begin == end) return; \
        if (a->m == 1) row_##name(a, begin, end); \
        else if (a->m <= stream_rows) stream_##name(a, begin, end); \
        else blocked_##name(a, begin, end); \
    }

ENTRY(i8g128, CK_Q8_I8G128)
ENTRY(i4g32, CK_Q8_I4G32)

CK_TARGET_END
#endif
