/* q8 rows for NEON; the algorithm is in quantize_body.h. */
#include "ck_vector_neon.h"
#include "quantize/quantize.h"

#if CK_ARM64
#include <string.h>

CK_INLINE int32_t largest_bits(const float *buffer) {
    const uint32x4_t sizes = vdupq_n_u32(0x7fffffff);
    uint32x4_t most[4];
    CK_UNROLL for (int i = 0; i < 4; i++) most[i] = vdupq_n_u32(0);
    for (int j = 0; j < CK_GROUP; j += 16)
        CK_UNROLL for (int i = 0; i < 4; i++) {
            const float32x4_t v = vld1q_f32(buffer + j + i * 4), neighbours = vaddq_f32(v, vrev64q_f32(v));
            most[i] = vmaxq_u32(most[i], vandq_u32(sizes, vreinterpretq_u32_f32(v)));
            most[i] = vmaxq_u32(most[i], vandq_u32(sizes, vreinterpretq_u32_f32(neighbours)));
        }
    return (int32_t)vmaxvq_u32(vmaxq_u32(vmaxq_u32(most[0], most[1]), vmaxq_u32(most[2], most[3])));
}

CK_INLINE int32_t quantize_part(const float *values, float scale, int8_t *target) {
    int32_t sum = 0;
    for (int half = 0; half < CK_Q8_SUBGROUP; half += 16) {
        int16x4_t q[4];
        CK_UNROLL for (int i = 0; i < 4; i++)
            q[i] = vqmovn_s32(vcvtnq_s32_f32(vdivq_f32(vld1q_f32(values + half + i * 4), vdupq_n_f32(scale))));
        const int8x8_t low = vqmovn_s16(vcombine_s16(q[0], q[1])), high = vqmovn_s16(vcombine_s16(q[2], q[3]));
        vst1q_s8(target + half, vcombine_s8(low, high));
        sum += vaddlvq_s8(vcombine_s8(low, high));
    }
    return sum;
}

#define NAME(kernel) ck_q8_##kernel##_neon
#include "quantize/quantize_body.h"

#endif
