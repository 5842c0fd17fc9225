/* Argument checks and variant tables of the family that makes q8 rows. */
#include "quantize/quantize.h"
#include "linear/check.h"

static bool output_ok(const ck_q8_rows_args *a) {
    return a->y && ck_floats_ok(a->y) && ck_fits3(a->m, ck_q8_row_bytes(a->k), 1);
}

static ck_status check(const ck_q8_rows_args *a, ck_q8_source source) {
    if (!a || a->m < 0 || a->k < 0 || a->k > CK_Q8_MAX_K) return CK_INVALID_ARGUMENT;
    if (source == CK_Q8_RMS_NORM && !(a->eps >= 0)) return CK_INVALID_ARGUMENT;
    if (a->m == 0 || a->k == 0) return CK_OK;
    if (!ck_rows_ok(a->x, a->m, a->k, a->x_stride) || !output_ok(a)) return CK_INVALID_ARGUMENT;
    if (source == CK_Q8_SILU_MUL && !ck_rows_ok(a->up, a->m, a->k, a->up_stride)) return CK_INVALID_ARGUMENT;
    if (source == CK_Q8_RMS_NORM && (!a->weight || !ck_floats_ok(a->weight))) return CK_INVALID_ARGUMENT;
    if (!ck_floats_ok(a->input_scale)) return CK_INVALID_ARGUMENT;
    if ((const void *)a->y == a->x || (const void *)a->y == a->v) return CK_INVALID_ARGUMENT;
    if (!a->v) return CK_OK;
    if (!ck_rows_ok(a->v, a->m, a->k, a->v_stride)) return CK_INVALID_ARGUMENT;
    if (a->m > 1 && a->v == a->x && a->v_stride != a->x_stride) return CK_INVALID_ARGUMENT;
    if (source == CK_Q8_SILU_MUL && a->m > 1 && a->v == a->up && a->v_stride != a->up_stride) return CK_INVALID_ARGUMENT;
    return source == CK_Q8_RMS_NORM && a->v == a->weight ? CK_INVALID_ARGUMENT : CK_OK;
}

ck_status ck_q8_quantize_check(const ck_q8_rows_args *args) { return check(args, CK_Q8_PLAIN); }
ck_status ck_q8_rms_norm_check(const ck_q8_rows_args *args) { return check(args, CK_Q8_RMS_NORM); }
ck_status ck_q8_silu_mul_check(const ck_q8_rows_args *args) { return check(args, CK_Q8_SILU_MUL); }

/* Best first; an instruction set is one row here and one file beside this one. */
#define REF(name) {#name "_ref", CK_ISA_REF, name##_ref}
#if CK_X86
#define VECTOR(name) {#name "_avx512", CK_ISA_AVX512, name##_avx512}, {#name "_avx2", CK_ISA_AVX2, name##_avx2},
#elif CK_ARM64
#define VECTOR(name) {#name "_neon", CK_ISA_NEON, name##_neon},
#else
#define VECTOR(name)
#endif

#define TABLE(name) \
    ck_variants name##_variants(void) { \
        static const ck_variant rows[] = {VECTOR(name) REF(name)}; \
        return (ck_variants){rows, sizeof rows / sizeof rows[0]}; \
    }

TABLE(ck_q8_quantize_f32)
TABLE(ck_q8_rms_norm_f32)
TABLE(ck_q8_silu_mul_f32)
