/* Attention with a location term, with vectors: the part that every instruction set shares, included by the file of each.
 *
 * One pass per (query, head). Queries are the outer loop, because the locations of a query, turned to [dims, n], serve
 * all its heads. Scores: at least 8 keys at once, one sum each, added across by a tree; the location term is a linear
 * function of the geometry in every fusion (for ctx, q . (W g + b) = (q W) . g + q . b, so W is met once per query and not
 * once per pair). Exponentials go over the finished row; values are mixed 32 features at a time in a few sets of sums, each
 * of which takes every second or fourth key.
 * Tails: keys beyond n repeat the last key and count as padded; features beyond d are loaded as zeros.
 * Order of every sum depends on n and d only, so results do not depend on `parts`.
 *
 * The including file defines, inside its target region, after the vectors (cpu/ck_vector_...), spatial.h and <math.h>: v_log,
 * v_sigmoid; v_sums, the sums of V_LANES vectors in their order; vm_zeros, those of the first lanes where an int32 is 0; MIX_SETS sums
 * of MIX_VECTORS vectors of features for the values; NAME, the kernel's name. */
#pragma STDC FP_CONTRACT OFF

/* As many addresses as there are registers for, and whole vectors. */
enum { keys_at_once = V_LANES < 8 ? 8 : V_LANES, key_vectors = keys_at_once / V_LANES };

/* What one part works with. */
typedef struct workspace {
    float *scores, *location_scores; /* rows of ck_spatial_row */
    float *turned;                   /* [dims, ck_spatial_row]: locations of one query */
    float *linear;                   /* [dims + 1]: bias and weights of the location term */
} workspace;

/* q . k, not yet added across lanes, for 8 keys from j on, keys from n on standing for the last one. */
CK_INLINE void products8(const float *q, const float *k, int64_t stride, int64_t d, int64_t j, int64_t n, V sum[8]) {
    const float *key[8], *next = k + (j < n ? j : n - 1) * stride;
    for (int t = 0; t < 8; t++) {
        key[t] = next;
        next += j + t + 1 < n ? stride : 0;
        sum[t] = v_zero();
    }
    int64_t e = 0;
    for (; e + V_LANES <= d; e += V_LANES) {
        const V query = v_load(q + e);
        for (int t = 0; t < 8; t++) sum[t] = v_fma(query, v_load(key[t] + e), sum[t]);
    }
    if (e < d) {
        const V query = v_load_first(q + e, d - e);
        for (int t = 0; t < 8; t++) sum[t] = v_fma(query, v_load_first(key[t] + e, d - e), sum[t]);
    }
}

/* q . k for keys_at_once keys from j on. */
CK_INLINE void dots(const float *q, const float *k, int64_t stride, int64_t d, int64_t j, int64_t n, V result[key_vectors]) {
    V sum[keys_at_once];
    CK_UNROLL for (int t = 0; t < keys_at_once; t += 8) products8(q, k, stride, d, j + t, n, sum + t);
    CK_UNROLL for (int v = 0; v < key_vectors; v++) result[v] = v_sums(sum + v * V_LANES);
}

/* Lanes of keys from j on that exist and are not padded. */
CK_INLINE VM visible_keys(const int32_t *padding, int64_t j, int64_t n) {
    return padding && j < n ? vm_zeros(padding + j, n - j) : vm_first(n - j);
}

/* linear[0] + linear[1...] . g for the keys of one vector from j on */
CK_INLINE V location_terms(const workspace *w, int64_t dims, int64_t row, int64_t j) {
    V sum = v_set1(w->linear[0]);
    for (int64_t m = 0; m < dims; m++)
        sum = v_fma(v_set1(w->linear[1 + m]), v_load(w->turned + m * row + j), sum);
    return sum;
}

/* Scores of one query and head, and the largest of them. */
CK_INLINE void score_row(const ck_spatial_attention_args *a, const workspace *w, int64_t head, int64_t i, int fusion,
                         float *largest, float *largest_location) {
    const int64_t n = a->n, d = a->d, row = ck_spatial_row(a);
    const float *q = a->q + i * a->q_stride + head * d, *k = a->k + head * d;
    const V lowest = v_set1(-INFINITY), root = v_set1(sqrtf((float)d));
    V top = lowest, top_location = lowest;
    for (int64_t first = 0; first < n; first += keys_at_once) {
        V products[key_vectors];
        dots(q, k, a->k_stride, d, first, n, products);
        CK_UNROLL for (int v = 0; v < key_vectors; v++) {
            const int64_t j = first + v * V_LANES;
            const VM visible = visible_keys(a->key_padding, j, n);
            V score = v_div(products[v], root);
            if (fusion != CK_FUSION_NONE) {
                V l = location_terms(w, a->dims, row, j);
                /* A NaN stays in either maximum; clamping to 1e-6 includes the relu of mul. */
                if (fusion == CK_FUSION_COND) l = v_sigmoid(l);
                if (fusion == CK_FUSION_COND || fusion == CK_FUSION_MUL) l = v_log(v_max(v_set1(1e-6f), l));
                if (fusion == CK_FUSION_ADD) {
                    l = v_select(visible, l, lowest);
                    v_store(w->location_scores + j, l);
                    top_location = v_max(l, top_location);
                } else {
                    score = v_add(score, l);
                }
            }
            score = v_select(visible, score, lowest);
            v_store(w->scores + j, score);
            top = v_max(score, top);
        }
    }
    *largest = v_largest(top);
    *largest_location = v_largest(top_location);
}

