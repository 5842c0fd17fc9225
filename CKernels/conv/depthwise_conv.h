/* Private: variants of depthwise_conv. */
#ifndef CK_DEPTHWISE_CONV_H
#define CK_DEPTHWISE_CONV_H
#include "ck_vision.h"
#include "ck_target.h"

void ck_depthwise_conv_f32_nhwc_ref(const void *args, int part, int parts);
#if CK_X86
void ck_depthwise_conv_f32_nhwc_avx2(const void *args, int part, int parts);
void ck_depthwise_conv_f32_nhwc_avx512(const void *args, int part, int parts);
#endif
#if CK_ARM64
void ck_depthwise_conv_f32_nhwc_neon(const void *args, int part, int parts);
#endif

#endif
