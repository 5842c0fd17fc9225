/* ck_linear_q8 for AVX-512 VNNI.
 *
 * Tile: up to 6 rows times 4 vectors of 16 outputs, which is one panel: 24 accumulators, 4 weights, 1 broadcast of the
 * 32 registers. vpdpbusd takes the unsigned weights as they are packed and four k of a q8 row as broadcast signed bytes;
 * sums begin at -128 times the sum of the row's q, so nothing is converted. A single row takes 4 panels at once, 2 or 3
 * rows take 2: enough independent sums for the latency, and memory answers several streams faster than one.
 *
 * For more than 6 rows a group of int4 weights is first made into int8 ones, 8 KB in the first-level cache: two values in a 16-bit lane
 * are multiplied by their factor at once, 15 * 15 needs no carry, so one vpmullw and one vpaddb do 64 of them.
 * nibble_tile_avx512vnni.h has the way of fewer.
 *
 * More than 6 rows: blocks of up to 192 rows by 8 panels, group by group. The group's q, 24 KB, serve all panels, a panel's 8 KB of
 * weights all tiles, and the float sums, 384 KB, wait in a buffer. Tails: padding in the weights and q8 rows; only the final store is masked.
 * clang keeps the tile in registers; GCC 12 copies accumulators around vpdpbusd and runs at half the speed. */
#include "ck_avx512.h"
#include "linear_q8/epilogue_avx2.h"
#include "quantize/quantize.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX512VNNI_FEATURES)

enum {
    tile_rows = 6,
    tile_panels = 4,
    panel_vectors = CK_Q8_PANEL / 16,
    block_rows = 192, /* a multiple of tile_rows */
    block_panels = 8,
    sum_pitch = block_panels * CK_Q8_PANEL,
    stream_pitch = tile_panels * CK_Q8_PANEL,
    group_blocks = CK_GROUP / 4,
    group_bytes = group_blocks * CK_Q8_BLOCK,
    stream_ahead = 8192, /* bytes in all panels of a turn: to the second-level cache */
    stream_near = 4096   /* to the first */
};

/* int8 weights of `panels` panels at one group. */
typedef struct group_weights {
    const uint8_t *values;
    const float *scale;
    int64_t panel_bytes, panel_scales; /* between panels */
    int64_t blocks;                    /* of 4 k */
} group_weights;

CK_Q8_INLINE int32_t int_at(const void *p) {
    int32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* Lines of a cache to be fetched: the first one, and the index of the last. */
typedef struct lines {
    const uint8_t *first;
    int64_t last;
} lines;

/* MARK: Tile */

/* sums[rows][panels * 64] = (resume ? sums : 0) + the group's products. With `ahead` its lines travel to the second-level cache. Without,
 * weights come from memory and are fetched in two steps, first into the second-level cache, which has more misses under way at once than
 * the first. (Emerald Rapids, five rows: 0.9 to 0.95 of the time, with the second step 0.87 to 0.97 of that.) */
CK_Q8_INLINE void tile(const lines *ahead, int rows, int panels, const ck_q8_group *x, const group_weights *w, bool resume,
                       float *sums, int64_t sum_stride) {
    __m512i acc[tile_rows][tile_panels * panel_vectors];
    CK_UNROLL for (int r = 0; r < rows; r++) {
        const __m512i start = _mm512_set1_epi32(-128 * x->sum[r]);
        CK_UNROLL for (int v = 0; v < panels * panel_vectors; v++) acc[r][v] = start;
    }
    const uint8_t *values = w->values;
    const int8_t *q = x->q;
    const int64_t panel_bytes = w->panel_bytes;
    for (int64_t b = 0; b < w->blocks; b++, values += CK_Q8_BLOCK, q += 4) {
        if (ahead) _mm_prefetch((const char *)ahead->first + 64 * (b < ahead->last ? b : ahead->last), _MM_HINT_T1);
        CK_UNROLL for (int p = 0; p < panels; p++) {
            __m512i weights[panel_vectors];
            CK_UNROLL for (int v = 0; v < panel_vectors; v++) {
                const uint8_t *at = values + p * panel_bytes + v * 64;
                weights[v] = _mm512_loadu_si512(at);
                if (!ahead) {
                    _mm_prefetch((const char *)at + stream_ahead / panels, _MM_HINT_T1);
                    _mm_prefetch((const char *)at + stream_near / panels, _MM_HINT_T0);
                }
            }
            CK_UNROLL for (int r = 0; r < rows; r++) {
                const __m512i value = _mm512_set1_epi32(int_at(q + r * CK_GROUP));
                CK_UNROLL for (int v = 0; v < panel_vectors; v++) {
                    __m512i *sum = &acc[r][p * panel_vectors + v];
                    *sum = _mm512_dpbusd_epi32(*sum, weights[v], value);
                }
            }
        }
    }
    CK_UNROLL for (int r = 0; r < rows; r++) {
        const __m512 x_scale = _mm512_set1_ps(x->scale[r]);
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int v = 0; v < panel_vectors; v++) {
                float *sum = sums + r * sum_stride + p * CK_Q8_PANEL + v * 16;
                const __m512 both = _mm512_mul_ps(x_scale, _mm512_loadu_ps(w->scale + p * w->panel_scales + v * 16));
                const __m512 before = resume ? _mm512_loadu_ps(sum) : _mm512_setzero_ps();
                _mm512_storeu_ps(sum, _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[r][p * panel_vectors + v]), both, before));
            }
    }
}

