/* Ball query: argument check, variants. */
#include "ball_query.h"
#include "ck_target.h"
#include "grouping/point_check.h"

ck_status ck_ball_query_f32_check(const ck_ball_query_args *args) {
    if (!args || args->batch < 0 || args->n_centres < 0 || args->n_points < 1 || args->n_points > INT32_MAX - 1024 ||
        args->point_stride < 3 || args->limit < 1 || !ck_fits(args->batch, args->n_points, args->point_stride) ||
        !ck_fits(args->batch, args->n_centres, 3) || !ck_fits(args->batch, args->n_centres, args->limit))
        return CK_INVALID_ARGUMENT;
    if (!(args->radius > 0) || !__builtin_isfinite(args->radius)) return CK_INVALID_ARGUMENT;
    if (args->batch == 0 || args->n_centres == 0) return CK_OK;
    return args->points && args->centres && args->indices ? CK_OK : CK_INVALID_ARGUMENT;
}

ck_variants ck_ball_query_f32_variants(void) {
    static const ck_variant rows[] = {
#if CK_X86
        {"ck_ball_query_f32_avx512", CK_ISA_AVX512, ck_ball_query_f32_avx512},
        {"ck_ball_query_f32_avx2", CK_ISA_AVX2, ck_ball_query_f32_avx2},
#endif
#if CK_ARM64
        {"ck_ball_query_f32_neon", CK_ISA_NEON, ck_ball_query_f32_neon},
#endif
        {"ck_ball_query_f32_ref", CK_ISA_REF, ck_ball_query_f32_ref},
    };
    return (ck_variants){rows, sizeof rows / sizeof rows[0]};
}
