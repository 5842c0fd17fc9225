/* Argument check and variant tables of ck_linear. */
#include "linear/linear.h"
#include "linear/check.h"
#include "ck_target.h"

ck_status ck_linear_check(const ck_linear_args *a) {
    if (!a) return CK_INVALID_ARGUMENT;
    if (a->m < 0 || a->n < 0 || a->k < 0 || a->rank < 0) return CK_INVALID_ARGUMENT;
    if (a->activation < CK_ACT_NONE || a->activation > CK_ACT_SILU) return CK_INVALID_ARGUMENT;
    /* Packed sizes in bytes must fit; the last panel counts in full. */
    const int64_t panels = a->n / CK_PANEL + (a->n % CK_PANEL != 0);
    if (!ck_fits3(panels, CK_PANEL * 4, a->k) || !ck_fits3(panels, CK_PANEL * 4, a->rank)) return CK_INVALID_ARGUMENT;
    if (a->m == 0 || a->n == 0) return CK_OK;

    if (!ck_rows_ok(a->y, a->m, a->n, a->y_stride) || !ck_rows_ok(a->x, a->m, a->k, a->x_stride))
        return CK_INVALID_ARGUMENT;
    if (a->k > 0 && !a->weight) return CK_INVALID_ARGUMENT;
    if (!ck_floats_ok(a->bias) || !ck_floats_ok(a->channel_scale)) return CK_INVALID_ARGUMENT;
    if (a->lora_x) {
        if (!ck_rows_ok(a->lora_x, a->m, a->rank, a->lora_x_stride)) return CK_INVALID_ARGUMENT;
        if (a->rank > 0 && (!a->lora_b || !ck_floats_ok(a->lora_b))) return CK_INVALID_ARGUMENT;
    }
    if (a->residual) {
        if (!ck_rows_ok(a->residual, a->m, a->n, a->residual_stride)) return CK_INVALID_ARGUMENT;
        if (a->residual == a->y && a->m > 1 && a->residual_stride != a->y_stride) return CK_INVALID_ARGUMENT;
    }
    if ((a->k > 0 && (a->x == a->y || a->weight == a->y)) || (a->lora_x == a->y && a->rank > 0))
        return CK_INVALID_ARGUMENT;
    return CK_OK;
}

/* Best first; an instruction set is one row here and one file beside this one. */
#if CK_X86
#define AVX512_ROW(type) {"ck_linear_f32_" #type "_nk16_avx512", CK_ISA_AVX512, ck_linear_f32_##type##_nk16_avx512},
#define AVX512BF16_ROW {"ck_linear_bf16_bf16_nk16_avx512bf16", CK_ISA_AVX512BF16, ck_linear_bf16_bf16_nk16_avx512bf16},
#define AVX2_ROW(type) {"ck_linear_f32_" #type "_nk16_avx2", CK_ISA_AVX2, ck_linear_f32_##type##_nk16_avx2},
#else
#define AVX512_ROW(type)
#define AVX512BF16_ROW
#define AVX2_ROW(type)
#endif
#if CK_ARM64
#define NEON_ROW(type) {"ck_linear_f32_" #type "_nk16_neon", CK_ISA_NEON, ck_linear_f32_##type##_nk16_neon},
#else
#define NEON_ROW(type)
#endif
#define REF_ROW(x, type) {"ck_linear_" #x "_" #type "_nk16_ref", CK_ISA_REF, ck_linear_##x##_##type##_nk16_ref},

#define TABLE(x, type, ...) \
    ck_variants ck_linear_##x##_##type##_nk16_variants(void) { \
        static const ck_variant rows[] = {__VA_ARGS__}; \
        return (ck_variants){rows, sizeof rows / sizeof rows[0]}; \
    }

TABLE(f32, f32, AVX512_ROW(f32) AVX2_ROW(f32) NEON_ROW(f32) REF_ROW(f32, f32))
TABLE(f32, f16, AVX512_ROW(f16) AVX2_ROW(f16) NEON_ROW(f16) REF_ROW(f32, f16))
TABLE(f32, bf16, AVX512_ROW(bf16) AVX2_ROW(bf16) NEON_ROW(bf16) REF_ROW(f32, bf16))
TABLE(bf16, bf16, AVX512BF16_ROW REF_ROW(bf16, bf16))