/* A tile of one panel whose weights are in the first-level cache. */
static __attribute__((noinline)) void cached_tile(const lines *ahead, int64_t rows, const ck_q8_group *x, const group_weights *w,
                                                  bool resume, float *sums, int64_t sum_stride) {
    switch (rows) {
    case 1: tile(ahead, 1, 1, x, w, resume, sums, sum_stride); return;
    case 2: tile(ahead, 2, 1, x, w, resume, sums, sum_stride); return;
    case 3: tile(ahead, 3, 1, x, w, resume, sums, sum_stride); return;
    case 4: tile(ahead, 4, 1, x, w, resume, sums, sum_stride); return;
    case 5: tile(ahead, 5, 1, x, w, resume, sums, sum_stride); return;
    default: tile(ahead, 6, 1, x, w, resume, sums, sum_stride); return;
    }
}

/* A tile of one panel, or of stream_panels(rows), whose weights come from memory. */
CK_Q8_INLINE void stream_tile(int64_t rows, int64_t panels, const ck_q8_group *x, const group_weights *w,
                              bool resume, float *sums) {
    switch (rows * 8 + panels) {
    case 1 * 8 + 4: tile(NULL, 1, 4, x, w, resume, sums, stream_pitch); return;
    case 1 * 8 + 1: tile(NULL, 1, 1, x, w, resume, sums, stream_pitch); return;
    case 2 * 8 + 2: tile(NULL, 2, 2, x, w, resume, sums, stream_pitch); return;
    case 2 * 8 + 1: tile(NULL, 2, 1, x, w, resume, sums, stream_pitch); return;
    case 3 * 8 + 2: tile(NULL, 3, 2, x, w, resume, sums, stream_pitch); return;
    case 3 * 8 + 1: tile(NULL, 3, 1, x, w, resume, sums, stream_pitch); return;
    case 4 * 8 + 1: tile(NULL, 4, 1, x, w, resume, sums, stream_pitch); return;
    case 5 * 8 + 1: tile(NULL, 5, 1, x, w, resume, sums, stream_pitch); return;
    default: tile(NULL, 6, 1, x, w, resume, sums, stream_pitch); return;
    }
}

/* MARK: Weights */

