/* The inner loops of ck_linear_q8 for AVX2: one group of up to 128 k, a tile of rows times vectors of 8 outputs.
 *
 * int8: vpmaddubsw adds products of unsigned weights and signed q by twos into 16 bits, where it would saturate; the rows
 * are made so that no two neighbours of q sum to more than 128, and 255 * 128 fits. vpmaddwd by ones and vpaddd finish, three
 * instructions for 32 products. Sums begin at -128 times the sum of the row's q, so weights stay unsigned. 6 rows x 2
 * vectors take 12 registers, two hold weights, one the activations and one the ones or a product. Multiplications have two
 * of Zen 3's pipes: the limit is 32 products per cycle against 16 of float32.
 *
 * int4 values are small enough for 16-bit sums over 32 k (8 blocks x 2 x 15 x 127 < 32768; with the offset of -8 times the
 * row's part sum in the low half of a lane the final sums fit, and sums on the way may wrap). The factor of the 32 k comes for
 * free: it is the other operand of the vpmaddwd that widens to 32 bits. */
#ifndef CK_TILE_Q8_AVX2_H
#define CK_TILE_Q8_AVX2_H
#include "linear_q8/epilogue_avx2.h"
#include "quantize/quantize.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

enum {
    tile_rows = 6,
    group_blocks = CK_GROUP / 4,      /* blocks of 4 k in a group */
    part_blocks = CK_Q8_SUBGROUP / 4, /* and under one int4 factor */
    group_parts = CK_GROUP / CK_Q8_SUBGROUP,
    panel_vectors = CK_Q8_PANEL / 8
};

/* What a tile needs of the rows of x, at one group. */
typedef struct group_rows {
    const int8_t *q; /* rows of CK_GROUP */
    const float *scale;
    const int32_t *sum;
    const int32_t *part_start; /* int4: what the sums of each part begin with; rows of group_parts */
} group_rows;

/* Weights of one panel and group. */
typedef struct group_weights {
    const uint8_t *values; /* the tile's first vector in block 0 */
    const float *scale;    /* of the tile's first output */
    const int32_t *factor; /* int4: of the tile's first output, 16-bit pairs (f, f); CK_Q8_PANEL per part */
    int64_t blocks;        /* of 4 k in this group */
} group_weights;

CK_Q8_INLINE __m256i broadcast(const void *p) {
    int32_t value;
    memcpy(&value, p, sizeof value);
    return _mm256_set1_epi32(value);
}

/* int4: -8 times the row's sum of q over each part, for the low half of every lane */
CK_Q8_INLINE void part_starts(const int16_t *part_sum, int32_t *starts) {
    for (int part = 0; part < group_parts; part++) starts[part] = (uint16_t)(-8 * part_sum[part]);
}

/* sums = (resume ? sums : 0) + acc * scales; row stride sum_stride */
CK_Q8_INLINE void join_sums(int rows, int vectors, __m256i acc[tile_rows][panel_vectors], const group_rows *x,
                            const float *scale, bool resume, float *sums, int64_t sum_stride) {
    CK_UNROLL for (int r = 0; r < rows; r++) {
        const __m256 x_scale = _mm256_broadcast_ss(x->scale + r);
        CK_UNROLL for (int v = 0; v < vectors; v++) {
            float *sum = sums + r * sum_stride + v * 8;
            const __m256 both = _mm256_mul_ps(x_scale, _mm256_loadu_ps(scale + v * 8));
            const __m256 before = resume ? _mm256_loadu_ps(sum) : _mm256_setzero_ps();
            _mm256_storeu_ps(sum, _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[r][v]), both, before));
        }
    }
}

/* One line per two vectors; NULL: none. */
CK_Q8_INLINE void fetch(int vectors, const uint8_t **next) {
    if (!*next) return;
    CK_UNROLL for (int v = 0; v < vectors; v += 2) _mm_prefetch((const char *)*next + v * 32, _MM_HINT_T0);
    *next += vectors * 32;
}

/* int8, 256 bytes from block to block, fetching at `next`. */
CK_Q8_INLINE void i8_tile(int rows, int vectors, const uint8_t *next, const group_rows *x, const group_weights *w,
                          bool resume, float *sums, int64_t sum_stride) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i acc[tile_rows][panel_vectors];
    CK_UNROLL for (int r = 0; r < rows; r++) {
        const __m256i sum = _mm256_slli_epi32(broadcast(x->sum + r), 7);
        CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = _mm256_sub_epi32(_mm256_setzero_si256(), sum);
    }
    const uint8_t *values = w->values;
    const int8_t *q = x->q;
    /* By 2: five rows 1.06 to 1.15 times as fast in turns of 7 runs, of many no difference to be relied on; by 3 slower, by 4 no faster than by 2. */
