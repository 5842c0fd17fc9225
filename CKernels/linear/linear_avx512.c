/* ck_linear for AVX-512.
 *
 * Up to 6 rows (decoding): the weights are streamed once, each group of 1 to 8 panels runs over the whole of k; memory
 * bandwidth is the limit. More rows: wide_body.h, but for few outputs, such as an adapter's first product, the same 10 rows at a time: x is
 * used too little to be copied, and lines of more rows, pages apart, would not stay in the 12 ways of a first-level set. */
#include "ck_vector_avx512.h"
#include "linear/linear.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define HAS_PAIRS 0
#include "linear/wide_body.h"

enum {
    stream_rows = 6,
    narrow_rows = 10,
    narrow_columns = 64,
    stream_pitch = max_panels * CK_PANEL,
    stream_ahead = 8192 /* bytes in all panels of a turn: hardware streams stop at page ends */
};

/* MARK: Few rows */

/* Panels side by side for a number of rows: at least eight sums, where the weights allow. */
static int64_t panels_for(int64_t rows) { return rows == 1 ? 8 : rows <= 3 ? 4 : 2; }

/* sums[rows][panels * 16] = (resume ? sums : 0) + x w over `count` > 0 steps of k; panels of w stand `panel_bytes` apart. */
CK_INLINE void run_tile(step_kind kind, int rows, int panels, const float *x, int64_t x_stride, const char *w, int64_t panel_bytes,
                        int64_t count, bool resume, float *sums) {
    __m512 acc[tile_rows][max_panels], weights[max_panels];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            acc[r][p] = resume ? _mm512_loadu_ps(sums + r * stream_pitch + p * CK_PANEL) : _mm512_setzero_ps();
#pragma clang loop unroll(disable)
    for (int64_t k = 0; k < count; k++, w += step_bytes(kind)) {
        CK_UNROLL for (int p = 0; p < panels; p++) {
            _mm_prefetch(w + p * panel_bytes + stream_ahead / panels, _MM_HINT_T0);
            weights[p] = load_step(kind, w + p * panel_bytes);
        }
        multiply_rows(kind, rows, panels, x + k, x_stride, weights, acc);
    }
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++) _mm512_storeu_ps(sums + r * stream_pitch + p * CK_PANEL, acc[r][p]);
}

/* One tile of panels_for(rows) panels, or of 1 for those left over. */
CK_INLINE void stream_tile(step_kind kind, int64_t rows, int64_t panels, const float *x, int64_t x_stride, const char *w,
                           int64_t panel_bytes, int64_t count, bool resume, float *sums) {
#define TILE(height, width) \
    case (height)*16 + (width): run_tile(kind, height, width, x, x_stride, w, panel_bytes, count, resume, sums); return;
    switch (rows * 16 + panels) {
        TILE(1, 8) TILE(1, 1) TILE(2, 4) TILE(2, 1) TILE(3, 4) TILE(3, 1)
        TILE(4, 2) TILE(4, 1) TILE(5, 2) TILE(5, 1) TILE(6, 2) TILE(6, 1) TILE(7, 2) TILE(7, 1)
        TILE(8, 2) TILE(8, 1) TILE(9, 2) TILE(9, 1) TILE(10, 2) TILE(10, 1)
    default: return;
    }
#undef TILE
}

static __attribute__((noinline)) void stream_adapter(int64_t rows, int64_t panels, const float *x, const char *w, int64_t panel_bytes,
                                                     int64_t count, float *sums) {
    stream_tile(STEP_F32, rows, panels, x, block_steps, w, panel_bytes, count, true, sums);
}

/* At most narrow_rows rows. */
CK_INLINE void stream(step_kind kind, const ck_linear_args *a, int64_t row, int64_t rows, int64_t begin, int64_t end) {
    float sums[narrow_rows * stream_pitch] __attribute__((aligned(64)));
    float low_rank[narrow_rows * block_steps];
    const float *x = a->x + row * a->x_stride;
    const int64_t rank = a->lora_x ? a->rank : 0, panel_bytes = a->k * step_bytes(kind);
    if (rank > 0 && rank <= block_steps) scale_lora_rows(a, row, rows, 0, rank, low_rank, block_steps);
    int64_t panels;
    for (int64_t column = begin; column < end; column += panels * CK_PANEL) {
        const int64_t panel = column / CK_PANEL;
        panels = panels_for(rows);
        if (end - column <= (panels - 1) * CK_PANEL) panels = 1;
        if (a->k == 0) memset(sums, 0, sizeof sums);
        else stream_tile(kind, rows, panels, x, a->x_stride, (const char *)a->weight + panel * panel_bytes, panel_bytes, a->k, false, sums);
        for (int64_t first = 0; first < rank; first += block_steps) {
            const int64_t count = rank - first < block_steps ? rank - first : block_steps;
            if (rank > block_steps) scale_lora_rows(a, row, rows, first, count, low_rank, block_steps);
            stream_adapter(rows, panels, low_rank, (const char *)(a->lora_b + (panel * rank + first) * CK_PANEL),
                           rank * step_bytes(STEP_F32), count, sums);
        }
        const int64_t columns = end - column < panels * CK_PANEL ? end - column : panels * CK_PANEL;
        finish(a, sums, stream_pitch, row, rows, column, columns);
    }
}

/* MARK: Entries */

/* Two functions per type: the large buffers of the one should not widen the stack of the other. */
#define ENTRY(name, kind) \
    static __attribute__((noinline)) void blocked_##name(const ck_linear_args *a, const slice *s) { blocked(kind, a, s); } \
    static __attribute__((noinline)) void stream_##name(const ck_linear_args *a, const slice *s) { \
        for (int64_t row = s->row; row < s->end_row; row += narrow_rows) \
            stream(kind, a, row, s->end_row - row < narrow_rows ? s->end_row - row : narrow_rows, s->column, s->end_column); \
    } \
    void ck_linear_f32_##name##_nk16_avx512(const void *args, int part, int parts) { \
        const ck_linear_args *a = args; \
        const slice s = slice_of(a, part, parts, tile_rows, sum_pitch); \
        if (s.row == s.end_row || s.column == s.end_column) return; \
        if (a->m <= stream_rows || a->n <= narrow_columns) stream_##name(a, &s); \
        else blocked_##name(a, &s); \
    }

ENTRY(f32, STEP_F32)
ENTRY(f16, STEP_F16)
ENTRY(bf16, STEP_BF16)

CK_TARGET_END
#endif
