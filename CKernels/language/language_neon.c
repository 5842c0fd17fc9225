/* The small language kernels for NEON; the algorithms are in language_body.h. */
#include "ck_vector_neon.h"
#include "language/language.h"

#if CK_ARM64
#include <math.h>
#include <string.h>

#define NAME(kernel) ck_##kernel##_neon
#include "language/language_body.h"
#endif
