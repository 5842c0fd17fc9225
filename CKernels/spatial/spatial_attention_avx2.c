/* Attention with a location term, with AVX2.
 *
 * One pass per (query, head). Queries are the outer loop, because the locations of a query, turned to [dims, n], serve
 * all its heads. Scores: 8 keys at once, one sum each, added across by a tree of horizontal additions; the location term
 * is a linear function of the geometry in every fusion (for ctx, q . (W g + b) = (q W) . g + q . b, so W is met once per
 * query and not once per pair). Exponentials go over the finished row; values are mixed 32 features at a time in two
 * sets of four sums, even and odd keys.
 * Tails: keys beyond n repeat the last key and count as padded; features beyond d are masked.
 * Order of every sum depends on n and d only, so results do not depend on `parts`. */
#include "spatial.h"

#if CK_X86
#include "ck_math_avx2.h"
#include <immintrin.h>
#include <math.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

/* What one part works with. */
typedef struct workspace {
    float *scores, *location_scores; /* rows of ck_spatial_row */
    float *turned;                   /* [dims, ck_spatial_row]: locations of one query */
    float *linear;                   /* [dims + 1]: bias and weights of the location term */
} workspace;

CK_INLINE float horizontal_sum(__m256 v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

CK_INLINE float horizontal_max(__m256 v) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

/* Sums of eight vectors, in the order of the vectors. */
CK_INLINE __m256 horizontal_sums(const __m256 v[8]) {
    const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
    const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

/* q . k for keys j..<j+8, keys from n on standing for the last one. */
CK_INLINE __m256 dot8(const float *q, const float *k, int64_t stride, int64_t d, int64_t j, int64_t n) {
    const float *key[8];
    __m256 sum[8];
    for (int t = 0; t < 8; t++) {
        key[t] = k + (j + t < n ? j + t : n - 1) * stride;
        sum[t] = _mm256_setzero_ps();
    }
    int64_t e = 0;
    for (; e + 8 <= d; e += 8) {
        const __m256 query = _mm256_loadu_ps(q + e);
        for (int t = 0; t < 8; t++) sum[t] = _mm256_fmadd_ps(query, _mm256_loadu_ps(key[t] + e), sum[t]);
    }
    if (e < d) {
        const __m256i mask = ck_tail_mask_avx2(d - e);
        const __m256 query = _mm256_maskload_ps(q + e, mask);
        for (int t = 0; t < 8; t++) sum[t] = _mm256_fmadd_ps(query, _mm256_maskload_ps(key[t] + e, mask), sum[t]);
    }
    return horizontal_sums(sum);
}

/* Lanes of keys j..<j+8 that are padded or do not exist. */
CK_INLINE __m256 hidden8(const int32_t *padding, int64_t j, int64_t n) {
    const __m256i exists = ck_tail_mask_avx2(n - j);
    __m256i visible = exists;
    if (padding) {
        const __m256i open = _mm256_cmpeq_epi32(_mm256_maskload_epi32(padding + j, exists), _mm256_setzero_si256());
        visible = _mm256_and_si256(visible, open);
    }
    return _mm256_castsi256_ps(_mm256_xor_si256(visible, _mm256_set1_epi32(-1)));
}

/* linear[0] + linear[1...] . g for keys j..<j+8 */
CK_INLINE __m256 location8(const workspace *w, int64_t dims, int64_t row, int64_t j) {
    __m256 sum = _mm256_broadcast_ss(w->linear);
    for (int64_t m = 0; m < dims; m++)
        sum = _mm256_fmadd_ps(_mm256_broadcast_ss(w->linear + 1 + m), _mm256_load_ps(w->turned + m * row + j), sum);
    return sum;
}

/* Scores of one query and head, and the largest of them. */
CK_INLINE void score_row(const ck_spatial_attention_args *a, const workspace *w, int64_t head, int64_t i, int fusion,
                         float *largest, float *largest_location) {
    const int64_t n = a->n, d = a->d, row = ck_spatial_row(a);
    const float *q = a->q + i * a->q_stride + head * d, *k = a->k + head * d;
    const __m256 lowest = _mm256_set1_ps(-INFINITY), root = _mm256_set1_ps(sqrtf((float)d));
    __m256 top = lowest, top_location = lowest;
    for (int64_t j = 0; j < n; j += 8) {
        const __m256 hidden = hidden8(a->key_padding, j, n);
        __m256 score = _mm256_div_ps(dot8(q, k, a->k_stride, d, j, n), root);
        if (fusion != CK_FUSION_NONE) {
            __m256 l = location8(w, a->dims, row, j);
            /* max returns its second operand when one is NaN; clamping to 1e-6 includes the relu of mul */
            if (fusion == CK_FUSION_COND) l = ck_sigmoid_avx2(l);
            if (fusion == CK_FUSION_COND || fusion == CK_FUSION_MUL)
                l = ck_log_avx2(_mm256_max_ps(_mm256_set1_ps(1e-6f), l));
            if (fusion == CK_FUSION_ADD) {
                l = _mm256_blendv_ps(l, lowest, hidden);
                _mm256_store_ps(w->location_scores + j, l);
                top_location = _mm256_max_ps(l, top_location);
            } else {
                score = _mm256_add_ps(score, l);
            }
        }
        score = _mm256_blendv_ps(score, lowest, hidden);
        _mm256_store_ps(w->scores + j, score);
        top = _mm256_max_ps(score, top);
    }
    *largest = horizontal_max(top);
    *largest_location = horizontal_max(top_location);
}

/* Replaces scores by exp(score - largest); returns 1 / sum. A NaN score makes the sum NaN, and so the whole row. */
CK_INLINE float exponentials(float *scores, int64_t n, float largest) {
    const __m256 shift = _mm256_set1_ps(largest);
    __m256 sum = _mm256_setzero_ps();
    for (int64_t j = 0; j < n; j += 8) {
        const __m256 e = ck_exp_avx2(_mm256_sub_ps(_mm256_load_ps(scores + j), shift));
        _mm256_store_ps(scores + j, e);
        sum = _mm256_add_ps(sum, e);
    }
    return 1.0f / horizontal_sum(sum);
}

/* y[e] = sum over visible keys of p[j] v[j][e] */
CK_INLINE void mix_values(const ck_spatial_attention_args *a, const float *p, const float *v, float *y) {
    const int64_t n = a->n, d = a->d, stride = a->v_stride;
    const int32_t *padding = a->key_padding;
    int64_t e = 0;
    for (; e + 32 <= d; e += 32) {
        __m256 sum[2][4];
        for (int t = 0; t < 4; t++) sum[0][t] = sum[1][t] = _mm256_setzero_ps();
        for (int64_t j = 0; j < n; j += 2)
#pragma clang loop unroll(full)
            for (int odd = 0; odd < 2; odd++) {
                if (j + odd >= n || (padding && padding[j + odd])) continue;
                const __m256 weight = _mm256_broadcast_ss(p + j + odd);
                for (int t = 0; t < 4; t++)
                    sum[odd][t] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(v + (j + odd) * stride + e + 8 * t), sum[odd][t]);
            }
        for (int t = 0; t < 4; t++) _mm256_storeu_ps(y + e + 8 * t, _mm256_add_ps(sum[0][t], sum[1][t]));
    }
    for (; e < d; e += 8) {
        const __m256i mask = ck_tail_mask_avx2(d - e);
        __m256 sum = _mm256_setzero_ps();
        for (int64_t j = 0; j < n; j++)
            if (!padding || !padding[j])
                sum = _mm256_fmadd_ps(_mm256_broadcast_ss(p + j), _mm256_maskload_ps(v + j * stride + e, mask), sum);
        _mm256_maskstore_ps(y + e, mask, sum);
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
    const float *q = a->q + i * a->q_stride + head * d, *bias = a->location_bias + head * d;
    const float *weight = a->location_weight + head * d * dims;
    const __m256 root = _mm256_set1_ps(sqrtf((float)d));
    __m256 product = _mm256_setzero_ps();
    for (int64_t e = 0; e < d; e += 8) {
        const __m256i mask = ck_tail_mask_avx2(d - e);
        product = _mm256_fmadd_ps(_mm256_maskload_ps(q + e, mask), _mm256_maskload_ps(bias + e, mask), product);
    }
    linear[0] = horizontal_sum(product) / sqrtf((float)d);
    for (int64_t m = 0; m < dims; m += 8) {
        const __m256i mask = ck_tail_mask_avx2(dims - m);
        __m256 even = _mm256_setzero_ps(), odd = even;
        int64_t e = 0;
        for (; e + 2 <= d; e += 2) {
            const float *w = weight + e * dims + m;
            even = _mm256_fmadd_ps(_mm256_broadcast_ss(q + e), _mm256_maskload_ps(w, mask), even);
            odd = _mm256_fmadd_ps(_mm256_broadcast_ss(q + e + 1), _mm256_maskload_ps(w + dims, mask), odd);
        }
        if (e < d) {
            const __m256 w = _mm256_maskload_ps(weight + e * dims + m, mask);
            even = _mm256_fmadd_ps(_mm256_broadcast_ss(q + e), w, even);
        }
        _mm256_maskstore_ps(linear + 1 + m, mask, _mm256_div_ps(_mm256_add_ps(even, odd), root));
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
    const __m256 scale = _mm256_set1_ps(exponentials(w->scores, n, largest));
    __m256 location_scale = scale;
    if (fusion == CK_FUSION_ADD) location_scale = _mm256_set1_ps(exponentials(w->location_scores, n, largest_location));
    float *out = a->probabilities ? a->probabilities + (head * n + i) * n : NULL;
    for (int64_t j = 0; j < n; j += 8) {
        __m256 p = _mm256_mul_ps(_mm256_load_ps(w->scores + j), scale);
        if (fusion == CK_FUSION_ADD) {
            const __m256 other = _mm256_mul_ps(_mm256_load_ps(w->location_scores + j), location_scale);
            p = _mm256_mul_ps(_mm256_add_ps(p, other), _mm256_set1_ps(0.5f));
        }
        _mm256_store_ps(w->scores + j, p);
        if (out) _mm256_maskstore_ps(out + j, ck_tail_mask_avx2(n - j), p);
    }
    mix_values(a, w->scores, a->v + head * a->d, a->y + i * a->y_stride + head * a->d);
}

static void clear(const ck_spatial_attention_args *a, int64_t head, int64_t i) {
    for (int64_t e = 0; e < a->d; e++) a->y[i * a->y_stride + head * a->d + e] = 0;
    if (a->probabilities)
        for (int64_t j = 0; j < a->n; j++) a->probabilities[(head * a->n + i) * a->n + j] = 0;
}

void ck_spatial_attention_f32_avx2(const void *args, int part, int parts) {
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

CK_TARGET_END
#endif
