/* ck_linear for AVX-512: the tile in registers and the way of many rows, included by the files of float32 and of bfloat16 rows.
 *
 * A step is what 64 bytes of a panel and 4 bytes of a row hold: of float32 one k, of bfloat16 two, which vdpbf16ps multiplies and adds
 * at once. Everything else is the same for both.
 *
 * A tile is `rows` rows of x times `panels` panels of 16 outputs, all accumulators in registers: 14 x 32 takes 28 of the 32,
 * two hold the weights, one the broadcast x. One broadcast serves both panels, so a step loads 16 times for 28 products; one
 * panel with broadcasts from memory would load once per product. Fewer rows take more panels, so that enough independent sums
 * hide the latency of the instruction. Each sum is one chain in ascending k, whatever the shape of the tile, and exact to store and resume.
 *
 * Many rows: 16 panels at a time. For a block of up to 98 rows and 256 steps, x is copied to a buffer with a constant row stride (rows
 * of 4096 floats would fall into the same cache sets; rows of bfloat16 are rounded on the way); a pair of panels (32 KB) is used by every
 * tile of 14 rows. The last tile takes the rows that are left, 1 to 14. Sums wait in a buffer of their own between blocks, because y
 * may hold the residual.
 *
 * The adapter is a continuation of the same sums in float32: x' = lora_scale * lora_x over `rank` steps of lora_b.
 * Stack: about 205 KB. Tails: the last panel is padded in the weights, so only the final store is masked.
 *
 * The including file defines, inside its target region, after ck_vector_avx512.h, linear.h and <string.h>: HAS_PAIRS, 1 if the CPU
 * multiplies pairs of bfloat16. */
#include "linear/linear_body.h"

enum {
    tile_rows = 14,
    wide_panels = 2, /* of a tile of many rows */
    max_panels = 8,  /* of a tile of one row */
    step_bytes = 64, /* of a panel */
    prefetch_bytes = 1024, /* ahead in each panel: hardware streams stop at page ends */
    block_steps = 256,
    block_rows = 98, /* a multiple of tile_rows */
    block_panels = 16,
    x_pitch = block_steps + 16,
    sum_pitch = block_panels * CK_PANEL
};

/* What a row's 4 bytes of a step are. */
typedef enum step_kind { STEP_F32, STEP_PAIR } step_kind;

CK_INLINE int64_t step_depth(step_kind kind) { return kind == STEP_PAIR ? 2 : 1; }

/* MARK: Tile */

#if HAS_PAIRS
/* (k, k + 1) of each output side by side, from 16 outputs of k and 16 of k + 1 */
CK_INLINE __m512 pair_weights(__m512i two) {
    static const int16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    return _mm512_castsi512_ps(_mm512_permutexvar_epi16(_mm512_loadu_si512(order), two));
}
CK_INLINE __m512 load_step(step_kind kind, const char *w) {
    return kind == STEP_PAIR ? pair_weights(_mm512_loadu_si512(w)) : _mm512_loadu_ps(w);
}
/* The last step of an odd k: what follows in memory is not of this panel. */
CK_INLINE __m512 load_half_step(const char *w) { return pair_weights(_mm512_maskz_loadu_epi32(0x00ff, w)); }
CK_INLINE __m512 multiply_step(step_kind kind, __m512 sum, __m512 x, __m512 w) {
    return kind == STEP_PAIR ? _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)w) : _mm512_fmadd_ps(x, w, sum);
}
#else
CK_INLINE __m512 load_step(step_kind kind, const char *w) { (void)kind; return _mm512_loadu_ps(w); }
CK_INLINE __m512 load_half_step(const char *w) { return _mm512_loadu_ps(w); }
CK_INLINE __m512 multiply_step(step_kind kind, __m512 sum, __m512 x, __m512 w) { (void)kind; return _mm512_fmadd_ps(x, w, sum); }
#endif

CK_INLINE void multiply_rows(step_kind kind, int rows, int panels, const float *x, int64_t x_stride, const __m512 *weights,
                             __m512 acc[tile_rows][max_panels]) {
    CK_UNROLL for (int r = 0; r < rows; r++) {
        const __m512 value = _mm512_set1_ps(x[r * x_stride]);
        CK_UNROLL for (int p = 0; p < panels; p++) acc[r][p] = multiply_step(kind, acc[r][p], value, weights[p]);
    }
}

