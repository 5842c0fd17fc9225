/* Set abstraction, AVX-512: that set's kernels and layers (layer_avx512.c) in the common loop; grouping copies, for which
 * the AVX2 file serves. */
#include "set_abstraction.h"
#include "ck_target.h"
#include "grouping/grouping.h"

#if CK_X86

void ck_set_abstraction_f32_avx512(const void *args, int part, int parts) {
    const ck_set_abstraction_steps steps = {
        .group_rows = ck_group_rows_avx2,
        .layer = ck_set_abstraction_layer_avx512,
        .max_pool = ck_max_pool_f32_avx512,
    };
    ck_set_abstraction_run(args, steps, part, parts);
}

#endif
