/* The probes for AVX-512, VNNI and BF16; as for AVX2, twice as wide. */
#include "probes.h"

#if CK_X86
#include <immintrin.h>

enum { chains = 12 };
#define EACH(body) body(0) body(1) body(2) body(3) body(4) body(5) body(6) body(7) body(8) body(9) body(10) body(11)

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

void cleo_bench_f32_avx512(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    __m512 factor = _mm512_set1_ps(1.0f), term = _mm512_set1_ps(1e-7f);
    OPAQUE(factor);
    OPAQUE(term);
#define START(c) __m512 sum##c = _mm512_set1_ps((float)(c + 1));
    EACH(START)
#undef START
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * chains * 16); step++) {
#define STEP(c) sum##c = _mm512_fmadd_ps(sum##c, factor, term);
            EACH(STEP)
#undef STEP
        }
    __m512 all = _mm512_setzero_ps();
#define ADD(c) all = _mm512_add_ps(all, sum##c);
    EACH(ADD)
#undef ADD
    a->sink[part] = (int64_t)_mm512_reduce_add_ps(all);
}

static inline __attribute__((always_inline)) void read_part(const cleo_bench_read_args *a, int part, bool fetches) {
    const char *data = (const char *)a->data + part * a->bytes_per_part;
    const int64_t stream = a->bytes_per_part / a->streams;
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (int64_t pass = 0; pass < a->passes; pass++) {
        __asm__ volatile("" : : "r"(data) : "memory");
        for (int64_t i = 0; i < stream; i += 512) for (int64_t turn = 0; turn < a->streams; turn++) {
            const char *ahead = data + turn * stream + i + a->ahead;
            for (int line = 0; fetches && line < 8; line++) _mm_prefetch(ahead + line * 64, _MM_HINT_T1);
            const __m512i *p = (const __m512i *)(data + turn * stream + i);
            s0 = _mm512_xor_si512(s0, p[0]);
            s1 = _mm512_xor_si512(s1, p[1]);
            s2 = _mm512_xor_si512(s2, p[2]);
            s3 = _mm512_xor_si512(s3, p[3]);
            s4 = _mm512_xor_si512(s4, p[4]);
            s5 = _mm512_xor_si512(s5, p[5]);
            s6 = _mm512_xor_si512(s6, p[6]);
            s7 = _mm512_xor_si512(s7, p[7]);
        }
    }
    const __m512i low = _mm512_xor_si512(_mm512_xor_si512(s0, s1), _mm512_xor_si512(s2, s3));
    const __m512i high = _mm512_xor_si512(_mm512_xor_si512(s4, s5), _mm512_xor_si512(s6, s7));
    a->sink[part] = _mm512_reduce_add_epi32(_mm512_xor_si512(low, high));
}

void cleo_bench_read_avx512(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_read_args *a = args;
    if (a->ahead > 0) read_part(a, part, true);
    else read_part(a, part, false);
}

CK_TARGET_END

CK_TARGET_BEGIN(CK_AVX512_FEATURES ",avx512vnni")

void cleo_bench_i8_avx512vnni(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    __m512i u = _mm512_set1_epi8(3), s = _mm512_set1_epi8(-2);
    OPAQUE(u);
    OPAQUE(s);
#define START(c) __m512i sum##c = _mm512_setzero_si512();
    EACH(START)
#undef START
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * chains * 64); step++) {
#define STEP(c) sum##c = _mm512_dpbusd_epi32(sum##c, u, s);
            EACH(STEP)
#undef STEP
        }
    __m512i all = _mm512_setzero_si512();
#define ADD(c) all = _mm512_add_epi32(all, sum##c);
    EACH(ADD)
#undef ADD
    a->sink[part] = _mm512_reduce_add_epi32(all);
}

CK_TARGET_END

CK_TARGET_BEGIN(CK_AVX512_FEATURES ",avx512bf16")

void cleo_bench_bf16_avx512bf16(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    __m512i one = _mm512_set1_epi16(0x3f80), small = _mm512_set1_epi16(0x3300); /* 1 and about 3e-8 */
    OPAQUE(one);
    OPAQUE(small);
#define START(c) __m512 sum##c = _mm512_set1_ps((float)(c + 1));
    EACH(START)
#undef START
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * chains * 32); step++) {
#define STEP(c) sum##c = _mm512_dpbf16_ps(sum##c, (__m512bh)one, (__m512bh)small);
            EACH(STEP)
#undef STEP
        }
    __m512 all = _mm512_setzero_ps();
#define ADD(c) all = _mm512_add_ps(all, sum##c);
    EACH(ADD)
#undef ADD
    a->sink[part] = (int64_t)_mm512_reduce_add_ps(all);
}

CK_TARGET_END
#endif
