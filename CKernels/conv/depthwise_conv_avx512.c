/* Depthwise convolution for AVX-512; the algorithm is in depthwise_conv_body.h. */
#include "depthwise_conv.h"

#if CK_X86
#include "ck_avx512.h"

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

typedef __m512 V;
typedef __mmask16 M;
enum { V_LANES = 16 };
#define NAME ck_depthwise_conv_f32_nhwc_avx512
#define OPERATION static inline __attribute__((always_inline))

OPERATION M lanes_below(int64_t count) {
    const int64_t lanes = count < 0 ? 0 : count > 16 ? 16 : count;
    return (M)((1u << lanes) - 1);
}
OPERATION V v_zero(void) { return _mm512_setzero_ps(); }
OPERATION V v_load(const float *p) { return _mm512_load_ps(p); }
OPERATION V v_loadu(const float *p) { return _mm512_loadu_ps(p); }
OPERATION V v_load_first(const float *p, M lanes) { return _mm512_maskz_loadu_ps(lanes, p); }
OPERATION void v_store(float *p, V x) { _mm512_store_ps(p, x); }
OPERATION void v_storeu(float *p, V x) { _mm512_storeu_ps(p, x); }
OPERATION void v_store_first(float *p, M lanes, V x) { _mm512_mask_storeu_ps(p, lanes, x); }
OPERATION V v_fma(V x, V y, V z) { return _mm512_fmadd_ps(x, y, z); }

#include "depthwise_conv_body.h"

CK_TARGET_END
#endif
