/* ck_linear with bfloat16 rows and weights for AVX-512 with BF16: vdpbf16ps does twice the products of an FMA.
 *
 * Any number of rows takes the way of many (wide_body.h); how fast that is for few was never measured. Subnormal values count as zero, as the instruction has it. */
#include "ck_vector_avx512.h"
#include "linear/linear.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX512BF16_FEATURES)

#define HAS_PAIRS 1
#include "linear/wide_body.h"

void ck_linear_bf16_bf16_nk16_avx512bf16(const void *args, int part, int parts) {
    const ck_linear_args *a = args;
    const slice s = slice_of(a, part, parts, tile_rows, sum_pitch);
    if (s.row < s.end_row && s.column < s.end_column) blocked(STEP_PAIR, a, &s);
}

CK_TARGET_END
#endif
