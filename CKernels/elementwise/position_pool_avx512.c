/* Pooling over positions with AVX-512: the plan of the AVX2 file, 64 channels in four sums, then 16, the last ones masked.
 * A channel's own additions run in ascending order of position, so the bits are those of AVX2. */
#include "ck_avx512.h"
#include "elementwise.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)


CK_INLINE __m512 accumulate(__m512 sum, __m512 v, bool squares) {
    return squares ? _mm512_fmadd_ps(v, v, sum) : _mm512_add_ps(sum, v);
}

CK_INLINE __m512 finish(__m512 sum, bool squares, float positions) {
    return squares ? sum : _mm512_div_ps(sum, _mm512_set1_ps(positions));
}

CK_INLINE void pool_run(const float *x, float *y, int64_t count, int64_t positions, int64_t stride, bool squares) {
    int64_t c = 0;
    for (; c + 64 <= count; c += 64) {
        __m512 sum[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
        for (int64_t p = 0; p < positions; p++)
            for (int i = 0; i < 4; i++)
                sum[i] = accumulate(sum[i], _mm512_loadu_ps(x + p * stride + c + 16 * i), squares);
        for (int i = 0; i < 4; i++) _mm512_storeu_ps(y + c + 16 * i, finish(sum[i], squares, (float)positions));
    }
    for (; c < count; c += 16) {
        const __mmask16 mask = count - c < 16 ? (__mmask16)((1u << (count - c)) - 1) : (__mmask16)0xffff;
        __m512 sum = _mm512_setzero_ps();
        for (int64_t p = 0; p < positions; p++)
            sum = accumulate(sum, _mm512_maskz_loadu_ps(mask, x + p * stride + c), squares);
        _mm512_mask_storeu_ps(y + c, mask, finish(sum, squares, (float)positions));
    }
}

void ck_position_pool_f32_avx512(const void *args, int part, int parts) {
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
