#include "elementwise.h"

#include "sizes.h"

ck_status ck_add_check(const ck_add_args *args) {
    const ck_add_args *a = args;
    if (!a || a->rows < 0 || a->columns < 0) return CK_INVALID_ARGUMENT;
    if (!ck_rows_fit(a->rows, a->columns, a->a_stride) || !ck_rows_fit(a->rows, a->columns, a->y_stride))
        return CK_INVALID_ARGUMENT;
    if (a->b_stride != 0 && !ck_rows_fit(a->rows, a->columns, a->b_stride)) return CK_INVALID_ARGUMENT;
    if (a->rows == 0 || a->columns == 0) return CK_OK;
    if (!a->a || !a->b || !a->y) return CK_INVALID_ARGUMENT;
    if (a->y == a->a && a->rows > 1 && a->a_stride != a->y_stride) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

static const ck_variant rows[] = {
#if CK_X86
    {"ck_add_f32_avx512", CK_ISA_AVX512, ck_add_f32_avx512},
    {"ck_add_f32_avx2", CK_ISA_AVX2, ck_add_f32_avx2},
#endif
#if CK_ARM64
    {"ck_add_f32_neon", CK_ISA_NEON, ck_add_f32_neon},
#endif
    {"ck_add_f32_ref", CK_ISA_REF, ck_add_f32_ref},
};

ck_variants ck_add_f32_variants(void) { return (ck_variants){rows, sizeof rows / sizeof rows[0]}; }