/* Replaces scores by exp(score - largest); returns 1 / sum. A NaN score makes the sum NaN, and so the whole row. */
CK_INLINE float exponentials(float *scores, int64_t n, float largest) {
    const V shift = v_set1(largest);
    V sum = v_zero();
    for (int64_t j = 0; j < n; j += V_LANES) {
        const V e = v_exp(v_sub(v_load(scores + j), shift));
        v_store(scores + j, e);
        sum = v_add(sum, e);
    }
    return 1.0f / v_sum(sum);
}

/* y[e] = sum over visible keys of p[j] v[j][e] */
CK_INLINE void mix_values(const ck_spatial_attention_args *a, const float *p, const float *v, float *y) {
    const int64_t n = a->n, d = a->d, stride = a->v_stride;
    const int32_t *padding = a->key_padding;
    int64_t e = 0;
    for (; e + MIX_VECTORS * V_LANES <= d; e += MIX_VECTORS * V_LANES) {
        V sum[MIX_SETS][MIX_VECTORS];
        for (int set = 0; set < MIX_SETS; set++)
            for (int t = 0; t < MIX_VECTORS; t++) sum[set][t] = v_zero();
        for (int64_t j = 0; j < n; j += MIX_SETS)
            CK_UNROLL for (int set = 0; set < MIX_SETS; set++) {
                if (j + set >= n || (padding && padding[j + set])) continue;
                const V weight = v_set1(p[j + set]);
                const float *values = v + (j + set) * stride + e;
                for (int t = 0; t < MIX_VECTORS; t++)
                    sum[set][t] = v_fma(weight, v_load(values + V_LANES * t), sum[set][t]);
            }
        for (int half = MIX_SETS / 2; half > 0; half /= 2)
            for (int set = 0; set < half; set++)
                for (int t = 0; t < MIX_VECTORS; t++) sum[set][t] = v_add(sum[set][t], sum[set + half][t]);
        for (int t = 0; t < MIX_VECTORS; t++) v_store(y + e + V_LANES * t, sum[0][t]);
    }
    for (; e < d; e += V_LANES) {
        V sum = v_zero();
        for (int64_t j = 0; j < n; j++)
            if (!padding || !padding[j]) sum = v_fma(v_set1(p[j]), v_load_first(v + j * stride + e, d - e), sum);
        v_store_first(y + e, sum, d - e);
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
    const V root = v_set1(sqrtf((float)d));
    V product = v_zero();
    for (int64_t e = 0; e < d; e += V_LANES)
        product = v_fma(v_load_first(q + e, d - e), v_load_first(bias + e, d - e), product);
    linear[0] = v_sum(product) / sqrtf((float)d);
    for (int64_t m = 0; m < dims; m += V_LANES) {
        const int64_t count = dims - m;
        V even = v_zero(), odd = even;
        int64_t e = 0;
        for (; e + 2 <= d; e += 2) {
            const float *w = weight + e * dims + m;
            even = v_fma(v_set1(q[e]), v_load_first(w, count), even);
            odd = v_fma(v_set1(q[e + 1]), v_load_first(w + dims, count), odd);
        }
        if (e < d) even = v_fma(v_set1(q[e]), v_load_first(weight + e * dims + m, count), even);
        v_store_first(linear + 1 + m, v_div(v_add(even, odd), root), count);
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
    const V scale = v_set1(exponentials(w->scores, n, largest));
    V location_scale = scale;
    if (fusion == CK_FUSION_ADD) location_scale = v_set1(exponentials(w->location_scores, n, largest_location));
    float *out = a->probabilities ? a->probabilities + (head * n + i) * n : NULL;
    for (int64_t j = 0; j < n; j += V_LANES) {
        V p = v_mul(v_load(w->scores + j), scale);
        if (fusion == CK_FUSION_ADD) {
            const V other = v_mul(v_load(w->location_scores + j), location_scale);
            p = v_mul(v_add(p, other), v_set1(0.5f));
        }
        v_store(w->scores + j, p);
        if (out) v_store_first(out + j, p, n - j);
    }
    mix_values(a, w->scores, a->v + head * a->d, a->y + i * a->y_stride + head * a->d);
}

static void clear(const ck_spatial_attention_args *a, int64_t head, int64_t i) {
    for (int64_t e = 0; e < a->d; e++) a->y[i * a->y_stride + head * a->d + e] = 0;
    if (a->probabilities)
        for (int64_t j = 0; j < a->n; j++) a->probabilities[(head * a->n + i) * a->n + j] = 0;
}

void NAME(const void *args, int part, int parts) {
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
