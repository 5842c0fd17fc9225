/* Depthwise convolution for AVX2; the algorithm is in depthwise_conv_body.h. */
#include "ck_vector_avx2.h"
#include "depthwise_conv.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

enum { tile_vectors = 1 };
#define NAME ck_depthwise_conv_f32_nhwc_avx2
#include "depthwise_conv_body.h"

CK_TARGET_END
#endif
