/* ck_linear, panels of 16 outputs times tiles of 6 rows: the part that AVX2 and NEON share, included by the file of each.
 *
 * Up to 6 rows (decoding): the weights are streamed once, converted in registers, and each group of 1 to 4 panels runs
 * over the whole of k; memory bandwidth is the limit.
 *
 * More rows: 32 panels at a time. For a block of up to 96 rows and 256 steps of k, x is copied to a buffer, and the weights of each
 * panel are widened to float32 once (16 KB, first-level cache), then used by every tile of 6 rows. Sums wait in a buffer of their
 * own between blocks of k, because y may hold the residual. In the copy, every address of four steps of k is near one pointer, which
 * makes the loop's instructions half as long: another thread of the same core leaves a loop half of the decoders' width, and there
 * this and four steps a turn are worth up to a fifth.
 *
 * The adapter is a continuation of the same sums: x' = lora_scale * lora_x over `rank` steps of lora_b.
 * Stack: about 315 KB. Tails: the last panel is padded in the weights, so only the epilogue looks at lanes.
 *
 * A tile is `rows` rows of x times `panels` panels, all accumulators in registers. Each sum is one chain of FMAs in ascending
 * k, whatever the shape of the tile, and is exact to store and resume; that is what makes results independent of every split,
 * and the same bits on both.
 *
 * The including file defines, inside its target region, after the vectors (cpu/ck_vector_...), linear.h and <string.h>:
 *   TILE_UNROLL, a pragma for the loop over k; THREE_ROW_PANELS(type), the panels of a tile of 3 rows; NAME(type), the kernels' names. */
#include "linear/linear_body.h"

enum {
    tile_rows = 6,
    max_panels = 4,
    panel_vectors = CK_PANEL / V_LANES,
    prefetch_bytes = 1024, /* ahead in each panel: hardware streams stop at page ends */
    block_k = 256,
    block_rows = 96, /* a multiple of tile_rows */
    block_panels = 32,
    x_tile = tile_rows * block_k,
    sum_pitch = block_panels * CK_PANEL,
    stream_pitch = max_panels * CK_PANEL
};

/* MARK: Tiles */

/* Weights of a run of panels, at the first k of a block. */
typedef struct weight_block {
    const char *values;
    int64_t panel_bytes; /* between panels */
} weight_block;

/* One step of k: 16 weights as floats. */
CK_INLINE void load_weights(ck_weight_type type, const char *w, V *weights) {
    CK_UNROLL for (int v = 0; v < panel_vectors; v++)
        weights[v] = type == CK_WEIGHT_F32   ? v_load((const float *)w + v * V_LANES)
                     : type == CK_WEIGHT_F16 ? v_load_f16((const uint16_t *)w + v * V_LANES)
                                             : v_load_bf16((const uint16_t *)w + v * V_LANES);
}

/* sums[rows][panels * 16] (row stride sum_stride) = (resume ? sums : 0) + x w over `count` > 0 steps of k. */
CK_INLINE void run_tile(ck_weight_type type, int rows, int panels, const float *x, int64_t x_stride,
                        const weight_block *w, int64_t count, bool resume, float *sums, int64_t sum_stride) {
    const int64_t step_bytes = CK_PANEL * ck_weight_bytes(type);
    const char *values = w->values;
    V acc[tile_rows][max_panels][panel_vectors];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int v = 0; v < panel_vectors; v++)
                acc[r][p][v] = resume ? v_load(sums + r * sum_stride + p * CK_PANEL + v * V_LANES) : v_zero();
    TILE_UNROLL
    for (int64_t k = 0; k < count; k++, values += step_bytes) {
        CK_UNROLL for (int p = 0; p < panels; p++) {
            const char *at = values + p * w->panel_bytes;
            V weights[panel_vectors];
            if ((k & (64 / step_bytes - 1)) == 0) __builtin_prefetch(at + prefetch_bytes);
            load_weights(type, at, weights);
            CK_UNROLL for (int r = 0; r < rows; r++) {
                const V value = v_set1(x[r * x_stride + k]);
                CK_UNROLL for (int v = 0; v < panel_vectors; v++) acc[r][p][v] = v_fma(value, weights[v], acc[r][p][v]);
            }
        }
    }
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int v = 0; v < panel_vectors; v++)
                v_store(sums + r * sum_stride + p * CK_PANEL + v * V_LANES, acc[r][p][v]);
}

/* MARK: Few rows */

