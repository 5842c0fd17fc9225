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

/* Elements `at` ..< at + count of the cache, at most one vector. */
CK_INLINE void store_cache(ck_cache_type type, void *cache, int64_t at, V v, int64_t count) {
    if (type == CK_CACHE_F32) v_store_first((float *)cache + at, v, count);
    else if (type == CK_CACHE_F16) v_store_first_f16((uint16_t *)cache + at, v, count);
    else v_store_first_bf16((uint16_t *)cache + at, v, count);
}

CK_INLINE void rotate(ck_cache_type type, const float *x, const float *cosines, const float *sines, int64_t d, void *cache,
                      int64_t at) {
    const int64_t half = d / 2;
    for (int64_t j = 0; j < half; j += V_LANES) {
        const int64_t count = half - j;
        const V low = v_load_first(x + j, count), high = v_load_first(x + j + half, count);
        const V c = v_load_first(cosines + j, count), s = v_load_first(sines + j, count);
        store_cache(type, cache, at + j, v_sub(v_mul(low, c), v_mul(high, s)), count);
        store_cache(type, cache, at + j + half, v_add(v_mul(high, c), v_mul(low, s)), count);
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
            rotate(CK_CACHE_F32, q, cosines, sines, d, q, 0);
        } else {
            const int64_t kv_head = head - a->heads;
            const int64_t at = a->cells[i] * a->cell_stride + kv_head * a->head_stride;
            rotate(type, a->k + i * a->k_stride + kv_head * d, cosines, sines, d, a->k_cache, at);
            const float *v = a->v + i * a->v_stride + kv_head * d;
            for (int64_t j = 0; j < d; j += V_LANES) store_cache(type, a->v_cache, at + j, v_load_first(v + j, d - j), d - j);
        }
    }
}

void NAME(rope_append_f32)(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F32, part, parts); }
void NAME(rope_append_f16)(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F16, part, parts); }
void NAME(rope_append_bf16)(const void *args, int part, int parts) { rope_append(args, CK_CACHE_BF16, part, parts); }

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
