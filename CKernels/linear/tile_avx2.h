/* The inner loops of ck_linear for AVX2.
 *
 * A tile is `rows` rows of x times `panels` panels of 16 outputs, all accumulators in registers: 6 x 16 takes 12 of the
 * 16, two hold the weights, one the broadcast x. Fewer rows take more panels, so that enough independent sums hide the
 * FMA latency of 4 cycles (2 per cycle: 8 sums). Each sum is one chain of FMAs in ascending k, whatever the
 * shape of the tile, and is exact to store and resume; that is what makes results independent of every split. */
#ifndef CK_LINEAR_TILE_AVX2_H
#define CK_LINEAR_TILE_AVX2_H
#include "ck_target.h"
#include "linear/linear.h"

#if CK_X86
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

enum {
    tile_rows = 6,
    max_panels = 4,
    prefetch_bytes = 1024 /* ahead in each panel: hardware streams stop at page ends */
};

/* Weights of a run of panels, at the first k of a block. */
typedef struct weight_block {
    const char *values;
    int64_t panel_bytes; /* between panels */
} weight_block;

/* One step of k: 16 weights as floats. */
CK_INLINE void load_weights(ck_weight_type type, const char *w, __m256 *low, __m256 *high) {
    switch (type) {
    case CK_WEIGHT_F32:
        *low = _mm256_loadu_ps((const float *)w);
        *high = _mm256_loadu_ps((const float *)w + 8);
        return;
    case CK_WEIGHT_F16:
        *low = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)w));
        *high = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)w + 1));
        return;
    case CK_WEIGHT_BF16:
        *low = _mm256_castsi256_ps(
            _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)w)), 16));
        *high = _mm256_castsi256_ps(
            _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)w + 1)), 16));
        return;
    }
}

/* sums[rows][panels * 16] (row stride sum_stride) = (resume ? sums : 0) + x w over `count` > 0 steps of k. */
CK_INLINE void run_tile(ck_weight_type type, int rows, int panels, const float *x, int64_t x_stride,
                        const weight_block *w, int64_t count, bool resume, float *sums, int64_t sum_stride) {
    const int64_t step_bytes = CK_PANEL * ck_weight_bytes(type);
    const char *values = w->values;
    __m256 acc[tile_rows][max_panels][2];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int half = 0; half < 2; half++) {
                const float *sum = sums + r * sum_stride + p * CK_PANEL + half * 8;
                acc[r][p][half] = resume ? _mm256_loadu_ps(sum) : _mm256_setzero_ps();
            }
    /* By 4, clang moves loads up across steps and spills a sum of the tile of 6 rows: over twice the time. */
#pragma clang loop unroll_count(2)
    for (int64_t k = 0; k < count; k++, values += step_bytes) {
        CK_UNROLL for (int p = 0; p < panels; p++) {
            const char *at = values + p * w->panel_bytes;
            __m256 low, high;
            if ((k & (64 / step_bytes - 1)) == 0) _mm_prefetch(at + prefetch_bytes, _MM_HINT_T0);
            load_weights(type, at, &low, &high);
            CK_UNROLL for (int r = 0; r < rows; r++) {
                const __m256 value = _mm256_broadcast_ss(x + r * x_stride + k);
                acc[r][p][0] = _mm256_fmadd_ps(value, low, acc[r][p][0]);
                acc[r][p][1] = _mm256_fmadd_ps(value, high, acc[r][p][1]);
            }
        }
    }
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            CK_UNROLL for (int half = 0; half < 2; half++)
                _mm256_storeu_ps(sums + r * sum_stride + p * CK_PANEL + half * 8, acc[r][p][half]);
}

CK_TARGET_END
#endif
#endif
