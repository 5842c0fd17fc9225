/* Row normalisation with NEON, 16 columns at a time; the algorithm is in norm_body.h. */
#include "ck_vector_neon.h"
#include "norm.h"

#if CK_ARM64

#define NAME(operation) ck_##operation##_f32_neon
#include "norm/norm_body.h"

#endif
