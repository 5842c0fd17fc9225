/* The probes for AVX2: 12 chains hide four cycles of latency on two or three ports, and leave registers for operands. */
#include "probes.h"

#if CK_X86
#include <immintrin.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

enum { chains = 12 };
#define EACH(body) body(0) body(1) body(2) body(3) body(4) body(5) body(6) body(7) body(8) body(9) body(10) body(11)

static int64_t total(__m256i v) {
    int32_t lanes[8];
    _mm256_storeu_si256((__m256i *)lanes, v);
    int64_t sum = 0;
    for (int i = 0; i < 8; i++) sum += lanes[i];
    return sum;
}

void cleo_bench_f32_avx2(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    __m256 factor = _mm256_set1_ps(1.0f), term = _mm256_set1_ps(1e-7f);
    OPAQUE_YMM(factor);
    OPAQUE_YMM(term);
#define START(c) __m256 sum##c = _mm256_set1_ps((float)(c + 1));
    EACH(START)
#undef START
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * chains * 8); step++) {
#define STEP(c) sum##c = _mm256_fmadd_ps(sum##c, factor, term);
            EACH(STEP)
#undef STEP
        }
    __m256 all = _mm256_setzero_ps();
#define ADD(c) all = _mm256_add_ps(all, sum##c);
    EACH(ADD)
#undef ADD
    a->sink[part] = total(_mm256_cvttps_epi32(all));
}

void cleo_bench_i8_avx2(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    __m256i u = _mm256_set1_epi8(3), s = _mm256_set1_epi8(-2), ones = _mm256_set1_epi16(1);
    OPAQUE_YMM(ones);
#define START(c) __m256i sum##c = _mm256_setzero_si256();
    EACH(START)
#undef START
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * chains * 32); step++) {
#define STEP(c) \
    OPAQUE_YMM(u); \
    sum##c = _mm256_add_epi32(sum##c, _mm256_madd_epi16(_mm256_maddubs_epi16(u, s), ones));
            EACH(STEP)
#undef STEP
        }
    __m256i all = _mm256_setzero_si256();
#define ADD(c) all = _mm256_add_epi32(all, sum##c);
    EACH(ADD)
#undef ADD
    a->sink[part] = total(all);
}

void cleo_bench_i4_avx2(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_compute_args *a = args;
    __m256i u = _mm256_set1_epi8(3), s = _mm256_set1_epi8(-2);
#define START(c) __m256i sum##c = _mm256_setzero_si256();
    EACH(START)
#undef START
    for (int64_t round = 0; round < a->rounds; round++)
        for (int step = 0; step < CLEO_BENCH_ROUND_OPERATIONS / (2 * chains * 32); step++) {
#define STEP(c) \
    OPAQUE_YMM(u); \
    sum##c = _mm256_add_epi16(sum##c, _mm256_maddubs_epi16(u, s));
            EACH(STEP)
#undef STEP
        }
    __m256i all = _mm256_setzero_si256();
#define ADD(c) all = _mm256_add_epi16(all, sum##c);
    EACH(ADD)
#undef ADD
    a->sink[part] = total(all);
}

static inline __attribute__((always_inline)) void read_part(const cleo_bench_read_args *a, int part, bool fetches) {
    const char *data = (const char *)a->data + part * a->bytes_per_part;
    const int64_t stream = a->bytes_per_part / a->streams;
    __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (int64_t pass = 0; pass < a->passes; pass++) {
        __asm__ volatile("" : : "r"(data) : "memory");
        for (int64_t i = 0; i < stream; i += 256) for (int64_t turn = 0; turn < a->streams; turn++) {
            const char *ahead = data + turn * stream + i + a->ahead;
            for (int line = 0; fetches && line < 4; line++) _mm_prefetch(ahead + line * 64, _MM_HINT_T1);
            const __m256i *p = (const __m256i *)(data + turn * stream + i);
            s0 = _mm256_xor_si256(s0, p[0]);
            s1 = _mm256_xor_si256(s1, p[1]);
            s2 = _mm256_xor_si256(s2, p[2]);
            s3 = _mm256_xor_si256(s3, p[3]);
            s4 = _mm256_xor_si256(s4, p[4]);
            s5 = _mm256_xor_si256(s5, p[5]);
            s6 = _mm256_xor_si256(s6, p[6]);
            s7 = _mm256_xor_si256(s7, p[7]);
        }
    }
    const __m256i low = _mm256_xor_si256(_mm256_xor_si256(s0, s1), _mm256_xor_si256(s2, s3));
    const __m256i high = _mm256_xor_si256(_mm256_xor_si256(s4, s5), _mm256_xor_si256(s6, s7));
    a->sink[part] = total(_mm256_xor_si256(low, high));
}

void cleo_bench_read_avx2(const void *args, int part, int parts) {
    (void)parts;
    const cleo_bench_read_args *a = args;
    if (a->ahead > 0) read_part(a, part, true);
    else read_part(a, part, false);
}

CK_TARGET_END
#endif
