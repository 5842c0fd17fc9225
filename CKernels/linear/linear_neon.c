/* ck_linear for NEON.
 *
 * Up to 6 rows (decoding): the weights are streamed once, converted in registers, and each group of 1 to 4 panels runs
 * over the whole of k; memory bandwidth is the limit.
 *
 * More rows: 16 panels at a time. For a block of up to 96 rows and 256 steps of k, x is copied to a buffer with a
 * constant row stride and the weights of each panel are widened to float32 once (16 KB, first-level cache), then used by
 * every tile of 6 rows. Sums wait in a buffer of their own between blocks of k, because y may hold the residual.
 *
 * The adapter is a continuation of the same sums: x' = lora_scale * lora_x over `rank` steps of lora_b.
 * Stack: about 220 KB. Tails: the last panel is padded in the weights, so only the epilogue looks at lanes. */
#include "ck_math_neon.h"
#include "ck_target.h"
#include "linear/linear.h"
#include "linear/tile_neon.h"

#if CK_ARM64
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum {
    block_k = 256,
    block_rows = 96, /* a multiple of tile_rows */
    block_panels = 16,
    x_pitch = block_k + 16,
    sum_pitch = block_panels * CK_PANEL,
    stream_pitch = max_panels * CK_PANEL
};

/* MARK: Epilogue */

CK_TILE_INLINE float32x4_t activated(float32x4_t v, int32_t activation) {
    switch (activation) {
    case CK_ACT_RELU: return ck_relu_neon(v);
    case CK_ACT_GELU: return ck_gelu_neon(v);
    case CK_ACT_SILU: return ck_silu_neon(v);
    default: return v;
    }
}

/* y[rows, columns] at (row, column) from finished sums. */
CK_TILE_INLINE void finish_as(const ck_linear_args *a, int32_t activation, const float *sums, int64_t sum_stride,
                              int64_t row, int64_t rows, int64_t column, int64_t columns) {
    for (int64_t i = 0; i < rows; i++) {
        const float *residual = a->residual ? a->residual + (row + i) * a->residual_stride + column : NULL;
        float *y = a->y + (row + i) * a->y_stride + column;
        for (int64_t j = 0; j < columns; j += 4) {
            const int64_t lanes = columns - j;
            float32x4_t v = vld1q_f32(sums + i * sum_stride + j);
            if (a->bias) v = vaddq_f32(v, ck_load_lanes_neon(a->bias + column + j, lanes));
            v = activated(v, activation);
            if (a->channel_scale) v = vmulq_f32(v, ck_load_lanes_neon(a->channel_scale + column + j, lanes));
            if (residual) v = vaddq_f32(v, ck_load_lanes_neon(residual + j, lanes));
            ck_store_lanes_neon(y + j, lanes, v);
        }
    }
}

static void finish(const ck_linear_args *a, const float *sums, int64_t sum_stride, int64_t row, int64_t rows,
                   int64_t column, int64_t columns) {
    switch (a->activation) {
    case CK_ACT_RELU: finish_as(a, CK_ACT_RELU, sums, sum_stride, row, rows, column, columns); return;
    case CK_ACT_GELU: finish_as(a, CK_ACT_GELU, sums, sum_stride, row, rows, column, columns); return;
    case CK_ACT_SILU: finish_as(a, CK_ACT_SILU, sums, sum_stride, row, rows, column, columns); return;
    default: finish_as(a, CK_ACT_NONE, sums, sum_stride, row, rows, column, columns); return;
    }
}

/* x' of the adapter: rows of lora_scale * lora_x, `count` values from `first` on. */
static void scale_lora_rows(const ck_linear_args *a, int64_t row, int64_t rows, int64_t first, int64_t count,
                            float *target, int64_t pitch) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < count; j++)
            target[i * pitch + j] = a->lora_scale * a->lora_x[(row + i) * a->lora_x_stride + first + j];
}

/* MARK: Few rows */

/* Panels side by side for a number of rows. f16 needs a register more on the way, and clang spills at 3 x 2. */
CK_TILE_INLINE int panels_for(ck_weight_type type, int64_t rows) {
    switch (rows) {
    case 1: return 4;
    case 2: return 3;
    case 3: return type == CK_WEIGHT_F16 ? 1 : 2;
    default: return 1;
    }
}

/* One tile of `panels` panels: panels_for of the weight's type, also for the adapter, or 1 for those left over. */
CK_TILE_INLINE void stream_tile(ck_weight_type type, int64_t rows, int panels, const float *x, int64_t x_stride,
                                const weight_block *w, int64_t count, bool resume, float *sums) {
#define TILE(rows, panels) \
    case rows * 8 + panels: run_tile(type, rows, panels, x, x_stride, w, count, resume, sums, stream_pitch); return;
    switch (rows * 8 + panels) {
        TILE(1, 4) TILE(1, 1) TILE(2, 3) TILE(2, 1) TILE(3, 2) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1)
    default: return;
    }
#undef TILE
}

static __attribute__((noinline)) void stream_f32_tile(int64_t rows, int panels, const float *x, int64_t x_stride,
                                                      const weight_block *w, int64_t count, bool resume, float *sums) {
    stream_tile(CK_WEIGHT_F32, rows, panels, x, x_stride, w, count, resume, sums);
}

