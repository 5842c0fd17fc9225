/* ck_linear with float32 weights for AVX-512; the other types run AVX2 code.
 *
 * Up to 6 rows (decoding): the weights are streamed once, each group of 1 to 8 panels runs over the whole of k; memory
 * bandwidth is the limit.
 *
 * More rows: 16 panels at a time. For a block of up to 98 rows and 256 steps of k, x is copied to a buffer with a constant
 * row stride (rows of 4096 floats would fall into the same cache sets); a pair of panels (32 KB) is used by every tile of
 * 14 rows. The last tile takes the rows that are left, 1 to 14. Sums wait in a buffer of their own between blocks of k,
 * because y may hold the residual.
 *
 * The adapter is a continuation of the same sums: x' = lora_scale * lora_x over `rank` steps of lora_b.
 * Stack: about 205 KB. Tails: the last panel is padded in the weights, so only the final store is masked. */
#include "ck_vector_avx512.h"
#include "linear/linear.h"
#include "linear/tile_avx512.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

enum {
    stream_rows = 6,
    block_k = 256,
    block_rows = 98, /* a multiple of tile_rows */
    block_panels = 16,
    x_pitch = block_k + 16,
    sum_pitch = block_panels * CK_PANEL,
    stream_pitch = max_panels * CK_PANEL
};

#include "linear/linear_body.h"

/* MARK: Few rows */

/* Panels side by side for a number of rows: at least eight sums, where the weights allow. */
static int64_t panels_for(int64_t rows) { return rows == 1 ? 8 : rows <= 3 ? 4 : 2; }

/* One tile of panels_for(rows) panels, or of 1 for those left over. */
static void stream_tile(int64_t rows, int64_t panels, const float *x, int64_t x_stride, const float *w,
                        int64_t panel_floats, int64_t count, bool resume, float *sums) {
#define TILE(height, width) \
    case (height)*16 + (width): run_tile(height, width, x, x_stride, w, panel_floats, count, resume, sums, stream_pitch); return;
    switch (rows * 16 + panels) {
        TILE(1, 8) TILE(1, 1) TILE(2, 4) TILE(2, 1) TILE(3, 4) TILE(3, 1)
        TILE(4, 2) TILE(4, 1) TILE(5, 2) TILE(5, 1) TILE(6, 2) TILE(6, 1)
    default: return;
    }
#undef TILE
}

static __attribute__((noinline)) void stream(const ck_linear_args *a, int64_t begin, int64_t end) {
    float sums[stream_rows * stream_pitch] __attribute__((aligned(64)));
    float low_rank[stream_rows * block_k];
    const int64_t rank = a->lora_x ? a->rank : 0;
    if (rank > 0 && rank <= block_k) scale_lora_rows(a, 0, a->m, 0, rank, low_rank, block_k);
    int64_t panels;
    for (int64_t column = begin; column < end; column += panels * CK_PANEL) {
        const int64_t panel = column / CK_PANEL;
        panels = panels_for(a->m);
        if (end - column <= (panels - 1) * CK_PANEL) panels = 1;
        if (a->k == 0) memset(sums, 0, sizeof sums);
        else stream_tile(a->m, panels, a->x, a->x_stride, (const float *)a->weight + panel * a->k * CK_PANEL,
                         a->k * CK_PANEL, a->k, false, sums);
        for (int64_t first = 0; first < rank; first += block_k) {
            const int64_t count = rank - first < block_k ? rank - first : block_k;
            if (rank > block_k) scale_lora_rows(a, 0, a->m, first, count, low_rank, block_k);
            stream_tile(a->m, panels, low_rank, block_k, a->lora_b + (panel * rank + first) * CK_PANEL, rank * CK_PANEL,
                        count, true, sums);
        }
        const int64_t columns = end - column < panels * CK_PANEL ? end - column : panels * CK_PANEL;
        finish(a, sums, stream_pitch, 0, a->m, column, columns);
    }
}

/* MARK: Many rows */

/* One tile of `width` panels on the copied x. */
CK_INLINE void blocked_tile(int64_t rows, int width, const float *x, const float *w, int64_t panel_floats,
                            int64_t count, bool resume, float *sums) {
#define TILE(height) case height: run_tile(height, width, x, x_pitch, w, panel_floats, count, resume, sums, sum_pitch); return;
    switch (rows) {
        TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13)
    default: run_tile(14, width, x, x_pitch, w, panel_floats, count, resume, sums, sum_pitch); return;
    }
#undef TILE
}

