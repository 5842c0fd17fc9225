/* Argument check, scratch size and variant table of ck_attention_f32_cells. */
#include "attention/attention.h"
#include "ck_target.h"
#include "linear/check.h"

ck_status ck_attention_f32_cells_check(const ck_attention_args *a) {
    if (!a || a->m < 0 || a->heads < 0 || a->kv_heads < 0 || a->d < 0) return CK_INVALID_ARGUMENT;
    if (!ck_fits3(a->heads, a->d, 4) || !ck_fits3(a->heads, a->m, 4) || a->d > INT64_MAX / 4096)
        return CK_INVALID_ARGUMENT;
    if (a->m == 0 || a->heads == 0) return CK_OK;
    if (a->d == 0 || a->kv_heads == 0 || a->heads % a->kv_heads != 0) return CK_INVALID_ARGUMENT;
    const int64_t columns = a->heads * a->d;
    if (!ck_rows_ok(a->q, a->m, columns, a->q_stride) || !ck_rows_ok(a->y, a->m, columns, a->y_stride))
        return CK_INVALID_ARGUMENT;
    if (a->q == a->y || !a->prefix_counts || !ck_floats_ok(a->prefix_counts)) return CK_INVALID_ARGUMENT;
    if (!a->k_cache || !a->v_cache || !ck_floats_ok(a->k_cache) || !ck_floats_ok(a->v_cache))
        return CK_INVALID_ARGUMENT;
    if (!a->tail_cells != !a->tail_counts) return CK_INVALID_ARGUMENT;
    if (a->tail_cells) {
        if (!ck_floats_ok(a->tail_cells) || !ck_floats_ok(a->tail_counts)) return CK_INVALID_ARGUMENT;
        if (a->tail_stride < 0 || !ck_fits3(a->m, a->tail_stride, 4)) return CK_INVALID_ARGUMENT;
    }
    if (!a->scratch || ((uintptr_t)a->scratch & 63u)) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

size_t ck_attention_f32_cells_scratch_bytes(const ck_attention_args *a, int parts) {
    if (!a || a->d <= 0 || a->d > INT64_MAX / 4096 || parts <= 0) return 0;
    int64_t bytes;
    if (__builtin_mul_overflow(ck_attention_scratch_floats(a->d), (int64_t)parts * 4, &bytes)) return 0;
    return (size_t)bytes;
}

ck_variants ck_attention_f32_cells_variants(void) {
    static const ck_variant rows[] = {
#if CK_X86
        {"ck_attention_f32_cells_avx2", CK_ISA_AVX2, ck_attention_f32_cells_avx2},
#endif
        {"ck_attention_f32_cells_ref", CK_ISA_REF, ck_attention_f32_cells_ref},
    };
    return (ck_variants){rows, sizeof rows / sizeof rows[0]};
}
