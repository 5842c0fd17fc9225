/* Attention with a location term, with NEON; the plan of spatial_attention_avx2.c.
 *
 * One pass per (query, head), queries the outer loop, because the locations of a query, turned to [dims, n], serve all its
 * heads. Scores: 8 keys at once, one sum each, added across by pairs; the location term is a linear function of the
 * geometry in every fusion. Exponentials go over the finished row; values are mixed 32 features at a time in two sets of
 * eight sums, even and odd keys.
 * Tails: keys beyond n repeat the last key and count as padded; features beyond d are loaded as zeros.
 * Order of every sum depends on n and d only, so results do not depend on `parts`. */
#include "spatial.h"

#if CK_ARM64
#include "ck_math_neon.h"
#include <math.h>

#pragma STDC FP_CONTRACT OFF

enum { keys_at_once = 8 };

/* What one part works with. */
typedef struct workspace {
    float *scores, *location_scores; /* rows of ck_spatial_row */
    float *turned;                   /* [dims, ck_spatial_row]: locations of one query */
    float *linear;                   /* [dims + 1]: bias and weights of the location term */
} workspace;

/* q . k for keys j..<j+8, keys from n on standing for the last one. */
CK_INLINE void dot8(const float *q, const float *k, int64_t stride, int64_t d, int64_t j, int64_t n,
                    float32x4_t result[2]) {
    const float *key[keys_at_once];
    float32x4_t sum[keys_at_once];
    CK_UNROLL for (int t = 0; t < keys_at_once; t++) {
        key[t] = k + (j + t < n ? j + t : n - 1) * stride;
        sum[t] = vdupq_n_f32(0.0f);
    }
    int64_t e = 0;
    for (; e + 4 <= d; e += 4) {
        const float32x4_t query = vld1q_f32(q + e);
        CK_UNROLL for (int t = 0; t < keys_at_once; t++) sum[t] = vfmaq_f32(sum[t], query, vld1q_f32(key[t] + e));
    }
    if (e < d) {
        const float32x4_t query = ck_load_lanes_neon(q + e, d - e);
        CK_UNROLL for (int t = 0; t < keys_at_once; t++)
            sum[t] = vfmaq_f32(sum[t], query, ck_load_lanes_neon(key[t] + e, d - e));
    }
    CK_UNROLL for (int i = 0; i < 2; i++)
        result[i] = vpaddq_f32(vpaddq_f32(sum[i * 4], sum[i * 4 + 1]), vpaddq_f32(sum[i * 4 + 2], sum[i * 4 + 3]));
}

/* Lanes of keys j..<j+4 that are there and not padded. */
CK_INLINE uint32x4_t visible4(const int32_t *padding, int64_t j, int64_t n) {
    const uint32x4_t exists = ck_tail_mask_neon(n - j);
    if (!padding || j >= n) return exists;
    /* Loaded as floats, the bits do not matter. */
    const float32x4_t words = ck_load_lanes_neon((const float *)(const void *)padding + j, n - j);
    return vandq_u32(exists, vceqzq_u32(vreinterpretq_u32_f32(words)));
}

/* linear[0] + linear[1...] . g for keys j..<j+4 */
CK_INLINE float32x4_t location4(const workspace *w, int64_t dims, int64_t row, int64_t j) {
    float32x4_t sum = vdupq_n_f32(w->linear[0]);
    for (int64_t m = 0; m < dims; m++) sum = vfmaq_n_f32(sum, vld1q_f32(w->turned + m * row + j), w->linear[1 + m]);
    return sum;
}

/* Scores of one query and head; `fusion` is a constant. NaN passes through every maximum. */
CK_INLINE void score_row(const ck_spatial_attention_args *a, const workspace *w, int64_t head, int64_t i, int fusion,
                         float *largest, float *largest_location) {
    const int64_t n = a->n, d = a->d, row = ck_spatial_row(a);
    const float *q = a->q + i * a->q_stride + head * d, *k = a->k + head * d;
    const float32x4_t lowest = vdupq_n_f32(-INFINITY), root = vdupq_n_f32(sqrtf((float)d));
    float32x4_t top = lowest, top_location = lowest;
    for (int64_t first = 0; first < n; first += keys_at_once) {
        float32x4_t dots[2];
        dot8(q, k, a->k_stride, d, first, n, dots);
        CK_UNROLL for (int half = 0; half < 2; half++) {
            const int64_t j = first + half * 4;
            const uint32x4_t visible = visible4(a->key_padding, j, n);
            float32x4_t score = vdivq_f32(dots[half], root);
            if (fusion != CK_FUSION_NONE) {
                float32x4_t l = location4(w, a->dims, row, j);
                /* Clamping to 1e-6 includes the relu of mul. */
                if (fusion == CK_FUSION_COND) l = ck_sigmoid_neon(l);
                if (fusion == CK_FUSION_COND || fusion == CK_FUSION_MUL)
                    l = ck_log_neon(vmaxq_f32(vdupq_n_f32(1e-6f), l));
                if (fusion == CK_FUSION_ADD) {
                    l = vbslq_f32(visible, l, lowest);
                    vst1q_f32(w->location_scores + j, l);
                    top_location = vmaxq_f32(l, top_location);
                } else {
                    score = vaddq_f32(score, l);
                }
            }
            score = vbslq_f32(visible, score, lowest);
            vst1q_f32(w->scores + j, score);
            top = vmaxq_f32(score, top);
        }
    }
    *largest = vmaxvq_f32(top);
    *largest_location = vmaxvq_f32(top_location);
}

