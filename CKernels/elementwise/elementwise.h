/* Private: variants of add, patchify, position_pool and transpose. */
#ifndef CK_ELEMENTWISE_H
#define CK_ELEMENTWISE_H
#include "ck_vision.h"
#include "ck_target.h"

void ck_add_f32_ref(const void *args, int part, int parts);
void ck_patchify_f32_ref(const void *args, int part, int parts);
void ck_position_pool_f32_ref(const void *args, int part, int parts);
void ck_transpose_f32_ref(const void *args, int part, int parts);
#if CK_X86
void ck_add_f32_avx2(const void *args, int part, int parts);
void ck_add_f32_avx512(const void *args, int part, int parts);
void ck_position_pool_f32_avx2(const void *args, int part, int parts);
void ck_position_pool_f32_avx512(const void *args, int part, int parts);
#endif
#if CK_ARM64
void ck_add_f32_neon(const void *args, int part, int parts);
void ck_position_pool_f32_neon(const void *args, int part, int parts);
#endif

/* Part of a matrix [rows, columns] counted element by element, so that one long row is shared too. The elements come in
 * runs within a row: begin at `next`, take `count` elements of `row` from `column`. */
typedef struct ck_run {
    int64_t row, column, count;
} ck_run;

static inline ck_run ck_next_run(int64_t *next, int64_t end, int64_t columns) {
    ck_run run = {*next / columns, *next % columns, 0};
    const int64_t in_row = columns - run.column, left = end - *next;
    run.count = in_row < left ? in_row : left;
    *next += run.count;
    return run;
}

#endif
