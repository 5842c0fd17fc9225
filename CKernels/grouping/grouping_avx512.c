/* The maximum over a group for AVX-512; grouping, which is bound by stores, stays with AVX2; the algorithm is in max_pool_body.h. */
#include "ck_vector_avx512.h"
#include "grouping.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define NAME(function) ck_##function##_avx512
#include "grouping/max_pool_body.h"

CK_TARGET_END
#endif
