/* Depthwise convolution for AVX2; the algorithm is in depthwise_conv_body.h. */
#include "depthwise_conv.h"

#if CK_X86
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

typedef __m256 V;
typedef __m256i M;
enum { V_LANES = 8 };
#define NAME ck_depthwise_conv_f32_nhwc_avx2
#define OPERATION static inline __attribute__((always_inline))

OPERATION M lanes_below(int64_t count) {
    const int lanes = count < 0 ? 0 : count > 8 ? 8 : (int)count;
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
OPERATION V v_zero(void) { return _mm256_setzero_ps(); }
OPERATION V v_load(const float *p) { return _mm256_load_ps(p); }
OPERATION V v_loadu(const float *p) { return _mm256_loadu_ps(p); }
OPERATION V v_load_first(const float *p, M lanes) { return _mm256_maskload_ps(p, lanes); }
OPERATION void v_store(float *p, V x) { _mm256_store_ps(p, x); }
OPERATION void v_storeu(float *p, V x) { _mm256_storeu_ps(p, x); }
OPERATION void v_store_first(float *p, M lanes, V x) { _mm256_maskstore_ps(p, lanes, x); }
OPERATION V v_fma(V x, V y, V z) { return _mm256_fmadd_ps(x, y, z); }

#include "depthwise_conv_body.h"

CK_TARGET_END
#endif
