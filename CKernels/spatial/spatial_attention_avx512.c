/* Attention with a location term, for AVX-512; the algorithm is in spatial_attention_body.h. Sums of 16 lanes instead of 8,
 * so results differ from AVX2 in the last bits. Sums across lanes cost as much as the products they add (heads of LEO have
 * 32 features); exponentials, logarithms and values are what gains. */
#include "ck_vector_avx512.h"
#include "spatial.h"

#if CK_X86
#include <math.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

enum { MIX_SETS = 4, MIX_VECTORS = 2 };
#define NAME ck_spatial_attention_f32_avx512

CK_INLINE V v_log(V x) { return ck_log_avx512(x); }
CK_INLINE V v_sigmoid(V x) { return ck_sigmoid_avx512(x); }

CK_INLINE VM vm_zeros(const int32_t *p, int64_t count) {
    const VM lanes = vm_first(count);
    return (VM)(lanes & _mm512_cmpeq_epi32_mask(_mm512_maskz_loadu_epi32(lanes, p), _mm512_setzero_si512()));
}

/* Sums of neighbouring quarters, and of neighbouring lanes in a quarter: those of x, then those of y. */
CK_INLINE V quarters(V x, V y) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x88), _mm512_shuffle_f32x4(x, y, 0xdd));
}
CK_INLINE V neighbours(V x, V y) { return _mm512_add_ps(_mm512_shuffle_ps(x, y, 0x88), _mm512_shuffle_ps(x, y, 0xdd)); }

CK_INLINE V v_sums(const V v[V_LANES]) {
    V four[4]; /* the quarters of four[i] belong to vectors i, i + 4, i + 8, i + 12 */
    for (int i = 0; i < 4; i++) four[i] = quarters(quarters(v[i], v[i + 4]), quarters(v[i + 8], v[i + 12]));
    return neighbours(neighbours(four[0], four[1]), neighbours(four[2], four[3]));
}

#include "spatial/spatial_attention_body.h"

CK_TARGET_END
#endif
