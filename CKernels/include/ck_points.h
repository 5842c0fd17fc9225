/* Point-cloud kernels: farthest-point sampling, ball query, grouping, the set-abstraction MLP. */
#ifndef CK_POINTS_H
#define CK_POINTS_H
#include "ck_common.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Farthest-point sampling.
 *
 * Shapes:  points [batch, n_points, point_stride], xyz first -> indices [batch, n_samples], int32
 * Order:   index 0 first; then the point whose distance to the chosen set is strictly largest; ties go to
 *          the lowest index. With skip_near_origin, points with x*x+y*y+z*z <= 1e-3 are never chosen (except
 *          index 0) and the float32 sum is compared with the double constant; no candidate left -> index 0.
 * Numerics: squared distances ((dx*dx + dy*dy) + dz*dz) in float32 without FMA; all variants give the same indices.
 * Scratch: ck_fps_f32_pc_scratch_bytes(args, parts), 64-byte aligned, not shared between concurrent calls.
 * Slices:  parts share the batch.
 * Source:  official pointnetpp/_ext_src/src/sampling_gpu.cu (skip_near_origin); plain mode as in PointNet++ 3.2. */
typedef struct ck_fps_args {
    const float *points;
    int32_t *indices;
    void *scratch;
    int64_t batch, n_points, point_stride, n_samples;
    int32_t skip_near_origin;
} ck_fps_args;
CK_WARN_UNUSED ck_status ck_fps_f32_pc_check(const ck_fps_args *args);
size_t ck_fps_f32_pc_scratch_bytes(const ck_fps_args *args, int parts);
ck_variants ck_fps_f32_pc_variants(void);

/* Lists up to `limit` points closer than `radius` to each centre.
 *
 * Shapes:  points [batch, n_points, point_stride], centres [batch, n_centres, 3] -> indices [batch, n_centres, limit]
 * Order:   strictly closer, ascending index; short rows repeat their first hit, empty rows are 0.
 * Numerics: radius*radius and distances ((dx*dx + dy*dy) + dz*dz) in float32 without FMA, d = point - centre.
 * Slices:  parts share the batch x centres.
 * Source:  PointNet++ section 3.2; official pointnetpp/_ext_src/src/ball_query_gpu.cu */
typedef struct ck_ball_query_args {
    const float *points, *centres;
    int32_t *indices;
    int64_t batch, n_points, point_stride, n_centres, limit;
    float radius;
} ck_ball_query_args;
CK_WARN_UNUSED ck_status ck_ball_query_f32_check(const ck_ball_query_args *args);
ck_variants ck_ball_query_f32_variants(void);

/* Copies chosen points: points [batch, n_points, point_stride], indices [batch, n_samples]
 * -> out [batch, n_samples, columns], the first `columns` of each point. */
typedef struct ck_gather_points_args {
    const float *points;
    const int32_t *indices;
    float *out;
    int64_t batch, n_points, point_stride, n_samples, columns;
} ck_gather_points_args;
CK_WARN_UNUSED ck_status ck_gather_points_f32_check(const ck_gather_points_args *args);
ck_variants ck_gather_points_f32_variants(void);

/* Builds the rows of a set-abstraction layer: for neighbour j of centre i
 * [xyz_j - centre_i (not divided by the radius), features_j].
 *
 * Shapes:  xyz [batch, n_points, xyz_stride], features [batch, n_points, feature_stride] (n_features used),
 *          centres [batch, n_centres, 3] or NULL (absolute xyz; then n_centres is 1 and indices NULL: all points
 *          in order, limit = n_points), indices [batch, n_centres, limit]
 *          -> out [batch, n_centres, limit, 3 + n_features]
 * Source:  official pointnet2_utils.QueryAndGroup / GroupAll */
typedef struct ck_group_points_args {
    const float *xyz, *features, *centres;
    const int32_t *indices;
    float *out;
    int64_t batch, n_points, xyz_stride, feature_stride, n_features, n_centres, limit;
} ck_group_points_args;
CK_WARN_UNUSED ck_status ck_group_points_f32_check(const ck_group_points_args *args);
ck_variants ck_group_points_f32_variants(void);

/* Largest value over the middle axis: x [groups, size, columns] -> y [groups, columns].
 * size >= 1; NaN anywhere in a column gives NaN. Slices: parts share the groups. */
typedef struct ck_max_pool_args {
    const float *x;
    float *y;
    int64_t groups, size, columns;
} ck_max_pool_args;
CK_WARN_UNUSED ck_status ck_max_pool_f32_check(const ck_max_pool_args *args);
ck_variants ck_max_pool_f32_variants(void);

/* One whole set-abstraction layer: group, shared MLP (linear + bias + ReLU, up to four layers), max over the
 * neighbours. The grouped rows never leave the cache.
 *
 * Shapes:  as ck_group_points_args; layers[i] maps widths[i] -> widths[i + 1], widths[0] = 3 + n_features,
 *          weight packed nk16 float32 (see ck_linear.h), bias [widths[i + 1]] -> y [batch, n_centres, widths[n_layers]]
 * Numerics: equal to group_points, ck_linear_f32 (ReLU), max_pool one after the other, bit for bit, same ISA.
 * Scratch: ck_set_abstraction_f32_scratch_bytes(args, parts), 64-byte aligned.
 * Slices:  parts share the batch x centres. */
enum { CK_SET_ABSTRACTION_MAX_LAYERS = 4 };
typedef struct ck_set_abstraction_args {
    ck_group_points_args group; /* group.out is not used */
    const float *weights[CK_SET_ABSTRACTION_MAX_LAYERS];
    const float *biases[CK_SET_ABSTRACTION_MAX_LAYERS];
    int64_t widths[CK_SET_ABSTRACTION_MAX_LAYERS + 1];
    int64_t n_layers;
    float *y;
    void *scratch;
} ck_set_abstraction_args;
CK_WARN_UNUSED ck_status ck_set_abstraction_f32_check(const ck_set_abstraction_args *args);
size_t ck_set_abstraction_f32_scratch_bytes(const ck_set_abstraction_args *args, int parts);
ck_variants ck_set_abstraction_f32_variants(void);

#ifdef __cplusplus
}
#endif
#endif
