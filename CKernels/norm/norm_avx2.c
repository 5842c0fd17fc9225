/* Row normalisation with AVX2, 32 columns at a time; the algorithm is in norm_body.h. */
#include "ck_vector_avx2.h"
#include "norm.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define NAME(operation) ck_##operation##_f32_avx2
#include "norm/norm_body.h"

CK_TARGET_END
#endif
