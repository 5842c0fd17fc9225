/* One layer of the shared MLP, AVX2: y = max(0, x W^T + bias) for float32 weights in panels, as ck_linear computes it, bit
 * for bit: one chain of FMAs per sum in ascending k, then bias, then ReLU.
 *
 * Rows and activations already stand close together in the cache, so unlike ck_linear this copies no x and finishes a tile
 * in its registers: in layers of 6 to 128 inputs these two passes took a third of the time (Zen 3).
 * Tile: 6 rows x one panel of 16, 12 sums; 2 weights, 1 broadcast. A panel of up to 256 steps of k (16 KB) stays in the
 * first-level cache while all rows pass; deeper layers keep their sums in y between blocks of k.
 * Tails: fewer rows take smaller tiles; the last panel is padded in the weights, so only stores are masked. */
#include "ck_linear.h"
#include "ck_math_avx2.h"
#include "set_abstraction.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define LAYER_INLINE static inline __attribute__((always_inline))
#define LAYER_UNROLL _Pragma("clang loop unroll(full)")

enum { tile_rows = 6, block_k = 256 };

/* One block of k of a layer. */
typedef struct step {
    const float *x, *weight, *bias; /* of the first row and panel; bias NULL: leave raw sums in y */
    float *y;
    int64_t x_stride, y_stride, count;
    int64_t columns; /* of the panel that exist */
    bool resume;     /* y holds the sums of earlier blocks */
} step;

LAYER_INLINE __m256 load_lanes(const float *p, int64_t lanes) {
    return lanes >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, ck_tail_mask_avx2(lanes));
}

LAYER_INLINE void run_tile(const step *s, int rows, int64_t row, bool full) {
    const float *const x = s->x + row * s->x_stride, *w = s->weight;
    float *const y = s->y + row * s->y_stride;
    const int64_t x_stride = s->x_stride, count = s->count, high = s->columns - 8;
    __m256 acc[tile_rows][2];
    LAYER_UNROLL for (int r = 0; r < rows; r++) {
        acc[r][0] = s->resume ? load_lanes(y + r * s->y_stride, full ? 8 : s->columns) : _mm256_setzero_ps();
        acc[r][1] = s->resume ? load_lanes(y + r * s->y_stride + 8, full ? 8 : high) : _mm256_setzero_ps();
    }
#pragma clang loop unroll_count(4)
    for (int64_t k = 0; k < count; k++, w += CK_PANEL) {
        const __m256 first = _mm256_loadu_ps(w), second = _mm256_loadu_ps(w + 8);
        LAYER_UNROLL for (int r = 0; r < rows; r++) {
            const __m256 value = _mm256_broadcast_ss(x + r * x_stride + k);
            acc[r][0] = _mm256_fmadd_ps(value, first, acc[r][0]);
            acc[r][1] = _mm256_fmadd_ps(value, second, acc[r][1]);
        }
    }
    if (s->bias) {
        const __m256 zero = _mm256_setzero_ps();
        const __m256 first = load_lanes(s->bias, full ? 8 : s->columns), second = load_lanes(s->bias + 8, full ? 8 : high);
        LAYER_UNROLL for (int r = 0; r < rows; r++) { /* the second operand of max wins if it is NaN */
            acc[r][0] = _mm256_max_ps(zero, _mm256_add_ps(acc[r][0], first));
            acc[r][1] = _mm256_max_ps(zero, _mm256_add_ps(acc[r][1], second));
        }
    }
    LAYER_UNROLL for (int r = 0; r < rows; r++) {
        float *const target = y + r * s->y_stride;
        if (full) {
            _mm256_storeu_ps(target, acc[r][0]);
            _mm256_storeu_ps(target + 8, acc[r][1]);
        } else {
            _mm256_maskstore_ps(target, ck_tail_mask_avx2(s->columns), acc[r][0]);
            _mm256_maskstore_ps(target + 8, ck_tail_mask_avx2(high), acc[r][1]);
        }
    }
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

void ck_set_abstraction_layer_avx2(const ck_linear_args *a) {
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

CK_TARGET_END
#endif
