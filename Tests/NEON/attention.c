/* Attention over the cache: close to the reference, whose sums stand in another order. */
#include "check.h"
#include "ck_language.h"
#include "half/half.h"

/* 64-byte aligned; sizes of scratch are multiples of 4 bytes only. */
static void *scratch_of(size_t bytes) {
    void *scratch = guarded(((int64_t)bytes + 63) / 64 * 64);
    memset(scratch, 0xff, bytes);
    return scratch;
}

static void *cache_of(int type, int64_t count) {
    float *values = floats(count, false);
    if (type == 0) return values;
    if (type == 3) {
        int8_t *bytes = guarded(count);
        for (int64_t i = 0; i < count; i++) bytes[i] = (int8_t)(values[i] * 100);
        return bytes;
    }
    uint16_t *halves = guarded(count * 2);
    for (int64_t i = 0; i < count; i++)
        halves[i] = type == 1 ? ck_f16_from_f32_value(values[i]) : ck_bf16_from_f32_value(values[i]);
    return halves;
}

static void attention_case(int type, int64_t m, int64_t heads, int64_t kv_heads, int64_t d, int64_t cells, int turn) {
    const ck_variants table = type == 0   ? ck_attention_f32_cells_variants()
                              : type == 1 ? ck_attention_f16_cells_variants()
                              : type == 2 ? ck_attention_bf16_cells_variants()
                                          : ck_attention_i8_cells_variants();
    const bool has_tails = turn % 2, heads_first = turn % 3 > 0;
    const int64_t tail_stride = 9 + turn % 40;
    int32_t *prefixes = guarded(m * 4), *tails = guarded(m * tail_stride * 4), *counts = guarded(m * 4);
    for (int64_t i = 0; i < m; i++) {
        prefixes[i] = turn % 4 ? (int32_t)below(cells + 1) : (int32_t)(cells < m ? cells : cells - m + i + 1);
        counts[i] = (int32_t)below(tail_stride + 1);
        for (int64_t j = 0; j < tail_stride; j++)
            tails[i * tail_stride + j] = i > 0 && turn % 8 > 3 ? tails[j] : (int32_t)below(cells);
    }
    ck_attention_args a = {
        .q = floats(m * heads * d, false), .k_cache = cache_of(type, cells * kv_heads * d),
        .v_cache = cache_of(type, cells * kv_heads * d), .k_scales = filled(cells * kv_heads, 0.011f),
        .v_scales = floats(cells * kv_heads, false), .prefix_counts = prefixes, .tail_cells = has_tails ? tails : NULL,
        .tail_counts = has_tails ? counts : NULL, .m = m, .heads = heads, .kv_heads = kv_heads, .d = d,
        .q_stride = heads * d, .y_stride = heads * d, .tail_stride = tail_stride,
        .cell_stride = heads_first ? d : kv_heads * d, .head_stride = heads_first ? cells * d : d,
    };
    const int parts = 1 + turn % 4;
    a.scratch = scratch_of(type == 0   ? ck_attention_f32_cells_scratch_bytes(&a, parts)
                           : type == 1 ? ck_attention_f16_cells_scratch_bytes(&a, parts)
                           : type == 2 ? ck_attention_bf16_cells_scratch_bytes(&a, parts)
                                       : ck_attention_i8_cells_scratch_bytes(&a, parts));
    float *y = filled(m * heads * d, 777);
    a.y = y;
    const ck_status status = type == 0   ? ck_attention_f32_cells_check(&a)
                             : type == 1 ? ck_attention_f16_cells_check(&a)
                             : type == 2 ? ck_attention_bf16_cells_check(&a)
                                         : ck_attention_i8_cells_check(&a);
    if (status != CK_OK) abort();
    table.rows[table.count - 1].run(&a, 0, 1);
    char label[100];
    snprintf(label, sizeof label, "m %d heads %d/%d d %d cells %d turn %d", (int)m, (int)heads, (int)kv_heads, (int)d,
             (int)cells, turn);
    FOR_EACH_VARIANT(row, table) {
        a.y = filled(m * heads * d, 777);
        run_parts(row, &a, parts);
        /* Values of 8 bits are a hundred times those of the others. */
        close_floats(row->name, label, a.y, y, m * heads * d, type == 3 ? 1e-3 : 1e-5, 0);
        float *whole = a.y;
        a.y = filled(m * heads * d, 777);
        row->run(&a, 0, 1);
        same_floats(row->name, label, a.y, whole, m * heads * d);
    }
    release_all();
}

void check_attention(void) {
    static const int64_t rows[] = {1, 2, 3, 5, 6, 7, 13, 50}, dims[] = {1, 2, 4, 7, 8, 20, 64, 66, 128},
                         cells[] = {1, 3, 31, 32, 33, 70};
    int turn = 0;
    for (int type = 0; type < 4; type++)
        for (int m = 0; m < 8; m++)
            for (int c = 0; c < 6; c++, turn++)
                attention_case(type, rows[m], turn % 2 ? 4 : 3, turn % 2 ? 2 : 3, dims[turn % 9], cells[c], turn);
}
