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

/* Where the parts of a row stand. */
typedef struct ck_q8_row {
    int8_t *q;
    float *scale;
    int32_t *sum;
    int16_t *part_sum;
    uint8_t *padding, *end;
} ck_q8_row;

/* The scale of a group whose largest value, or sum of neighbours, is `largest`. */
static inline float ck_q8_scale(bool finite, float largest) {
    if (!finite) return NAN;
    const float scale = largest / 127.0f;
    return scale < FLT_MIN ? 0.0f : scale;
}

static inline ck_q8_row ck_q8_row_at(uint8_t *start, int64_t k) {
    const int64_t groups = ck_q8_groups(k);
    ck_q8_row row;
    row.q = (int8_t *)start;
    row.scale = (float *)(void *)(start + ck_q8_padded_k(k));
    row.sum = (int32_t *)(void *)(row.scale + groups);
    row.part_sum = (int16_t *)(void *)(row.sum + groups);
    row.padding = (uint8_t *)(row.part_sum + groups * 4);
    row.end = start + ck_q8_row_bytes(k);
    return row;
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
