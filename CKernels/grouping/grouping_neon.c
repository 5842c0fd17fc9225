/* Grouping and the maximum over a group for NEON; the algorithms are in group_rows_body.h and max_pool_body.h. */
#include "ck_vector_neon.h"
#include "grouping.h"

#if CK_ARM64

#define NAME(function) ck_##function##_neon
#include "grouping/group_rows_body.h"
#include "grouping/max_pool_body.h"

#endif
