/* Attention with vectors: the part that every instruction set shares, included by the file of each.
 *
 * A block is up to 48 query rows of one head. Cells come in tiles of 32, prefix tiles from cell 0, then tiles of the
 * tail lists; per tile each row gets its scores, moves its running maximum, and adds its weighted values (online
 * softmax, Milakov and Gimelshein 2018). Rows whose tail lists agree over a tile share it.
 *
 * A tile of keys, then a tile of values, stays in the first-level cache while all rows of the block pass over it, some
 * rows at once, which share each load. A score is always V_LANES partial sums along d added in one order, a value sum
 * always one chain over ascending cells, so a row's result depends neither on the rows beside it nor on their number.
 *
 * Half precision is widened on the way into registers while the rows fit one group: a step of a few beams reads and
 * widens each number once and stores nothing. More rows than that share a widened copy of the tile. A tile is also
 * copied if d is no whole number of vectors, then padded with zeros.
 *
 * The including file defines, inside its target region, after the vectors (cpu/ck_vector_...):
 *   v_sums4, the four sums across lanes, as V4;
 *   GROUP_ROWS x GROUP_CELLS, the registers of a score group of a large block, GROUP_VECTORS of a value group;
 *   DIRECT_ROWS, the rows that make one group if there are no more, with DIRECT_CELLS(rows, type) cells or vectors;
 *   NAME(type), the kernels' names. */
#include <math.h>
#include <string.h>

/* Keeps the compiler from widening two numbers at once, for which a group has no register. */
#define KEEP_ORDER __asm__ volatile("" ::: "memory")

enum { tile_cells = CK_ATTENTION_CELLS, block_rows = CK_ATTENTION_ROWS };
enum { most_rows = GROUP_ROWS > DIRECT_ROWS ? GROUP_ROWS : DIRECT_ROWS, most_cells = 8 };

/* One part's scratch, cut into its arrays; rows of q, sums, keys and values are `pitch` floats apart. */
typedef struct workspace {
    int64_t pitch, extent; /* extent: d rounded up to whole vectors */
    float scale;
    float *q, *sums, *keys, *values, *weights, *largest, *total, *correction;
} workspace;

/* The cells of a tile; entries past the last one repeat it, so that groups of cells are whole. `type` tells what the
 * pointers point at. */
typedef struct tile {
    ck_cache_type type;
    uintptr_t to_next; /* bytes from a cell to the same one of the next tile, 0 if not known */
    const void *keys[tile_cells], *values[tile_cells];
    bool scaled; /* cells are integers, or copies of them, with these scales */
    float key_scales[tile_cells], value_scales[tile_cells];
} tile;

/* Rows of the block that see a tile, and how many of its cells each of them sees, at least one. */
typedef struct viewers {
    int64_t n;
    int32_t rows[block_rows], counts[block_rows];
} viewers;

