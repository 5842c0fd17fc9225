/* The small language kernels: the part that all instruction sets share, included by the file of each after the vectors
 * (cpu/ck_vector_...), language.h, <math.h>, <string.h> and NAME(kernel), the kernels' names.
 *
 * Rotation and row assembly equal the reference bit for bit (no FMA), gating and log-softmax up to the vector exp. Tails go through
 * the same operations as whole vectors, so an element is computed alike wherever a slice begins. */
#pragma STDC FP_CONTRACT OFF

/* MARK: assemble_rows */

CK_INLINE void assemble(const ck_assemble_rows_args *a, ck_cache_type type, int part, int parts) {
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const int64_t s = a->sources[i];
        float *y = a->y + i * a->y_stride;
        if (s < 0) {
            memcpy(y, a->extra + -(s + 1) * a->extra_stride, (size_t)a->d * sizeof *y);
            continue;
        }
        const uint16_t *row = (const uint16_t *)a->table + s * a->d;
        int64_t j = 0;
        for (; j + V_LANES <= a->d; j += V_LANES)
            v_store(y + j, type == CK_CACHE_F16 ? v_load_f16(row + j) : v_load_bf16(row + j));
        for (; j < a->d; j++) y[j] = ck_cache_get(type, row, j);
    }
}

void NAME(assemble_rows_f16)(const void *args, int part, int parts) { assemble(args, CK_CACHE_F16, part, parts); }
void NAME(assemble_rows_bf16)(const void *args, int part, int parts) { assemble(args, CK_CACHE_BF16, part, parts); }

/* MARK: rope_append */

/* One vector of each half of a head's row: rotated, or as it is without cosines. */
typedef struct halves {
    V low, high;
} halves;

CK_INLINE halves halves_at(const float *x, const float *cosines, const float *sines, int64_t half, int64_t j) {
    const int64_t count = half - j;
    const V low = v_load_first(x + j, count), high = v_load_first(x + j + half, count);
    if (!cosines) return (halves){low, high};
    const V c = v_load_first(cosines + j, count), s = v_load_first(sines + j, count);
    return (halves){v_sub(v_mul(low, c), v_mul(high, s)), v_add(v_mul(high, c), v_mul(low, s))};
}

/* The scale of a row in 8 bits. */
CK_INLINE float scale_of(const float *x, const float *cosines, const float *sines, int64_t half) {
    V largest = v_zero(), gaps = v_zero(); /* gaps: NaN where an element is infinite or NaN, else 0 */
    for (int64_t j = 0; j < half; j += V_LANES) {
        const halves at = halves_at(x, cosines, sines, half, j);
        largest = v_max(largest, v_max(at.low, v_sub(v_zero(), at.low)));
        largest = v_max(largest, v_max(at.high, v_sub(v_zero(), at.high)));
        gaps = v_add(gaps, v_add(v_sub(at.low, at.low), v_sub(at.high, at.high)));
    }
    return ck_q8_scale(v_sum(gaps) == 0.0f, v_largest(largest));
}

/* Elements `at` ..< at + count of the cache, at most one vector. */
CK_INLINE void store_cache(ck_cache_type type, void *cache, int64_t at, V v, int64_t count) {
    if (type == CK_CACHE_F32) v_store_first((float *)cache + at, v, count);
    else if (type == CK_CACHE_I8) v_store_first_i8((int8_t *)cache + at, v, count);
    else if (type == CK_CACHE_F16) v_store_first_f16((uint16_t *)cache + at, v, count);
    else v_store_first_bf16((uint16_t *)cache + at, v, count);
}

