/* Probes of what a machine can do at most: arithmetic and reading memory. They have the form of kernels (variant
 * tables, slices), so that what runs kernels runs them. */
#ifndef CLEO_BENCH_H
#define CLEO_BENCH_H
#include "ck_common.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Independent chains of multiply-accumulate in registers.
 *
 * Every part runs `rounds` rounds of CLEO_BENCH_ROUND_OPERATIONS operations each (a multiply and an add are two) in the
 * widest form of its instruction set, and stores what came out in sink[part], so that the work has a result.
 * f32:  float32 fused multiply-add; the reference multiplies and adds
 * i8:   products of a byte without and one with sign, summed in int32. On AVX2 vpmaddubsw, vpmaddwd, vpaddd, exact where
 *       neighbours are bounded together, as those of q8 rows are
 * i4:   the same for 4 bits without sign. On AVX2 vpmaddubsw, vpaddw: sums of 16 bits hold 32 k; elsewhere as i8
 * bf16: pairs of bfloat16 summed in float32; only where an instruction exists, so the table may be empty */
enum { CLEO_BENCH_ROUND_OPERATIONS = 24576 };
typedef struct cleo_bench_compute_args {
    int64_t rounds;
    int64_t *sink; /* one per part */
} cleo_bench_compute_args;
ck_variants cleo_bench_f32_variants(void);
ck_variants cleo_bench_i8_variants(void);
ck_variants cleo_bench_i4_variants(void);
ck_variants cleo_bench_bf16_variants(void);

/* Reads memory: part p reads bytes [p * bytes_per_part, (p + 1) * bytes_per_part) of `data` `passes` times, in as many
 * streams that take turns of a few cache lines: memory may answer several faster than one. Of each stream, lines `ahead` bytes
 * further are fetched to the second-level cache, where that is more than 0 and the instruction set has a form for it.
 * `data` is 64-byte aligned, bytes_per_part a multiple of 1024 * streams. */
typedef struct cleo_bench_read_args {
    const void *data;
    int64_t bytes_per_part, passes, streams, ahead;
    int64_t *sink;
} cleo_bench_read_args;
ck_variants cleo_bench_read_variants(void);

#ifdef __cplusplus
}
#endif
#endif
