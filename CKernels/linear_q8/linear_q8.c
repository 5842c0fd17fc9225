/* Argument check and variant tables of ck_linear_q8. */
#include "linear_q8/linear_q8.h"
#include "linear/check.h"

static bool adapter_ok(const ck_linear_q8_args *a, const ck_lora *lora) {
    if (lora->rank < 0 || lora->x_offset < 0) return false;
    if (lora->rank == 0) return true;
    const int64_t panels = a->n / CK_PANEL + (a->n % CK_PANEL != 0);
    int64_t columns;
    return lora->b && ck_floats_ok(lora->b) && lora->b != a->y && ck_fits3(panels, CK_PANEL * 4, lora->rank) &&
           !__builtin_add_overflow(lora->x_offset, lora->rank, &columns) &&
           ck_rows_ok(a->lora_x, a->m, columns, a->lora_x_stride);
}

static bool adapters_ok(const ck_linear_q8_args *a) {
    if (!a->lora_x) return true;
    if (a->lora_x == a->y || !ck_floats_ok(a->lora_x)) return false;
    if (!a->adapter_ids) return adapter_ok(a, &a->lora);
    if (!ck_floats_ok(a->adapter_ids) || a->adapter_count < 0 || (a->adapter_count > 0 && !a->adapters)) return false;
    for (int64_t i = 0; i < a->adapter_count; i++)
        if (!adapter_ok(a, a->adapters + i)) return false;
    return true;
}

ck_status ck_linear_q8_check(const ck_linear_q8_args *a) {
    if (!a || a->m < 0 || a->n < 0 || a->k < 0 || a->k > CK_Q8_MAX_K) return CK_INVALID_ARGUMENT;
    if (a->activation < CK_ACT_NONE || a->activation > CK_ACT_SILU) return CK_INVALID_ARGUMENT;
    if (a->n > 0 && a->k > 0 && (!ck_n64_i8g128_bytes(a->n, a->k) || !ck_n64_scale_bytes(a->n, a->k)))
        return CK_INVALID_ARGUMENT;
    if (a->m == 0 || a->n == 0) return CK_OK;

    if (!ck_rows_ok(a->y, a->m, a->n, a->y_stride)) return CK_INVALID_ARGUMENT;
    if (!ck_floats_ok(a->bias) || !ck_floats_ok(a->channel_scale)) return CK_INVALID_ARGUMENT;
    if (a->k > 0) {
        if (!a->x || !ck_floats_ok(a->x) || !a->weight || !a->weight_scale || !ck_floats_ok(a->weight_scale))
            return CK_INVALID_ARGUMENT;
        if (!ck_fits3(a->m, ck_q8_row_bytes(a->k), 1)) return CK_INVALID_ARGUMENT;
        if ((const void *)a->x == a->y || a->weight == a->y || a->weight_scale == a->y) return CK_INVALID_ARGUMENT;
    }
    if (a->residual) {
        if (!ck_rows_ok(a->residual, a->m, a->n, a->residual_stride)) return CK_INVALID_ARGUMENT;
        if (a->residual == a->y && a->m > 1 && a->residual_stride != a->y_stride) return CK_INVALID_ARGUMENT;
    }
    return adapters_ok(a) ? CK_OK : CK_INVALID_ARGUMENT;
}

int ck_linear_q8_parts(const ck_linear_q8_args *a) {
    enum { outputs = 8 * CK_Q8_PANEL }; /* take turns with a group of the rows, see linear_q8_avx512vnni.c */
    const int64_t parts = a->n / outputs + (a->n % outputs != 0);
    return parts < 1 ? 1 : parts > INT16_MAX ? INT16_MAX : (int)parts;
}

/* Best first; an instruction set is one row here and one file beside this one. */
#define REF(name) {#name "_ref", CK_ISA_REF, name##_ref}
#if CK_X86
#define VECTOR(name) {#name "_avx512vnni", CK_ISA_AVX512VNNI, name##_avx512vnni}, \
    {#name "_avx2", CK_ISA_AVX2, name##_avx2},
#elif CK_ARM64
#define VECTOR(name) {#name "_neondot", CK_ISA_NEONDOT, name##_neondot}, {#name "_neon", CK_ISA_NEON, name##_neon},
#else
#define VECTOR(name)
#endif

#define TABLE(name) \
    ck_variants name##_variants(void) { \
        static const ck_variant rows[] = {VECTOR(name) REF(name)}; \
        return (ck_variants){rows, sizeof rows / sizeof rows[0]}; \
    }

TABLE(ck_linear_q8_i8g128_n64)
TABLE(ck_linear_q8_i4g32_n64)
