/* Gathering, grouping and the maximum over a group: argument checks, variants. */
#include "grouping.h"
#include "ck_target.h"
#include "point_check.h"

ck_status ck_gather_points_f32_check(const ck_gather_points_args *args) {
    if (!args || args->batch < 0 || args->n_points < 1 || args->n_samples < 0 || args->columns < 1 ||
        args->point_stride < args->columns || !ck_fits(args->batch, args->n_points, args->point_stride) ||
        !ck_fits(args->batch, args->n_samples, args->columns))
        return CK_INVALID_ARGUMENT;
    if (args->batch == 0 || args->n_samples == 0) return CK_OK;
    return args->points && args->indices && args->out ? CK_OK : CK_INVALID_ARGUMENT;
}

/* Rows of a few floats copied from anywhere: memory decides, not the instruction set. */
ck_variants ck_gather_points_f32_variants(void) {
    static const ck_variant rows[] = {{"ck_gather_points_f32_ref", CK_ISA_REF, ck_gather_points_f32_ref}};
    return (ck_variants){rows, sizeof rows / sizeof rows[0]};
}

bool ck_group_is_valid(const ck_group_points_args *args) {
    int64_t rows;
    if (args->batch < 0 || args->n_points < 1 || args->xyz_stride < 3 || args->n_features < 0 ||
        args->feature_stride < args->n_features || args->n_centres < 0 || args->limit < 1)
        return false;
    if (!ck_fits(args->batch, args->n_points, args->xyz_stride) ||
        !ck_fits(args->batch, args->n_points, args->feature_stride) || !ck_fits(args->batch, args->n_centres, 3) ||
        args->n_features > INT64_MAX - 3 || (rows = ck_product(args->batch, args->n_centres, args->limit, 1)) < 0 ||
        !ck_fits(rows, 3 + args->n_features, 1))
        return false;
    if (!args->centres && (args->n_centres != 1 || args->limit != args->n_points || args->indices)) return false;
    if (args->batch == 0 || args->n_centres == 0) return true;
    return args->xyz && (args->features || args->n_features == 0) && (!args->centres || args->indices);
}

ck_status ck_group_points_f32_check(const ck_group_points_args *args) {
    if (!args || !ck_group_is_valid(args)) return CK_INVALID_ARGUMENT;
    return args->out || args->batch == 0 || args->n_centres == 0 ? CK_OK : CK_INVALID_ARGUMENT;
}

ck_variants ck_group_points_f32_variants(void) {
    static const ck_variant rows[] = {
#if CK_X86
        {"ck_group_points_f32_avx2", CK_ISA_AVX2, ck_group_points_f32_avx2},
#endif
#if CK_ARM64
        {"ck_group_points_f32_neon", CK_ISA_NEON, ck_group_points_f32_neon},
#endif
        {"ck_group_points_f32_ref", CK_ISA_REF, ck_group_points_f32_ref},
    };
    return (ck_variants){rows, sizeof rows / sizeof rows[0]};
}

ck_status ck_max_pool_f32_check(const ck_max_pool_args *args) {
    if (!args || args->groups < 0 || args->size < 1 || args->columns < 1 ||
        !ck_fits(args->groups, args->size, args->columns))
        return CK_INVALID_ARGUMENT;
    return args->groups == 0 || (args->x && args->y) ? CK_OK : CK_INVALID_ARGUMENT;
}

ck_variants ck_max_pool_f32_variants(void) {
    static const ck_variant rows[] = {
#if CK_X86
        {"ck_max_pool_f32_avx512", CK_ISA_AVX512, ck_max_pool_f32_avx512},
        {"ck_max_pool_f32_avx2", CK_ISA_AVX2, ck_max_pool_f32_avx2},
#endif
#if CK_ARM64
        {"ck_max_pool_f32_neon", CK_ISA_NEON, ck_max_pool_f32_neon},
#endif
        {"ck_max_pool_f32_ref", CK_ISA_REF, ck_max_pool_f32_ref},
    };
    return (ck_variants){rows, sizeof rows / sizeof rows[0]};
}