static workspace workspace_at(float *memory, int64_t d) {
    workspace w = {.pitch = ck_attention_pitch(d), .extent = (d + V_LANES - 1) / V_LANES * V_LANES};
    w.scale = 1.0f / sqrtf((float)d);
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

/* MARK: Memory */

CK_INLINE V load_cache(ck_cache_type type, const void *cache, int64_t at) {
    if (type == CK_CACHE_F32) return v_load((const float *)cache + at);
    if (type == CK_CACHE_I8) return v_load_i8((const int8_t *)cache + at);
    const uint16_t *bits = (const uint16_t *)cache + at;
    return type == CK_CACHE_F16 ? v_load_f16(bits) : v_load_bf16(bits);
}

CK_INLINE const void *cache_at(ck_cache_type type, const void *cache, int64_t at) {
    return (const char *)cache + at * ck_cache_bytes(type);
}

/* target[extent] = source[d] as float32, then zeros */
CK_INLINE void widen(ck_cache_type type, const void *source, int64_t d, float *target, int64_t extent) {
    int64_t j = 0;
    for (; j + V_LANES <= d; j += V_LANES) v_store(target + j, load_cache(type, source, j));
    for (; j < d; j++) target[j] = ck_cache_get(type, source, j);
    for (; j < extent; j++) target[j] = 0.0f;
}

/* MARK: Scores */

/* Asks for memory, which need not be there. */
CK_INLINE void fetch_lines(uintptr_t address, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch((const void *)(address + (uintptr_t)i));
}

/* weights[row][cells rounded up] = scale * q k. `fetches`: keys and values come from memory, not from a copy or from
 * rows before; ask for the values of this tile and the keys of the next, which hides a fifth to a third of the time of a step. */
CK_INLINE void score_group(int rows, int group, ck_cache_type type, bool fetches, const workspace *w, const int32_t *at,
                           const tile *t, int64_t cells) {
    const float *q[most_rows];
    const int64_t extent = w->extent;
    CK_UNROLL for (int r = 0; r < rows; r++) q[r] = w->q + at[r] * w->pitch;
    for (int64_t c = 0; c < cells; c += group) {
        V acc[most_rows][most_cells];
        const void *k[most_cells];
        CK_UNROLL for (int i = 0; i < group; i++) {
            k[i] = t->keys[c + i];
            if (fetches) {
                fetch_lines((uintptr_t)t->values[c + i], extent * ck_cache_bytes(type));
                fetch_lines((uintptr_t)t->keys[c + i] + t->to_next, extent * ck_cache_bytes(type));
            }
            CK_UNROLL for (int r = 0; r < rows; r++) acc[r][i] = v_zero();
        }
        for (int64_t j = 0; j < extent; j += V_LANES) {
            V query[most_rows];
            CK_UNROLL for (int r = 0; r < rows; r++) query[r] = v_load(q[r] + j);
            CK_UNROLL for (int i = 0; i < group; i++) {
                const V key = load_cache(type, k[i], j);
                CK_UNROLL for (int r = 0; r < rows; r++) acc[r][i] = v_fma(query[r], key, acc[r][i]);
                if (type != CK_CACHE_F32) KEEP_ORDER;
            }
        }
        CK_UNROLL for (int r = 0; r < rows; r++) {
            float *weights = w->weights + at[r] * tile_cells + c;
            CK_UNROLL for (int i = 0; i < group; i += 4) {
                const int second = i + 1, third = group > 2 ? i + 2 : i, fourth = group > 2 ? i + 3 : i + 1;
                const V4 sums = v4_scale(v_sums4(acc[r][i], acc[r][second], acc[r][third], acc[r][fourth]), w->scale);
                if (group > 2) v4_store(weights + i, sums);
                else v4_store2(weights + i, sums);
            }
        }
    }
}

/* MARK: Softmax */

/* Turns the scores of one row into weights and updates its running maximum and total. Scales of cells come in here, once for a
 * score and once for a weight, so that products read integers. */
static void update_row(const workspace *w, const tile *t, int64_t row, int64_t count) {
    const V lowest = v_set1(-INFINITY);
    float *weights = w->weights + row * tile_cells, *largest = w->largest + row;
    V score[tile_cells / V_LANES];
    V top = lowest;
    CK_UNROLL for (int i = 0; i < tile_cells / V_LANES; i++) {
        score[i] = v_load(weights + i * V_LANES);
        if (t->scaled) score[i] = v_mul(score[i], v_load(t->key_scales + i * V_LANES));
        score[i] = v_select(vm_first(count - i * V_LANES), score[i], lowest);
        top = v_max(top, score[i]);
    }
    const float tile_top = v_largest(top);
    const float now = tile_top > *largest ? tile_top : *largest;
    /* While every score is -inf, any finite shift gives the weight 0 that later tiles expect. */
    const V shift = v_set1(now == -INFINITY ? 0.0f : now);
    float correction = 1.0f;
    if (now != *largest || now == -INFINITY) correction = v_lane0(v_exp(v_sub(v_set1(*largest), shift)));
    V sum = v_zero();
    CK_UNROLL for (int i = 0; i < tile_cells / V_LANES; i++) {
        const V weight = v_exp(v_sub(score[i], shift));
        v_store(weights + i * V_LANES, t->scaled ? v_mul(weight, v_load(t->value_scales + i * V_LANES)) : weight);
        sum = v_add(sum, weight);
    }
    w->total[row] = fmaf(w->total[row], correction, v_sum(sum));
    w->correction[row] = correction;
    *largest = now;
}

/* MARK: Values */

/* sums[row][vectors] = sums * correction + weights v, at one place along d. */
CK_INLINE void value_group(int rows, int vectors, ck_cache_type type, const workspace *w, const int32_t *at,
                           const int32_t *counts, const tile *t, int64_t place) {
    V acc[most_rows][most_cells];
    const float *weights[most_rows];
    int64_t shared = counts[0];
    CK_UNROLL for (int r = 0; r < rows; r++) {
        if (counts[r] < shared) shared = counts[r];
        weights[r] = w->weights + at[r] * tile_cells;
        const float *sums = w->sums + at[r] * w->pitch + place;
        const V correction = v_set1(w->correction[at[r]]);
        CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = v_mul(v_load(sums + v * V_LANES), correction);
    }
    for (int64_t c = 0; c < shared; c++) {
        V weight[most_rows];
        CK_UNROLL for (int r = 0; r < rows; r++) weight[r] = v_set1(weights[r][c]);
        const void *values = t->values[c];
        CK_UNROLL for (int v = 0; v < vectors; v++) {
            const V value = load_cache(type, values, place + v * V_LANES);
            CK_UNROLL for (int r = 0; r < rows; r++) acc[r][v] = v_fma(weight[r], value, acc[r][v]);
            if (type != CK_CACHE_F32) KEEP_ORDER;
        }
    }
    /* Cells that only some rows see: others must not touch them, 0 * inf is no 0. */
    CK_UNROLL for (int r = 0; r < rows; r++) {
        for (int64_t c = shared; c < counts[r]; c++) {
            const V weight = v_set1(weights[r][c]);
            CK_UNROLL for (int v = 0; v < vectors; v++)
                acc[r][v] = v_fma(weight, load_cache(type, t->values[c], place + v * V_LANES), acc[r][v]);
        }
        float *sums = w->sums + at[r] * w->pitch + place;
        CK_UNROLL for (int v = 0; v < vectors; v++) v_store(sums + v * V_LANES, acc[r][v]);
    }
}

CK_INLINE void add_values(int rows, int vectors, ck_cache_type type, const workspace *w, const int32_t *at,
                          const int32_t *counts, const tile *t) {
    int64_t place = 0;
    for (; place + vectors * V_LANES <= w->extent; place += vectors * V_LANES)
        value_group(rows, vectors, type, w, at, counts, t, place);
    for (; place < w->extent; place += V_LANES) value_group(rows, 1, type, w, at, counts, t, place);
}

/* MARK: Tiles */

CK_INLINE int64_t most(int rows, const int32_t *counts) {
    int64_t cells = 0;
    for (int r = 0; r < rows; r++) cells = counts[r] > cells ? counts[r] : cells;
    return cells;
}

/* A tile for up to DIRECT_ROWS rows at once. */
CK_INLINE void run_direct(int rows, ck_cache_type type, const workspace *w, const viewers *seen, const tile *t) {
    score_group(rows, DIRECT_CELLS(rows, type), type, true, w, seen->rows, t, most(rows, seen->counts));
    for (int r = 0; r < rows; r++) update_row(w, t, seen->rows[r], seen->counts[r]);
    add_values(rows, DIRECT_CELLS(rows, type), type, w, seen->rows, seen->counts, t);
}

/* A tile for any number of rows, as float32. */
static void run_block_tile(const workspace *w, const viewers *seen, const tile *t) {
    const int64_t n = seen->n, whole = n / GROUP_ROWS * GROUP_ROWS;
    for (int64_t i = 0; i < whole; i += GROUP_ROWS)
        score_group(GROUP_ROWS, GROUP_CELLS, CK_CACHE_F32, false, w, seen->rows + i, t, most(GROUP_ROWS, seen->counts + i));
    for (int64_t i = whole; i < n; i++)
        score_group(1, DIRECT_CELLS(1, CK_CACHE_F32), CK_CACHE_F32, false, w, seen->rows + i, t, seen->counts[i]);
    for (int64_t i = 0; i < n; i++) update_row(w, t, seen->rows[i], seen->counts[i]);
    for (int64_t i = 0; i < whole; i += GROUP_ROWS)
        add_values(GROUP_ROWS, GROUP_VECTORS, CK_CACHE_F32, w, seen->rows + i, seen->counts + i, t);
    for (int64_t i = whole; i < n; i++)
        add_values(1, DIRECT_CELLS(1, CK_CACHE_F32), CK_CACHE_F32, w, seen->rows + i, seen->counts + i, t);
}

static void run_tile(const workspace *w, const viewers *seen, const tile *t) {
#define DIRECT(rows) \
    case rows: \
        if (t->type == CK_CACHE_F32) run_direct(rows, CK_CACHE_F32, w, seen, t); \
        else if (t->type == CK_CACHE_F16) run_direct(rows, CK_CACHE_F16, w, seen, t); \
        else if (t->type == CK_CACHE_I8) run_direct(rows, CK_CACHE_I8, w, seen, t); \
        else run_direct(rows, CK_CACHE_BF16, w, seen, t); \
        break
    switch (seen->n) {
    case 0: break;
    DIRECT(1);
    DIRECT(2);
    DIRECT(3);
    DIRECT(4);
    DIRECT(5);
    default: run_block_tile(w, seen, t);
    }
#undef DIRECT
}

/* Collects `count` cells, `list`ed or from `start` on, of one key/value head. */
CK_INLINE void gather(ck_cache_type type, const ck_attention_args *a, const workspace *w, int64_t kv_head, int64_t start,
                      const int32_t *list, int64_t count, int64_t rows, tile *t) {
    const bool copied = w->extent != a->d || (type != CK_CACHE_F32 && rows > DIRECT_ROWS);
    t->to_next = list ? 0 : (uintptr_t)(tile_cells * a->cell_stride * ck_cache_bytes(type));
    t->type = copied ? CK_CACHE_F32 : type;
    t->scaled = type == CK_CACHE_I8;
    const int64_t scale_stride = a->cell_stride / a->d;
    for (int64_t c = 0; c < count; c++) {
        const int64_t cell = list ? list[c] : start + c, at = cell * a->cell_stride + kv_head * a->head_stride;
        if (type == CK_CACHE_I8) {
            const int64_t scale_at = cell * scale_stride + kv_head * (a->head_stride / a->d);
            t->key_scales[c] = a->k_scales[scale_at];
            t->value_scales[c] = a->v_scales[scale_at];
        }
        t->keys[c] = cache_at(type, a->k_cache, at);
        t->values[c] = cache_at(type, a->v_cache, at);
        if (!copied) continue;
        widen(type, t->keys[c], a->d, w->keys + c * w->pitch, w->extent);
        widen(type, t->values[c], a->d, w->values + c * w->pitch, w->extent);
        t->keys[c] = w->keys + c * w->pitch;
        t->values[c] = w->values + c * w->pitch;
    }
    for (int64_t c = count; c % most_cells; c++) {
        t->keys[c] = t->keys[count - 1];
        t->values[c] = t->values[count - 1];
    }
}

/* MARK: Blocks */

CK_INLINE int64_t at_least_zero(int64_t value) { return value > 0 ? value : 0; }

/* Tails of rows row ..< row + rows, the tiles that start at `start`: rows that list the same cells share a tile. */
CK_INLINE void run_tails(ck_cache_type type, const ck_attention_args *a, const workspace *w, int64_t kv_head, int64_t row,
                         int64_t rows, int64_t start) {
    bool done[block_rows] = {false};
    for (int64_t r = 0; r < rows; r++) {
        const int64_t left = a->tail_counts[row + r] - start, count = left < tile_cells ? left : tile_cells;
        if (done[r] || count <= 0) continue;
        const int32_t *list = a->tail_cells + (row + r) * a->tail_stride + start;
        viewers seen = {.n = 0};
        for (int64_t other = r; other < rows; other++) {
            const int64_t others = a->tail_counts[row + other] - start;
            if (done[other] || (others < tile_cells ? others : tile_cells) != count) continue;
            if (memcmp(list, list + (other - r) * a->tail_stride, (size_t)count * sizeof *list) != 0) continue;
            done[other] = true;
            seen.rows[seen.n] = (int32_t)other;
            seen.counts[seen.n++] = (int32_t)count;
        }
        tile t;
        gather(type, a, w, kv_head, 0, list, count, seen.n, &t);
        run_tile(w, &seen, &t);
    }
}

CK_INLINE void run_block(ck_cache_type type, const ck_attention_args *a, const workspace *w, int64_t head, int64_t row,
                         int64_t rows) {
    const int64_t kv_head = head / (a->heads / a->kv_heads);
    int64_t prefix = 0, tail = 0;
    for (int64_t r = 0; r < rows; r++) {
        widen(CK_CACHE_F32, a->q + (row + r) * a->q_stride + head * a->d, a->d, w->q + r * w->pitch, w->extent);
        w->largest[r] = -INFINITY;
        w->total[r] = 0.0f;
        if (a->prefix_counts[row + r] > prefix) prefix = a->prefix_counts[row + r];
        if (a->tail_counts && a->tail_counts[row + r] > tail) tail = a->tail_counts[row + r];
    }
    memset(w->sums, 0, (size_t)(rows * w->pitch) * sizeof *w->sums);
    /* Rows of y lie pages apart, where the CPU foresees nothing. */
    for (int64_t r = 0; r < rows; r++) {
        const float *y = a->y + (row + r) * a->y_stride + head * a->d;
        for (int64_t j = 0; j < a->d; j += 16) __builtin_prefetch(y + j, 1);
    }

    for (int64_t start = 0; start < prefix; start += tile_cells) {
        viewers seen = {.n = 0};
        const int64_t count = prefix - start < tile_cells ? prefix - start : tile_cells;
        for (int64_t r = 0; r < rows; r++) {
            const int64_t left = a->prefix_counts[row + r] - start;
            if (left <= 0) continue;
            seen.rows[seen.n] = (int32_t)r;
            seen.counts[seen.n++] = (int32_t)(left < count ? left : count);
        }
        tile t;
        gather(type, a, w, kv_head, start, NULL, count, seen.n, &t);
        run_tile(w, &seen, &t);
    }
    for (int64_t start = 0; start < tail; start += tile_cells) run_tails(type, a, w, kv_head, row, rows, start);

    for (int64_t r = 0; r < rows; r++) {
        float *y = a->y + (row + r) * a->y_stride + head * a->d;
        const float *sums = w->sums + r * w->pitch;
        const int64_t tails = a->tail_counts ? at_least_zero(a->tail_counts[row + r]) : 0;
        const bool sees_nothing = a->prefix_counts[row + r] <= 0 && tails == 0;
        const float total = w->total[r];
        for (int64_t j = 0; j < a->d; j++) y[j] = sees_nothing ? 0.0f : sums[j] / total;
    }
}

CK_INLINE void attend(ck_cache_type type, const ck_attention_args *a, int part, int parts) {
    int64_t begin, end;
    ck_slice(a->heads * a->m, 1, part, parts, &begin, &end);
    if (begin == end) return;
    const workspace w = workspace_at((float *)a->scratch + part * ck_attention_scratch_floats(a->d), a->d);
    for (int64_t item = begin, rows; item < end; item += rows) {
        const int64_t row = item % a->m;
        rows = a->m - row < block_rows ? a->m - row : block_rows;
        if (end - item < rows) rows = end - item;
        run_block(type, a, &w, item / a->m, row, rows);
    }
}

void NAME(f32)(const void *args, int part, int parts) { attend(CK_CACHE_F32, args, part, parts); }
void NAME(f16)(const void *args, int part, int parts) { attend(CK_CACHE_F16, args, part, parts); }
void NAME(bf16)(const void *args, int part, int parts) { attend(CK_CACHE_BF16, args, part, parts); }
void NAME(i8)(const void *args, int part, int parts) { attend(CK_CACHE_I8, args, part, parts); }

#undef KEEP_ORDER