/* Panels side by side for a number of rows. */
CK_INLINE int panels_for(ck_weight_type type, int64_t rows) {
    switch (rows) {
    case 1: return 4;
    case 2: return 3;
    case 3: return THREE_ROW_PANELS(type);
    default: return 1;
    }
}

/* One tile of `panels` panels: panels_for of the weight's type, also for the adapter, or 1 for those left over. */
CK_INLINE void stream_tile(ck_weight_type type, int64_t rows, int panels, const float *x, int64_t x_stride,
                           const weight_block *w, int64_t count, bool resume, float *sums) {
    switch (rows * 8 + panels) {
    case 1 * 8 + 4: run_tile(type, 1, 4, x, x_stride, w, count, resume, sums, stream_pitch); return;
    case 1 * 8 + 1: run_tile(type, 1, 1, x, x_stride, w, count, resume, sums, stream_pitch); return;
    case 2 * 8 + 3: run_tile(type, 2, 3, x, x_stride, w, count, resume, sums, stream_pitch); return;
    case 2 * 8 + 1: run_tile(type, 2, 1, x, x_stride, w, count, resume, sums, stream_pitch); return;
    case 3 * 8 + 2: run_tile(type, 3, 2, x, x_stride, w, count, resume, sums, stream_pitch); return;
    case 3 * 8 + 1: run_tile(type, 3, 1, x, x_stride, w, count, resume, sums, stream_pitch); return;
    case 4 * 8 + 1: run_tile(type, 4, 1, x, x_stride, w, count, resume, sums, stream_pitch); return;
    case 5 * 8 + 1: run_tile(type, 5, 1, x, x_stride, w, count, resume, sums, stream_pitch); return;
    default: run_tile(type, 6, 1, x, x_stride, w, count, resume, sums, stream_pitch); return;
    }
}

static __attribute__((noinline)) void stream_f32_tile(int64_t rows, int panels, const float *x, int64_t x_stride,
                                                      const weight_block *w, int64_t count, bool resume, float *sums) {
    stream_tile(CK_WEIGHT_F32, rows, panels, x, x_stride, w, count, resume, sums);
}

CK_INLINE void stream(const ck_linear_args *a, ck_weight_type type, int64_t begin, int64_t end) {
    float sums[tile_rows * stream_pitch] __attribute__((aligned(64)));
    float low_rank[tile_rows * block_k];
    const int64_t rank = a->lora_x ? a->rank : 0;
    const int64_t panel_bytes = a->k * CK_PANEL * ck_weight_bytes(type);
    if (rank > 0 && rank <= block_k) scale_lora_rows(a, 0, a->m, 0, rank, low_rank, block_k);
    int panels;
    for (int64_t column = begin; column < end; column += (int64_t)panels * CK_PANEL) {
        const int64_t panel = column / CK_PANEL;
        panels = panels_for(type, a->m);
        if (end - column <= (panels - 1) * (int64_t)CK_PANEL) panels = 1;
        const weight_block w = {(const char *)a->weight + panel * panel_bytes, panel_bytes};
        if (a->k == 0) memset(sums, 0, sizeof sums);
        else stream_tile(type, a->m, panels, a->x, a->x_stride, &w, a->k, false, sums);
        for (int64_t first = 0; first < rank; first += block_k) {
            const int64_t count = rank - first < block_k ? rank - first : block_k;
            if (rank > block_k) scale_lora_rows(a, 0, a->m, first, count, low_rank, block_k);
            const weight_block b = {(const char *)(a->lora_b + (panel * rank + first) * CK_PANEL),
                                    rank * CK_PANEL * (int64_t)sizeof(float)};
            stream_f32_tile(a->m, panels, low_rank, block_k, &b, count, true, sums);
        }
        const int64_t columns = end - column < panels * CK_PANEL ? end - column : panels * CK_PANEL;
        finish(a, sums, stream_pitch, 0, a->m, column, columns);
    }
}

/* MARK: Many rows */

static void copy_row(int64_t r, const float *source, int64_t count, float *x) { copy_quads(tile_rows, x_tile, r, source, count, x); }

/* One step of k of a tile of rows on the copied x. */
CK_INLINE void multiply_step(int rows, const float *x, const float *w, V (*acc)[panel_vectors]) {
    V weights[panel_vectors];
    load_weights(CK_WEIGHT_F32, (const char *)w, weights);
    CK_UNROLL for (int r = 0; r < rows; r++) {
        const V value = v_set1(x[r * quad]);
        CK_UNROLL for (int v = 0; v < panel_vectors; v++) acc[r][v] = v_fma(value, weights[v], acc[r][v]);
    }
}

