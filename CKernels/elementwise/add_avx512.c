/* y = a + b for AVX-512; see add_body.h. */
#include "ck_vector_avx512.h"
#include "elementwise.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX512_FEATURES)

#define NAME ck_add_f32_avx512
#include "elementwise/add_body.h"

CK_TARGET_END
#endif
