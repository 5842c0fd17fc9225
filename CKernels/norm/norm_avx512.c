/* Row normalisation with AVX-512, 64 columns at a time; the algorithm is in norm_body.h. */
#include "ck_vector_avx512.h"
#include "norm.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define NAME(operation) ck_##operation##_f32_avx512
#include "norm/norm_body.h"

CK_TARGET_END
#endif