/* A head's row into the cache, which may be x, from element `at` on. */
CK_INLINE void store_row(ck_cache_type type, const float *x, const float *cosines, const float *sines, int64_t d, void *cache,
                         float *scales, int64_t at) {
    const int64_t half = d / 2;
    V scale = v_zero();
    if (type == CK_CACHE_I8) {
        const float found = scales[at / d] = scale_of(x, cosines, sines, half);
        scale = v_set1(found);
        if (!(found > 0.0f)) {
            memset((int8_t *)cache + at, 0, (size_t)d);
            return;
        }
    }
    for (int64_t j = 0; j < half; j += V_LANES) {
        halves row = halves_at(x, cosines, sines, half, j);
        if (type == CK_CACHE_I8) row = (halves){v_div(row.low, scale), v_div(row.high, scale)};
        store_cache(type, cache, at + j, row.low, half - j);
        store_cache(type, cache, at + j + half, row.high, half - j);
    }
}

CK_INLINE void rope_append(const ck_rope_append_args *a, ck_cache_type type, int part, int parts) {
    const int64_t d = a->d, per_row = a->heads + a->kv_heads;
    int64_t begin, end;
    ck_slice(a->m * per_row, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t i = item / per_row, head = item % per_row;
        const float *cosines = a->cosines + a->positions[i] * (d / 2);
        const float *sines = a->sines + a->positions[i] * (d / 2);
        if (head < a->heads) {
            float *q = a->q + i * a->q_stride + head * d;
            store_row(CK_CACHE_F32, q, cosines, sines, d, q, NULL, 0);
        } else {
            const int64_t kv_head = head - a->heads;
            const int64_t at = a->cells[i] * a->cell_stride + kv_head * a->head_stride;
            store_row(type, a->k + i * a->k_stride + kv_head * d, cosines, sines, d, a->k_cache, a->k_scales, at);
            store_row(type, a->v + i * a->v_stride + kv_head * d, NULL, NULL, d, a->v_cache, a->v_scales, at);
        }
    }
}

void NAME(rope_append_f32)(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F32, part, parts); }
void NAME(rope_append_f16)(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F16, part, parts); }
void NAME(rope_append_bf16)(const void *args, int part, int parts) { rope_append(args, CK_CACHE_BF16, part, parts); }
void NAME(rope_append_i8)(const void *args, int part, int parts) { rope_append(args, CK_CACHE_I8, part, parts); }

/* MARK: silu_mul */

void NAME(silu_mul_f32)(const void *args, int part, int parts) {
    const ck_silu_mul_args *a = args;
    const int64_t pieces = (a->n + CK_SILU_COLUMNS - 1) / CK_SILU_COLUMNS;
    int64_t begin, end;
    ck_slice(a->m * pieces, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t i = item / pieces, first = item % pieces * CK_SILU_COLUMNS;
        const int64_t last = a->n - first < CK_SILU_COLUMNS ? a->n : first + CK_SILU_COLUMNS;
        for (int64_t j = first; j < last; j += V_LANES) {
            const V gate = v_load_first(a->gate + i * a->gate_stride + j, last - j);
            const V up = v_load_first(a->up + i * a->up_stride + j, last - j);
            v_store_first(a->y + i * a->y_stride + j, v_mul(v_silu(gate), up), last - j);
        }
    }
}

/* MARK: log_softmax */

void NAME(log_softmax_f32)(const void *args, int part, int parts) {
    const ck_log_softmax_args *a = args;
    const V lowest = v_set1(-INFINITY);
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const float *x = a->x + i * a->x_stride;
        float *y = a->y + i * a->y_stride;
        V top = lowest;
        /* A NaN that v_max loses comes back through the sum. */
        for (int64_t j = 0; j < a->n; j += V_LANES)
            top = v_max(top, v_select(vm_first(a->n - j), v_load_first(x + j, a->n - j), lowest));
        const V largest = v_largest_everywhere(top);
        VD sums = vd_zero();
        for (int64_t j = 0; j < a->n; j += V_LANES) {
            const V e = v_exp(v_sub(v_load_first(x + j, a->n - j), largest));
            sums = vd_add(sums, v_select(vm_first(a->n - j), e, v_zero()));
        }
        const double shift = (double)v_lane0(largest) + log(vd_sum(sums));
        for (int64_t j = 0; j < a->n; j += V_LANES)
            v_store_first(y + j, v_sub_f64(v_load_first(x + j, a->n - j), shift), a->n - j);
    }
}
