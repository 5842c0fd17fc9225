/* Private to the attention family; the contract is in include/ck_language.h. */
#ifndef CK_ATTENTION_PRIVATE_H
#define CK_ATTENTION_PRIVATE_H
#include "attention/cache_type.h"
#include "ck_language.h"

/* Shape of the tiles, which fixes the order of sums and the scratch memory. */
enum {
    CK_ATTENTION_CELLS = 32, /* cells between two updates of the running maximum */
    CK_ATTENTION_ROWS = 48   /* query rows that share a tile of keys and values */
};

/* Floats from one row of scratch memory to the next: d rounded up to whole vectors of any instruction set. */
static inline int64_t ck_attention_pitch(int64_t d) { return (d + 15) / 16 * 16; }

/* Floats of scratch per part: queries and sums of a block of rows, a tile of keys and of values, its weights, and
 * maximum, sum and correction per row. A multiple of 16, so that every part begins on a cache line. */
static inline int64_t ck_attention_scratch_floats(int64_t d) {
    const int64_t pitch = ck_attention_pitch(d);
    return 2 * CK_ATTENTION_ROWS * pitch + 2 * CK_ATTENTION_CELLS * pitch + CK_ATTENTION_ROWS * CK_ATTENTION_CELLS +
           3 * CK_ATTENTION_ROWS;
}

#define CK_ATTENTION_PROTOTYPES(isa) \
    void ck_attention_f32_cells_##isa(const void *args, int part, int parts); \
    void ck_attention_f16_cells_##isa(const void *args, int part, int parts); \
    void ck_attention_bf16_cells_##isa(const void *args, int part, int parts); \
    void ck_attention_i8_cells_##isa(const void *args, int part, int parts);
CK_ATTENTION_PROTOTYPES(ref)
CK_ATTENTION_PROTOTYPES(avx2)
CK_ATTENTION_PROTOTYPES(avx512)
CK_ATTENTION_PROTOTYPES(neon)
#undef CK_ATTENTION_PROTOTYPES

#endif
