/* The small language kernels for AVX2, FMA, F16C; the algorithms are in language_body.h. */
#include "ck_vector_avx2.h"
#include "language/language.h"

#if CK_X86
#include <math.h>
#include <string.h>

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define NAME(kernel) ck_##kernel##_avx2
#include "language/language_body.h"

CK_TARGET_END
#endif
