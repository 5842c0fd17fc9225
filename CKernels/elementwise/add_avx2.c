/* y = a + b with AVX2: eight columns at a time, the last ones singly. Bound by memory; equal to the reference bit for
 * bit, since every element is one addition. */
#include "elementwise.h"

#if CK_X86
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

void ck_add_f32_avx2(const void *args, int part, int parts) {
    const ck_add_args *a = args;
    int64_t next, end;
    ck_slice(a->rows * a->columns, 16, part, parts, &next, &end);
    while (next < end) {
        const ck_run run = ck_next_run(&next, end, a->columns);
        const float *left = a->a + run.row * a->a_stride + run.column;
        const float *right = a->b + run.row * a->b_stride + run.column;
        float *y = a->y + run.row * a->y_stride + run.column;
        int64_t c = 0;
        for (; c + 8 <= run.count; c += 8)
            _mm256_storeu_ps(y + c, _mm256_add_ps(_mm256_loadu_ps(left + c), _mm256_loadu_ps(right + c)));
        for (; c < run.count; c++) y[c] = left[c] + right[c];
    }
}

CK_TARGET_END
#endif
