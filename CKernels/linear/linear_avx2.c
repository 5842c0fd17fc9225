/* ck_linear for AVX2, FMA, F16C; the algorithm is in panels_body.h.
 *
 * Registers, 16: a tile of 6 x 16 takes 12 for sums, two hold the weights, one the broadcast x. Fewer rows take more panels, so that
 * enough independent sums hide the FMA latency of 4 cycles (2 per cycle: 8 sums). */
#include "ck_vector_avx2.h"
#include "linear/linear.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

/* By 4, clang moves loads up across steps and spills a sum of the tile of 6 rows: over twice the time. */
#define TILE_UNROLL _Pragma("clang loop unroll_count(2)")
/* Types converted on the way need registers for that, and a spill inside the loop costs more than a wait for the FMA. */
#define THREE_ROW_PANELS(type) ((type) == CK_WEIGHT_F32 ? 2 : 1)
#define NAME(type) ck_linear_f32_##type##_nk16_avx2
#include "linear/panels_body.h"

CK_TARGET_END
#endif
