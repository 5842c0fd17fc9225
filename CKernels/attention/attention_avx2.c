/* Attention for AVX2, FMA.
 *
 * A block is up to 24 query rows of one head. Cells come in tiles of 32, prefix tiles from cell 0, then tiles of each
 * row's tail list; per tile a row gets its scores, moves its running maximum, and adds its weighted values (online
 * softmax, Milakov and Gimelshein 2018). Inside a tile 3 rows share every load: scores in 3 x 4 sums along d, values in
 * 3 x 4 sums along cells. A score is always eight partial sums along d added in one order, a value sum always one chain
 * over ascending cells, so a row's result does not depend on the rows beside it.
 *
 * Cells of one head are kv_heads * d floats apart, usually a power of two, which lets a tile fall into few cache sets:
 * blocks of 4 rows and more copy the tile first. It is also copied if d is no multiple of 8, then padded with zeros. */
#include "attention/attention.h"
#include "ck_math_avx2.h"
#include "ck_target.h"

#if CK_X86
#include <math.h>
#include <string.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

enum { tile_cells = CK_ATTENTION_CELLS, block_rows = CK_ATTENTION_ROWS, copy_rows = 4, row_group = 3, cell_group = 4 };

/* One part's scratch, cut into its arrays; rows of q, sums, keys and values are `pitch` floats long. */
typedef struct workspace {
    int64_t pitch;
    float *q, *sums, *keys, *values, *weights, *largest, *total, *correction;
} workspace;

/* The cells of a tile; entries past the last one repeat it up to a multiple of cell_group. */
typedef struct tile {
    const float *keys[tile_cells], *values[tile_cells];
} tile;

static workspace workspace_at(float *memory, int64_t d) {
    workspace w = {.pitch = ck_attention_padded(d)};
    w.q = memory;
    w.sums = w.q + block_rows * w.pitch;
    w.keys = w.sums + block_rows * w.pitch;
    w.values = w.keys + tile_cells * w.pitch;
    w.weights = w.values + tile_cells * w.pitch;
    w.largest = w.weights + block_rows * tile_cells;
    w.total = w.largest + block_rows;
    w.correction = w.total + block_rows;
    return w;
}

static void copy_padded(const float *source, int64_t d, float *target, int64_t pitch) {
    memcpy(target, source, (size_t)d * sizeof *target);
    for (int64_t j = d; j < pitch; j++) target[j] = 0.0f;
}

/* MARK: Scores */

/* weights[rows][cells rounded up to 4] = scale * q k */
INLINE void score_group(int rows, const float *q, int64_t pitch, const float *const *keys, int64_t cells, float scale,
                        float *weights) {
    for (int64_t c = 0; c < cells; c += cell_group) {
        __m256 acc[row_group][cell_group];
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < cell_group; j++) acc[r][j] = _mm256_setzero_ps();
        const float *k0 = keys[c], *k1 = keys[c + 1], *k2 = keys[c + 2], *k3 = keys[c + 3];
        for (int64_t j = 0; j < pitch; j += 8) {
            __m256 k[cell_group] = {_mm256_loadu_ps(k0 + j), _mm256_loadu_ps(k1 + j), _mm256_loadu_ps(k2 + j),
                                    _mm256_loadu_ps(k3 + j)};
            UNROLL for (int r = 0; r < rows; r++) {
                const __m256 value = _mm256_loadu_ps(q + r * pitch + j);
                UNROLL for (int i = 0; i < cell_group; i++) acc[r][i] = _mm256_fmadd_ps(value, k[i], acc[r][i]);
            }
        }
        UNROLL for (int r = 0; r < rows; r++) {
            const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(acc[r][0], acc[r][1]),
                                                _mm256_hadd_ps(acc[r][2], acc[r][3]));
            const __m128 sum = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
            _mm_storeu_ps(weights + r * tile_cells + c, _mm_mul_ps(sum, _mm_set1_ps(scale)));
        }
    }
}

/* MARK: Softmax */

INLINE float largest_lane(__m256 v) {
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
}

INLINE float sum_of_lanes(__m256 v) {
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}

