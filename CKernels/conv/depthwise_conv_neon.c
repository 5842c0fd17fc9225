/* Depthwise convolution for NEON; the algorithm is in depthwise_conv_body.h. */
#include "ck_vector_neon.h"
#include "depthwise_conv.h"

#if CK_ARM64

enum { tile_vectors = 2 }; /* 30 of 32 registers */
#define NAME ck_depthwise_conv_f32_nhwc_neon
#include "depthwise_conv_body.h"

#endif