/* sums[rows][panels * 16] (row stride sum_stride) = (resume ? sums : 0) + x w over `count` > 0 values of k; panels of w
 * stand `panel_bytes` apart. */
CK_INLINE void run_tile(step_kind kind, int rows, int panels, const float *x, int64_t x_stride, const char *w, int64_t panel_bytes,
                        int64_t count, bool resume, float *sums, int64_t sum_stride) {
    __m512 acc[tile_rows][max_panels], weights[max_panels];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            acc[r][p] = resume ? _mm512_loadu_ps(sums + r * sum_stride + p * CK_PANEL) : _mm512_setzero_ps();
    const int64_t steps = count / step_depth(kind);
#pragma clang loop unroll(disable)
    for (int64_t s = 0; s < steps; s++, w += step_bytes) {
        CK_UNROLL for (int p = 0; p < panels; p++) {
            _mm_prefetch(w + p * panel_bytes + prefetch_bytes, _MM_HINT_T0); /* a step of a panel is a cache line */
            weights[p] = load_step(kind, w + p * panel_bytes);
        }
        multiply_rows(kind, rows, panels, x + s, x_stride, weights, acc);
    }
    if (kind == STEP_PAIR && count % 2) {
        CK_UNROLL for (int p = 0; p < panels; p++) weights[p] = load_half_step(w + p * panel_bytes);
        multiply_rows(kind, rows, panels, x + steps, x_stride, weights, acc);
    }
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++) _mm512_storeu_ps(sums + r * sum_stride + p * CK_PANEL, acc[r][p]);
}

/* MARK: Many rows */

/* One tile of `width` panels on the copied x. */
CK_INLINE void blocked_tile(step_kind kind, int64_t rows, int width, const float *x, const char *w, int64_t panel_bytes,
                            int64_t count, bool resume, float *sums) {
#define TILE(height) case height: run_tile(kind, height, width, x, x_pitch, w, panel_bytes, count, resume, sums, sum_pitch); return;
    switch (rows) {
        TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13)
    default: run_tile(kind, 14, width, x, x_pitch, w, panel_bytes, count, resume, sums, sum_pitch); return;
    }
#undef TILE
}

/* sums += x w for `panels` panels, `panel_bytes` apart; meanwhile the pair used next travels to the second-level cache. */
CK_INLINE void multiply(step_kind kind, int64_t rows, const float *x, const char *w, int64_t panels, int64_t panel_bytes,
                        int64_t count, bool resume, float *sums) {
    const int64_t tiles = (rows + tile_rows - 1) / tile_rows, bytes = count * (step_bytes / step_depth(kind));
    const int64_t share = (bytes / tiles + 63) & ~(int64_t)63;
    for (int64_t p = 0; p < panels; p += wide_panels) {
        const bool is_wide = p + wide_panels <= panels;
        const char *pair = w + p * panel_bytes;
        const int64_t ahead = panels - p - wide_panels < wide_panels ? panels - p - wide_panels : wide_panels;
        for (int64_t tile = 0; tile < tiles; tile++) {
            const int64_t row = tile * tile_rows, height = rows - row < tile_rows ? rows - row : tile_rows;
            const int64_t stop = (tile + 1) * share < bytes ? (tile + 1) * share : bytes;
            for (int64_t next = 0; next < ahead; next++)
                for (int64_t at = tile * share; at < stop; at += 64)
                    _mm_prefetch(pair + (wide_panels + next) * panel_bytes + at, _MM_HINT_T1);
            float *target = sums + row * sum_pitch + p * CK_PANEL;
            if (is_wide) blocked_tile(kind, height, wide_panels, x + row * x_pitch, pair, panel_bytes, count, resume, target);
            else blocked_tile(kind, height, 1, x + row * x_pitch, pair, 0, count, resume, target);
        }
    }
}

