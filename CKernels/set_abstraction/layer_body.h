/* One layer of the shared MLP: y = max(0, x W^T + bias) for float32 weights in panels, as ck_linear computes it, bit
 * for bit: one chain of FMAs per sum in ascending k, then bias, then ReLU. The part that all instruction sets share, included by the
 * file of each.
 *
 * Rows and activations already stand close together in the cache, so unlike ck_linear this copies no x and finishes a tile
 * in its registers: in layers of 6 to 128 inputs these two passes took a third of the time (Zen 3).
 * Tile: tile_rows rows x tile_panels panels of 16. Panels of up to 256 steps of k (16 KB each) are read again by every tile, from
 * the first- or second-level cache; deeper layers keep their sums in y between blocks of k.
 * Tails: fewer rows take smaller tiles, an odd panel goes alone; the last panel is padded in the weights, so only loads and
 * stores of y and bias look at lanes.
 *
 * The including file defines, inside its target region, after the vectors (cpu/ck_vector_...), ck_linear.h and set_abstraction.h:
 * tile_rows (at most 14), tile_panels (1 or 2), TILE_UNROLL, a pragma for the loop over k, and NAME, the function's name. */
enum { block_k = 256, panel_vectors = CK_PANEL / V_LANES };

/* One block of k of a layer. */
typedef struct step {
    const float *x, *weight, *bias; /* of the first row and panel; bias NULL: leave raw sums in y */
    float *y;
    int64_t x_stride, y_stride, count;
    int64_t panel_floats; /* between panels */
    int64_t columns;      /* of the panels that exist */
    bool resume;          /* y holds the sums of earlier blocks */
} step;

/* - whole: all columns exist. */
CK_INLINE void run_tile(const step *s, int rows, int panels, int64_t row, bool whole) {
    const float *const x = s->x + row * s->x_stride, *w = s->weight;
    float *const y = s->y + row * s->y_stride;
    const int64_t x_stride = s->x_stride, y_stride = s->y_stride, count = s->count, panel_floats = s->panel_floats;
    const int64_t columns = whole ? panels * CK_PANEL : s->columns;
    V acc[tile_rows][tile_panels][panel_vectors];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int v = 0; v < panel_vectors; v++) {
                const int column = p * CK_PANEL + v * V_LANES;
                acc[r][p][v] = s->resume ? v_load_first(y + r * y_stride + column, columns - column) : v_zero();
            }
    TILE_UNROLL
    for (int64_t k = 0; k < count; k++, w += CK_PANEL) {
        V weights[tile_panels][panel_vectors];
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int v = 0; v < panel_vectors; v++) weights[p][v] = v_load(w + p * panel_floats + v * V_LANES);
        CK_UNROLL for (int r = 0; r < rows; r++) {
            const V value = v_set1(x[r * x_stride + k]);
            CK_UNROLL for (int p = 0; p < panels; p++)
                CK_UNROLL for (int v = 0; v < panel_vectors; v++) acc[r][p][v] = v_fma(value, weights[p][v], acc[r][p][v]);
        }
    }
    if (s->bias)
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int v = 0; v < panel_vectors; v++) {
                const int column = p * CK_PANEL + v * V_LANES;
                const V bias = v_load_first(s->bias + column, columns - column);
                CK_UNROLL for (int r = 0; r < rows; r++) acc[r][p][v] = v_relu(v_add(acc[r][p][v], bias));
            }
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int v = 0; v < panel_vectors; v++) {
                const int column = p * CK_PANEL + v * V_LANES;
                v_store_first(y + r * y_stride + column, acc[r][p][v], columns - column);
            }
}

CK_INLINE void run_panels(const step *s, int64_t rows, int panels, bool whole) {
    int64_t row = 0;
    for (; row + tile_rows <= rows; row += tile_rows) run_tile(s, tile_rows, panels, row, whole);
#define TILE(height) case height: if (height < tile_rows) run_tile(s, height < tile_rows ? height : 0, panels, row, whole); return;
    switch (rows - row) {
        TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13)
    default: return;
    }
#undef TILE
}

static __attribute__((noinline)) void whole_panels(const step *s, int64_t rows) { run_panels(s, rows, tile_panels, true); }
static __attribute__((noinline)) void last_panels(const step *s, int64_t rows) {
    if (tile_panels > 1 && s->columns > CK_PANEL) run_panels(s, rows, tile_panels, false);
    else run_panels(s, rows, 1, false);
}

void NAME(const ck_linear_args *a) {
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
            if (s.columns >= tile_panels * CK_PANEL) whole_panels(&s, a->m);
            else last_panels(&s, a->m);
        }
    }
}
