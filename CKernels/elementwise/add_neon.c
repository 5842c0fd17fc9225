/* y = a + b for NEON; see add_body.h. */
#include "ck_vector_neon.h"
#include "elementwise.h"

#if CK_ARM64

#define NAME ck_add_f32_neon
#include "elementwise/add_body.h"

#endif
