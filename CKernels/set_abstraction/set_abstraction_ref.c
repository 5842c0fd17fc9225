/* Set abstraction, the specification: group_points, linear with ReLU and max_pool, one after the other. */
#include "set_abstraction.h"
#include "grouping/grouping.h"

void ck_set_abstraction_layer_ref(const ck_linear_args *args) {
    const ck_variants variants = ck_linear_f32_f32_nk16_variants();
    variants.rows[variants.count - 1].run(args, 0, 1);
}

void ck_set_abstraction_f32_ref(const void *args, int part, int parts) {
    const ck_set_abstraction_steps steps = {
        .group_rows = ck_group_rows_ref,
        .layer = ck_set_abstraction_layer_ref,
        .max_pool = ck_max_pool_f32_ref,
    };
    ck_set_abstraction_run(args, steps, part, parts);
}
