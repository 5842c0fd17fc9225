/* Argument checks and variant tables of the small language kernels. */
#include "language/language.h"
#include "ck_target.h"
#include "linear/check.h"

ck_status ck_assemble_rows_check(const ck_assemble_rows_args *a) {
    if (!a || a->m < 0 || a->d < 0 || a->extra_stride < 0) return CK_INVALID_ARGUMENT;
    if (a->m == 0 || a->d == 0) return CK_OK;
    if (!a->sources || !ck_floats_ok(a->sources) || !ck_floats_ok(a->extra)) return CK_INVALID_ARGUMENT;
    if (!a->table && !a->extra) return CK_INVALID_ARGUMENT; /* one of them may be absent if no source names it */
    return ck_rows_ok(a->y, a->m, a->d, a->y_stride) ? CK_OK : CK_INVALID_ARGUMENT;
}

static ck_status rope_append_check(const ck_rope_append_args *a, ck_cache_type type) {
    if (!a || a->m < 0 || a->heads < 0 || a->kv_heads < 0 || a->d < 0 || a->d % 2 != 0) return CK_INVALID_ARGUMENT;
    if (!ck_fits3(a->heads, a->d, 4) || !ck_fits3(a->kv_heads, a->d, 4) || a->heads > INT64_MAX / 4 - a->kv_heads ||
        !ck_fits3(a->m, a->heads + a->kv_heads, 4))
        return CK_INVALID_ARGUMENT;
    if (a->m == 0 || a->d == 0) return CK_OK;
    if (!a->positions || !a->cells || !a->cosines || !a->sines) return CK_INVALID_ARGUMENT;
    if (!ck_floats_ok(a->positions) || !ck_floats_ok(a->cells) || !ck_floats_ok(a->cosines) || !ck_floats_ok(a->sines))
        return CK_INVALID_ARGUMENT;
    if (!ck_rows_ok(a->q, a->m, a->heads * a->d, a->q_stride) ||
        !ck_rows_ok(a->k, a->m, a->kv_heads * a->d, a->k_stride) ||
        !ck_rows_ok(a->v, a->m, a->kv_heads * a->d, a->v_stride))
        return CK_INVALID_ARGUMENT;
    if (a->kv_heads == 0) return CK_OK;
    if (!ck_cache_ok(type, a->k_cache, a->k_scales) || !ck_cache_ok(type, a->v_cache, a->v_scales)) return CK_INVALID_ARGUMENT;
    return ck_cache_strides_ok(type, a->kv_heads, a->d, a->cell_stride, a->head_stride) ? CK_OK : CK_INVALID_ARGUMENT;
}

ck_status ck_rope_append_f32_check(const ck_rope_append_args *args) { return rope_append_check(args, CK_CACHE_F32); }
ck_status ck_rope_append_f16_check(const ck_rope_append_args *args) { return rope_append_check(args, CK_CACHE_F16); }
ck_status ck_rope_append_bf16_check(const ck_rope_append_args *args) { return rope_append_check(args, CK_CACHE_BF16); }
ck_status ck_rope_append_i8_check(const ck_rope_append_args *args) { return rope_append_check(args, CK_CACHE_I8); }

ck_status ck_silu_mul_check(const ck_silu_mul_args *a) {
    if (!a || a->m < 0 || a->n < 0) return CK_INVALID_ARGUMENT;
    if (!ck_rows_ok(a->gate, a->m, a->n, a->gate_stride) || !ck_rows_ok(a->up, a->m, a->n, a->up_stride) ||
        !ck_rows_ok(a->y, a->m, a->n, a->y_stride))
        return CK_INVALID_ARGUMENT;
    if (a->m > 1 && ((a->y == a->gate && a->y_stride != a->gate_stride) || (a->y == a->up && a->y_stride != a->up_stride)))
        return CK_INVALID_ARGUMENT;
    return CK_OK;
}

ck_status ck_log_softmax_check(const ck_log_softmax_args *a) {
    if (!a || a->m < 0 || a->n < 0) return CK_INVALID_ARGUMENT;
    if (!ck_rows_ok(a->x, a->m, a->n, a->x_stride) || !ck_rows_ok(a->y, a->m, a->n, a->y_stride))
        return CK_INVALID_ARGUMENT;
    return a->m > 1 && a->x == a->y && a->x_stride != a->y_stride ? CK_INVALID_ARGUMENT : CK_OK;
}

/* Best first; an instruction set is one row here and one file beside this one. */
#define REF(name) {#name "_ref", CK_ISA_REF, name##_ref}
#if CK_X86
#define VECTOR(name) {#name "_avx512", CK_ISA_AVX512, name##_avx512}, {#name "_avx2", CK_ISA_AVX2, name##_avx2},
#elif CK_ARM64
#define VECTOR(name) {#name "_neon", CK_ISA_NEON, name##_neon},
#else
#define VECTOR(name)
#endif
#define TABLE(name, ...) \
    ck_variants name##_variants(void) { \
        static const ck_variant rows[] = {__VA_ARGS__}; \
        return (ck_variants){rows, sizeof rows / sizeof rows[0]}; \
    }

TABLE(ck_assemble_rows_f32, REF(ck_assemble_rows_f32)) /* a copy: the reference is memcpy */
TABLE(ck_assemble_rows_f16, VECTOR(ck_assemble_rows_f16) REF(ck_assemble_rows_f16))
TABLE(ck_assemble_rows_bf16, VECTOR(ck_assemble_rows_bf16) REF(ck_assemble_rows_bf16))
TABLE(ck_rope_append_f32, VECTOR(ck_rope_append_f32) REF(ck_rope_append_f32))
TABLE(ck_rope_append_f16, VECTOR(ck_rope_append_f16) REF(ck_rope_append_f16))
TABLE(ck_rope_append_bf16, VECTOR(ck_rope_append_bf16) REF(ck_rope_append_bf16))
TABLE(ck_rope_append_i8, VECTOR(ck_rope_append_i8) REF(ck_rope_append_i8))
TABLE(ck_silu_mul_f32, VECTOR(ck_silu_mul_f32) REF(ck_silu_mul_f32))
TABLE(ck_log_softmax_f32, VECTOR(ck_log_softmax_f32) REF(ck_log_softmax_f32))
