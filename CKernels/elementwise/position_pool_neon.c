/* Pooling over positions for NEON; the algorithm is in position_pool_body.h. */
#include "ck_vector_neon.h"
#include "elementwise.h"

#if CK_ARM64

#define NAME ck_position_pool_f32_neon
#include "elementwise/position_pool_body.h"

#endif
