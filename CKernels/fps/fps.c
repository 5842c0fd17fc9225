/* Farthest-point sampling: argument check, scratch, variants. */
#include "fps.h"
#include "ck_target.h"
#include "grouping/point_check.h"

static int64_t round_up(int64_t count, int64_t unit) { return (count + unit - 1) / unit * unit; }

/* Sorting costs as much as about 200 plain sweeps, at 4096, 20000 and 200000 points (AVX2, Zen 3). */
bool ck_fps_prefers_buckets(const ck_fps_args *args) { return args->n_points >= 4096 && args->n_samples >= 256; }

/* Buckets need x, y, z, nearest, index and two arrays to sort with, and eight numbers per bucket; the plain sweep
 * needs the first four. */
size_t ck_fps_cloud_bytes(const ck_fps_args *args) {
    if (!ck_fps_prefers_buckets(args)) return 4 * 4 * (size_t)round_up(args->n_points, CK_FPS_PAD);
    const int64_t slots = round_up(args->n_points, CK_FPS_BUCKET * CK_FPS_BUCKET_PAD);
    return 4 * (7 * (size_t)slots + 8 * (size_t)(slots / CK_FPS_BUCKET));
}

/* The check has seen to it that nothing here overflows: n_points is below 2^31. */
static bool sizes_are_valid(const ck_fps_args *args) {
    return args->batch >= 0 && args->n_points >= 1 && args->n_points <= INT32_MAX - 1024 && args->point_stride >= 3 &&
           args->n_samples >= 0 && ck_fits(args->batch, args->n_points, args->point_stride) &&
           ck_fits(args->batch, args->n_samples, 1);
}

size_t ck_fps_f32_pc_scratch_bytes(const ck_fps_args *args, int parts) {
    if (!args || parts < 1 || !sizes_are_valid(args)) return 0;
    const int64_t busy = args->batch < parts ? args->batch : parts;
    size_t bytes;
    return __builtin_mul_overflow(ck_fps_cloud_bytes(args), (size_t)busy, &bytes) ? SIZE_MAX : bytes;
}

ck_status ck_fps_f32_pc_check(const ck_fps_args *args) {
    if (!args || !sizes_are_valid(args)) return CK_INVALID_ARGUMENT;
    if (args->batch == 0 || args->n_samples == 0) return CK_OK;
    if (!args->points || !args->indices || !args->scratch || (uintptr_t)args->scratch % 64) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

ck_variants ck_fps_f32_pc_variants(void) {
    static const ck_variant rows[] = {
#if CK_X86
        {"ck_fps_f32_pc_avx512", CK_ISA_AVX512, ck_fps_f32_pc_avx512},
        {"ck_fps_f32_pc_avx2", CK_ISA_AVX2, ck_fps_f32_pc_avx2},
#endif
#if CK_ARM64
        {"ck_fps_f32_pc_neon", CK_ISA_NEON, ck_fps_f32_pc_neon},
#endif
        {"ck_fps_f32_pc_ref", CK_ISA_REF, ck_fps_f32_pc_ref},
    };
    return (ck_variants){rows, sizeof rows / sizeof rows[0]};
}
