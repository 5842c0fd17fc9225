/* Private to the probes; the contract is in include/cleo_bench.h. */
#ifndef CLEO_BENCH_PROBES_H
#define CLEO_BENCH_PROBES_H
#include "cleo_bench.h"
#include "ck_target.h"

void cleo_bench_f32_ref(const void *args, int part, int parts);
void cleo_bench_i8_ref(const void *args, int part, int parts);
void cleo_bench_read_ref(const void *args, int part, int parts);

void cleo_bench_f32_avx2(const void *args, int part, int parts);
void cleo_bench_i8_avx2(const void *args, int part, int parts);
void cleo_bench_i4_avx2(const void *args, int part, int parts);
void cleo_bench_read_avx2(const void *args, int part, int parts);

void cleo_bench_f32_avx512(const void *args, int part, int parts);
void cleo_bench_i8_avx512vnni(const void *args, int part, int parts);
void cleo_bench_bf16_avx512bf16(const void *args, int part, int parts);
void cleo_bench_read_avx512(const void *args, int part, int parts);

void cleo_bench_f32_neon(const void *args, int part, int parts);
void cleo_bench_i8_neondot(const void *args, int part, int parts);
void cleo_bench_read_neon(const void *args, int part, int parts);

/* Makes the compiler forget what it knows of a vector register, at no cost: else products of constants leave the loop. */
#if CK_X86
#define OPAQUE(v) __asm__ volatile("" : "+v"(v))
#define OPAQUE_YMM(v) __asm__ volatile("" : "+x"(v))
#elif CK_ARM64
#define OPAQUE(v) __asm__ volatile("" : "+w"(v))
#endif

#endif
