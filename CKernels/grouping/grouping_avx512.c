/* The maximum over a group, AVX-512: four vectors of columns in registers down the group, with a mask of "was NaN" each;
 * column tails are masked. Grouping copies short rows and is bound by stores: the AVX2 file serves. */
#include "ck_avx512.h"
#include "grouping.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

/* vmaxps gives its second operand for equals and for NaN, so of -0 and 0 the first stays as in the reference. */
static inline __m512 with_nan(__m512 most, __mmask16 was_nan) {
    return _mm512_mask_blend_ps(was_nan, most, _mm512_set1_ps(__builtin_nanf("")));
}

static inline __mmask16 is_nan(__m512 v) { return _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q); }

static void pool64(const float *x, float *y, int64_t size, int64_t columns) {
    __m512 most[4];
    __mmask16 was_nan[4];
    for (int v = 0; v < 4; v++) most[v] = _mm512_loadu_ps(x + 16 * v), was_nan[v] = is_nan(most[v]);
    for (int64_t i = 1; i < size; i++)
        for (int v = 0; v < 4; v++) {
            const __m512 value = _mm512_loadu_ps(x + i * columns + 16 * v);
            was_nan[v] = (__mmask16)(was_nan[v] | is_nan(value));
            most[v] = _mm512_max_ps(value, most[v]);
        }
    for (int v = 0; v < 4; v++) _mm512_storeu_ps(y + 16 * v, with_nan(most[v], was_nan[v]));
}

/* Up to sixteen columns. */
static void pool_tail(const float *x, float *y, int64_t size, int64_t columns, int64_t count) {
    const __mmask16 used = (__mmask16)((1u << count) - 1);
    __m512 most = _mm512_maskz_loadu_ps(used, x);
    __mmask16 was_nan = is_nan(most);
    for (int64_t i = 1; i < size; i++) {
        const __m512 value = _mm512_maskz_loadu_ps(used, x + i * columns);
        was_nan = (__mmask16)(was_nan | is_nan(value));
        most = _mm512_max_ps(value, most);
    }
    _mm512_mask_storeu_ps(y, used, with_nan(most, was_nan));
}

void ck_max_pool_f32_avx512(const void *raw, int part, int parts) {
    const ck_max_pool_args *args = raw;
    const int64_t columns = args->columns;
    int64_t begin, end;
    ck_slice(args->groups, 1, part, parts, &begin, &end);
    for (int64_t g = begin; g < end; g++) {
        const float *x = args->x + g * args->size * columns;
        float *y = args->y + g * columns;
        int64_t c = 0;
        for (; c + 64 <= columns; c += 64) pool64(x + c, y + c, args->size, columns);
        for (; c < columns; c += 16) pool_tail(x + c, y + c, args->size, columns, columns - c < 16 ? columns - c : 16);
    }
}

CK_TARGET_END
#endif
