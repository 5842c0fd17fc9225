#include "norm.h"

#include "elementwise/sizes.h"

ck_status ck_norm_check(const ck_norm_args *args) {
    const ck_norm_args *a = args;
    if (!a || a->rows < 0 || a->columns < 1 || !(a->eps >= 0)) return CK_INVALID_ARGUMENT;
    if (!ck_rows_fit(a->rows, a->columns, a->x_stride) || !ck_rows_fit(a->rows, a->columns, a->y_stride))
        return CK_INVALID_ARGUMENT;
    if (a->residual && !ck_rows_fit(a->rows, a->columns, a->residual_stride)) return CK_INVALID_ARGUMENT;
    if (a->rows == 0) return CK_OK;
    if (!a->x || !a->y || !a->weight) return CK_INVALID_ARGUMENT;
    /* In place, each row must be written where it was read. */
    if (a->y == a->x && a->rows > 1 && a->x_stride != a->y_stride) return CK_INVALID_ARGUMENT;
    if (a->y == a->residual && a->rows > 1 && a->residual_stride != a->y_stride) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

static const ck_variant layer_rows[] = {
#if CK_X86
    {"ck_layer_norm_f32_avx512", CK_ISA_AVX512, ck_layer_norm_f32_avx512},
    {"ck_layer_norm_f32_avx2", CK_ISA_AVX2, ck_layer_norm_f32_avx2},
#endif
#if CK_ARM64
    {"ck_layer_norm_f32_neon", CK_ISA_NEON, ck_layer_norm_f32_neon},
#endif
    {"ck_layer_norm_f32_ref", CK_ISA_REF, ck_layer_norm_f32_ref},
};

static const ck_variant rms_rows[] = {
#if CK_X86
    {"ck_rms_norm_f32_avx512", CK_ISA_AVX512, ck_rms_norm_f32_avx512},
    {"ck_rms_norm_f32_avx2", CK_ISA_AVX2, ck_rms_norm_f32_avx2},
#endif
#if CK_ARM64
    {"ck_rms_norm_f32_neon", CK_ISA_NEON, ck_rms_norm_f32_neon},
#endif
    {"ck_rms_norm_f32_ref", CK_ISA_REF, ck_rms_norm_f32_ref},
};

ck_variants ck_layer_norm_f32_variants(void) {
    return (ck_variants){layer_rows, sizeof layer_rows / sizeof layer_rows[0]};
}

ck_variants ck_rms_norm_f32_variants(void) {
    return (ck_variants){rms_rows, sizeof rms_rows / sizeof rms_rows[0]};
}
