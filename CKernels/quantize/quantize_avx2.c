/* q8 rows with AVX2: 128 values at a time, made from the source into a buffer, then their largest size, then bytes.
 *
 * The largest size is found on the bits, where a NaN or an infinity is larger than any number. Tails: values beyond k are
 * loaded as zeros, which change neither the sums of squares nor anything of a group, and become the padding. A row's
 * division costs below 1 % of the product that follows, so it is a division as in the contract. */
#include "quantize/quantize.h"
#include "ck_math_avx2.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

enum { group_vectors = CK_GROUP / 8, group_parts = CK_GROUP / CK_Q8_SUBGROUP };

CK_INLINE __m256 load_lanes(const float *p, int64_t lanes) {
    return lanes >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, ck_tail_mask_avx2(lanes));
}

/* MARK: Source */

static float inverse_rms(const float *x, int64_t k, float eps) {
    __m256 sums[CK_Q8_SQUARE_SUMS / 8];
    CK_UNROLL for (int s = 0; s < 4; s++) sums[s] = _mm256_setzero_ps();
    int64_t i = 0;
    for (; i + 32 <= k; i += 32)
        CK_UNROLL for (int s = 0; s < 4; s++) {
            const __m256 v = _mm256_loadu_ps(x + i + s * 8);
            sums[s] = _mm256_fmadd_ps(v, v, sums[s]);
        }
    if (i < k)
        CK_UNROLL for (int s = 0; s < 4; s++) {
            if (k - i <= s * 8) break;
            const __m256 v = load_lanes(x + i + s * 8, k - i - s * 8);
            sums[s] = _mm256_fmadd_ps(v, v, sums[s]);
        }
    const __m256 sum = _mm256_add_ps(_mm256_add_ps(sums[0], sums[2]), _mm256_add_ps(sums[1], sums[3]));
    __m128 rest = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    rest = _mm_add_ps(rest, _mm_movehl_ps(rest, rest));
    rest = _mm_add_ss(rest, _mm_movehdup_ps(rest));
    return 1.0f / sqrtf(_mm_cvtss_f32(rest) / (float)k + eps);
}

/* Values [first, first + 128) of a row, zeros beyond k, into `buffer`. */
CK_INLINE void load_group(const ck_q8_rows_args *a, ck_q8_source source, int64_t row, int64_t first, float inverse,
                          float *buffer) {
    const float *x = a->x + row * a->x_stride + first;
    const int64_t count = a->k - first;
    for (int64_t j = 0; j < CK_GROUP; j += 8) {
        __m256 v = _mm256_setzero_ps();
        const int64_t lanes = count - j;
        if (lanes > 0) {
            v = load_lanes(x + j, lanes);
            if (source == CK_Q8_RMS_NORM)
                v = _mm256_mul_ps(_mm256_mul_ps(v, _mm256_set1_ps(inverse)), load_lanes(a->weight + first + j, lanes));
            if (source == CK_Q8_SILU_MUL) {
                const __m256 e = ck_exp_avx2(_mm256_xor_ps(v, _mm256_set1_ps(-0.0f)));
                const __m256 silu = _mm256_div_ps(v, _mm256_add_ps(_mm256_set1_ps(1.0f), e));
                v = _mm256_mul_ps(silu, load_lanes(a->up + row * a->up_stride + first + j, lanes));
            }
        }
        _mm256_storeu_ps(buffer + j, v);
    }
}

/* The first `count` values of the buffer times their scales. */
CK_INLINE void scale_group(const float *input_scale, int64_t count, float *buffer) {
    for (int64_t j = 0; j < count; j += 8)
        _mm256_storeu_ps(buffer + j, _mm256_mul_ps(_mm256_loadu_ps(buffer + j), load_lanes(input_scale + j, count - j)));
}

/* MARK: Bytes */

