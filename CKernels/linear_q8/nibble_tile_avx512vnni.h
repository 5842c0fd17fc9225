/* Few rows times int4 weights, expanded in registers: included by linear_q8_avx512vnni.c, inside its target region.
 *
 * A part is 32 k, which share a factor. Its sum of (u - 8) q is found without the factor, as vpdpbusd has it, beginning at -8 times the
 * sum of the part's q; it is at most 8 * 127 * 32, which 16 bits hold, so one vpdpwssd multiplies it by the factor and adds it to the
 * group's sum. For a few rows that is less work than making int8 weights, and every line is read once, in order.
 *
 * Registers: sums of part and group, 24 of up to 6 rows and 2 vectors of 16 outputs (3 rows take 4, one takes 8, which is 2 panels), 2
 * for the factors, 4 for the weights, one for the broadcast x. */

typedef struct nibble_weights {
    const uint8_t *values; /* at the group */
    const uint32_t *words;
    int64_t panel_bytes, panel_words; /* between panels */
    int64_t blocks;                   /* of 8 k */
} nibble_weights;

enum { nibble_vectors = 8, part_blocks = CK_Q8_SUBGROUP / 8, group_parts = CK_GROUP / CK_Q8_SUBGROUP };

CK_Q8_INLINE int64_t nibble_at(int v, int64_t panel, int64_t vector) { return v / panel_vectors * panel + v % panel_vectors * vector; }

/* The products of one block with `vectors` vectors, two at a time. */
CK_Q8_INLINE void add_block(int rows, int vectors, const int8_t *q, const uint8_t *values, int64_t panel_bytes,
                            __m512i acc[tile_rows][nibble_vectors]) {
    const __m512i low_bits = _mm512_set1_epi32(0x0f0f0f0f);
    CK_UNROLL for (int pair = 0; pair < vectors; pair += 2) {
        __m512i low[2], high[2];
        CK_UNROLL for (int i = 0; i < 2; i++) {
            const uint8_t *at = values + nibble_at(pair + i, panel_bytes, 64);
            const __m512i both = _mm512_loadu_si512(at);
            _mm_prefetch((const char *)at + stream_ahead, _MM_HINT_T1);
            _mm_prefetch((const char *)at + stream_near, _MM_HINT_T0);
            low[i] = _mm512_and_si512(both, low_bits);
            high[i] = _mm512_and_si512(_mm512_srli_epi16(both, 4), low_bits);
        }
        CK_UNROLL for (int r = 0; r < rows; r++) {
            const __m512i first = _mm512_set1_epi32(int_at(q + r * CK_GROUP)), second = _mm512_set1_epi32(int_at(q + r * CK_GROUP + 4));
            CK_UNROLL for (int i = 0; i < 2; i++) acc[r][pair + i] = _mm512_dpbusd_epi32(acc[r][pair + i], low[i], first);
            CK_UNROLL for (int i = 0; i < 2; i++) acc[r][pair + i] = _mm512_dpbusd_epi32(acc[r][pair + i], high[i], second);
        }
    }
}

/* sums[rows][vectors * 16] = (resume ? sums : 0) + the group's products */
CK_Q8_INLINE void nibble_tile(int rows, int vectors, const ck_q8_group *x, const nibble_weights *w, bool resume,
                              float *sums) {
    __m512i total[tile_rows][nibble_vectors];
    CK_UNROLL for (int r = 0; r < rows; r++)
        CK_UNROLL for (int v = 0; v < vectors; v++) total[r][v] = _mm512_setzero_si512();
    const uint8_t *values = w->values;
    const int8_t *q = x->q;
#pragma clang loop unroll(disable)
    for (int part = 0; part * part_blocks < w->blocks; part++) {
        __m512i acc[tile_rows][nibble_vectors];
        CK_UNROLL for (int r = 0; r < rows; r++) {
            const int32_t sum = x->part_sum[r * group_parts + part];
            CK_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = _mm512_set1_epi32(-8 * sum);
        }
        const int64_t left = w->blocks - part * part_blocks, blocks = left < part_blocks ? left : part_blocks;
#pragma clang loop unroll(disable)
        for (int64_t b = 0; b < blocks; b++, values += CK_Q8_BLOCK, q += 8) add_block(rows, vectors, q, values, w->panel_bytes, acc);
        CK_UNROLL for (int v = 0; v < vectors; v++) {
            const __m512i word = _mm512_loadu_si512(w->words + nibble_at(v, w->panel_words, 16));
            const __m512i factor = _mm512_and_si512(_mm512_srli_epi32(word, 4 * (unsigned)part), _mm512_set1_epi32(15));
            CK_UNROLL for (int r = 0; r < rows; r++) total[r][v] = _mm512_dpwssd_epi32(total[r][v], acc[r][v], factor);
        }
    }
    CK_UNROLL for (int r = 0; r < rows; r++) {
        const __m512 x_scale = _mm512_set1_ps(x->scale[r]);
        CK_UNROLL for (int v = 0; v < vectors; v++) {
            const __m512i word = _mm512_loadu_si512(w->words + nibble_at(v, w->panel_words, 16));
            const __m512 w_scale = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_srli_epi32(word, 16), 16));
            float *sum = sums + r * stream_pitch + v * 16;
            const __m512 before = resume ? _mm512_loadu_ps(sum) : _mm512_setzero_ps();
            const __m512 both = _mm512_mul_ps(x_scale, w_scale);
            _mm512_storeu_ps(sum, _mm512_fmadd_ps(_mm512_cvtepi32_ps(total[r][v]), both, before));
        }
    }
}

/* Panels side by side. */
CK_Q8_INLINE int64_t nibble_panels(int64_t rows) { return rows == 1 ? 2 : 1; }

/* A group of `panels` panels: nibble_panels(rows), or 1. */
CK_Q8_INLINE void nibble_group(int64_t rows, int64_t panels, const ck_q8_group *x, const nibble_weights *w, bool resume,
                               float *sums) {
    switch (rows * 8 + panels) {
    case 1 * 8 + 2: nibble_tile(1, 8, x, w, resume, sums); return;
    case 1 * 8 + 1: nibble_tile(1, 4, x, w, resume, sums); return;
    case 2 * 8 + 1: nibble_tile(2, 4, x, w, resume, sums); return;
    case 3 * 8 + 1: nibble_tile(3, 4, x, w, resume, sums); return;
    default: break;
    }
    for (int half = 0; half < 2; half++) {
        const nibble_weights part = {w->values + half * 128, w->words + half * 32, 0, 0, w->blocks};
        switch (rows) {
        case 4: nibble_tile(4, 2, x, &part, resume, sums + half * 32); break;
        case 5: nibble_tile(5, 2, x, &part, resume, sums + half * 32); break;
        default: nibble_tile(6, 2, x, &part, resume, sums + half * 32); break;
        }
    }
}
