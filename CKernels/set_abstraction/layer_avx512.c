/* One layer of the shared MLP, AVX-512: the plan of layer_avx2.c, and the same bits.
 *
 * Tile: 14 rows x two panels of 16, 28 sums; 2 weights, 1 broadcast, of 32 registers. A pair of panels of up to 256 steps
 * of k (32 KB) is read again by each tile, from the first- or second-level cache; deeper layers keep their sums in y
 * between blocks of k.
 * Tails: fewer rows take smaller tiles; an odd panel goes alone; the last one is padded in the weights, so only stores are
 * masked. */
#include "ck_linear.h"
#include "ck_math_avx512.h"
#include "set_abstraction.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define LAYER_INLINE static inline __attribute__((always_inline))
#define LAYER_UNROLL _Pragma("clang loop unroll(full)")

enum { tile_rows = 14, tile_panels = 2, block_k = 256 };

/* One block of k of a layer. */
typedef struct step {
    const float *x, *weight, *bias; /* of the first row and panel; bias NULL: leave raw sums in y */
    float *y;
    int64_t x_stride, y_stride, count;
    int64_t panel_floats; /* between panels */
    int64_t columns;      /* of the panels that exist */
    bool resume;          /* y holds the sums of earlier blocks */
} step;

LAYER_INLINE void run_tile(const step *s, int rows, int panels, int64_t row) {
    const float *const x = s->x + row * s->x_stride, *w = s->weight;
    float *const y = s->y + row * s->y_stride;
    const int64_t x_stride = s->x_stride, y_stride = s->y_stride, count = s->count, panel_floats = s->panel_floats;
    __mmask16 lanes[tile_panels];
    __m512 acc[tile_rows][tile_panels];
    LAYER_UNROLL for (int p = 0; p < panels; p++) lanes[p] = ck_tail_mask_avx512(s->columns - p * CK_PANEL);
    LAYER_UNROLL for (int r = 0; r < rows; r++)
        LAYER_UNROLL for (int p = 0; p < panels; p++)
            acc[r][p] = s->resume ? _mm512_maskz_loadu_ps(lanes[p], y + r * y_stride + p * CK_PANEL) : _mm512_setzero_ps();
#pragma clang loop unroll(disable)
    for (int64_t k = 0; k < count; k++, w += CK_PANEL) {
        __m512 weights[tile_panels];
        LAYER_UNROLL for (int p = 0; p < panels; p++) weights[p] = _mm512_loadu_ps(w + p * panel_floats);
        LAYER_UNROLL for (int r = 0; r < rows; r++) {
            const __m512 value = _mm512_set1_ps(x[r * x_stride + k]);
            LAYER_UNROLL for (int p = 0; p < panels; p++) acc[r][p] = _mm512_fmadd_ps(value, weights[p], acc[r][p]);
        }
    }
    if (s->bias) {
        const __m512 zero = _mm512_setzero_ps();
        LAYER_UNROLL for (int p = 0; p < panels; p++) {
            const __m512 bias = _mm512_maskz_loadu_ps(lanes[p], s->bias + p * CK_PANEL);
            LAYER_UNROLL for (int r = 0; r < rows; r++) /* the second operand of max wins if it is NaN */
                acc[r][p] = _mm512_max_ps(zero, _mm512_add_ps(acc[r][p], bias));
        }
    }
    LAYER_UNROLL for (int r = 0; r < rows; r++)
        LAYER_UNROLL for (int p = 0; p < panels; p++)
            _mm512_mask_storeu_ps(y + r * y_stride + p * CK_PANEL, lanes[p], acc[r][p]);
}

LAYER_INLINE void run_panels(const step *s, int64_t rows, int panels) {
    int64_t row = 0;
    for (; row + tile_rows <= rows; row += tile_rows) run_tile(s, tile_rows, panels, row);
#define TILE(height) case height: run_tile(s, height, panels, row); return;
    switch (rows - row) {
        TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13)
    default: return;
    }
#undef TILE
}

static __attribute__((noinline)) void panel_pair(const step *s, int64_t rows) { run_panels(s, rows, tile_panels); }
static __attribute__((noinline)) void single_panel(const step *s, int64_t rows) { run_panels(s, rows, 1); }

void ck_set_abstraction_layer_avx512(const ck_linear_args *a) {
    for (int64_t first = 0; first < a->k; first += block_k) {
        const int64_t count = a->k - first < block_k ? a->k - first : block_k;
        const bool is_last = first + count == a->k;
        for (int64_t column = 0; column < a->n; column += tile_panels * CK_PANEL) {
            const step s = {
                .x = a->x + first,
                .weight = (const float *)a->weight + (column / CK_PANEL * a->k + first) * CK_PANEL,
                .bias = is_last ? a->bias + column : NULL,
                .y = a->y + column,
                .x_stride = a->x_stride,
                .y_stride = a->y_stride,
                .count = count,
                .panel_floats = a->k * CK_PANEL,
                .columns = a->n - column,
                .resume = first > 0,
            };
            if (s.columns > CK_PANEL) panel_pair(&s, a->m);
            else single_panel(&s, a->m);
        }
    }
}

CK_TARGET_END
#endif
