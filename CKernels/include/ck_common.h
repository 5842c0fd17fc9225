/* What every kernel family shares: status codes, instruction sets, variant tables.
 *
 * A kernel is a pure slice: it gets one argument struct and `(part, parts)`, does its share of the
 * work and returns. It never allocates, prints, locks, aborts or starts threads. Calling a kernel
 * for every part in 0..<parts, in any order or at once, computes the whole result, and the result
 * is the same bit for bit for every value of `parts`. It needs up to half a megabyte of stack.
 */
#ifndef CK_COMMON_H
#define CK_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ck_status {
    CK_OK = 0,
    CK_INVALID_ARGUMENT = 1, /* a size, stride or pointer breaks the documented precondition */
    CK_UNSUPPORTED = 2       /* no variant for this request on this CPU */
} ck_status;

#define CK_WARN_UNUSED __attribute__((warn_unused_result))

/* Instruction sets, not CPU names. The order is the order of preference within one architecture. */
typedef enum ck_isa {
    CK_ISA_REF = 0,        /* portable C, strict float32 arithmetic */
    CK_ISA_AVX2 = 1,       /* AVX2, FMA, F16C */
    CK_ISA_AVX512 = 2,     /* AVX-512 F, BW, VL, DQ, CD, on top of AVX2 */
    CK_ISA_AVX512VNNI = 3, /* AVX512 and AVX512_VNNI */
    CK_ISA_AVX512BF16 = 4, /* AVX512 and AVX512_BF16 */
    CK_ISA_NEON = 5,       /* AArch64 Advanced SIMD */
    CK_ISA_NEONDOT = 6     /* NEON and the dot product extension */
} ck_isa;

typedef void (*ck_kernel)(const void *args, int part, int parts);

/* One row of a family's table. */
typedef struct ck_variant {
    const char *name; /* full function name, for example "ck_fps_f32_pc_avx2" */
    ck_isa isa;
    ck_kernel run;
} ck_variant;

/* A family's table: best first, the scalar reference last. */
typedef struct ck_variants {
    const ck_variant *rows;
    int count;
} ck_variants;

/* Name of an instruction set as LEO_ISA spells it ("ref", "avx2", ...). Never NULL. */
const char *ck_isa_name(ck_isa isa);

/* True when this CPU and operating system can run `isa`, whatever LEO_ISA says. */
bool ck_isa_supported(ck_isa isa);

/* The cap set through the environment variable LEO_ISA, read once per process:
 * CK_OK and *cap when it is unset (best supported set) or names a set this CPU has;
 * CK_INVALID_ARGUMENT for an unknown name, CK_UNSUPPORTED for a set this CPU lacks. */
CK_WARN_UNUSED ck_status ck_isa_cap(ck_isa *cap);

/* First row of `variants` that the CPU supports and the cap allows; the reference row if LEO_ISA is
 * invalid. Never NULL for a table with at least one row. */
const ck_variant *ck_select(ck_variants variants);

/* Row for exactly `isa`, or NULL when the family has none. Support is not checked. */
const ck_variant *ck_find_variant(ck_variants variants, ck_isa isa);

/* [begin, end) of `count` items for this part, in units of `grain` items. */
static inline void ck_slice(int64_t count, int64_t grain, int part, int parts, int64_t *begin, int64_t *end) {
    int64_t units = (count + grain - 1) / grain;
    int64_t per = units / parts, extra = units % parts;
    int64_t first = part * per + (part < extra ? part : extra);
    int64_t last = first + per + (part < extra ? 1 : 0);
    *begin = first * grain < count ? first * grain : count;
    *end = last * grain < count ? last * grain : count;
}

#ifdef __cplusplus
}
#endif
#endif
