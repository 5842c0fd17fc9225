/* What the tiles of ck_linear_q8 for AArch64 work on. */
#ifndef CK_LINEAR_Q8_TILE_NEON_H
#define CK_LINEAR_Q8_TILE_NEON_H
#include "ck_vector_neon.h"
#include "linear_q8/linear_q8.h"
#include "quantize/quantize.h"

#if CK_ARM64
#include <string.h>

/* A panel at one group. */
typedef struct group_weights {
    const uint8_t *values; /* of 4 k a block, unsigned or, after `turned`, signed */
    const float *scale;
    int64_t blocks;
} group_weights;

/* sums[4] = (resume ? sums : 0) + products * (x_scale * scale) */
CK_Q8_INLINE void add_group(int32x4_t products, const float *scale, float x_scale, bool resume, float *sums) {
    const float32x4_t before = resume ? vld1q_f32(sums) : vdupq_n_f32(0.0f);
    vst1q_f32(sums, vfmaq_f32(before, vcvtq_f32_s32(products), vmulq_n_f32(vld1q_f32(scale), x_scale)));
}

/* Four bytes of k of a row, in every lane. */
CK_Q8_INLINE int8x16_t four_at(const int8_t *q) {
    int32_t four;
    memcpy(&four, q, sizeof four);
    return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

CK_Q8_INLINE int8x16_t weights_of(bool is_signed, const uint8_t *values) {
    const uint8x16_t bytes = vld1q_u8(values);
    return vreinterpretq_s8_u8(is_signed ? bytes : veorq_u8(bytes, vdupq_n_u8(128)));
}

#endif
#endif