static __attribute__((noinline)) void multiply_floats(int64_t rows, const float *x, const char *w, int64_t panels,
                                                      int64_t panel_bytes, int64_t count, bool resume, float *sums) {
    multiply(STEP_F32, rows, x, w, panels, panel_bytes, count, resume, sums);
}

#if HAS_PAIRS
static __attribute__((noinline)) void multiply_pairs(int64_t rows, const float *x, const char *w, int64_t panels, int64_t panel_bytes,
                                                     int64_t count, bool resume, float *sums) {
    multiply(STEP_PAIR, rows, x, w, panels, panel_bytes, count, resume, sums);
}

/* Rounds `count` values; a pair beyond the last is filled up with zero. */
CK_INLINE void copy_pairs(const float *source, int64_t count, float *target) {
    for (int64_t k = 0; k < count; k += 32) {
        const int64_t low = count - k < 16 ? count - k : 16, high = count - k - low < 16 ? count - k - low : 16;
        const __m512 first = _mm512_maskz_loadu_ps((__mmask16)((1u << low) - 1), source + k);
        const __m512 second = _mm512_maskz_loadu_ps((__mmask16)((1u << high) - 1), source + k + low);
        _mm512_storeu_ps(target + k / 2, (__m512)_mm512_cvtne2ps_pbh(second, first));
    }
}
#endif

CK_INLINE void copy_row(step_kind kind, const float *source, int64_t count, float *target) {
#if HAS_PAIRS
    if (kind == STEP_PAIR) {
        copy_pairs(source, count, target);
        return;
    }
#endif
    (void)kind;
    memcpy(target, source, (size_t)count * sizeof *target);
}

/* One block of rows and up to block_panels panels, whole k. */
CK_INLINE void block(step_kind kind, const ck_linear_args *a, int64_t row, int64_t rows, int64_t column, int64_t columns, float *x,
                     float *sums) {
    const int64_t rank = a->lora_x ? a->rank : 0, block_k = block_steps * step_depth(kind);
    const int64_t first_panel = column / CK_PANEL, panels = (columns + CK_PANEL - 1) / CK_PANEL;
    const int64_t k_bytes = step_bytes / step_depth(kind);
    if (a->k + rank == 0) memset(sums, 0, (size_t)(rows * sum_pitch) * sizeof *sums);
    for (int64_t first = 0; first < a->k; first += block_k) {
        const int64_t count = a->k - first < block_k ? a->k - first : block_k;
        for (int64_t i = 0; i < rows; i++) copy_row(kind, a->x + (row + i) * a->x_stride + first, count, x + i * x_pitch);
        const char *w = (const char *)a->weight + (first_panel * a->k + first) * k_bytes;
#if HAS_PAIRS
        if (kind == STEP_PAIR) {
            multiply_pairs(rows, x, w, panels, a->k * k_bytes, count, first > 0, sums);
            continue;
        }
#endif
        multiply_floats(rows, x, w, panels, a->k * k_bytes, count, first > 0, sums);
    }
    for (int64_t first = 0; first < rank; first += block_steps) {
        const int64_t count = rank - first < block_steps ? rank - first : block_steps;
        scale_lora_rows(a, row, rows, first, count, x, x_pitch);
        const float *b = a->lora_b + (first_panel * rank + first) * CK_PANEL;
        multiply_floats(rows, x, (const char *)b, panels, rank * step_bytes, count, a->k + first > 0, sums);
    }
    finish(a, sums, sum_pitch, row, rows, column, columns);
}

CK_INLINE void blocked(step_kind kind, const ck_linear_args *a, int64_t begin, int64_t end) {
    float x[block_rows * x_pitch] __attribute__((aligned(64)));
    float sums[block_rows * sum_pitch] __attribute__((aligned(64)));
    /* Blocks of equal height, so that the last one is not a few rows that stream all weights again. */
    const int64_t blocks = (a->m + block_rows - 1) / block_rows;
    const int64_t height = ((a->m + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
    for (int64_t column = begin; column < end; column += sum_pitch) {
        const int64_t columns = end - column < sum_pitch ? end - column : sum_pitch;
        for (int64_t row = 0; row < a->m; row += height)
            block(kind, a, row, a->m - row < height ? a->m - row : height, column, columns, x, sums);
    }
}
