/* Attention with a location term, for AVX2; the algorithm is in spatial_attention_body.h. Sums across lanes are horizontal
 * additions. */
#include "ck_vector_avx2.h"
#include "spatial.h"

#if CK_X86
#include <math.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

enum { MIX_SETS = 2, MIX_VECTORS = 4 };
#define NAME ck_spatial_attention_f32_avx2

CK_INLINE V v_log(V x) { return ck_log_avx2(x); }
CK_INLINE V v_sigmoid(V x) { return ck_sigmoid_avx2(x); }

CK_INLINE VM vm_zeros(const int32_t *p, int64_t count) {
    const VM lanes = vm_first(count);
    return _mm256_and_si256(lanes, _mm256_cmpeq_epi32(_mm256_maskload_epi32(p, lanes), _mm256_setzero_si256()));
}

CK_INLINE V v_sums(const V v[V_LANES]) {
    const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
    const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

#include "spatial/spatial_attention_body.h"

CK_TARGET_END
#endif
