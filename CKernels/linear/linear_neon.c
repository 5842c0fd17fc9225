/* ck_linear for NEON; the algorithm is in panels_body.h.
 *
 * Registers, 32: a tile of 6 x 16 takes 24 for sums, four hold the weights, one a value of x. Fewer rows take more panels, so
 * that at least 16 independent sums hide the FMA latency of 4 cycles on 4 pipes. */
#include "ck_vector_neon.h"
#include "linear/linear.h"

#if CK_ARM64
#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define TILE_UNROLL _Pragma("clang loop unroll(disable)")
/* f16 needs a register more on the way, and clang spills at 3 x 2. */
#define THREE_ROW_PANELS(type) ((type) == CK_WEIGHT_F16 ? 1 : 2)
#define NAME(type) ck_linear_f32_##type##_nk16_neon
#include "linear/panels_body.h"

#endif