/* The largest value or sum of neighbours. */
CK_INLINE int32_t largest_bits(const float *buffer) {
    const __m256i sizes = _mm256_set1_epi32(0x7fffffff);
    __m256i most = _mm256_setzero_si256();
    for (int j = 0; j < group_vectors; j++) {
        const __m256 v = _mm256_loadu_ps(buffer + j * 8);
        const __m256 neighbours = _mm256_add_ps(v, _mm256_permute_ps(v, 0xb1));
        most = _mm256_max_epi32(most, _mm256_and_si256(sizes, _mm256_castps_si256(v)));
        most = _mm256_max_epi32(most, _mm256_and_si256(sizes, _mm256_castps_si256(neighbours)));
    }
    __m128i rest = _mm_max_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
    rest = _mm_max_epi32(rest, _mm_shuffle_epi32(rest, 0x4e));
    rest = _mm_max_epi32(rest, _mm_shuffle_epi32(rest, 0xb1));
    return _mm_cvtsi128_si32(rest);
}

/* 32 values as bytes. */
CK_INLINE __m256i quantized(const float *v, __m256 scale) {
    __m256i q[4];
    CK_UNROLL for (int i = 0; i < 4; i++) q[i] = _mm256_cvtps_epi32(_mm256_div_ps(_mm256_loadu_ps(v + i * 8), scale));
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

CK_INLINE int32_t byte_sum(__m256i bytes) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
    const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    __m128i rest = _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
    rest = _mm_add_epi32(rest, _mm_shuffle_epi32(rest, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(rest, _mm_shuffle_epi32(rest, 0xb1)));
}

static void quantize_group(const float *buffer, ck_q8_row row, int64_t group, int64_t parts) {
    const int32_t bits = largest_bits(buffer);
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    const float scale = ck_q8_scale(bits < 0x7f800000, largest);
    int32_t sum = 0;
    int16_t part_sums[group_parts] = {0};
    for (int64_t part = 0; part < parts; part++) {
        __m256i bytes = _mm256_setzero_si256();
        if (scale > 0.0f) {
            bytes = quantized(buffer + part * CK_Q8_SUBGROUP, _mm256_set1_ps(scale));
            const int32_t part_sum = byte_sum(bytes);
            part_sums[part] = (int16_t)part_sum;
            sum += part_sum;
        }
        _mm256_storeu_si256((__m256i *)(void *)(row.q + group * CK_GROUP + part * CK_Q8_SUBGROUP), bytes);
    }
    row.scale[group] = scale;
    row.sum[group] = sum;
    memcpy(row.part_sum + group * group_parts, part_sums, sizeof part_sums);
}

CK_INLINE void run(const ck_q8_rows_args *a, ck_q8_source source, int part, int parts) {
    float buffer[CK_GROUP] __attribute__((aligned(64)));
    int64_t begin, end;
    ck_slice(a->m, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const ck_q8_row row = ck_q8_row_at(a->y + i * a->y_stride, a->k);
        const float inverse = source == CK_Q8_RMS_NORM ? inverse_rms(a->x + i * a->x_stride, a->k, a->eps) : 0.0f;
        for (int64_t first = 0; first < a->k; first += CK_GROUP) {
            load_group(a, source, i, first, inverse, buffer);
            const int64_t count = a->k - first < CK_GROUP ? a->k - first : CK_GROUP;
            if (a->v) memcpy(a->v + i * a->v_stride + first, buffer, (size_t)count * sizeof *buffer);
            if (a->input_scale) scale_group(a->input_scale + first, count, buffer);
            quantize_group(buffer, row, first / CK_GROUP, count > CK_GROUP / 2 ? group_parts : group_parts / 2);
        }
        memset(row.padding, 0, (size_t)(row.end - row.padding));
    }
}

void ck_q8_quantize_f32_avx2(const void *args, int part, int parts) { run(args, CK_Q8_PLAIN, part, parts); }
void ck_q8_rms_norm_f32_avx2(const void *args, int part, int parts) { run(args, CK_Q8_RMS_NORM, part, parts); }
void ck_q8_silu_mul_f32_avx2(const void *args, int part, int parts) { run(args, CK_Q8_SILU_MUL, part, parts); }

CK_TARGET_END
#endif
