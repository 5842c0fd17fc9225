/* Grouping and the maximum over a group for AVX2; the algorithms are in group_rows_body.h and max_pool_body.h. */
#include "ck_vector_avx2.h"
#include "grouping.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define NAME(function) ck_##function##_avx2
#include "grouping/group_rows_body.h"
#include "grouping/max_pool_body.h"

CK_TARGET_END
#endif
