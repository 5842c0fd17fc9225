/* Ball query, AVX2: vectors of eight; the algorithm is in ball_query_body.h. */
#include "ball_query.h"
#include "ball_query_grid.h"
#include "ck_vector_avx2.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)
#pragma STDC FP_CONTRACT OFF

#define NAME ck_ball_query_f32_avx2
#include "ball_query/ball_query_body.h"

CK_TARGET_END
#endif
