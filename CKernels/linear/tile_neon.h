/* The inner loops of ck_linear for NEON.
 *
 * A tile is `rows` rows of x times `panels` panels of 16 outputs, all accumulators in registers: 6 x 16 takes 24 of the
 * 32, four hold the weights, one a value of x. Fewer rows take more panels, so that at least 16 independent sums hide the
 * FMA latency of 4 cycles on 4 pipes. Each sum is one chain of FMAs in ascending k, whatever the shape of the tile, and is
 * exact to store and resume: results do not depend on any split, and have the bits of the AVX2 variant. */
#ifndef CK_LINEAR_TILE_NEON_H
#define CK_LINEAR_TILE_NEON_H
#include "ck_target.h"
#include "linear/linear.h"

#if CK_ARM64
#include <arm_neon.h>

#define CK_TILE_INLINE static inline __attribute__((always_inline))

enum {
    tile_rows = 6,
    max_panels = 4,
    vectors = CK_PANEL / 4
};

/* Weights of a run of panels, at the first k of a block. */
typedef struct weight_block {
    const char *values;
    int64_t panel_bytes; /* between panels */
} weight_block;

/* One step of k: 16 weights as floats. */
CK_TILE_INLINE void load_weights(ck_weight_type type, const char *w, float32x4_t *target) {
    if (type == CK_WEIGHT_F32) {
        CK_UNROLL for (int v = 0; v < vectors; v++) target[v] = vld1q_f32((const float *)w + v * 4);
        return;
    }
    CK_UNROLL for (int v = 0; v < vectors; v += 2) {
        const uint16x8_t bits = vld1q_u16((const uint16_t *)w + v * 4);
        if (type == CK_WEIGHT_F16) {
            target[v] = vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(bits)));
            target[v + 1] = vcvt_high_f32_f16(vreinterpretq_f16_u16(bits));
        } else {
            target[v] = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(bits), 16));
            target[v + 1] = vreinterpretq_f32_u32(vshll_high_n_u16(bits, 16));
        }
    }
}

/* sums[rows][panels * 16] (row stride sum_stride) = (resume ? sums : 0) + x w over `count` > 0 steps of k. */
CK_TILE_INLINE void run_tile(ck_weight_type type, int rows, int panels, const float *x, int64_t x_stride,
                             const weight_block *w, int64_t count, bool resume, float *sums, int64_t sum_stride) {
    const int64_t step_bytes = CK_PANEL * ck_weight_bytes(type), panel_bytes = w->panel_bytes;
    const char *values = w->values;
    float32x4_t acc[tile_rows][max_panels][vectors];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int v = 0; v < vectors; v++)
                acc[r][p][v] = resume ? vld1q_f32(sums + r * sum_stride + p * CK_PANEL + v * 4) : vdupq_n_f32(0.0f);
#pragma clang loop unroll(disable)
    for (int64_t k = 0; k < count; k++, values += step_bytes)
        CK_UNROLL for (int p = 0; p < panels; p++) {
            float32x4_t weights[vectors];
            load_weights(type, values + p * panel_bytes, weights);
            CK_UNROLL for (int r = 0; r < rows; r++) {
                const float value = x[r * x_stride + k];
                CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][p][v] = vfmaq_n_f32(acc[r][p][v], weights[v], value);
            }
        }
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int v = 0; v < vectors; v++)
                vst1q_f32(sums + r * sum_stride + p * CK_PANEL + v * 4, acc[r][p][v]);
}

#endif
#endif