/* run_tile of one panel on the copied x with float32 weights; `is_new`: the weights are not in the first-level cache yet. */
CK_INLINE void run_copied_tile(int rows, bool is_new, const float *x, const float *w, int64_t count, bool resume, float *sums) {
    V acc[tile_rows][panel_vectors];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int v = 0; v < panel_vectors; v++) acc[r][v] = resume ? v_load(sums + r * sum_pitch + v * V_LANES) : v_zero();
    int64_t k = 0;
#pragma clang loop unroll(disable)
    for (; k + quad <= count; k += quad, x += quad * tile_rows, w += quad * CK_PANEL)
        CK_UNROLL for (int j = 0; j < quad; j++) {
            if (is_new) __builtin_prefetch((const char *)(w + j * CK_PANEL) + prefetch_bytes);
            multiply_step(rows, x + j, w + j * CK_PANEL, acc);
        }
#pragma clang loop unroll(disable)
    for (; k < count; k++, x++, w += CK_PANEL) multiply_step(rows, x, w, acc);
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int v = 0; v < panel_vectors; v++) v_store(sums + r * sum_pitch + v * V_LANES, acc[r][v]);
}

CK_INLINE void copied_tile(int64_t rows, bool is_new, const float *x, const float *w, int64_t count, bool resume, float *sums) {
    switch (rows) {
    case 1: run_copied_tile(1, is_new, x, w, count, resume, sums); return;
    case 2: run_copied_tile(2, is_new, x, w, count, resume, sums); return;
    case 3: run_copied_tile(3, is_new, x, w, count, resume, sums); return;
    case 4: run_copied_tile(4, is_new, x, w, count, resume, sums); return;
    case 5: run_copied_tile(5, is_new, x, w, count, resume, sums); return;
    default: run_copied_tile(6, is_new, x, w, count, resume, sums); return;
    }
}

CK_INLINE void widen(ck_weight_type type, const char *values, int64_t count, float *target) {
    const int64_t step_bytes = CK_PANEL * ck_weight_bytes(type);
    for (int64_t k = 0; k < count; k++) {
        V weights[panel_vectors];
        load_weights(type, values + k * step_bytes, weights);
        CK_UNROLL for (int v = 0; v < panel_vectors; v++) v_store(target + k * CK_PANEL + v * V_LANES, weights[v]);
    }
}

/* What travels to the second-level cache while a panel is multiplied: the weights used next, and of every row of the next block of x
 * the cache lines from `line` on in steps of `line_step`. */
typedef struct travel {
    const char *weights;
    int64_t weight_bytes;
    const float *x;
    int64_t x_stride, line, line_step, x_bytes;
} travel;

/* The share of a tile of `height` rows. */
CK_INLINE void fetch(const travel *next, int64_t tile, int64_t tiles, int64_t height) {
    const int64_t share = (next->weight_bytes / tiles + 63) & ~(int64_t)63;
    const int64_t stop = (tile + 1) * share < next->weight_bytes ? (tile + 1) * share : next->weight_bytes;
    for (int64_t at = tile * share; at < stop; at += 64) __builtin_prefetch(next->weights + at, 0, 2);
    const float *x = next->x + tile * tile_rows * next->x_stride;
    for (int64_t at = next->line * 64; at < next->x_bytes; at += next->line_step * 64)
        for (int64_t r = 0; r < height; r++) __builtin_prefetch((const char *)(x + r * next->x_stride) + at, 0, 2);
}

/* sums += x w for one panel. */
static void multiply_panel(int64_t rows, const float *x, const float *weights, int64_t count, bool resume, float *sums,
                           const travel *next) {
    const int64_t tiles = (rows + tile_rows - 1) / tile_rows;
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t row = tile * tile_rows;
        const int64_t height = rows - row < tile_rows ? rows - row : tile_rows;
        fetch(next, tile, tiles, height);
        if (tile == 0) copied_tile(height, true, x, weights, count, resume, sums);
        else copied_tile(height, false, x + row * block_k, weights, count, resume, sums + row * sum_pitch);
    }
}

