/* Private parts of gathering, grouping and the maximum over a group. */
#ifndef CK_GROUPING_H
#define CK_GROUPING_H
#include "ck_points.h"

void ck_gather_points_f32_ref(const void *args, int part, int parts);

void ck_group_points_f32_ref(const void *args, int part, int parts);
void ck_group_points_f32_avx2(const void *args, int part, int parts);
void ck_group_points_f32_neon(const void *args, int part, int parts);

void ck_max_pool_f32_ref(const void *args, int part, int parts);
void ck_max_pool_f32_avx2(const void *args, int part, int parts);
void ck_max_pool_f32_avx512(const void *args, int part, int parts);
void ck_max_pool_f32_neon(const void *args, int part, int parts);

/* Rows [begin, end) of the batch * n_centres * limit rows of a grouping, to out [end - begin, 3 + n_features].
 * The slices above and the fused set abstraction share these. */
void ck_group_rows_ref(const ck_group_points_args *args, int64_t begin, int64_t end, float *out);
void ck_group_rows_avx2(const ck_group_points_args *args, int64_t begin, int64_t end, float *out);
void ck_group_rows_neon(const ck_group_points_args *args, int64_t begin, int64_t end, float *out);

/* Everything ck_group_points_f32_check asks, except for `out`. */
bool ck_group_is_valid(const ck_group_points_args *args);

#endif