/* Turns the scores of one row into weights and updates its running maximum and total. */
static void update_row(float *weights, int64_t count, float *largest, float *total, float *correction) {
    const __m256 lowest = _mm256_set1_ps(-INFINITY);
    __m256 score[tile_cells / 8];
    __m256 top = lowest;
    for (int i = 0; i < tile_cells / 8; i++) {
        const __m256 present = _mm256_castsi256_ps(ck_tail_mask_avx2(count - i * 8));
        score[i] = _mm256_blendv_ps(lowest, _mm256_loadu_ps(weights + i * 8), present);
        top = _mm256_max_ps(top, score[i]);
    }
    const float tile_top = largest_lane(top);
    const float now = tile_top > *largest ? tile_top : *largest;
    /* While every score is -inf, any finite shift gives the weight 0 that later tiles expect. */
    const __m256 shift = _mm256_set1_ps(now == -INFINITY ? 0.0f : now);
    *correction = _mm256_cvtss_f32(ck_exp_avx2(_mm256_sub_ps(_mm256_set1_ps(*largest), shift)));
    __m256 sum = _mm256_setzero_ps();
    for (int i = 0; i < tile_cells / 8; i++) {
        const __m256 weight = ck_exp_avx2(_mm256_sub_ps(score[i], shift));
        _mm256_storeu_ps(weights + i * 8, weight);
        sum = _mm256_add_ps(sum, weight);
    }
    *total = fmaf(*total, *correction, sum_of_lanes(sum));
    *largest = now;
}

/* MARK: Values */

/* sums[rows][vectors * 8] = sums * correction + weights v, at one place along d. */
INLINE void value_group(int rows, int vectors, float *sums, int64_t pitch, const float *weights,
                        const float *correction, const int64_t *counts, const float *const *values, int64_t at) {
    __m256 acc[row_group][8];
    int64_t shared = counts[0];
    UNROLL for (int r = 0; r < rows; r++) {
        if (counts[r] < shared) shared = counts[r];
        UNROLL for (int v = 0; v < vectors; v++)
            acc[r][v] = _mm256_mul_ps(_mm256_loadu_ps(sums + r * pitch + at + v * 8), _mm256_set1_ps(correction[r]));
    }
    for (int64_t c = 0; c < shared; c++) {
        const float *value = values[c] + at;
        UNROLL for (int r = 0; r < rows; r++) {
            const __m256 weight = _mm256_broadcast_ss(weights + r * tile_cells + c);
            UNROLL for (int v = 0; v < vectors; v++)
                acc[r][v] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(value + v * 8), acc[r][v]);
        }
    }
    /* Cells that only some rows see: others must not touch them, 0 * inf is no 0. */
    UNROLL for (int r = 0; r < rows; r++) {
        for (int64_t c = shared; c < counts[r]; c++) {
            const __m256 weight = _mm256_broadcast_ss(weights + r * tile_cells + c);
            UNROLL for (int v = 0; v < vectors; v++)
                acc[r][v] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(values[c] + at + v * 8), acc[r][v]);
        }
        UNROLL for (int v = 0; v < vectors; v++) _mm256_storeu_ps(sums + r * pitch + at + v * 8, acc[r][v]);
    }
}

INLINE void add_values(int rows, float *sums, int64_t pitch, const float *weights, const float *correction,
                       const int64_t *counts, const float *const *values) {
    int64_t at = 0;
    if (rows == 1)
        for (; at + 64 <= pitch; at += 64)
            value_group(1, 8, sums, pitch, weights, correction, counts, values, at);
    for (; at + 32 <= pitch; at += 32) value_group(rows, 4, sums, pitch, weights, correction, counts, values, at);
    for (; at < pitch; at += 8) value_group(rows, 1, sums, pitch, weights, correction, counts, values, at);
}

/* MARK: Tiles */

/* Rows first ..< first + rows of the block, at most row_group, of which at least one sees a cell of the tile. */
INLINE void run_rows(int rows, const workspace *w, int64_t first, const int64_t *counts, const tile *t, float scale) {
    int64_t cells = 0;
    for (int r = 0; r < rows; r++) cells = counts[first + r] > cells ? counts[first + r] : cells;
    if (cells == 0) return;
    float *weights = w->weights + first * tile_cells;
    score_group(rows, w->q + first * w->pitch, w->pitch, t->keys, cells, scale, weights);
    for (int64_t r = 0; r < rows; r++) {
        w->correction[first + r] = 1.0f;
        if (counts[first + r] > 0)
            update_row(weights + r * tile_cells, counts[first + r], w->largest + first + r, w->total + first + r,
                       w->correction + first + r);
    }
    add_values(rows, w->sums + first * w->pitch, w->pitch, weights, w->correction + first, counts + first, t->values);
}

