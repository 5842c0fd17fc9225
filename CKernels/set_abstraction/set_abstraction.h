/* Private parts of the fused set-abstraction layer. */
#ifndef CK_SET_ABSTRACTION_H
#define CK_SET_ABSTRACTION_H
#include "ck_linear.h"
#include "ck_points.h"

void ck_set_abstraction_f32_ref(const void *args, int part, int parts);
void ck_set_abstraction_f32_avx2(const void *args, int part, int parts);
void ck_set_abstraction_f32_avx512(const void *args, int part, int parts);
void ck_set_abstraction_f32_neon(const void *args, int part, int parts);

/* What one instruction set contributes. */
typedef struct ck_set_abstraction_steps {
    void (*group_rows)(const ck_group_points_args *args, int64_t begin, int64_t end, float *out);
    /* y = max(0, x W^T + bias); takes no other fields than x, weight, bias, y, sizes and strides. */
    void (*layer)(const ck_linear_args *args);
    ck_kernel max_pool;
} ck_set_abstraction_steps;

/* Layers: by ck_linear's reference, and by tiles that suit rows already in the cache. */
void ck_set_abstraction_layer_ref(const ck_linear_args *args);
void ck_set_abstraction_layer_avx2(const ck_linear_args *args);
void ck_set_abstraction_layer_avx512(const ck_linear_args *args);
void ck_set_abstraction_layer_neon(const ck_linear_args *args);

/* One slice, in blocks of rows that stay in the cache. */
void ck_set_abstraction_run(const ck_set_abstraction_args *args, ck_set_abstraction_steps steps, int part, int parts);

/* One part's scratch: rows of one block, and the floats per row of the two buffers that layers alternate between
 * (inputs of even layers, inputs of odd layers), each buffer a multiple of 64 bytes; then one row of y. */
typedef struct ck_set_abstraction_block {
    int64_t rows;
    int64_t even_floats, odd_floats, row_floats;
} ck_set_abstraction_block;
ck_set_abstraction_block ck_set_abstraction_plan_block(const ck_set_abstraction_args *args);

#endif
