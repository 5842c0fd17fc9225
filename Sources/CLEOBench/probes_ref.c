/* The probes in portable C: what the baseline CPU does with plain loops. */
#include "probes.h"

#pragma STDC FP_CONTRACT OFF

/* Chains of 4 lanes that any compiler puts in vector registers. */
enum { chains = 12, lanes = 4 };

void cleo_bench_f32_ref(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    typedef float vector __attribute__((vector_size(16)));
    vector sum[chains];
    volatile float one = 1.0f;
    const float m = one;
    const vector factor = {m, m, m, m}, term = factor * 1e-7f;
    for (int c = 0; c < chains; c++) sum[c] = factor * (float)(c + 1);
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * chains * lanes); step++)
            for (int c = 0; c < chains; c++) sum[c] = sum[c] * factor + term;
    for (int c = 1; c < chains; c++) sum[0] += sum[c];
    a->sink[part] = (int64_t)(sum[0][0] + sum[0][1] + sum[0][2] + sum[0][3]);
}

void cleo_bench_i8_ref(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    enum { count = 64 };
    uint8_t u[count];
    int8_t s[count];
    volatile uint8_t seed = 3;
    for (int i = 0; i < count; i++) {
        u[i] = (uint8_t)(seed * i);
        s[i] = (int8_t)(seed + i);
    }
    uint32_t sum = 0;
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * count); step++) {
            __asm__ volatile("" : : "r"(u), "r"(s) : "memory");
            int32_t dot = 0;
            for (int i = 0; i < count; i++) dot += (int32_t)u[i] * s[i];
            sum += (uint32_t)dot;
        }
    a->sink[part] = sum;
}

void cleo_bench_read_ref(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_read_args *a = args;
    const uint64_t *data = (const uint64_t *)((const char *)a->data + part * a->bytes_per_part);
    const int64_t stream = a->bytes_per_part / a->streams / 8;
    uint64_t sum[8] = {0};
    for (int64_t pass = 0; pass < a->passes; pass++) {
        __asm__ volatile("" : : "r"(data) : "memory");
        for (int64_t i = 0; i + 8 <= stream; i += 8)
            for (int64_t turn = 0; turn < a->streams; turn++)
                for (int lane = 0; lane < 8; lane++) sum[lane] ^= data[turn * stream + i + lane];
    }
    uint64_t all = 0;
    for (int lane = 0; lane < 8; lane++) all ^= sum[lane];
    a->sink[part] = (int64_t)all;
}
