#include "elementwise.h"

#include "sizes.h"

ck_status ck_position_pool_check(const ck_position_pool_args *args) {
    const ck_position_pool_args *a = args;
    int64_t x_bytes, y_bytes;
    if (!a || a->positions < 1 || (a->mode != 0 && a->mode != 1)) return CK_INVALID_ARGUMENT;
    if (!ck_float_bytes(a->batch, a->positions, a->channels, 1, &x_bytes)) return CK_INVALID_ARGUMENT;
    if (!ck_float_bytes(a->batch, a->channels, 1, 1, &y_bytes)) return CK_INVALID_ARGUMENT;
    if (x_bytes == 0) return CK_OK;
    if (!a->x || !a->y || ck_overlap(a->x, x_bytes, a->y, y_bytes)) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

static const ck_variant rows[] = {
#if CK_X86
    {"ck_position_pool_f32_avx512", CK_ISA_AVX512, ck_position_pool_f32_avx512},
    {"ck_position_pool_f32_avx2", CK_ISA_AVX2, ck_position_pool_f32_avx2},
#endif
#if CK_ARM64
    {"ck_position_pool_f32_neon", CK_ISA_NEON, ck_position_pool_f32_neon},
#endif
    {"ck_position_pool_f32_ref", CK_ISA_REF, ck_position_pool_f32_ref},
};

ck_variants ck_position_pool_f32_variants(void) { return (ck_variants){rows, sizeof rows / sizeof rows[0]}; }
