/* The specification of ck_attention_f32_cells: softmax over the visible cells of each row, maximum first. */
#include "attention/attention.h"

#include <assert.h>
#include <math.h>

#pragma STDC FP_CONTRACT OFF

/* The `at`th visible cell of row i: prefix cells first, then the row's own list. */
static int64_t visible_cell(const ck_attention_args *a, int64_t i, int64_t at, int64_t prefix) {
    return at < prefix ? at : a->tail_cells[i * a->tail_stride + at - prefix];
}

static float score(const float *q, const float *k, int64_t d, float scale) {
    float sum = 0.0f;
    for (int64_t j = 0; j < d; j++) sum += q[j] * k[j];
    return sum * scale;
}

void ck_attention_f32_cells_ref(const void *args, int part, int parts) {
    const ck_attention_args *a = args;
    const int64_t d = a->d;
    int64_t begin, end;
    ck_slice(a->heads * a->m, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t head = item / a->m, i = item % a->m;
        const int64_t kv_head = head / (a->heads / a->kv_heads);
        const float scale = 1.0f / sqrtf((float)d);
        const float *q = a->q + i * a->q_stride + head * d;
        float *y = a->y + i * a->y_stride + head * d;
        const int64_t prefix = a->prefix_counts[i] > 0 ? a->prefix_counts[i] : 0;
        const int64_t tail = a->tail_counts && a->tail_counts[i] > 0 ? a->tail_counts[i] : 0;
        assert(!a->tail_counts || a->tail_counts[i] <= a->tail_stride || a->m == 1);

        for (int64_t j = 0; j < d; j++) y[j] = 0.0f;
        if (prefix + tail == 0) continue;
        float largest = -INFINITY;
        for (int64_t at = 0; at < prefix + tail; at++) {
            const int64_t cell = visible_cell(a, i, at, prefix) * a->kv_heads + kv_head;
            const float s = score(q, a->k_cache + cell * d, d, scale);
            if (s > largest) largest = s;
        }
        float sum = 0.0f;
        for (int64_t at = 0; at < prefix + tail; at++) {
            const int64_t cell = visible_cell(a, i, at, prefix) * a->kv_heads + kv_head;
            const float weight = expf(score(q, a->k_cache + cell * d, d, scale) - largest);
            sum += weight;
            for (int64_t j = 0; j < d; j++) y[j] += weight * a->v_cache[cell * d + j];
        }
        for (int64_t j = 0; j < d; j++) y[j] /= sum;
    }
}
