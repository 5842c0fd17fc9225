/* One layer of the shared MLP for AVX-512; the algorithm is in layer_body.h. Registers, 32: 28 sums, 2 weights, 1 broadcast. */
#include "ck_linear.h"
#include "ck_vector_avx512.h"
#include "set_abstraction.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

enum { tile_rows = 14, tile_panels = 2 };
#define TILE_UNROLL _Pragma("clang loop unroll(disable)")
#define NAME ck_set_abstraction_layer_avx512
#include "layer_body.h"

CK_TARGET_END
#endif