static __attribute__((noinline)) void wide_tile(int64_t rows, const float *x, const float *w, int64_t panel_floats,
                                                int64_t count, bool resume, float *sums) {
    blocked_tile(rows, wide_panels, x, w, panel_floats, count, resume, sums);
}

static __attribute__((noinline)) void narrow_tile(int64_t rows, const float *x, const float *w, int64_t count, bool resume,
                                                  float *sums) {
    blocked_tile(rows, 1, x, w, 0, count, resume, sums);
}

/* sums += x w for `panels` panels, `panel_floats` apart; meanwhile the pair used next travels to the second-level cache. */
static void multiply(int64_t rows, const float *x, const float *w, int64_t panels, int64_t panel_floats, int64_t count,
                     bool resume, float *sums) {
    const int64_t tiles = (rows + tile_rows - 1) / tile_rows;
    const int64_t share = (count + tiles - 1) / tiles;
    for (int64_t p = 0; p < panels; p += wide_panels) {
        const bool is_wide = p + wide_panels <= panels;
        const float *pair = w + p * panel_floats;
        const int64_t ahead = panels - p - wide_panels < wide_panels ? panels - p - wide_panels : wide_panels;
        for (int64_t tile = 0; tile < tiles; tile++) {
            const int64_t row = tile * tile_rows, height = rows - row < tile_rows ? rows - row : tile_rows;
            const int64_t stop = (tile + 1) * share < count ? (tile + 1) * share : count;
            for (int64_t next = 0; next < ahead; next++)
                for (int64_t k = tile * share; k < stop; k++)
                    _mm_prefetch((const char *)(pair + (wide_panels + next) * panel_floats + k * CK_PANEL), _MM_HINT_T1);
            float *target = sums + row * sum_pitch + p * CK_PANEL;
            if (is_wide) wide_tile(height, x + row * x_pitch, pair, panel_floats, count, resume, target);
            else narrow_tile(height, x + row * x_pitch, pair, count, resume, target);
        }
    }
}

/* One block of rows and up to block_panels panels, whole k. */
static void block(const ck_linear_args *a, int64_t row, int64_t rows, int64_t column, int64_t columns, float *x,
                  float *sums) {
    const int64_t rank = a->lora_x ? a->rank : 0;
    const int64_t first_panel = column / CK_PANEL, panels = (columns + CK_PANEL - 1) / CK_PANEL;
    if (a->k + rank == 0) memset(sums, 0, (size_t)(rows * sum_pitch) * sizeof *sums);
    for (int64_t first = 0; first < a->k; first += block_k) {
        const int64_t count = a->k - first < block_k ? a->k - first : block_k;
        for (int64_t i = 0; i < rows; i++)
            memcpy(x + i * x_pitch, a->x + (row + i) * a->x_stride + first, (size_t)count * sizeof *x);
        const float *w = (const float *)a->weight + (first_panel * a->k + first) * CK_PANEL;
        multiply(rows, x, w, panels, a->k * CK_PANEL, count, first > 0, sums);
    }
    for (int64_t first = 0; first < rank; first += block_k) {
        const int64_t count = rank - first < block_k ? rank - first : block_k;
        scale_lora_rows(a, row, rows, first, count, x, x_pitch);
        const float *b = a->lora_b + (first_panel * rank + first) * CK_PANEL;
        multiply(rows, x, b, panels, rank * CK_PANEL, count, a->k + first > 0, sums);
    }
    finish(a, sums, sum_pitch, row, rows, column, columns);
}

static __attribute__((noinline)) void blocked(const ck_linear_args *a, int64_t begin, int64_t end) {
    float x[block_rows * x_pitch] __attribute__((aligned(64)));
    float sums[block_rows * sum_pitch] __attribute__((aligned(64)));
    /* Blocks of equal height, so that the last one is not a few rows that stream all weights again. */
    const int64_t blocks = (a->m + block_rows - 1) / block_rows;
    const int64_t height = ((a->m + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
    for (int64_t column = begin; column < end; column += sum_pitch) {
        const int64_t columns = end - column < sum_pitch ? end - column : sum_pitch;
        for (int64_t row = 0; row < a->m; row += height)
            block(a, row, a->m - row < height ? a->m - row : height, column, columns, x, sums);
    }
}

void ck_linear_f32_f32_nk16_avx512(const void *args, int part, int parts) {
    const ck_linear_args *a = args;
    int64_t begin, end;
    ck_slice(a->n, CK_PANEL, part, parts, &begin, &end);
    if (a->m == 0 || begin == end) return;
    if (a->m <= stream_rows) stream(a, begin, end);
    else blocked(a, begin, end);
}

CK_TARGET_END
#endif
