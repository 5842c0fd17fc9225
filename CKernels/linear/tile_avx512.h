/* The inner loop of ck_linear with float32 weights for AVX-512.
 *
 * A tile is `rows` rows of x times `panels` panels of 16 outputs, all accumulators in registers: 14 x 32 takes 28 of the 32,
 * two hold the weights, one the broadcast x. One broadcast serves both panels, so a step loads 16 times for 28 FMAs; one
 * panel with broadcasts from memory would load once per FMA. Fewer rows take more panels, so that enough independent sums
 * hide the FMA latency of 4 cycles (2 per cycle: 8 sums). Each sum is one chain of FMAs in ascending k, as in the AVX2
 * tile: the same bits, whatever the shape of the tile, and exact to store and resume. */
#ifndef CK_LINEAR_TILE_AVX512_H
#define CK_LINEAR_TILE_AVX512_H
#include "ck_avx512.h"
#include "linear/linear.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

enum {
    tile_rows = 14,
    wide_panels = 2,  /* of a tile of many rows */
    max_panels = 8,   /* of a tile of one row */
    prefetch_bytes = 1024 /* ahead in each panel: hardware streams stop at page ends */
};

/* sums[rows][panels * 16] (row stride sum_stride) = (resume ? sums : 0) + x w over `count` > 0 steps of k; panels of w
 * stand `panel_floats` apart. */
CK_INLINE void run_tile(int rows, int panels, const float *x, int64_t x_stride, const float *w,
                        int64_t panel_floats, int64_t count, bool resume, float *sums, int64_t sum_stride) {
    __m512 acc[tile_rows][max_panels];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++)
            acc[r][p] = resume ? _mm512_loadu_ps(sums + r * sum_stride + p * CK_PANEL) : _mm512_setzero_ps();
#pragma clang loop unroll(disable)
    for (int64_t k = 0; k < count; k++, w += CK_PANEL) {
        __m512 weights[max_panels];
        CK_UNROLL for (int p = 0; p < panels; p++) {
            const float *at = w + p * panel_floats;
            _mm_prefetch((const char *)at + prefetch_bytes, _MM_HINT_T0); /* a step of a panel is a cache line */
            weights[p] = _mm512_loadu_ps(at);
        }
        CK_UNROLL for (int r = 0; r < rows; r++) {
            const __m512 value = _mm512_set1_ps(x[r * x_stride + k]);
            CK_UNROLL for (int p = 0; p < panels; p++) acc[r][p] = _mm512_fmadd_ps(value, weights[p], acc[r][p]);
        }
    }
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int p = 0; p < panels; p++) _mm512_storeu_ps(sums + r * sum_stride + p * CK_PANEL, acc[r][p]);
}

CK_TARGET_END
#endif
#endif
