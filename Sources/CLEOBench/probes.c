/* Tables of the probes, best first. An instruction set is one row here and one function in its file. */
#include "probes.h"

#define TABLE(name) \
    ck_variants cleo_bench_##name##_variants(void) { return (ck_variants){name##_rows, sizeof name##_rows / sizeof name##_rows[0]}; }

static const ck_variant f32_rows[] = {
#if CK_X86
    {"cleo_bench_f32_avx512", CK_ISA_AVX512, cleo_bench_f32_avx512},
    {"cleo_bench_f32_avx2", CK_ISA_AVX2, cleo_bench_f32_avx2},
#elif CK_ARM64
    {"cleo_bench_f32_neon", CK_ISA_NEON, cleo_bench_f32_neon},
#endif
    {"cleo_bench_f32_ref", CK_ISA_REF, cleo_bench_f32_ref},
};
TABLE(f32)

static const ck_variant i8_rows[] = {
#if CK_X86
    {"cleo_bench_i8_avx512vnni", CK_ISA_AVX512VNNI, cleo_bench_i8_avx512vnni},
    {"cleo_bench_i8_avx2", CK_ISA_AVX2, cleo_bench_i8_avx2},
#elif CK_ARM64 && defined(__linux__)
    {"cleo_bench_i8_neondot", CK_ISA_NEONDOT, cleo_bench_i8_neondot},
#endif
    {"cleo_bench_i8_ref", CK_ISA_REF, cleo_bench_i8_ref},
};
TABLE(i8)

static const ck_variant i4_rows[] = {
#if CK_X86
    {"cleo_bench_i8_avx512vnni", CK_ISA_AVX512VNNI, cleo_bench_i8_avx512vnni},
    {"cleo_bench_i4_avx2", CK_ISA_AVX2, cleo_bench_i4_avx2},
#elif CK_ARM64 && defined(__linux__)
    {"cleo_bench_i8_neondot", CK_ISA_NEONDOT, cleo_bench_i8_neondot},
#endif
    {"cleo_bench_i8_ref", CK_ISA_REF, cleo_bench_i8_ref},
};
TABLE(i4)

static const ck_variant read_rows[] = {
#if CK_X86
    {"cleo_bench_read_avx512", CK_ISA_AVX512, cleo_bench_read_avx512},
    {"cleo_bench_read_avx2", CK_ISA_AVX2, cleo_bench_read_avx2},
#elif CK_ARM64
    {"cleo_bench_read_neon", CK_ISA_NEON, cleo_bench_read_neon},
#endif
    {"cleo_bench_read_ref", CK_ISA_REF, cleo_bench_read_ref},
};
TABLE(read)

#if CK_X86
static const ck_variant bf16_rows[] = {
    {"cleo_bench_bf16_avx512bf16", CK_ISA_AVX512BF16, cleo_bench_bf16_avx512bf16},
};
TABLE(bf16)
#else
ck_variants cleo_bench_bf16_variants(void) { return (ck_variants){0}; }
#endif
