/* Pooling over positions with AVX2.
 *
 * Tile: 32 channels in four sums, walked down the positions; then 8 channels, then masked lanes. A channel's own
 * additions run in ascending order of position in every tile, so neither the tile nor `parts` shows in the result. */
#include "elementwise.h"

#if CK_X86
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

CK_INLINE __m256 accumulate(__m256 sum, __m256 v, bool squares) {
    return squares ? _mm256_fmadd_ps(v, v, sum) : _mm256_add_ps(sum, v);
}

CK_INLINE __m256 finish(__m256 sum, bool squares, float positions) {
    return squares ? sum : _mm256_div_ps(sum, _mm256_set1_ps(positions));
}

CK_INLINE void pool_run(const float *x, float *y, int64_t count, int64_t positions, int64_t stride, bool squares) {
    int64_t c = 0;
    for (; c + 32 <= count; c += 32) {
        __m256 sum[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
        for (int64_t p = 0; p < positions; p++)
            for (int i = 0; i < 4; i++)
                sum[i] = accumulate(sum[i], _mm256_loadu_ps(x + p * stride + c + 8 * i), squares);
        for (int i = 0; i < 4; i++) _mm256_storeu_ps(y + c + 8 * i, finish(sum[i], squares, (float)positions));
    }
    for (; c < count; c += 8) {
        const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count - c < 8 ? count - c : 8)),
                                                _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        __m256 sum = _mm256_setzero_ps();
        for (int64_t p = 0; p < positions; p++)
            sum = accumulate(sum, _mm256_maskload_ps(x + p * stride + c, mask), squares);
        _mm256_maskstore_ps(y + c, mask, finish(sum, squares, (float)positions));
    }
}

void ck_position_pool_f32_avx2(const void *args, int part, int parts) {
    const ck_position_pool_args *a = args;
    int64_t next, end;
    ck_slice(a->batch * a->channels, 16, part, parts, &next, &end);
    while (next < end) {
        const ck_run run = ck_next_run(&next, end, a->channels);
        const float *x = a->x + run.row * a->positions * a->channels + run.column;
        float *y = a->y + run.row * a->channels + run.column;
        if (a->mode == 1) pool_run(x, y, run.count, a->positions, a->channels, true);
        else pool_run(x, y, run.count, a->positions, a->channels, false);
    }
}

CK_TARGET_END
#endif
