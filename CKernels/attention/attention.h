/* Private to the attention family; the contract is in include/ck_language.h. */
#ifndef CK_ATTENTION_PRIVATE_H
#define CK_ATTENTION_PRIVATE_H
#include "ck_language.h"

/* Shape of the tiles, which fixes the order of sums and the scratch memory. */
enum {
    CK_ATTENTION_CELLS = 32, /* cells between two updates of the running maximum */
    CK_ATTENTION_ROWS = 24   /* query rows that share a copied tile of keys and values */
};

/* d rounded up to whole vectors */
static inline int64_t ck_attention_padded(int64_t d) { return (d + 7) / 8 * 8; }

/* Floats of scratch per part: queries and sums of a block of rows, a tile of keys and of values, its weights, and
 * maximum, sum and correction per row. A multiple of 16, so that every part begins on a cache line. */
static inline int64_t ck_attention_scratch_floats(int64_t d) {
    const int64_t padded = ck_attention_padded(d);
    const int64_t count = 2 * CK_ATTENTION_ROWS * padded + 2 * CK_ATTENTION_CELLS * padded +
                          CK_ATTENTION_ROWS * CK_ATTENTION_CELLS + 3 * CK_ATTENTION_ROWS;
    return (count + 15) / 16 * 16;
}

void ck_attention_f32_cells_ref(const void *args, int part, int parts);
void ck_attention_f32_cells_avx2(const void *args, int part, int parts);

#endif
