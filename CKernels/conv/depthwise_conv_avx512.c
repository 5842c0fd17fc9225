/* Depthwise convolution for AVX-512; the algorithm is in depthwise_conv_body.h. */
#include "ck_vector_avx512.h"
#include "depthwise_conv.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

enum { tile_vectors = 1 };
#define NAME ck_depthwise_conv_f32_nhwc_avx512
#include "depthwise_conv_body.h"

CK_TARGET_END
#endif
