/* Private to the family that makes q8 rows; the contract is in include/ck_quantized.h. */
#ifndef CK_QUANTIZE_H
#define CK_QUANTIZE_H
#include "ck_quantized.h"
#include "ck_target.h"

#include <float.h>
#include <math.h>

/* What stands before the quantisation. */
typedef enum ck_q8_source { CK_Q8_PLAIN, CK_Q8_RMS_NORM, CK_Q8_SILU_MUL } ck_q8_source;

/* Sums of squares side by side, fixed by the contract. */
enum { CK_Q8_SQUARE_SUMS = 32 };

/* A group of a row; that of the next row is at q + 128, scale + 1, sum + 1, part_sum + 4. */
typedef struct ck_q8_group {
    int8_t *q;
    float *scale;
    int32_t *sum;
    int16_t *part_sum;
} ck_q8_group;

/* The scale of a group whose largest value, or sum of neighbours, is `largest`. */
static inline float ck_q8_scale(bool finite, float largest) {
    if (!finite) return NAN;
    const float scale = largest / 127.0f;
    return scale < FLT_MIN ? 0.0f : scale;
}

/* Of the q8 rows [m, k] at `rows`. */
static inline ck_q8_group ck_q8_group_at(uint8_t *rows, int64_t m, int64_t k, int64_t row, int64_t group) {
    const int64_t all = ck_q8_groups(k) * m, at = group * m + row;
    float *scale = (float *)(void *)(rows + all * CK_GROUP);
    int32_t *sum = (int32_t *)(void *)(scale + all);
    int16_t *part_sum = (int16_t *)(void *)(sum + all);
    return (ck_q8_group){(int8_t *)rows + at * CK_GROUP, scale + at, sum + at, part_sum + at * 4};
}

void ck_q8_quantize_f32_ref(const void *args, int part, int parts);
void ck_q8_rms_norm_f32_ref(const void *args, int part, int parts);
void ck_q8_silu_mul_f32_ref(const void *args, int part, int parts);

void ck_q8_quantize_f32_avx2(const void *args, int part, int parts);
void ck_q8_rms_norm_f32_avx2(const void *args, int part, int parts);
void ck_q8_silu_mul_f32_avx2(const void *args, int part, int parts);

void ck_q8_quantize_f32_avx512(const void *args, int part, int parts);
void ck_q8_rms_norm_f32_avx512(const void *args, int part, int parts);
void ck_q8_silu_mul_f32_avx512(const void *args, int part, int parts);

void ck_q8_quantize_f32_neon(const void *args, int part, int parts);
void ck_q8_rms_norm_f32_neon(const void *args, int part, int parts);
void ck_q8_silu_mul_f32_neon(const void *args, int part, int parts);

#endif
