/* ck_linear for AVX-512: the tile in registers and the way of many rows, included by the files of float32 and of bfloat16 rows.
 *
 * A step is what 4 bytes of a row hold: of float32 one k, of bfloat16 two, which vdpbf16ps multiplies and adds at once. Weights of 16
 * bits that float32 rows are multiplied with are widened: for few rows in registers, for many into a buffer that all tiles use.
 * Everything else is the same for all.
 *
 * A tile is `rows` rows of x times `panels` panels of 16 outputs, all accumulators in registers: 14 x 32 takes 28 of the 32,
 * two hold the weights, one the broadcast x. One broadcast serves both panels, so a step loads 16 times for 28 products; one
 * panel with broadcasts from memory would load once per product. Fewer rows take more panels, so that enough independent sums
 * hide the latency of the instruction. Each sum is one chain in ascending k, whatever the shape of the tile, and exact to store and resume.
 *
 * Many rows: 32 panels at a time. For a block of up to 98 rows and 256 steps, x is copied (rows of bfloat16 are rounded on the way) so
 * that instructions are short: with row strides of a kilobyte the loop alone takes 1.1 times as long. A pair of panels (32 KB) is used by every
 * tile of 14 rows, while the next pair travels to the second-level cache, a line now and then: asked for at once before each tile it
 * held up the tile (192 rows and the last stages of ConvNeXt took 1.05 to 1.2 times as long). The last tile takes the rows that are left,
 * 1 to 14. Sums wait in a buffer of their own between blocks, because y may hold the residual.
 *
 * The adapter is a continuation of the same sums in float32: x' = lora_scale * lora_x over `rank` steps of lora_b.
 * Stack: about 300 KB, 335 with weights of 16 bits. Tails: the last panel is padded in the weights, so only the final store is masked.
 *
 * The including file defines, inside its target region, after ck_vector_avx512.h, linear.h and <string.h>: HAS_PAIRS, 1 if the CPU
 * multiplies pairs of bfloat16. */
#include "linear/linear_body.h"

enum {
    tile_rows = 14,
    wide_panels = 2, /* of a tile of many rows */
    max_panels = 8,  /* of a tile of one row */
    prefetch_bytes = 1024, /* ahead in each panel: hardware streams stop at page ends */
    block_steps = 256,
    block_rows = 98, /* a multiple of tile_rows */
    block_panels = 32,
    x_tile = tile_rows * block_steps,
    wide_pitch = block_steps * CK_PANEL,
    sum_pitch = block_panels * CK_PANEL
};

/* What is multiplied in a step: a float32 by 16 weights of a type, or pairs of bfloat16. */
typedef enum step_kind { STEP_F32, STEP_F16, STEP_BF16, STEP_PAIR } step_kind;

/* k of a step, and bytes of a panel. */
CK_INLINE int64_t step_depth(step_kind kind) { return kind == STEP_PAIR ? 2 : 1; }
CK_INLINE int64_t step_bytes(step_kind kind) { return kind == STEP_F16 || kind == STEP_BF16 ? 32 : 64; }
CK_INLINE bool is_widened(step_kind kind) { return kind == STEP_F16 || kind == STEP_BF16; }

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
CK_INLINE __m512 load_step(step_kind kind, const char *w) {
    return kind == STEP_F16    ? v_load_f16((const uint16_t *)(const void *)w)
           : kind == STEP_BF16 ? v_load_bf16((const uint16_t *)(const void *)w)
                               : _mm512_loadu_ps(w);
}
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

/* MARK: Many rows */

/* Lines of two panels that travel to the second-level cache: the first of each, and the index of the last. */
typedef struct lines {
    const char *first[wide_panels];
    int64_t last;
} lines;

/* sums[rows][panels * 16] = (resume ? sums : 0) + x w over `count` > 0 values of k, x copied; panels of w stand `panel_bytes` apart. Meanwhile
 * `ahead` travels, a line of each panel every four steps. */