static void run_tile(const workspace *w, int64_t first, int64_t rows, const int64_t *counts, const tile *t,
                     float scale) {
    int64_t r = first;
    for (; r + 3 <= first + rows; r += 3) run_rows(3, w, r, counts, t, scale);
    if (first + rows - r == 2) run_rows(2, w, r, counts, t, scale);
    else if (first + rows - r == 1) run_rows(1, w, r, counts, t, scale);
}

/* Collects `count` cells, `list`ed or from `start` on, of one key/value head. */
static void gather(const ck_attention_args *a, const workspace *w, int64_t kv_head, int64_t start, const int32_t *list,
                   int64_t count, bool copied, tile *t) {
    for (int64_t c = 0; c < count; c++) {
        const int64_t at = ((list ? list[c] : start + c) * a->kv_heads + kv_head) * a->d;
        t->keys[c] = a->k_cache + at;
        t->values[c] = a->v_cache + at;
        if (!copied) continue;
        copy_padded(t->keys[c], a->d, w->keys + c * w->pitch, w->pitch);
        copy_padded(t->values[c], a->d, w->values + c * w->pitch, w->pitch);
        t->keys[c] = w->keys + c * w->pitch;
        t->values[c] = w->values + c * w->pitch;
    }
    for (int64_t c = count; c % cell_group; c++) {
        t->keys[c] = t->keys[count - 1];
        t->values[c] = t->values[count - 1];
    }
}

static int64_t at_least_zero(int64_t value) { return value > 0 ? value : 0; }

static void run_block(const ck_attention_args *a, const workspace *w, int64_t head, int64_t row, int64_t rows) {
    const int64_t kv_head = head / (a->heads / a->kv_heads);
    const float scale = 1.0f / sqrtf((float)a->d);
    const bool padded = w->pitch != a->d;
    int64_t counts[block_rows];
    int64_t prefix = 0;
    tile t;
    for (int64_t r = 0; r < rows; r++) {
        copy_padded(a->q + (row + r) * a->q_stride + head * a->d, a->d, w->q + r * w->pitch, w->pitch);
        w->largest[r] = -INFINITY;
        w->total[r] = 0.0f;
        if (a->prefix_counts[row + r] > prefix) prefix = a->prefix_counts[row + r];
    }
    memset(w->sums, 0, (size_t)(rows * w->pitch) * sizeof *w->sums);

    for (int64_t start = 0; start < prefix; start += tile_cells) {
        const int64_t count = prefix - start < tile_cells ? prefix - start : tile_cells;
        for (int64_t r = 0; r < rows; r++) {
            const int64_t seen = at_least_zero(a->prefix_counts[row + r] - start);
            counts[r] = seen < count ? seen : count;
        }
        gather(a, w, kv_head, start, NULL, count, padded || rows >= copy_rows, &t);
        run_tile(w, 0, rows, counts, &t, scale);
    }
    for (int64_t r = 0; r < rows; r++) {
        const int64_t tail = a->tail_counts ? at_least_zero(a->tail_counts[row + r]) : 0;
        for (int64_t start = 0; start < tail; start += tile_cells) {
            counts[r] = tail - start < tile_cells ? tail - start : tile_cells;
            gather(a, w, kv_head, 0, a->tail_cells + (row + r) * a->tail_stride + start, counts[r], padded, &t);
            run_tile(w, r, 1, counts, &t, scale);
        }
        float *y = a->y + (row + r) * a->y_stride + head * a->d;
        const float *sums = w->sums + r * w->pitch;
        const bool sees_nothing = a->prefix_counts[row + r] <= 0 && tail == 0;
        for (int64_t j = 0; j < a->d; j++) y[j] = sees_nothing ? 0.0f : sums[j] / w->total[r];
    }
}

void ck_attention_f32_cells_avx2(const void *args, int part, int parts) {
    const ck_attention_args *a = args;
    int64_t begin, end;
    ck_slice(a->heads * a->m, 1, part, parts, &begin, &end);
    if (begin == end) return;
    const workspace w = workspace_at((float *)a->scratch + part * ck_attention_scratch_floats(a->d), a->d);
    for (int64_t item = begin, rows; item < end; item += rows) {
        const int64_t row = item % a->m;
        rows = a->m - row < block_rows ? a->m - row : block_rows;
        if (end - item < rows) rows = end - item;
        run_block(a, &w, item / a->m, row, rows);
    }
}

CK_TARGET_END
#endif
