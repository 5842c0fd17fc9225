/* One layer of the shared MLP for NEON; the algorithm is in layer_body.h. Registers, 32: 24 sums, 4 weights, 1 value of x. */
#include "ck_linear.h"
#include "ck_vector_neon.h"
#include "set_abstraction.h"

#if CK_ARM64

enum { tile_rows = 6, tile_panels = 1 };
#define TILE_UNROLL _Pragma("clang loop unroll(disable)")
#define NAME ck_set_abstraction_layer_neon
#include "layer_body.h"

#endif