CK_INLINE void run_copied_tile(step_kind kind, int rows, int panels, const float *x, const char *w, int64_t panel_bytes, int64_t count,
                               bool resume, const lines *ahead, float *sums) {
    __m512 acc[tile_rows][max_panels], weights[max_panels];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            acc[r][p] = resume ? _mm512_loadu_ps(sums + r * sum_pitch + p * CK_PANEL) : _mm512_setzero_ps();
    const int64_t steps = count / step_depth(kind), stride = step_bytes(kind);
    int64_t s = 0, line = 0;
#pragma clang loop unroll(disable)
    for (; s + quad <= steps; s += quad, x += quad * tile_rows, w += quad * stride, line += line < ahead->last) {
        CK_UNROLL for (int p = 0; p < wide_panels; p++) _mm_prefetch(ahead->first[p] + line * 64, _MM_HINT_T1);
        CK_UNROLL for (int j = 0; j < quad; j++) {
            CK_UNROLL for (int p = 0; p < panels; p++) {
                const char *at = w + p * panel_bytes + j * stride;
                _mm_prefetch(at + prefetch_bytes, _MM_HINT_T0);
                weights[p] = load_step(kind, at);
            }
            multiply_rows(kind, rows, panels, x + j, quad, weights, acc);
        }
    }
#pragma clang loop unroll(disable)
    for (; s < steps; s++, x++, w += stride) {
        CK_UNROLL for (int p = 0; p < panels; p++) weights[p] = load_step(kind, w + p * panel_bytes);
        multiply_rows(kind, rows, panels, x, quad, weights, acc);
    }
    if (kind == STEP_PAIR && count % 2) {
        CK_UNROLL for (int p = 0; p < panels; p++) weights[p] = load_half_step(w + p * panel_bytes);
        multiply_rows(kind, rows, panels, x, quad, weights, acc);
    }
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++) _mm512_storeu_ps(sums + r * sum_pitch + p * CK_PANEL, acc[r][p]);
}

CK_INLINE void copied_tile(step_kind kind, int64_t rows, int width, const float *x, const char *w, int64_t panel_bytes, int64_t count,
                           bool resume, const lines *ahead, float *sums) {
#define TILE(height) case height: run_copied_tile(kind, height, width, x, w, panel_bytes, count, resume, ahead, sums); return;
    switch (rows) {
        TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13)
    default: run_copied_tile(kind, 14, width, x, w, panel_bytes, count, resume, ahead, sums); return;
    }
#undef TILE
}

/* What travels to the second-level cache while a pair of panels is multiplied: the next pair, or what of it exists. */
typedef struct travel {
    const char *present, *weights; /* what is multiplied, what comes next */
    int64_t panels, panel_bytes, bytes; /* bytes: of each panel */
} travel;

/* The share of one of `tiles` tiles. What does not fit between its `quads` is asked for at once. */
CK_INLINE lines share_of(const travel *next, int64_t tile, int64_t tiles, int64_t quads) {
    const int64_t all = (next->bytes + 63) / 64, each = (all + tiles - 1) / tiles;
    const int64_t begin = tile * each < all ? tile * each : all, count = all - begin < each ? all - begin : each;
    if (next->panels == 0 || count == 0) return (lines){{next->present, next->present}, 0};
    const char *first = next->weights + begin * 64, *second = first + (next->panels > 1 ? next->panel_bytes : 0);
    for (int64_t line = quads; line < count; line++) {
        _mm_prefetch(first + line * 64, _MM_HINT_T1);
        _mm_prefetch(second + line * 64, _MM_HINT_T1);
    }
    return (lines){{first, second}, count - 1};
}

/* sums += x w for one panel or two. */
CK_INLINE void multiply_pair(step_kind kind, int64_t rows, const float *x, const char *w, int64_t panels, int64_t panel_bytes,
                             int64_t count, bool resume, float *sums, const travel *next) {
    const int64_t tiles = (rows + tile_rows - 1) / tile_rows;
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t row = tile * tile_rows, height = rows - row < tile_rows ? rows - row : tile_rows;
        const lines ahead = share_of(next, tile, tiles, count / step_depth(kind) / quad);
        float *target = sums + row * sum_pitch;
        if (panels == wide_panels) copied_tile(kind, height, wide_panels, x + tile * x_tile, w, panel_bytes, count, resume, &ahead, target);
        else copied_tile(kind, height, 1, x + tile * x_tile, w, 0, count, resume, &ahead, target);
    }
}

static __attribute__((noinline)) void multiply_float_pair(int64_t rows, const float *x, const char *w, int64_t panels,
                                                          int64_t panel_bytes, int64_t count, bool resume, float *sums,
                                                          const travel *next) {
    multiply_pair(STEP_F32, rows, x, w, panels, panel_bytes, count, resume, sums, next);
}

/* Weights of one panel as float32. */
CK_INLINE void widen(step_kind kind, const char *w, int64_t count, float *target) {
    for (int64_t s = 0; s < count; s++) _mm512_storeu_ps(target + s * CK_PANEL, load_step(kind, w + s * step_bytes(kind)));
}