/* Replaces scores by exp(score - largest); returns 1 / sum. A NaN score makes the sum NaN, and so the whole row. */
CK_INLINE float exponentials(float *scores, int64_t n, float largest) {
    const float32x4_t shift = vdupq_n_f32(largest);
    float32x4_t sum = vdupq_n_f32(0.0f);
    for (int64_t j = 0; j < n; j += 4) {
        const float32x4_t e = ck_exp_neon(vsubq_f32(vld1q_f32(scores + j), shift));
        vst1q_f32(scores + j, e);
        sum = vaddq_f32(sum, e);
    }
    return 1.0f / vaddvq_f32(sum);
}

/* y[e] = sum over visible keys of p[j] v[j][e] */
CK_INLINE void mix_values(const ck_spatial_attention_args *a, const float *p, const float *v, float *y) {
    const int64_t n = a->n, d = a->d, stride = a->v_stride;
    const int32_t *padding = a->key_padding;
    int64_t e = 0;
    for (; e + 32 <= d; e += 32) {
        float32x4_t sum[2][8];
        CK_UNROLL for (int t = 0; t < 8; t++) sum[0][t] = sum[1][t] = vdupq_n_f32(0.0f);
        for (int64_t j = 0; j < n; j += 2)
            CK_UNROLL for (int odd = 0; odd < 2; odd++) {
                if (j + odd >= n || (padding && padding[j + odd])) continue;
                const float *value = v + (j + odd) * stride + e;
                CK_UNROLL for (int t = 0; t < 8; t++)
                    sum[odd][t] = vfmaq_n_f32(sum[odd][t], vld1q_f32(value + 4 * t), p[j + odd]);
            }
        CK_UNROLL for (int t = 0; t < 8; t++) vst1q_f32(y + e + 4 * t, vaddq_f32(sum[0][t], sum[1][t]));
    }
    for (; e < d; e += 4) {
        float32x4_t sum = vdupq_n_f32(0.0f);
        for (int64_t j = 0; j < n; j++)
            if (!padding || !padding[j]) sum = vfmaq_n_f32(sum, ck_load_lanes_neon(v + j * stride + e, d - e), p[j]);
        ck_store_lanes_neon(y + e, d - e, sum);
    }
}

/* Bias and weights of the location term of one query and head. */
static void prepare_linear(const ck_spatial_attention_args *a, int64_t head, int64_t i, float *linear) {
    const int64_t dims = a->dims, d = a->d, row = ck_location_head(a, head);
    if (a->fusion != CK_FUSION_CTX) {
        const bool conditioned = a->fusion == CK_FUSION_COND;
        const float *condition = conditioned ? a->condition + i * a->condition_stride + row * (dims + 1) : NULL;
        linear[0] = conditioned ? condition[0] : a->location_bias[row];
        const float *weight = conditioned ? condition + 1 : a->location_weight + row * dims;
        for (int64_t m = 0; m < dims; m++) linear[1 + m] = weight[m];
        return;
    }
    /* q . (W g + b) = (q W) . g + q . b, so W is met once per query and not once per pair. */
    const float *q = a->q + i * a->q_stride + head * d, *bias = a->location_bias + head * d;
    const float *weight = a->location_weight + head * d * dims;
    const float root = sqrtf((float)d);
    float32x4_t product = vdupq_n_f32(0.0f);
    for (int64_t e = 0; e < d; e += 4)
        product = vfmaq_f32(product, ck_load_lanes_neon(q + e, d - e), ck_load_lanes_neon(bias + e, d - e));
    linear[0] = vaddvq_f32(product) / root;
    for (int64_t m = 0; m < dims; m += 4) {
        float32x4_t even = vdupq_n_f32(0.0f), odd = even;
        int64_t e = 0;
        for (; e + 2 <= d; e += 2) {
            const float *w = weight + e * dims + m;
            even = vfmaq_n_f32(even, ck_load_lanes_neon(w, dims - m), q[e]);
            odd = vfmaq_n_f32(odd, ck_load_lanes_neon(w + dims, dims - m), q[e + 1]);
        }
        if (e < d) even = vfmaq_n_f32(even, ck_load_lanes_neon(weight + e * dims + m, dims - m), q[e]);
        ck_store_lanes_neon(linear + 1 + m, dims - m, vdivq_f32(vaddq_f32(even, odd), vdupq_n_f32(root)));
    }
}

