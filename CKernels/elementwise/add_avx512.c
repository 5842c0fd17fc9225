/* y = a + b with AVX-512: sixteen columns at a time, the last ones masked. Bound by memory; equal to the reference bit for
 * bit, since every element is one addition. */
#include "ck_avx512.h"
#include "elementwise.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

void ck_add_f32_avx512(const void *args, int part, int parts) {
    const ck_add_args *a = args;
    int64_t next, end;
    ck_slice(a->rows * a->columns, 16, part, parts, &next, &end);
    while (next < end) {
        const ck_run run = ck_next_run(&next, end, a->columns);
        const float *left = a->a + run.row * a->a_stride + run.column;
        const float *right = a->b + run.row * a->b_stride + run.column;
        float *y = a->y + run.row * a->y_stride + run.column;
        int64_t c = 0;
        for (; c + 16 <= run.count; c += 16)
            _mm512_storeu_ps(y + c, _mm512_add_ps(_mm512_loadu_ps(left + c), _mm512_loadu_ps(right + c)));
        const __mmask16 rest = (__mmask16)((1u << (run.count - c)) - 1);
        if (rest)
            _mm512_mask_storeu_ps(
                y + c, rest, _mm512_add_ps(_mm512_maskz_loadu_ps(rest, left + c), _mm512_maskz_loadu_ps(rest, right + c)));
    }
}

CK_TARGET_END
#endif
