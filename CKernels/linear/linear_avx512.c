/* ck_linear with float32 weights for AVX-512; float16 weights run AVX2 code, bfloat16 weights that or linear_avx512bf16.c.
 *
 * Up to 6 rows (decoding): the weights are streamed once, each group of 1 to 8 panels runs over the whole of k; memory
 * bandwidth is the limit. More rows: wide_body.h. */
#include "ck_vector_avx512.h"
#include "linear/linear.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define HAS_PAIRS 0
#include "linear/wide_body.h"

enum { stream_rows = 6, stream_pitch = max_panels * CK_PANEL };

/* MARK: Few rows */

/* Panels side by side for a number of rows: at least eight sums, where the weights allow. */
static int64_t panels_for(int64_t rows) { return rows == 1 ? 8 : rows <= 3 ? 4 : 2; }

/* One tile of panels_for(rows) panels, or of 1 for those left over. */
static void stream_tile(int64_t rows, int64_t panels, const float *x, int64_t x_stride, const char *w,
                        int64_t panel_bytes, int64_t count, bool resume, float *sums) {
#define TILE(height, width) \
    case (height)*16 + (width): run_tile(STEP_F32, height, width, x, x_stride, w, panel_bytes, count, resume, sums, stream_pitch); return;
    switch (rows * 16 + panels) {
        TILE(1, 8) TILE(1, 1) TILE(2, 4) TILE(2, 1) TILE(3, 4) TILE(3, 1)
        TILE(4, 2) TILE(4, 1) TILE(5, 2) TILE(5, 1) TILE(6, 2) TILE(6, 1)
    default: return;
    }
#undef TILE
}

static __attribute__((noinline)) void stream(const ck_linear_args *a, int64_t begin, int64_t end) {
    float sums[stream_rows * stream_pitch] __attribute__((aligned(64)));
    float low_rank[stream_rows * block_steps];
    const int64_t rank = a->lora_x ? a->rank : 0;
    if (rank > 0 && rank <= block_steps) scale_lora_rows(a, 0, a->m, 0, rank, low_rank, block_steps);
    int64_t panels;
    for (int64_t column = begin; column < end; column += panels * CK_PANEL) {
        const int64_t panel = column / CK_PANEL;
        panels = panels_for(a->m);
        if (end - column <= (panels - 1) * CK_PANEL) panels = 1;
        if (a->k == 0) memset(sums, 0, sizeof sums);
        else stream_tile(a->m, panels, a->x, a->x_stride, (const char *)a->weight + panel * a->k * step_bytes,
                         a->k * step_bytes, a->k, false, sums);
        for (int64_t first = 0; first < rank; first += block_steps) {
            const int64_t count = rank - first < block_steps ? rank - first : block_steps;
            if (rank > block_steps) scale_lora_rows(a, 0, a->m, first, count, low_rank, block_steps);
            stream_tile(a->m, panels, low_rank, block_steps, (const char *)(a->lora_b + (panel * rank + first) * CK_PANEL),
                        rank * step_bytes, count, true, sums);
        }
        const int64_t columns = end - column < panels * CK_PANEL ? end - column : panels * CK_PANEL;
        finish(a, sums, stream_pitch, 0, a->m, column, columns);
    }
}

static __attribute__((noinline)) void blocked_rows(const ck_linear_args *a, int64_t begin, int64_t end) {
    blocked(STEP_F32, a, begin, end);
}

void ck_linear_f32_f32_nk16_avx512(const void *args, int part, int parts) {
    const ck_linear_args *a = args;
    int64_t begin, end;
    ck_slice(a->n, CK_PANEL, part, parts, &begin, &end);
    if (a->m == 0 || begin == end) return;
    if (a->m <= stream_rows) stream(a, begin, end);
    else blocked_rows(a, begin, end);
}

CK_TARGET_END
#endif
