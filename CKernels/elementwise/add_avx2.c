/* y = a + b for AVX2; see add_body.h. */
#include "ck_vector_avx2.h"
#include "elementwise.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#define NAME ck_add_f32_avx2
#include "elementwise/add_body.h"

CK_TARGET_END
#endif
