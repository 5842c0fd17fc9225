/* One layer of the shared MLP for AVX2; the algorithm is in layer_body.h. Registers, 16: 12 sums, 2 weights, 1 broadcast. */
#include "ck_linear.h"
#include "ck_vector_avx2.h"
#include "set_abstraction.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

enum { tile_rows = 6, tile_panels = 1 };
#define TILE_UNROLL _Pragma("clang loop unroll_count(4)")
#define NAME ck_set_abstraction_layer_avx2
#include "layer_body.h"

CK_TARGET_END
#endif
