/* Ball query, AVX-512: vectors of sixteen; the algorithm is in ball_query_body.h. */
#include "ball_query.h"
#include "ball_query_grid.h"
#include "ck_vector_avx512.h"

#if CK_X86
#include <string.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)
#pragma STDC FP_CONTRACT OFF

#define NAME ck_ball_query_f32_avx512
#include "ball_query/ball_query_body.h"

CK_TARGET_END
#endif