/* 64 outputs of a group of int4 weights as int8 ones, and their scales. */
CK_Q8_INLINE void expand(const uint8_t *values, const uint32_t *words, int64_t blocks, uint8_t *target, float *scale) {
    const __m512i low_bits = _mm512_set1_epi32(0x0f0f0f0f), middle = _mm512_set1_epi32((int32_t)0x80808080u);
    const __m512i each[2] = {_mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12)),
                             _mm512_broadcast_i32x4(_mm_setr_epi8(1, 1, 1, 1, 5, 5, 5, 5, 9, 9, 9, 9, 13, 13, 13, 13))};
    const __m512i low_bytes = _mm512_set1_epi32(0x00ff00ff);
    const int64_t steps = (blocks + 1) / 2;
    for (int v = 0; v < panel_vectors; v++) {
        const __m512i word = _mm512_loadu_si512(words + v * 16);
        _mm512_storeu_ps(scale + v * 16, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_srli_epi32(word, 16), 16)));
        const uint8_t *from = values + v * 64;
        uint8_t *to = target + v * 64;
        for (int64_t first = 0, part = 0; first < steps; first += 4, part++) {
            const __m512i nibbles = _mm512_and_si512(part & 1 ? _mm512_srli_epi32(word, 4) : word, low_bits);
            const __m512i bytes = _mm512_shuffle_epi8(nibbles, each[part >> 1]);
            const __m512i factor = _mm512_and_si512(bytes, low_bytes);
            const __m512i offset = _mm512_sub_epi8(middle, _mm512_slli_epi32(bytes, 3)); /* 8 * 15 needs no carry */
            const int64_t end = steps - first < 4 ? steps : first + 4;
            for (int64_t step = first; step < end; step++, from += CK_Q8_BLOCK, to += 2 * CK_Q8_BLOCK) {
                const __m512i both = _mm512_loadu_si512(from);
                const __m512i low = _mm512_and_si512(both, low_bits);
                const __m512i high = _mm512_and_si512(_mm512_srli_epi16(both, 4), low_bits);
                _mm512_storeu_si512(to, _mm512_add_epi8(_mm512_mullo_epi16(low, factor), offset));
                _mm512_storeu_si512(to + CK_Q8_BLOCK, _mm512_add_epi8(_mm512_mullo_epi16(high, factor), offset));
            }
        }
    }
}

CK_Q8_INLINE const uint8_t *packed_at(const ck_linear_q8_args *a, ck_q8_weight type, int64_t panel) {
    return (const uint8_t *)a->weight + panel * ck_q8_blocks(type, a->k) * CK_Q8_BLOCK;
}

/* A panel and group's weights; int4 ones are expanded into the buffers. */
CK_Q8_INLINE group_weights weights_at(const ck_linear_q8_args *a, ck_q8_weight type, int64_t panel, int64_t group, uint8_t *values,
                                      float *scale) {
    const int64_t groups = ck_q8_groups(a->k), rest = a->k - group * CK_GROUP;
    const int64_t blocks = rest < CK_GROUP ? (rest + 3) / 4 : group_blocks;
    const int64_t panel_bytes = ck_q8_blocks(type, a->k) * CK_Q8_BLOCK;
    const uint8_t *packed = packed_at(a, type, panel);
    const int64_t at = (panel * groups + group) * CK_Q8_PANEL;
    if (type == CK_Q8_I8G128)
        return (group_weights){packed + group * group_bytes, (const float *)a->weight_scale + at, panel_bytes,
                               groups * CK_Q8_PANEL, blocks};
    expand(packed + group * group_bytes / 2, (const uint32_t *)a->weight_scale + at, blocks, values, scale);
    return (group_weights){values, scale, 0, 0, blocks};
}

CK_Q8_INLINE ck_q8_group rows_at(const ck_linear_q8_args *a, int64_t row, int64_t group) {
    return ck_q8_group_at((uint8_t *)a->x, a->m, a->k, row, group); /* read only */
}

/* MARK: From sums to y */

/* Where a tile's sums go. */
typedef struct tile_target {
    const float *residual; /* or NULL */
    float *y;
    int64_t residual_stride, y_stride;
} tile_target;

