/* Set abstraction, Advanced SIMD: that set's kernels and layers (layer_neon.c) in the common loop. */
#include "set_abstraction.h"
#include "ck_target.h"
#include "grouping/grouping.h"

#if CK_ARM64

void ck_set_abstraction_f32_neon(const void *args, int part, int parts) {
    const ck_set_abstraction_steps steps = {
        .group_rows = ck_group_rows_neon,
        .layer = ck_set_abstraction_layer_neon,
        .max_pool = ck_max_pool_f32_neon,
    };
    ck_set_abstraction_run(args, steps, part, parts);
}

#endif