#pragma clang loop unroll_count(2)
    for (int64_t b = 0; b < w->blocks; b++, values += CK_Q8_BLOCK, q += 4) {
        fetch(vectors, &next);
        __m256i bytes[panel_vectors];
        CK_UNROLL for (int v = 0; v < vectors; v++)
            bytes[v] = _mm256_loadu_si256((const __m256i *)(const void *)(values + v * 32));
        CK_UNROLL for (int r = 0; r < rows; r++) {
            const __m256i value = broadcast(q + r * CK_GROUP);
            CK_UNROLL for (int v = 0; v < vectors; v++)
                acc[r][v] = _mm256_add_epi32(acc[r][v], _mm256_madd_epi16(_mm256_maddubs_epi16(bytes[v], value), ones));
        }
    }
    join_sums(rows, vectors, acc, x, w->scale, resume, sums, sum_stride);
}

/* One 8-k step of int4: two blocks of 4 k, one after the other as bytes (`split`) or as low and high halves of the same bytes. */
CK_Q8_INLINE void i4_step(bool split, int rows, int vectors, const uint8_t *values, const int8_t *q,
                          __m256i sums[tile_rows][panel_vectors]) {
    const __m256i low_bits = _mm256_set1_epi32(0x0f0f0f0f);
    CK_UNROLL for (int half = 0; half < 2; half++) {
        __m256i bytes[panel_vectors];
        CK_UNROLL for (int v = 0; v < vectors; v++) {
            const uint8_t *from = values + v * 32 + (split ? half * CK_Q8_BLOCK : 0);
            const __m256i both = _mm256_loadu_si256((const __m256i *)(const void *)from);
            bytes[v] = split ? both : _mm256_and_si256(half ? _mm256_srli_epi16(both, 4) : both, low_bits);
        }
        CK_UNROLL for (int r = 0; r < rows; r++) {
            const __m256i value = broadcast(q + r * CK_GROUP + half * 4);
            CK_UNROLL for (int v = 0; v < vectors; v++)
                sums[r][v] = _mm256_add_epi16(sums[r][v], _mm256_maddubs_epi16(bytes[v], value));
        }
    }
}

/* int4, fetching at `next`; the first k is a multiple of 32. Split weights are there for whole parts: beyond the last k they
 * meet zeros of q. */
CK_Q8_INLINE void i4_tile(bool split, int rows, int vectors, const uint8_t *next, const group_rows *x,
                          const group_weights *w, bool resume, float *sums, int64_t sum_stride) {
    __m256i acc[tile_rows][panel_vectors];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = _mm256_setzero_si256();
    const uint8_t *values = w->values;
    const int8_t *q = x->q;
    const int32_t *factor = w->factor;
    const int64_t steps = (w->blocks + 1) / 2, part_steps = part_blocks / 2;
    for (int64_t first = 0, part = 0; first < steps; first += part_steps, part++, factor += CK_Q8_PANEL) {
        __m256i short_sum[tile_rows][panel_vectors];
        CK_UNROLL for (int r = 0; r < rows; r++) {
            const __m256i start = broadcast(x->part_start + r * group_parts + part);
            CK_UNROLL for (int v = 0; v < vectors; v++) short_sum[r][v] = start;
        }
        const int64_t count = split || steps - first > part_steps ? part_steps : steps - first;
        for (int64_t step = 0; step < count; step++, values += (split ? 2 : 1) * CK_Q8_BLOCK, q += 8) {
            fetch(vectors, &next);
            i4_step(split, rows, vectors, values, q, short_sum);
        }
        CK_UNROLL for (int r = 0; r < rows; r++)
            CK_UNROLL for (int v = 0; v < vectors; v++) {
                const __m256i pair = _mm256_loadu_si256((const __m256i *)(const void *)(factor + v * 8));
                acc[r][v] = _mm256_add_epi32(acc[r][v], _mm256_madd_epi16(short_sum[r][v], pair));
            }
    }
    join_sums(rows, vectors, acc, x, w->scale, resume, sums, sum_stride);
}

CK_TARGET_END
#endif
#endif