/* sums += x w for `panels` panels, `panel_bytes` apart; those of 16 bits that are not multiplied as they are pass through `wide`. */
CK_INLINE void multiply(step_kind kind, int64_t rows, const float *x, const char *w, int64_t panels, int64_t panel_bytes,
                        int64_t count, bool resume, float *wide, float *sums) {
    for (int64_t p = 0; p < panels; p += wide_panels, w += wide_panels * panel_bytes, sums += wide_panels * CK_PANEL) {
        const int64_t width = panels - p < wide_panels ? panels - p : wide_panels, left = panels - p - width;
        const travel next = {w, w + wide_panels * panel_bytes, left < wide_panels ? left : wide_panels, panel_bytes,
                             count * step_bytes(kind) / step_depth(kind)};
        if (is_widened(kind)) {
            for (int64_t i = 0; i < width; i++) widen(kind, w + i * panel_bytes, count, wide + i * wide_pitch);
            multiply_float_pair(rows, x, (const char *)wide, width, wide_pitch * (int64_t)sizeof *wide, count, resume, sums, &next);
        } else if (kind == STEP_F32) {
            multiply_float_pair(rows, x, w, width, panel_bytes, count, resume, sums, &next);
        } else {
            multiply_pair(kind, rows, x, w, width, panel_bytes, count, resume, sums, &next);
        }
    }
}

#if HAS_PAIRS
/* Rounds `count` values; a pair beyond the last is filled up with zero. */
CK_INLINE void round_pairs(const float *source, int64_t count, float *target) {
    for (int64_t k = 0; k < count; k += 32) {
        const int64_t low = count - k < 16 ? count - k : 16, high = count - k - low < 16 ? count - k - low : 16;
        const __m512 first = _mm512_maskz_loadu_ps((__mmask16)((1u << low) - 1), source + k);
        const __m512 second = _mm512_maskz_loadu_ps((__mmask16)((1u << high) - 1), source + k + low);
        _mm512_storeu_ps(target + k / 2, (__m512)_mm512_cvtne2ps_pbh(second, first));
    }
}
#endif

/* Row r of a block. */
CK_INLINE void copy_row(step_kind kind, int64_t r, const float *source, int64_t count, float *x) {
#if HAS_PAIRS
    if (kind == STEP_PAIR) {
        float pairs[block_steps];
        round_pairs(source, count, pairs);
        copy_quads(tile_rows, x_tile, r, pairs, (count + 1) / 2, x);
        return;
    }
#endif
    (void)kind;
    copy_quads(tile_rows, x_tile, r, source, count, x);
}

/* One block of rows and up to block_panels panels, whole k. */
CK_INLINE void block(step_kind kind, const ck_linear_args *a, int64_t row, int64_t rows, int64_t column, int64_t columns, float *x,
                     float *wide, float *sums) {
    float low_rank[block_steps];
    const int64_t rank = a->lora_x ? a->rank : 0, block_k = block_steps * step_depth(kind);
    const int64_t first_panel = column / CK_PANEL, panels = (columns + CK_PANEL - 1) / CK_PANEL;
    const int64_t k_bytes = step_bytes(kind) / step_depth(kind);
    if (a->k + rank == 0) memset(sums, 0, (size_t)(rows * sum_pitch) * sizeof *sums);
    for (int64_t first = 0; first < a->k; first += block_k) {
        const int64_t count = a->k - first < block_k ? a->k - first : block_k;
        for (int64_t i = 0; i < rows; i++) copy_row(kind, i, a->x + (row + i) * a->x_stride + first, count, x);
        const char *w = (const char *)a->weight + (first_panel * a->k + first) * k_bytes;
        multiply(kind, rows, x, w, panels, a->k * k_bytes, count, first > 0, wide, sums);
    }
    for (int64_t first = 0; first < rank; first += block_steps) {
        const int64_t count = rank - first < block_steps ? rank - first : block_steps;
        for (int64_t i = 0; i < rows; i++) {
            scale_lora_rows(a, row + i, 1, first, count, low_rank, 0);
            copy_row(STEP_F32, i, low_rank, count, x);
        }
        const float *b = a->lora_b + (first_panel * rank + first) * CK_PANEL;
        multiply(STEP_F32, rows, x, (const char *)b, panels, rank * step_bytes(STEP_F32), count, a->k + first > 0, wide, sums);
    }
    finish(a, sums, sum_pitch, row, rows, column, columns);
}

CK_INLINE void blocked(step_kind kind, const ck_linear_args *a, const slice *s) {
    float x[block_rows * block_steps] __attribute__((aligned(64)));
    float wide[wide_panels * wide_pitch] __attribute__((aligned(64)));
    float sums[block_rows * sum_pitch] __attribute__((aligned(64)));
    /* Blocks of equal height, so that the last one is not a few rows that stream all weights again. */
    const int64_t rows = s->end_row - s->row, blocks = (rows + block_rows - 1) / block_rows;
    const int64_t height = ((rows + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
    for (int64_t column = s->column; column < s->end_column; column += sum_pitch) {
        const int64_t columns = s->end_column - column < sum_pitch ? s->end_column - column : sum_pitch;
        for (int64_t row = s->row; row < s->end_row; row += height)
            block(kind, a, row, s->end_row - row < height ? s->end_row - row : height, column, columns, x, wide, sums);
    }
}
