#include "spatial.h"

#include "elementwise/sizes.h"

/* The sizes make sense and no extent overflows; pointers are not looked at. */
static bool sizes_fit(const ck_spatial_attention_args *a) {
    int64_t bytes, width, weights;
    if (a->n < 0 || a->heads < 1 || a->d < 1) return false;
    if (a->fusion < CK_FUSION_NONE || a->fusion > CK_FUSION_ADD) return false;
    if (__builtin_mul_overflow(a->heads, a->d, &width)) return false;
    if (!ck_rows_fit(a->n, width, a->q_stride) || !ck_rows_fit(a->n, width, a->k_stride) ||
        !ck_rows_fit(a->n, width, a->v_stride) || !ck_rows_fit(a->n, width, a->y_stride))
        return false;
    if (!ck_float_bytes(a->heads, a->n, a->n, 1, &bytes)) return false; /* so n is far from the end of int64_t */
    if (a->fusion == CK_FUSION_NONE) return true;
    if (a->dims < 1 || a->dims > INT32_MAX || (a->location_heads != 1 && a->location_heads != a->heads)) return false;
    /* The second product bounds ck_spatial_part_floats. */
    if (!ck_float_bytes(a->n, a->n, a->dims, 1, &bytes) || !ck_float_bytes(a->n + 31, a->dims + 3, 1, 1, &bytes))
        return false;
    if (a->fusion == CK_FUSION_COND)
        return ck_float_bytes(a->location_heads, a->dims + 1, 1, 1, &bytes) &&
               ck_rows_fit(a->n, a->location_heads * (a->dims + 1), a->condition_stride);
    weights = a->fusion == CK_FUSION_CTX ? width : a->location_heads;
    return ck_float_bytes(weights, a->dims, 1, 1, &bytes);
}

ck_status ck_spatial_attention_f32_check(const ck_spatial_attention_args *args) {
    const ck_spatial_attention_args *a = args;
    if (!a || !sizes_fit(a)) return CK_INVALID_ARGUMENT;
    if (a->n == 0) return CK_OK;
    if (!a->q || !a->k || !a->v || !a->y || !a->scratch || (uintptr_t)a->scratch % 64 != 0) return CK_INVALID_ARGUMENT;
    /* Rows still to come read k and v, so y must not replace them. */
    if (a->y == a->k || a->y == a->v) return CK_INVALID_ARGUMENT;
    if (a->fusion == CK_FUSION_NONE) return CK_OK;
    if (!a->locations) return CK_INVALID_ARGUMENT;
    if (a->fusion == CK_FUSION_COND) return a->condition ? CK_OK : CK_INVALID_ARGUMENT;
    return a->location_weight && a->location_bias ? CK_OK : CK_INVALID_ARGUMENT;
}

/* 0 for sizes that the check refuses, SIZE_MAX where the product does not fit. */
size_t ck_spatial_attention_f32_scratch_bytes(const ck_spatial_attention_args *args, int parts) {
    if (!args || !sizes_fit(args)) return 0;
    size_t bytes;
    const size_t one = (size_t)ck_spatial_part_floats(args) * sizeof(float);
    return __builtin_mul_overflow(one, (size_t)(parts < 1 ? 1 : parts), &bytes) ? SIZE_MAX : bytes;
}

static const ck_variant rows[] = {
#if CK_X86
    {"ck_spatial_attention_f32_avx512", CK_ISA_AVX512, ck_spatial_attention_f32_avx512},
    {"ck_spatial_attention_f32_avx2", CK_ISA_AVX2, ck_spatial_attention_f32_avx2},
#endif
#if CK_ARM64
    {"ck_spatial_attention_f32_neon", CK_ISA_NEON, ck_spatial_attention_f32_neon},
#endif
    {"ck_spatial_attention_f32_ref", CK_ISA_REF, ck_spatial_attention_f32_ref},
};

ck_variants ck_spatial_attention_f32_variants(void) { return (ck_variants){rows, sizeof rows / sizeof rows[0]}; }
