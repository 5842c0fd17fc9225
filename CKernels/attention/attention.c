/* Argument checks, scratch sizes and variant tables of ck_attention_..._cells. */
#include "attention/attention.h"
#include "ck_target.h"
#include "linear/check.h"

static ck_status check(const ck_attention_args *a, ck_cache_type type) {
    if (!a || a->m < 0 || a->heads < 0 || a->kv_heads < 0 || a->d < 0) return CK_INVALID_ARGUMENT;
    if (!ck_fits3(a->heads, a->d, 4) || !ck_fits3(a->heads, a->m, 4) || a->d > INT64_MAX / 4096)
        return CK_INVALID_ARGUMENT;
    if (a->m == 0 || a->heads == 0) return CK_OK;
    if (a->d == 0 || a->kv_heads == 0 || a->heads % a->kv_heads != 0) return CK_INVALID_ARGUMENT;
    const int64_t columns = a->heads * a->d;
    if (!ck_rows_ok(a->q, a->m, columns, a->q_stride) || !ck_rows_ok(a->y, a->m, columns, a->y_stride))
        return CK_INVALID_ARGUMENT;
    if (a->q == a->y || !a->prefix_counts || !ck_floats_ok(a->prefix_counts)) return CK_INVALID_ARGUMENT;
    if (!ck_cache_ok(type, a->k_cache, a->k_scales) || !ck_cache_ok(type, a->v_cache, a->v_scales)) return CK_INVALID_ARGUMENT;
    if (!ck_cache_strides_ok(type, a->kv_heads, a->d, a->cell_stride, a->head_stride)) return CK_INVALID_ARGUMENT;
    if (!a->tail_cells != !a->tail_counts) return CK_INVALID_ARGUMENT;
    if (a->tail_cells) {
        if (!ck_floats_ok(a->tail_cells) || !ck_floats_ok(a->tail_counts)) return CK_INVALID_ARGUMENT;
        if (a->tail_stride < 0 || !ck_fits3(a->m, a->tail_stride, 4)) return CK_INVALID_ARGUMENT;
    }
    if (!a->scratch || ((uintptr_t)a->scratch & 63u)) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

static size_t scratch_bytes(const ck_attention_args *a, int parts) {
    if (!a || a->d <= 0 || a->d > INT64_MAX / 4096 || parts <= 0) return 0;
    int64_t bytes;
    if (__builtin_mul_overflow(ck_attention_scratch_floats(a->d), (int64_t)parts * 4, &bytes)) return 0;
    return (size_t)bytes;
}

/* Best first; an instruction set is one row here and one file beside this one. */
#define ROW(type, isa, ISA) {"ck_attention_" #type "_cells_" #isa, CK_ISA_##ISA, ck_attention_##type##_cells_##isa},
#if CK_X86
#define VECTOR_ROWS(type) ROW(type, avx512, AVX512) ROW(type, avx2, AVX2)
#elif CK_ARM64
#define VECTOR_ROWS(type) ROW(type, neon, NEON)
#else
#define VECTOR_ROWS(type)
#endif
#define FAMILY(type, TYPE) \
    ck_status ck_attention_##type##_cells_check(const ck_attention_args *args) { return check(args, CK_CACHE_##TYPE); } \
    size_t ck_attention_##type##_cells_scratch_bytes(const ck_attention_args *args, int parts) { \
        return scratch_bytes(args, parts); \
    } \
    ck_variants ck_attention_##type##_cells_variants(void) { \
        static const ck_variant rows[] = {VECTOR_ROWS(type) ROW(type, ref, REF)}; \
        return (ck_variants){rows, sizeof rows / sizeof rows[0]}; \
    }
FAMILY(f32, F32)
FAMILY(f16, F16)
FAMILY(bf16, BF16)
FAMILY(i8, I8)
