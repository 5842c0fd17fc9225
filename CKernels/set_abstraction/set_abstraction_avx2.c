/* Set abstraction, AVX2: that set's kernels and layers (layer_avx2.c) in the common loop. */
#include "set_abstraction.h"
#include "ck_target.h"
#include "grouping/grouping.h"

#if CK_X86

void ck_set_abstraction_f32_avx2(const void *args, int part, int parts) {
    const ck_set_abstraction_steps steps = {
        .group_rows = ck_group_rows_avx2,
        .layer = ck_set_abstraction_layer_avx2,
        .max_pool = ck_max_pool_f32_avx2,
    };
    ck_set_abstraction_run(args, steps, part, parts);
}

#endif
