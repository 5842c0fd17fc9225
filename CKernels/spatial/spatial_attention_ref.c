/* Attention with a location term, the specification: float32 values, sums in float64.
 *
 * A padded key has probability 0 and its k, v, location and condition are not used, so whatever lies in an empty slot
 * cannot reach the result. If every key is padded there is nothing to attend to: probabilities and output are 0 (the
 * official code divides 0 by 0 there). NaN and infinity of keys that do count spread as in torch.softmax. */
#include "spatial.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

/* l of the table in ck_vision.h, for one head, query i and key j. */
static float location_term(const ck_spatial_attention_args *a, int64_t head, int64_t i, int64_t j) {
    const int64_t dims = a->dims, row = ck_location_head(a, head);
    const float *g = a->locations + (i * a->n + j) * dims;
    if (a->fusion == CK_FUSION_COND) {
        const float *condition = a->condition + i * a->condition_stride + row * (dims + 1);
        double sum = condition[0];
        for (int64_t m = 0; m < dims; m++) sum += (double)condition[1 + m] * g[m];
        return (float)(1 / (1 + exp(-sum)));
    }
    if (a->fusion == CK_FUSION_CTX) {
        const float *q = a->q + i * a->q_stride + head * a->d;
        double product = 0;
        for (int64_t e = 0; e < a->d; e++) {
            double sum = a->location_bias[head * a->d + e];
            for (int64_t m = 0; m < dims; m++) sum += (double)a->location_weight[(head * a->d + e) * dims + m] * g[m];
            product += q[e] * sum;
        }
        return (float)(product / sqrt((double)a->d));
    }
    double sum = a->location_bias[row];
    for (int64_t m = 0; m < dims; m++) sum += (double)a->location_weight[row * dims + m] * g[m];
    const float l = (float)sum;
    return a->fusion == CK_FUSION_MUL && l < 0 ? 0 : l;
}

static float content_term(const ck_spatial_attention_args *a, int64_t head, int64_t i, int64_t j) {
    const float *q = a->q + i * a->q_stride + head * a->d, *k = a->k + j * a->k_stride + head * a->d;
    double sum = 0;
    for (int64_t e = 0; e < a->d; e++) sum += (double)q[e] * k[e];
    return (float)(sum / sqrt((double)a->d));
}

static void softmax(float *row, int64_t n) {
    float largest = -INFINITY;
    for (int64_t j = 0; j < n; j++)
        if (row[j] > largest) largest = row[j];
    double sum = 0;
    for (int64_t j = 0; j < n; j++) sum += row[j] = expf(row[j] - largest);
    for (int64_t j = 0; j < n; j++) row[j] = (float)(row[j] / sum);
}

/* Scores of one query, then their probabilities, in p; `other` holds the second softmax of the fusion add. */
static void probabilities(const ck_spatial_attention_args *a, int64_t head, int64_t i, float *p, float *other) {
    for (int64_t j = 0; j < a->n; j++) {
        p[j] = other[j] = -INFINITY;
        if (a->key_padding && a->key_padding[j]) continue;
        p[j] = content_term(a, head, i, j);
        if (a->fusion == CK_FUSION_NONE) continue;
        const float l = location_term(a, head, i, j);
        if (a->fusion == CK_FUSION_ADD) other[j] = l;
        else if (a->fusion == CK_FUSION_BIAS || a->fusion == CK_FUSION_CTX) p[j] += l;
        else p[j] += logf(l < 1e-6f ? 1e-6f : l);
    }
    softmax(p, a->n);
    if (a->fusion != CK_FUSION_ADD) return;
    softmax(other, a->n);
    for (int64_t j = 0; j < a->n; j++) p[j] = (p[j] + other[j]) / 2;
}

void ck_spatial_attention_f32_ref(const void *args, int part, int parts) {
    const ck_spatial_attention_args *a = args;
    float *p = (float *)a->scratch + part * ck_spatial_part_floats(a), *other = p + ck_spatial_row(a);
    const bool nothing = ck_all_keys_padded(a);
    int64_t begin, end;
    ck_slice(a->n * a->heads, 1, part, parts, &begin, &end);
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t i = unit / a->heads, head = unit % a->heads;
        float *y = a->y + i * a->y_stride + head * a->d;
        if (nothing) memset(p, 0, (size_t)a->n * sizeof(float));
        else probabilities(a, head, i, p, other);
        for (int64_t e = 0; e < a->d; e++) {
            double sum = 0;
            for (int64_t j = 0; j < a->n; j++)
                if (!a->key_padding || !a->key_padding[j]) sum += (double)p[j] * a->v[j * a->v_stride + head * a->d + e];
            y[e] = (float)sum;
        }
        if (a->probabilities)
            memcpy(a->probabilities + (head * a->n + i) * a->n, p, (size_t)a->n * sizeof(float));
    }
}
