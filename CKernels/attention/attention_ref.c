/* The specification of ck_attention_..._cells: softmax over the visible cells of each row, maximum first. */
#include "attention/attention.h"

#include <assert.h>
#include <math.h>

#pragma STDC FP_CONTRACT OFF

/* First element of the `at`th visible cell of row i: prefix cells first, then the row's own list. */
static int64_t visible_cell(const ck_attention_args *a, int64_t i, int64_t kv_head, int64_t at, int64_t prefix) {
    const int64_t cell = at < prefix ? at : a->tail_cells[i * a->tail_stride + at - prefix];
    return cell * a->cell_stride + kv_head * a->head_stride;
}

static float score(const ck_attention_args *a, ck_cache_type type, const float *q, int64_t cell) {
    float sum = 0.0f;
    for (int64_t j = 0; j < a->d; j++) sum += q[j] * ck_cache_get(type, a->k_cache, cell + j);
    if (type == CK_CACHE_I8) sum *= a->k_scales[cell / a->d];
    return sum * (1.0f / sqrtf((float)a->d));
}

static void attend(const ck_attention_args *a, ck_cache_type type, int part, int parts) {
    const int64_t d = a->d;
    int64_t begin, end;
    ck_slice(a->heads * a->m, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t head = item / a->m, i = item % a->m;
        const int64_t kv_head = head / (a->heads / a->kv_heads);
        const float *q = a->q + i * a->q_stride + head * d;
        float *y = a->y + i * a->y_stride + head * d;
        const int64_t prefix = a->prefix_counts[i] > 0 ? a->prefix_counts[i] : 0;
        const int64_t tail = a->tail_counts && a->tail_counts[i] > 0 ? a->tail_counts[i] : 0;
        assert(!a->tail_counts || a->tail_counts[i] <= a->tail_stride || a->m == 1);

        for (int64_t j = 0; j < d; j++) y[j] = 0.0f;
        if (prefix + tail == 0) continue;
        float largest = -INFINITY;
        for (int64_t at = 0; at < prefix + tail; at++) {
            const float s = score(a, type, q, visible_cell(a, i, kv_head, at, prefix));
            if (s > largest) largest = s;
        }
        float sum = 0.0f;
        for (int64_t at = 0; at < prefix + tail; at++) {
            const int64_t cell = visible_cell(a, i, kv_head, at, prefix);
            const float weight = expf(score(a, type, q, cell) - largest);
            sum += weight;
            const float factor = type == CK_CACHE_I8 ? weight * a->v_scales[cell / d] : weight;
            for (int64_t j = 0; j < d; j++) y[j] += factor * ck_cache_get(type, a->v_cache, cell + j);
        }
        for (int64_t j = 0; j < d; j++) y[j] /= sum;
    }
}

void ck_attention_f32_cells_ref(const void *args, int part, int parts) { attend(args, CK_CACHE_F32, part, parts); }
void ck_attention_f16_cells_ref(const void *args, int part, int parts) { attend(args, CK_CACHE_F16, part, parts); }
void ck_attention_bf16_cells_ref(const void *args, int part, int parts) { attend(args, CK_CACHE_BF16, part, parts); }
void ck_attention_i8_cells_ref(const void *args, int part, int parts) { attend(args, CK_CACHE_I8, part, parts); }
