/* q8 rows for AVX2; the algorithm is in quantize_body.h. */
#include "ck_vector_avx2.h"
#include "quantize/quantize.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

CK_INLINE int32_t largest_bits(const float *buffer) {
    const __m256i sizes = _mm256_set1_epi32(0x7fffffff);
    __m256i most = _mm256_setzero_si256();
    for (int j = 0; j < CK_GROUP; j += V_LANES) {
        const __m256 v = _mm256_loadu_ps(buffer + j), neighbours = _mm256_add_ps(v, _mm256_permute_ps(v, 0xb1));
        most = _mm256_max_epi32(most, _mm256_and_si256(sizes, _mm256_castps_si256(v)));
        most = _mm256_max_epi32(most, _mm256_and_si256(sizes, _mm256_castps_si256(neighbours)));
    }
    __m128i rest = _mm_max_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
    rest = _mm_max_epi32(rest, _mm_shuffle_epi32(rest, 0x4e));
    rest = _mm_max_epi32(rest, _mm_shuffle_epi32(rest, 0xb1));
    return _mm_cvtsi128_si32(rest);
}

CK_INLINE int32_t quantize_part(const float *values, float scale, int8_t *target) {
    __m256i q[4];
    CK_UNROLL for (int i = 0; i < 4; i++)
        q[i] = _mm256_cvtps_epi32(_mm256_div_ps(_mm256_loadu_ps(values + i * 8), _mm256_set1_ps(scale)));
    const __m256i mixed = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    const __m256i bytes = _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)(void *)target, bytes);
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
    const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    __m128i rest = _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
    rest = _mm_add_epi32(rest, _mm_shuffle_epi32(rest, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(rest, _mm_shuffle_epi32(rest, 0xb1)));
}

#define NAME(kernel) ck_q8_##kernel##_avx2
#include "quantize/quantize_body.h"

CK_TARGET_END
#endif