/* Locations of query i as [dims, row], zero beyond n. For ctx an infinity becomes NaN: the definition adds it over the
 * features with both signs, which the sum taken over W first would hide. */
static void turn_locations(const ck_spatial_attention_args *a, int64_t i, float *turned) {
    const int64_t n = a->n, dims = a->dims, row = ck_spatial_row(a);
    const float *g = a->locations + i * n * dims;
    const bool traps = a->fusion == CK_FUSION_CTX;
    for (int64_t m = 0; m < dims; m++) {
        for (int64_t j = 0; j < n; j++) {
            const float value = g[j * dims + m];
            turned[m * row + j] = traps ? value + 0 * value : value;
        }
        for (int64_t j = n; j < row; j++) turned[m * row + j] = 0;
    }
}

CK_INLINE void attend(const ck_spatial_attention_args *a, const workspace *w, int64_t head, int64_t i, int fusion) {
    const int64_t n = a->n;
    float largest, largest_location;
    score_row(a, w, head, i, fusion, &largest, &largest_location);
    const float scale = exponentials(w->scores, n, largest);
    const float other_scale = fusion == CK_FUSION_ADD ? exponentials(w->location_scores, n, largest_location) : 0.0f;
    float *out = a->probabilities ? a->probabilities + (head * n + i) * n : NULL;
    for (int64_t j = 0; j < n; j += 4) {
        float32x4_t p = vmulq_n_f32(vld1q_f32(w->scores + j), scale);
        if (fusion == CK_FUSION_ADD) {
            const float32x4_t other = vmulq_n_f32(vld1q_f32(w->location_scores + j), other_scale);
            p = vmulq_n_f32(vaddq_f32(p, other), 0.5f);
        }
        vst1q_f32(w->scores + j, p);
        if (out) ck_store_lanes_neon(out + j, n - j, p);
    }
    mix_values(a, w->scores, a->v + head * a->d, a->y + i * a->y_stride + head * a->d);
}

static void clear(const ck_spatial_attention_args *a, int64_t head, int64_t i) {
    for (int64_t e = 0; e < a->d; e++) a->y[i * a->y_stride + head * a->d + e] = 0;
    if (a->probabilities)
        for (int64_t j = 0; j < a->n; j++) a->probabilities[(head * a->n + i) * a->n + j] = 0;
}

void ck_spatial_attention_f32_neon(const void *args, int part, int parts) {
    const ck_spatial_attention_args *a = args;
    const int64_t row = ck_spatial_row(a), dims = a->fusion == CK_FUSION_NONE ? 0 : a->dims;
    float *base = (float *)a->scratch + part * ck_spatial_part_floats(a);
    const workspace w = {base, base + row, base + 2 * row, base + (2 + dims) * row};
    const bool nothing = ck_all_keys_padded(a);
    int64_t begin, end, turned = -1;
    ck_slice(a->n * a->heads, 1, part, parts, &begin, &end);
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t i = unit / a->heads, head = unit % a->heads;
        if (nothing) {
            clear(a, head, i);
            continue;
        }
        if (dims > 0) {
            if (turned != i) turn_locations(a, i, w.turned);
            turned = i;
            prepare_linear(a, head, i, w.linear);
        }
        switch (a->fusion) {
        case CK_FUSION_NONE: attend(a, &w, head, i, CK_FUSION_NONE); break;
        case CK_FUSION_COND: attend(a, &w, head, i, CK_FUSION_COND); break;
        case CK_FUSION_MUL: attend(a, &w, head, i, CK_FUSION_MUL); break;
        case CK_FUSION_ADD: attend(a, &w, head, i, CK_FUSION_ADD); break;
        default: attend(a, &w, head, i, CK_FUSION_BIAS); break; /* bias and ctx differ in `linear` only */
        }
    }
}
#endif
