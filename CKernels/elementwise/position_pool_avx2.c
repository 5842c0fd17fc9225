/* Pooling over positions for AVX2; the algorithm is in position_pool_body.h. */
#include "ck_vector_avx2.h"
#include "elementwise.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define NAME ck_position_pool_f32_avx2
#include "elementwise/position_pool_body.h"

CK_TARGET_END
#endif
