/* The specification of the small language kernels in plain loops. */
#include "half/half.h"
#include "language/language.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

/* MARK: assemble_rows */

static const float *extra_row(const ck_assemble_rows_args *a, int64_t source) {
    return a->extra + -(source + 1) * a->extra_stride;
}

void ck_assemble_rows_f32_ref(const void *args, int part, int parts) {
    const ck_assemble_rows_args *a = args;
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const int64_t s = a->sources[i];
        const float *row = s < 0 ? extra_row(a, s) : (const float *)a->table + s * a->d;
        memcpy(a->y + i * a->y_stride, row, (size_t)a->d * sizeof *row);
    }
}

void ck_assemble_rows_f16_ref(const void *args, int part, int parts) {
    const ck_assemble_rows_args *a = args;
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const int64_t s = a->sources[i];
        float *y = a->y + i * a->y_stride;
        for (int64_t j = 0; j < a->d; j++)
            y[j] = s < 0 ? extra_row(a, s)[j] : ck_f32_from_f16_value(((const uint16_t *)a->table)[s * a->d + j]);
    }
}

void ck_assemble_rows_bf16_ref(const void *args, int part, int parts) {
    const ck_assemble_rows_args *a = args;
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const int64_t s = a->sources[i];
        float *y = a->y + i * a->y_stride;
        for (int64_t j = 0; j < a->d; j++)
            y[j] = s < 0 ? extra_row(a, s)[j] : ck_f32_from_bf16_value(((const uint16_t *)a->table)[s * a->d + j]);
    }
}

/* MARK: rope_append */

/* Element j of a head's row: x * cos + rotate_half(x) * sin, or x itself without cosines. */
static float element(const float *x, const float *cosines, const float *sines, int64_t half, int64_t j) {
    if (!cosines) return x[j];
    return j < half ? x[j] * cosines[j] - x[j + half] * sines[j]
                    : x[j] * cosines[j - half] + x[j - half] * sines[j - half];
}

/* A head's row into the cache from element `at` on. */
static void store_row(ck_cache_type type, const float *x, const float *cosines, const float *sines, int64_t d, void *cache,
                      float *scales, int64_t at) {
    float scale = 1.0f;
    if (type == CK_CACHE_I8) {
        float largest = 0.0f;
        bool finite = true;
        for (int64_t j = 0; j < d; j++) {
            const float value = element(x, cosines, sines, d / 2, j);
            finite = finite && isfinite(value);
            largest = fmaxf(largest, fabsf(value));
        }
        scale = scales[at / d] = ck_q8_scale(finite, largest);
    }
    for (int64_t j = 0; j < d; j++)
        ck_cache_set(type, cache, at + j, scale > 0.0f ? element(x, cosines, sines, d / 2, j) / scale : 0.0f);
}

/* q[d] rotated in place */
static void rotate(float *q, const float *cosines, const float *sines, int64_t d) {
    const int64_t half = d / 2;
    for (int64_t j = 0; j < half; j++) {
        const float low = element(q, cosines, sines, half, j), high = element(q, cosines, sines, half, j + half);
        q[j] = low;
        q[j + half] = high;
    }
}

static void rope_append(const ck_rope_append_args *a, ck_cache_type type, int part, int parts) {
    const int64_t d = a->d, per_row = a->heads + a->kv_heads;
    int64_t begin, end;
    ck_slice(a->m * per_row, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t i = item / per_row, head = item % per_row;
        const float *cosines = a->cosines + a->positions[i] * (d / 2);
        const float *sines = a->sines + a->positions[i] * (d / 2);
        if (head < a->heads) {
            rotate(a->q + i * a->q_stride + head * d, cosines, sines, d);
        } else {
            const int64_t kv_head = head - a->heads;
            const int64_t at = a->cells[i] * a->cell_stride + kv_head * a->head_stride;
            store_row(type, a->k + i * a->k_stride + kv_head * d, cosines, sines, d, a->k_cache, a->k_scales, at);
            store_row(type, a->v + i * a->v_stride + kv_head * d, NULL, NULL, d, a->v_cache, a->v_scales, at);
        }
    }
}

void ck_rope_append_f32_ref(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F32, part, parts); }
void ck_rope_append_f16_ref(const void *args, int part, int parts) { rope_append(args, CK_CACHE_F16, part, parts); }
void ck_rope_append_bf16_ref(const void *args, int part, int parts) { rope_append(args, CK_CACHE_BF16, part, parts); }
void ck_rope_append_i8_ref(const void *args, int part, int parts) { rope_append(args, CK_CACHE_I8, part, parts); }

/* MARK: silu_mul */

void ck_silu_mul_f32_ref(const void *args, int part, int parts) {
    const ck_silu_mul_args *a = args;
    const int64_t pieces = (a->n + CK_SILU_COLUMNS - 1) / CK_SILU_COLUMNS;
    int64_t begin, end;
    ck_slice(a->m * pieces, 1, part, parts, &begin, &end);
    for (int64_t item = begin; item < end; item++) {
        const int64_t i = item / pieces, first = item % pieces * CK_SILU_COLUMNS;
        const int64_t last = a->n - first < CK_SILU_COLUMNS ? a->n : first + CK_SILU_COLUMNS;
        for (int64_t j = first; j < last; j++) {
            const float gate = a->gate[i * a->gate_stride + j];
            a->y[i * a->y_stride + j] = gate / (1.0f + expf(-gate)) * a->up[i * a->up_stride + j];
        }
    }
}

/* MARK: log_softmax */

void ck_log_softmax_f32_ref(const void *args, int part, int parts) {
    const ck_log_softmax_args *a = args;
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const float *x = a->x + i * a->x_stride;
        float *y = a->y + i * a->y_stride;
        float largest = -INFINITY;
        for (int64_t j = 0; j < a->n; j++) largest = x[j] > largest ? x[j] : largest;
        double sum = 0.0;
        for (int64_t j = 0; j < a->n; j++) sum += exp((double)x[j] - (double)largest);
        const double shift = (double)largest + log(sum);
        for (int64_t j = 0; j < a->n; j++) y[j] = (float)((double)x[j] - shift);
    }
}