/* y[rows, vectors * 16] = sums + lora.scale * low B^T + residual; of `low` one row, of b one panel of 16 outputs after the other. */
CK_Q8_INLINE void adapter_tile(int rows, int vectors, const ck_lora *lora, const float *low, int64_t low_stride, const float *b,
                               const float *sums, int64_t sum_stride, const tile_target *to) {
    enum { steps = 16 };
    float scaled[tile_rows][steps] __attribute__((aligned(64)));
    __m512 acc[tile_rows][panel_vectors];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = _mm512_loadu_ps(sums + r * sum_stride + v * 16);
    for (int64_t first = 0; first < lora->rank; first += steps) {
        const int64_t count = lora->rank - first < steps ? lora->rank - first : steps;
        CK_UNROLL for (int r = 0; r < rows; r++) {
            const __m512 values = _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), low + r * low_stride + first);
            _mm512_store_ps(scaled[r], _mm512_mul_ps(_mm512_set1_ps(lora->scale), values));
        }
        for (int64_t s = 0; s < count; s++, b += CK_PANEL) {
            __m512 weights[panel_vectors];
            CK_UNROLL for (int v = 0; v < vectors; v++) weights[v] = _mm512_loadu_ps(b + v * lora->rank * CK_PANEL);
            CK_UNROLL for (int r = 0; r < rows; r++) {
                const __m512 value = _mm512_set1_ps(scaled[r][s]);
                CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = _mm512_fmadd_ps(value, weights[v], acc[r][v]);
            }
        }
    }
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int v = 0; v < vectors; v++) {
            if (to->residual) acc[r][v] = _mm512_add_ps(acc[r][v], _mm512_loadu_ps(to->residual + r * to->residual_stride + v * 16));
            _mm512_storeu_ps(to->y + r * to->y_stride + v * 16, acc[r][v]);
        }
}

/* The same for a panel of which `vectors` exist, or 4. */
static __attribute__((noinline)) void add_adapter(int64_t rows, int64_t vectors, const ck_lora *lora, const float *low, int64_t low_stride,
                                                  const float *b, const float *sums, int64_t sum_stride, const tile_target *to) {
    if (vectors < panel_vectors) {
        for (int64_t r = 0; r < rows; r++)
            for (int64_t v = 0; v < vectors; v++) {
                const tile_target part = {NULL, to->y + r * to->y_stride + v * 16, 0, 0};
                adapter_tile(1, 1, lora, low + r * low_stride, 0, b + v * lora->rank * CK_PANEL, sums + r * sum_stride + v * 16, 0, &part);
            }
        return;
    }
#define TILE(height) case height: adapter_tile(height, panel_vectors, lora, low, low_stride, b, sums, sum_stride, to); return;
    switch (rows) {
        TILE(1) TILE(2) TILE(3) TILE(4) TILE(5)
    default: adapter_tile(6, panel_vectors, lora, low, low_stride, b, sums, sum_stride, to); return;
    }
#undef TILE
}

/* How many rows from `row` on, up to `rows` and a tile, have the adapter of the first. */
CK_Q8_INLINE int64_t same_adapter(const ck_linear_q8_args *a, int64_t row, int64_t rows) {
    int64_t count = 1;
    while (count < rows && count < tile_rows && ck_q8_adapter(a, row + count) == ck_q8_adapter(a, row)) count++;
    return count;
}

/* y[rows, columns] at (row, column) from sums without the adapters. A panel's sums of a tile's rows get theirs and go on to y at once: in
 * a pass of its own over all of them an adapter of rank 16 costs 3 to 12 % of 192 rows times 4096 k, so 0 to 5 %. */
CK_Q8_INLINE void add_and_finish(const ck_linear_q8_args *a, float *sums, int64_t sum_stride, int64_t row, int64_t rows, int64_t column,
                                 int64_t columns) {
    if (!a->lora_x) {
        finish(a, sums, sum_stride, row, rows, column, columns);
        return;
    }
    const bool plain = !a->bias && !a->channel_scale && a->activation == CK_ACT_NONE;
    for (int64_t c = 0; c < columns; c += CK_Q8_PANEL) {
        const int64_t width = columns - c < CK_Q8_PANEL ? columns - c : CK_Q8_PANEL;
        for (int64_t i = 0, count; i < rows; i += count) {
            count = same_adapter(a, row + i, rows - i);
            const ck_lora *lora = ck_q8_adapter(a, row + i);
            const float *low = lora ? a->lora_x + (row + i) * a->lora_x_stride + lora->x_offset : NULL;
            const float *b = lora ? lora->b + (column + c) * lora->rank : NULL;
            float *sum = sums + i * sum_stride + c;
            if (lora && plain && width == CK_Q8_PANEL) {
                const float *residual = a->residual ? a->residual + (row + i) * a->residual_stride + column + c : NULL;
                const tile_target y = {residual, a->y + (row + i) * a->y_stride + column + c, a->residual_stride, a->y_stride};
                add_adapter(count, panel_vectors, lora, low, a->lora_x_stride, b, sum, sum_stride, &y);
                continue;
            }
            const tile_target back = {NULL, sum, 0, sum_stride};
            if (lora) add_adapter(count, (width + 15) / 16, lora, low, a->lora_x_stride, b, sum, sum_stride, &back);
            finish(a, sum, sum_stride, row + i, count, column + c, width);
        }
    }
}

