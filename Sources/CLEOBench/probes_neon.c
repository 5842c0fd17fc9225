/* The probes for 64-bit ARM: 16 chains, for four cycles of latency on four pipes. */
#include "probes.h"

#if CK_ARM64
#include <arm_neon.h>

enum { chains = 16 };
#define EACH(body) \
    body(0) body(1) body(2) body(3) body(4) body(5) body(6) body(7) body(8) body(9) body(10) body(11) body(12) body(13) body(14) body(15)

void cleo_bench_f32_neon(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    float32x4_t factor = vdupq_n_f32(1.0f), term = vdupq_n_f32(1e-7f);
    OPAQUE(factor);
    OPAQUE(term);
#define START(c) float32x4_t sum##c = vdupq_n_f32((float)(c + 1));
    EACH(START)
#undef START
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * chains * 4); step++) {
#define STEP(c) sum##c = vfmaq_f32(sum##c, factor, term);
            EACH(STEP)
#undef STEP
        }
    float32x4_t all = vdupq_n_f32(0);
#define ADD(c) all = vaddq_f32(all, sum##c);
    EACH(ADD)
#undef ADD
    a->sink[part] = (int64_t)vaddvq_f32(all);
}

void cleo_bench_read_neon(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_read_args *a = args;
    const uint8_t *data = (const uint8_t *)a->data + part * a->bytes_per_part;
    const int64_t stream = a->bytes_per_part / a->streams;
    uint8x16_t s0 = vdupq_n_u8(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (int64_t pass = 0; pass < a->passes; pass++) {
        __asm__ volatile("" : : "r"(data) : "memory");
        for (int64_t i = 0; i < stream; i += 128) for (int64_t turn = 0; turn < a->streams; turn++) {
            const uint8_t *p = data + turn * stream + i;
            s0 = veorq_u8(s0, vld1q_u8(p));
            s1 = veorq_u8(s1, vld1q_u8(p + 16));
            s2 = veorq_u8(s2, vld1q_u8(p + 32));
            s3 = veorq_u8(s3, vld1q_u8(p + 48));
            s4 = veorq_u8(s4, vld1q_u8(p + 64));
            s5 = veorq_u8(s5, vld1q_u8(p + 80));
            s6 = veorq_u8(s6, vld1q_u8(p + 96));
            s7 = veorq_u8(s7, vld1q_u8(p + 112));
        }
    }
    const uint8x16_t low = veorq_u8(veorq_u8(s0, s1), veorq_u8(s2, s3)), high = veorq_u8(veorq_u8(s4, s5), veorq_u8(s6, s7));
    a->sink[part] = vaddvq_u8(veorq_u8(low, high));
}

CK_TARGET_BEGIN("dotprod")

void cleo_bench_i8_neondot(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    int8x16_t x = vdupq_n_s8(3), y = vdupq_n_s8(-2);
    OPAQUE(x);
    OPAQUE(y);
#define START(c) int32x4_t sum##c = vdupq_n_s32(0);
    EACH(START)
#undef START
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * chains * 16); step++) {
#define STEP(c) sum##c = vdotq_s32(sum##c, x, y);
            EACH(STEP)
#undef STEP
        }
    int32x4_t all = vdupq_n_s32(0);
#define ADD(c) all = vaddq_s32(all, sum##c);
    EACH(ADD)
#undef ADD
    a->sink[part] = vaddvq_s32(all);
}

CK_TARGET_END
#endif
