/* Set abstraction: argument check, scratch, variants. */
#include "set_abstraction.h"
#include "ck_target.h"
#include "grouping/grouping.h"
#include "grouping/point_check.h"

/* Activations of a block take at most half of a second-level cache of 512 KB, the rest is for weights passing
 * through. Fewer than 16 rows would read the weights too often, more than 256 gain nothing. */
enum { block_bytes = 256 * 1024, fewest_rows = 16, most_rows = 256 };

/* Wider layers than this are refused, so that no size below can overflow. */
enum { widest = 1 << 24 };

static int64_t whole_lines(int64_t floats) { return (floats + 15) / 16 * 16; }

ck_set_abstraction_block ck_set_abstraction_plan_block(const ck_set_abstraction_args *args) {
    int64_t width[2] = {0, 0};
    for (int64_t i = 0; i <= args->n_layers; i++)
        if (args->widths[i] > width[i % 2]) width[i % 2] = args->widths[i];
    int64_t rows = block_bytes / 4 / (width[0] + width[1]);
    if (rows < fewest_rows) rows = fewest_rows;
    if (rows > most_rows) rows = most_rows;
    if (args->group.limit <= rows) rows -= rows % args->group.limit; /* whole centres need no second maximum */
    return (ck_set_abstraction_block){rows, whole_lines(rows * width[0]), whole_lines(rows * width[1]),
                                      whole_lines(args->widths[args->n_layers])};
}

static bool sizes_are_valid(const ck_set_abstraction_args *args) {
    const ck_group_points_args *group = &args->group;
    if (args->n_layers < 1 || args->n_layers > CK_SET_ABSTRACTION_MAX_LAYERS) return false;
    if (group->batch < 0 || group->n_centres < 0 || group->limit < 1 || group->n_features < 0) return false;
    for (int64_t i = 0; i <= args->n_layers; i++)
        if (args->widths[i] < 1 || args->widths[i] > widest) return false;
    return group->n_features <= widest && args->widths[0] == 3 + group->n_features &&
           ck_fits(group->batch, group->n_centres, args->widths[args->n_layers]);
}

size_t ck_set_abstraction_f32_scratch_bytes(const ck_set_abstraction_args *args, int parts) {
    if (!args || parts < 1 || !sizes_are_valid(args)) return 0;
    const ck_set_abstraction_block block = ck_set_abstraction_plan_block(args);
    const int64_t centres = args->group.batch * args->group.n_centres, busy = centres < parts ? centres : parts;
    return 4 * (size_t)busy * (size_t)(block.even_floats + block.odd_floats + block.row_floats);
}

ck_status ck_set_abstraction_f32_check(const ck_set_abstraction_args *args) {
    if (!args || !sizes_are_valid(args) || !ck_group_is_valid(&args->group)) return CK_INVALID_ARGUMENT;
    if (args->group.batch == 0 || args->group.n_centres == 0) return CK_OK;
    for (int64_t i = 0; i < args->n_layers; i++)
        if (!args->weights[i] || !args->biases[i]) return CK_INVALID_ARGUMENT;
    if (!args->y || !args->scratch || (uintptr_t)args->scratch % 64) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

ck_variants ck_set_abstraction_f32_variants(void) {
    static const ck_variant rows[] = {
#if CK_X86
        {"ck_set_abstraction_f32_avx512", CK_ISA_AVX512, ck_set_abstraction_f32_avx512},
        {"ck_set_abstraction_f32_avx2", CK_ISA_AVX2, ck_set_abstraction_f32_avx2},
#endif
#if CK_ARM64
        {"ck_set_abstraction_f32_neon", CK_ISA_NEON, ck_set_abstraction_f32_neon},
#endif
        {"ck_set_abstraction_f32_ref", CK_ISA_REF, ck_set_abstraction_f32_ref},
    };
    return (ck_variants){rows, sizeof rows / sizeof rows[0]};
}