/* MARK: Few rows */

#include "linear_q8/nibble_tile_avx512vnni.h"

/* Panels side by side for a number of rows. */
CK_Q8_INLINE int64_t stream_panels(ck_q8_weight type, int64_t rows) {
    return type == CK_Q8_I4G32 ? nibble_panels(rows) : rows == 1 ? 4 : rows <= 3 ? 2 : 1;
}

CK_Q8_INLINE void stream_group(const ck_linear_q8_args *a, ck_q8_weight type, int64_t panel, int64_t panels, int64_t group, float *sums) {
    const ck_q8_group x = rows_at(a, 0, group);
    if (type == CK_Q8_I8G128) {
        const group_weights w = weights_at(a, type, panel, group, NULL, NULL);
        stream_tile(a->m, panels, &x, &w, group > 0, sums);
        return;
    }
    const int64_t groups = ck_q8_groups(a->k), rest = a->k - group * CK_GROUP;
    const nibble_weights w = {packed_at(a, type, panel) + group * (group_bytes / 2),
                              (const uint32_t *)a->weight_scale + (panel * groups + group) * CK_Q8_PANEL,
                              ck_q8_blocks(type, a->k) * CK_Q8_BLOCK, groups * CK_Q8_PANEL,
                              ck_q8_blocks(type, rest < CK_GROUP ? rest : CK_GROUP)};
    nibble_group(a->m, panels, &x, &w, group > 0, sums);
}

CK_Q8_INLINE void stream(const ck_linear_q8_args *a, ck_q8_weight type, int64_t begin, int64_t end) {
    float sums[tile_rows * stream_pitch] __attribute__((aligned(64)));
    const int64_t most = stream_panels(type, a->m);
    int64_t panels;
    for (int64_t column = begin; column < end; column += panels * CK_Q8_PANEL) {
        const int64_t panel = column / CK_Q8_PANEL;
        panels = end - column > (most - 1) * CK_Q8_PANEL ? most : 1;
        if (a->k == 0) memset(sums, 0, sizeof sums);
        for (int64_t group = 0; group < ck_q8_groups(a->k); group++) stream_group(a, type, panel, panels, group, sums);
        const int64_t columns = end - column < panels * CK_Q8_PANEL ? end - column : panels * CK_Q8_PANEL;
        add_and_finish(a, sums, stream_pitch, 0, a->m, column, columns);
    }
}

/* MARK: Many rows */

/* The lines of `bytes` at `next`, in order. */
CK_Q8_INLINE void fetch(const uint8_t *next, int64_t bytes) {
    for (int64_t at = 0; at < bytes; at += 64) _mm_prefetch((const char *)next + at, _MM_HINT_T1);
}

/* What is wanted after a panel and group. */
typedef struct upcoming {
    const uint8_t *weights;
    int64_t bytes;
    const float *scale;
    const int8_t *q; /* NULL: the same rows */
} upcoming;

/* All tiles of a block at one panel and group; meanwhile what comes next travels to the second-level cache, scales to the first. */
static void run_tiles(int64_t rows, const ck_q8_group *x, const group_weights *w, const upcoming *next, bool resume, float *sums) {
    const int64_t tiles = (rows + tile_rows - 1) / tile_rows;
    const int64_t share = (next->bytes / tiles + 63) & ~(int64_t)63;
    for (int v = 0; v < panel_vectors; v++) _mm_prefetch((const char *)(next->scale + v * 16), _MM_HINT_T0);
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t first = t * tile_rows, height = rows - first < tile_rows ? rows - first : tile_rows;
        const int64_t begin = t * share < next->bytes ? t * share : next->bytes;
        const int64_t count = (next->bytes - begin < share ? next->bytes - begin : share) / 64;
        const lines ahead = {next->weights + begin, count < 1 ? 0 : count - 1};
        if (count > w->blocks) fetch(ahead.first + w->blocks * 64, (count - w->blocks) * 64); /* few tiles */
        if (next->q) fetch((const uint8_t *)next->q + first * CK_GROUP, height * CK_GROUP);
        const ck_q8_group at = {x->q + first * CK_GROUP, x->scale + first, x->sum + first, NULL};
        cached_tile(&ahead, height, &at, w, resume, sums + first * sum_pitch, sum_pitch);
    }
}

