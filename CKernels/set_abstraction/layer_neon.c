/* One layer of the shared MLP, NEON: y = max(0, x W^T + bias) for float32 weights in panels, as ck_linear computes it, bit
 * for bit: one chain of FMAs per sum in ascending k, then bias, then ReLU.
 *
 * Rows and activations already stand close together in the cache, so unlike ck_linear this copies no x and finishes a tile
 * in its registers. Tile: 6 rows x one panel of 16, 24 sums; 4 weights, 1 value of x. A panel of up to 256 steps of k
 * (16 KB) stays in the first-level cache while all rows pass; deeper layers keep their sums in y between blocks of k.
 * Tails: fewer rows take smaller tiles; the last panel is padded in the weights, so only loads and stores of y and bias
 * look at lanes. */
#include "ck_linear.h"
#include "ck_math_neon.h"
#include "set_abstraction.h"

#if CK_ARM64
#include <string.h>

#define LAYER_INLINE static inline __attribute__((always_inline))
#define LAYER_UNROLL _Pragma("clang loop unroll(full)")

enum { tile_rows = 6, vectors = CK_PANEL / 4, block_k = 256 };

/* One block of k of a layer. */
typedef struct step {
    const float *x, *weight, *bias; /* of the first row and panel; bias NULL: leave raw sums in y */
    float *y;
    int64_t x_stride, y_stride, count;
    int64_t columns; /* of the panel that exist */
    bool resume;     /* y holds the sums of earlier blocks */
} step;

/* One row of a panel; `line` is where the missing columns of the last panel are made up. */
LAYER_INLINE void load_row(const float *p, int64_t columns, bool full, float32x4_t *v) {
    float line[CK_PANEL] = {0};
    if (!full) p = memcpy(line, p, (size_t)columns * sizeof *p);
    LAYER_UNROLL for (int i = 0; i < vectors; i++) v[i] = vld1q_f32(p + i * 4);
}

LAYER_INLINE void store_row(float *p, int64_t columns, bool full, const float32x4_t *v) {
    float line[CK_PANEL];
    LAYER_UNROLL for (int i = 0; i < vectors; i++) vst1q_f32((full ? p : line) + i * 4, v[i]);
    if (!full) memcpy(p, line, (size_t)columns * sizeof *p);
}

LAYER_INLINE void run_tile(const step *s, int rows, int64_t row, bool full) {
    const float *const x = s->x + row * s->x_stride, *w = s->weight;
    float *const y = s->y + row * s->y_stride;
    const int64_t x_stride = s->x_stride, count = s->count;
    float32x4_t acc[tile_rows][vectors];
    LAYER_UNROLL for (int r = 0; r < rows; r++) {
        LAYER_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = vdupq_n_f32(0.0f);
        if (s->resume) load_row(y + r * s->y_stride, s->columns, full, acc[r]);
    }
#pragma clang loop unroll(disable)
    for (int64_t k = 0; k < count; k++, w += CK_PANEL) {
        float32x4_t weights[vectors];
        LAYER_UNROLL for (int v = 0; v < vectors; v++) weights[v] = vld1q_f32(w + v * 4);
        LAYER_UNROLL for (int r = 0; r < rows; r++)
            LAYER_UNROLL for (int v = 0; v < vectors; v++)
                acc[r][v] = vfmaq_n_f32(acc[r][v], weights[v], x[r * x_stride + k]);
    }
    if (s->bias) {
        float32x4_t bias[vectors];
        load_row(s->bias, s->columns, full, bias);
        LAYER_UNROLL for (int r = 0; r < rows; r++)
            LAYER_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = ck_relu_neon(vaddq_f32(acc[r][v], bias[v]));
    }
    LAYER_UNROLL for (int r = 0; r < rows; r++) store_row(y + r * s->y_stride, s->columns, full, acc[r]);
}

LAYER_INLINE void run_panel(const step *s, int64_t rows, bool full) {
    int64_t row = 0;
    for (; row + tile_rows <= rows; row += tile_rows) run_tile(s, tile_rows, row, full);
    switch (rows - row) {
    case 1: run_tile(s, 1, row, full); return;
    case 2: run_tile(s, 2, row, full); return;
    case 3: run_tile(s, 3, row, full); return;
    case 4: run_tile(s, 4, row, full); return;
    case 5: run_tile(s, 5, row, full); return;
    default: return;
    }
}

static __attribute__((noinline)) void full_panel(const step *s, int64_t rows) { run_panel(s, rows, true); }
static __attribute__((noinline)) void last_panel(const step *s, int64_t rows) { run_panel(s, rows, false); }

void ck_set_abstraction_layer_neon(const ck_linear_args *a) {
    for (int64_t first = 0; first < a->k; first += block_k) {
        const int64_t count = a->k - first < block_k ? a->k - first : block_k;
        const bool is_last = first + count == a->k;
        for (int64_t column = 0; column < a->n; column += CK_PANEL) {
            const step s = {
                .x = a->x + first,
                .weight = (const float *)a->weight + (column / CK_PANEL * a->k + first) * CK_PANEL,
                .bias = is_last ? a->bias + column : NULL,
                .y = a->y + column,
                .x_stride = a->x_stride,
                .y_stride = a->y_stride,
                .count = count,
                .columns = a->n - column,
                .resume = first > 0,
            };
            if (s.columns >= CK_PANEL) full_panel(&s, a->m);
            else last_panel(&s, a->m);
        }
    }
}
#endif
