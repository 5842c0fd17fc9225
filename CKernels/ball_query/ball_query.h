/* Private parts of the ball query. */
#ifndef CK_BALL_QUERY_H
#define CK_BALL_QUERY_H
#include "ck_points.h"

void ck_ball_query_f32_ref(const void *args, int part, int parts);
void ck_ball_query_f32_avx2(const void *args, int part, int parts);
void ck_ball_query_f32_avx512(const void *args, int part, int parts);
void ck_ball_query_f32_neon(const void *args, int part, int parts);

/* Completes a row [limit] whose first `found` entries are hits: the first hit again, or 0 when there is none. */
static inline void ck_ball_query_pad(int32_t *row, int64_t found, int64_t limit) {
    const int32_t fill = found > 0 ? row[0] : 0;
    for (int64_t i = found; i < limit; i++) row[i] = fill;
}

#endif
