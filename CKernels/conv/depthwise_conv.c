#include "depthwise_conv.h"

#include "elementwise/sizes.h"

ck_status ck_depthwise_conv_check(const ck_depthwise_conv_args *args) {
    const ck_depthwise_conv_args *a = args;
    int64_t bytes, weight_bytes;
    if (!a || a->kernel < 1 || a->kernel % 2 == 0) return CK_INVALID_ARGUMENT;
    if (!ck_float_bytes(a->batch, a->height, a->width, a->channels, &bytes)) return CK_INVALID_ARGUMENT;
    if (!ck_float_bytes(a->kernel, a->kernel, a->channels, 1, &weight_bytes)) return CK_INVALID_ARGUMENT;
    if (bytes == 0) return CK_OK;
    if (!a->x || !a->y || !a->weight || !a->bias) return CK_INVALID_ARGUMENT;
    /* An output pixel depends on its neighbours, so nothing may be overwritten. */
    if (ck_overlap(a->x, bytes, a->y, bytes) || ck_overlap(a->weight, weight_bytes, a->y, bytes))
        return CK_INVALID_ARGUMENT;
    return CK_OK;
}

static const ck_variant rows[] = {
#if CK_X86
    {"ck_depthwise_conv_f32_nhwc_avx512", CK_ISA_AVX512, ck_depthwise_conv_f32_nhwc_avx512},
    {"ck_depthwise_conv_f32_nhwc_avx2", CK_ISA_AVX2, ck_depthwise_conv_f32_nhwc_avx2},
#endif
#if CK_ARM64
    {"ck_depthwise_conv_f32_nhwc_neon", CK_ISA_NEON, ck_depthwise_conv_f32_nhwc_neon},
#endif
    {"ck_depthwise_conv_f32_nhwc_ref", CK_ISA_REF, ck_depthwise_conv_f32_nhwc_ref},
};

ck_variants ck_depthwise_conv_f32_nhwc_variants(void) { return (ck_variants){rows, sizeof rows / sizeof rows[0]}; }