CK_TILE_INLINE void stream(const ck_linear_args *a, ck_weight_type type, int64_t begin, int64_t end) {
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

/* A tile on the copied x with float32 weights. */
CK_TILE_INLINE void blocked_tile(int64_t rows, const float *x, const weight_block *w, int64_t count, bool resume,
                                 float *sums) {
    switch (rows) {
    case 1: run_tile(CK_WEIGHT_F32, 1, 1, x, x_pitch, w, count, resume, sums, sum_pitch); return;
    case 2: run_tile(CK_WEIGHT_F32, 2, 1, x, x_pitch, w, count, resume, sums, sum_pitch); return;
    case 3: run_tile(CK_WEIGHT_F32, 3, 1, x, x_pitch, w, count, resume, sums, sum_pitch); return;
    case 4: run_tile(CK_WEIGHT_F32, 4, 1, x, x_pitch, w, count, resume, sums, sum_pitch); return;
    case 5: run_tile(CK_WEIGHT_F32, 5, 1, x, x_pitch, w, count, resume, sums, sum_pitch); return;
    default: run_tile(CK_WEIGHT_F32, 6, 1, x, x_pitch, w, count, resume, sums, sum_pitch); return;
    }
}

CK_TILE_INLINE void widen(ck_weight_type type, const char *values, int64_t count, float *target) {
    const int64_t step_bytes = CK_PANEL * ck_weight_bytes(type);
    for (int64_t k = 0; k < count; k++) {
        float32x4_t weights[vectors];
        load_weights(type, values + k * step_bytes, weights);
        CK_UNROLL for (int v = 0; v < vectors; v++) vst1q_f32(target + k * CK_PANEL + v * 4, weights[v]);
    }
}

/* sums += x w for one panel */
static void multiply_panel(int64_t rows, const float *x, const float *weights, int64_t count, bool resume, float *sums) {
    const weight_block w = {(const char *)weights, 0};
    for (int64_t row = 0; row < rows; row += tile_rows) {
        const int64_t height = rows - row < tile_rows ? rows - row : tile_rows;
        blocked_tile(height, x + row * x_pitch, &w, count, resume, sums + row * sum_pitch);
    }
}

/* One block of rows and up to block_panels panels, whole k. */
CK_TILE_INLINE void block(const ck_linear_args *a, ck_weight_type type, int64_t row, int64_t rows, int64_t column,
                          int64_t columns, float *x, float *weights, float *sums) {
    const int64_t rank = a->lora_x ? a->rank : 0;
    const int64_t first_panel = column / CK_PANEL, panels = (columns + CK_PANEL - 1) / CK_PANEL;
    const int64_t step_bytes = CK_PANEL * ck_weight_bytes(type);
    if (a->k + rank == 0) memset(sums, 0, (size_t)(rows * sum_pitch) * sizeof *sums);
    for (int64_t first = 0; first < a->k; first += block_k) {
        const int64_t count = a->k - first < block_k ? a->k - first : block_k;
        for (int64_t i = 0; i < rows; i++)
            memcpy(x + i * x_pitch, a->x + (row + i) * a->x_stride + first, (size_t)count * sizeof *x);
        for (int64_t p = 0; p < panels; p++) {
            const char *values = (const char *)a->weight + ((first_panel + p) * a->k + first) * step_bytes;
            if (type != CK_WEIGHT_F32) widen(type, values, count, weights);
            const float *block_weights = type == CK_WEIGHT_F32 ? (const float *)values : weights;
            multiply_panel(rows, x, block_weights, count, first > 0, sums + p * CK_PANEL);
        }
    }
    for (int64_t first = 0; first < rank; first += block_k) {
        const int64_t count = rank - first < block_k ? rank - first : block_k;
        scale_lora_rows(a, row, rows, first, count, x, x_pitch);
        for (int64_t p = 0; p < panels; p++) {
            const float *b = a->lora_b + ((first_panel + p) * rank + first) * CK_PANEL;
            multiply_panel(rows, x, b, count, a->k + first > 0, sums + p * CK_PANEL);
        }
    }
    finish(a, sums, sum_pitch, row, rows, column, columns);
}

CK_TILE_INLINE void blocked(const ck_linear_args *a, ck_weight_type type, int64_t begin, int64_t end) {
    float x[block_rows * x_pitch] __attribute__((aligned(64)));
    float sums[block_rows * sum_pitch] __attribute__((aligned(64)));
    float weights[block_k * CK_PANEL] __attribute__((aligned(64)));
    /* Blocks of equal height, so that the last one is not a few rows that stream all weights again. */
    const int64_t blocks = (a->m + block_rows - 1) / block_rows;
    const int64_t height = ((a->m + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
    for (int64_t column = begin; column < end; column += sum_pitch) {
        const int64_t columns = end - column < sum_pitch ? end - column : sum_pitch;
        for (int64_t row = 0; row < a->m; row += height)
            block(a, type, row, a->m - row < height ? a->m - row : height, column, columns, x, weights, sums);
    }
}

/* MARK: Entries */

/* Two functions per type: the large buffers of the one should not widen the stack of the other. */
#define ENTRY(name, type) \
    static __attribute__((noinline)) void blocked_##name(const ck_linear_args *a, int64_t begin, int64_t end) { \
        blocked(a, type, begin, end); \
    } \
    static __attribute__((noinline)) void stream_##name(const ck_linear_args *a, int64_t begin, int64_t end) { \
        stream(a, type, begin, end); \
    } \
    void ck_linear_f32_##name##_nk16_neon(const void *args, int part, int parts) { \
        const ck_linear_args *a = args; \
        int64_t begin, end; \
        ck_slice(a->n, CK_PANEL, part, parts, &begin, &end); \
        if (a->m == 0 || begin == end) return; \
        if (a->m <= tile_rows) stream_##name(a, begin, end); \
        else blocked_##name(a, begin, end); \
    }

ENTRY(f32, CK_WEIGHT_F32)
ENTRY(f16, CK_WEIGHT_F16)
ENTRY(bf16, CK_WEIGHT_BF16)
#endif