/* One block of rows and up to block_panels panels, whole k. */
CK_INLINE void block(const ck_linear_args *a, ck_weight_type type, int64_t row, int64_t rows, int64_t column,
                     int64_t columns, float *x, float *weights, float *sums) {
    float low_rank[block_k];
    const int64_t rank = a->lora_x ? a->rank : 0;
    const int64_t first_panel = column / CK_PANEL, panels = (columns + CK_PANEL - 1) / CK_PANEL;
    const int64_t step_bytes = CK_PANEL * ck_weight_bytes(type);
    if (a->k + rank == 0) memset(sums, 0, (size_t)(rows * sum_pitch) * sizeof *sums);
    for (int64_t first = 0; first < a->k; first += block_k) {
        const int64_t count = a->k - first < block_k ? a->k - first : block_k;
        const int64_t left = a->k - first - count, next_count = left < block_k ? left : block_k;
        for (int64_t i = 0; i < rows; i++) copy_row(i, a->x + (row + i) * a->x_stride + first, count, x);
        for (int64_t p = 0; p < panels; p++) {
            const int64_t panel = first_panel + p;
            const char *values = (const char *)a->weight + (panel * a->k + first) * step_bytes;
            if (type != CK_WEIGHT_F32) widen(type, values, count, weights);
            const float *block_weights = type == CK_WEIGHT_F32 ? (const float *)values : weights;
            const bool is_last = p + 1 == panels;
            const travel next = {
                .weights = is_last ? (const char *)a->weight + (first_panel * a->k + first + count) * step_bytes
                                   : values + a->k * step_bytes,
                .weight_bytes = (is_last ? next_count : count) * step_bytes,
                .x = a->x + row * a->x_stride + first + count,
                .x_stride = a->x_stride,
                .line = p,
                .line_step = panels,
                .x_bytes = next_count * (int64_t)sizeof *x,
            };
            multiply_panel(rows, x, block_weights, count, first > 0, sums + p * CK_PANEL, &next);
        }
    }
    for (int64_t first = 0; first < rank; first += block_k) {
        const int64_t count = rank - first < block_k ? rank - first : block_k;
        for (int64_t i = 0; i < rows; i++) {
            scale_lora_rows(a, row + i, 1, first, count, low_rank, 0);
            copy_row(i, low_rank, count, x);
        }
        for (int64_t p = 0; p < panels; p++) {
            const float *b = a->lora_b + ((first_panel + p) * rank + first) * CK_PANEL;
            multiply_panel(rows, x, b, count, a->k + first > 0, sums + p * CK_PANEL, &(travel){.x = a->x});
        }
    }
    finish(a, sums, sum_pitch, row, rows, column, columns);
}

CK_INLINE void blocked(const ck_linear_args *a, ck_weight_type type, const slice *s) {
    float x[block_rows * block_k] __attribute__((aligned(64)));
    float sums[block_rows * sum_pitch] __attribute__((aligned(64)));
    float weights[block_k * CK_PANEL] __attribute__((aligned(64)));
    /* Blocks of equal height, so that the last one is not a few rows that stream all weights again. */
    const int64_t rows = s->end_row - s->row, blocks = (rows + block_rows - 1) / block_rows;
    const int64_t height = ((rows + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
    for (int64_t column = s->column; column < s->end_column; column += sum_pitch) {
        const int64_t columns = s->end_column - column < sum_pitch ? s->end_column - column : sum_pitch;
        for (int64_t row = s->row; row < s->end_row; row += height)
            block(a, type, row, s->end_row - row < height ? s->end_row - row : height, column, columns, x, weights, sums);
    }
}

/* MARK: Entries */

/* Two functions per type: the large buffers of the one should not widen the stack of the other. */
#define ENTRY(name, type) \
    static __attribute__((noinline)) void blocked_##name(const ck_linear_args *a, const slice *s) { blocked(a, type, s); } \
    static __attribute__((noinline)) void stream_##name(const ck_linear_args *a, int64_t begin, int64_t end) { \
        stream(a, type, begin, end); \
    } \
    void NAME(name)(const void *args, int part, int parts) { \
        const ck_linear_args *a = args; \
        const slice s = slice_of(a, part, parts, tile_rows, sum_pitch); \
        if (s.row == s.end_row || s.column == s.end_column) return; \
        if (a->m <= tile_rows) stream_##name(a, s.column, s.end_column); \
        else blocked_##name(a, &s); \
    }

ENTRY(f32, CK_WEIGHT_F32)
ENTRY(f16, CK_WEIGHT_F16)
ENTRY(bf16, CK_WEIGHT_BF16)