/* Up to block_rows rows and block_panels panels, whole k. */
CK_Q8_INLINE void block(const ck_linear_q8_args *a, ck_q8_weight type, int64_t row, int64_t rows, int64_t column,
                        int64_t columns, uint8_t *values, float *sums) {
    float scale[CK_Q8_PANEL] __attribute__((aligned(64)));
    const int64_t first_panel = column / CK_Q8_PANEL, panels = (columns + CK_Q8_PANEL - 1) / CK_Q8_PANEL;
    const int64_t bytes = group_bytes / (type == CK_Q8_I8G128 ? 1 : 2), groups = ck_q8_groups(a->k);
    if (a->k == 0) memset(sums, 0, (size_t)(rows * sum_pitch) * sizeof *sums);
    for (int64_t group = 0; group < groups; group++) {
        const ck_q8_group x = rows_at(a, row, group);
        const bool more = (group + 2) * CK_GROUP <= a->k; /* another whole group */
        for (int64_t p = 0; p < panels; p++) {
            const bool last = p + 1 == panels;
            const group_weights w = weights_at(a, type, first_panel + p, group, values, scale);
            const int64_t next_panel = first_panel + (last ? 0 : p + 1), next_group = last ? group + 1 : group;
            const bool has_next = last ? more : w.blocks == group_blocks;
            const upcoming next = {
                has_next ? packed_at(a, type, next_panel) + next_group * bytes : w.values, has_next ? bytes : 0,
                has_next ? (const float *)a->weight_scale + (next_panel * groups + next_group) * CK_Q8_PANEL : w.scale,
                last && more ? x.q + a->m * CK_GROUP : NULL};
            run_tiles(rows, &x, &w, &next, group > 0, sums + p * CK_Q8_PANEL);
        }
    }
    add_and_finish(a, sums, sum_pitch, row, rows, column, columns);
}

CK_Q8_INLINE void blocked(const ck_linear_q8_args *a, ck_q8_weight type, int64_t begin, int64_t end) {
    float sums[block_rows * sum_pitch] __attribute__((aligned(64)));
    uint8_t values[group_bytes] __attribute__((aligned(64)));
    /* Blocks of equal height, so that the last one is not a few rows that stream all weights again. */
    const int64_t blocks = (a->m + block_rows - 1) / block_rows;
    const int64_t height = ((a->m + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
    for (int64_t column = begin; column < end; column += sum_pitch) {
        const int64_t columns = end - column < sum_pitch ? end - column : sum_pitch;
        for (int64_t row = 0; row < a->m; row += height)
            block(a, type, row, a->m - row < height ? a->m - row : height, column, columns, values, sums);
    }
}

/* MARK: Entries */

/* Two functions per type: the large buffers of the one should not widen the stack of the other. */
#define ENTRY(name, type) \
    static __attribute__((noinline)) void blocked_##name(const ck_linear_q8_args *a, int64_t begin, int64_t end) { \
        blocked(a, type, begin, end); \
    } \
    static __attribute__((noinline)) void stream_##name(const ck_linear_q8_args *a, int64_t begin, int64_t end) { \
        stream(a, type, begin, end); \
    } \
    void ck_linear_q8_##name##_n64_avx512vnni(const void *args, int part, int parts) { \
        const ck_linear_q8_args *a = args; \
        int64_t begin, end; \
        ck_slice(a->n, CK_Q8_PANEL, part, parts, &begin, &end); \
        if (a->m == 0 || begin == end) return; \
        if (a->m <= tile_rows) stream_##name(a, begin, end); \
        else blocked_##name(a, begin, end); \
    }

ENTRY(i8g128, CK_Q8_I8G128)
ENTRY(i4g32, CK_Q8_I4G32)

CK_TARGET_END
#endif
