/* q8 rows: 128 values at a time, made from the source into a buffer, then their largest size, then bytes. The part that AVX2 and
 * NEON share, included by the file of each.
 *
 * The largest size is found on the bits, where a NaN or an infinity is larger than any number. Tails: values beyond k are
 * loaded as zeros, which change neither the sums of squares nor anything of a group, and become the padding. A row's
 * division costs below 1 % of the product that follows, so it is a division as in the contract.
 *
 * The including file defines, inside its target region, after the vectors (cpu/ck_vector_...), quantize.h and <string.h>:
 *   int32_t largest_bits(const float *buffer), of sizes of the CK_GROUP values and of sums of neighbours the largest;
 *   int32_t quantize_part(const float *values, float scale, int8_t *q), CK_Q8_SUBGROUP bytes and their sum;
 *   NAME(kernel), the kernels' names. */
#pragma STDC FP_CONTRACT OFF

enum { square_vectors = CK_Q8_SQUARE_SUMS / V_LANES, group_parts = CK_GROUP / CK_Q8_SUBGROUP };

/* MARK: Source */

static float inverse_rms(const float *x, int64_t k, float eps) {
    V sums[square_vectors];
    CK_UNROLL for (int s = 0; s < square_vectors; s++) sums[s] = v_zero();
    int64_t i = 0;
    for (; i + CK_Q8_SQUARE_SUMS <= k; i += CK_Q8_SQUARE_SUMS)
        CK_UNROLL for (int s = 0; s < square_vectors; s++) {
            const V v = v_load(x + i + s * V_LANES);
            sums[s] = v_fma(v, v, sums[s]);
        }
    CK_UNROLL for (int s = 0; s < square_vectors; s++) {
        if (k - i <= s * V_LANES) break;
        const V v = v_load_first(x + i + s * V_LANES, k - i - s * V_LANES);
        sums[s] = v_fma(v, v, sums[s]);
    }
    CK_UNROLL for (int half = square_vectors / 2; half > 0; half /= 2)
        CK_UNROLL for (int s = 0; s < half; s++) sums[s] = v_add(sums[s], sums[s + half]);
    return 1.0f / sqrtf(v_sum(sums[0]) / (float)k + eps);
}

/* Values [first, first + 128) of a row, zeros beyond k, into `buffer`. */
CK_INLINE void load_group(const ck_q8_rows_args *a, ck_q8_source source, int64_t row, int64_t first, float inverse,
                          float *buffer) {
    const float *x = a->x + row * a->x_stride + first;
    const int64_t count = a->k - first;
    for (int64_t j = 0; j < CK_GROUP; j += V_LANES) {
        const int64_t lanes = count - j;
        V v = v_zero();
        if (lanes > 0) {
            v = v_load_first(x + j, lanes);
            if (source == CK_Q8_RMS_NORM)
                v = v_mul(v_mul(v, v_set1(inverse)), v_load_first(a->weight + first + j, lanes));
            if (source == CK_Q8_SILU_MUL)
                v = v_mul(v_silu(v), v_load_first(a->up + row * a->up_stride + first + j, lanes));
        }
        v_store(buffer + j, v);
    }
}

/* The first `count` values of the buffer times their scales. */
CK_INLINE void scale_group(const float *input_scale, int64_t count, float *buffer) {
    for (int64_t j = 0; j < count; j += V_LANES)
        v_store(buffer + j, v_mul(v_load(buffer + j), v_load_first(input_scale + j, count - j)));
}

/* MARK: Bytes */

static void quantize_group(const float *buffer, ck_q8_group y) {
    const int32_t bits = largest_bits(buffer);
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    const float scale = ck_q8_scale(bits < 0x7f800000, largest);
    int32_t sum = 0;
    int16_t part_sums[group_parts] = {0};
    for (int64_t part = 0; part < group_parts; part++) {
        int8_t *q = y.q + part * CK_Q8_SUBGROUP;
        if (scale > 0.0f) {
            const int32_t part_sum = quantize_part(buffer + part * CK_Q8_SUBGROUP, scale, q);
            part_sums[part] = (int16_t)part_sum;
            sum += part_sum;
        } else {
            memset(q, 0, CK_Q8_SUBGROUP);
        }
    }
    *y.scale = scale;
    *y.sum = sum;
    memcpy(y.part_sum, part_sums, sizeof part_sums);
}

CK_INLINE void run(const ck_q8_rows_args *a, ck_q8_source source, int part, int parts) {
    float buffer[CK_GROUP] __attribute__((aligned(64)));
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const float inverse = source == CK_Q8_RMS_NORM ? inverse_rms(a->x + i * a->x_stride, a->k, a->eps) : 0.0f;
        for (int64_t first = 0; first < a->k; first += CK_GROUP) {
            load_group(a, source, i, first, inverse, buffer);
            const int64_t count = a->k - first < CK_GROUP ? a->k - first : CK_GROUP;
            if (a->v) memcpy(a->v + i * a->v_stride + first, buffer, (size_t)count * sizeof *buffer);
            if (a->input_scale) scale_group(a->input_scale + first, count, buffer);
            quantize_group(buffer, ck_q8_group_at(a->y, a->m, a->k, i, first / CK_GROUP));
        }
    }
}

void NAME(quantize_f32)(const void *args, int part, int parts) { run(args, CK_Q8_PLAIN, part, parts); }
void NAME(rms_norm_f32)(const void *args, int part, int parts) { run(args, CK_Q8_RMS_NORM, part, parts); }
void NAME(silu_mul_f32)(const void *args, int part, int parts) { run(args, CK_Q8_SILU_MUL, part, parts); }
