/* The small language kernels for AVX-512; the algorithms are in language_body.h. */
#include "ck_vector_avx512.h"
#include "language/language.h"

#if CK_X86
#include <math.h>
#include <string.h>

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define NAME(kernel) ck_##kernel##_avx512
#include "language/language_body.h"

CK_TARGET_END
#endif
