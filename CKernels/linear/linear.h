/* Private to the linear family; the contract is in include/ck_linear.h. */
#ifndef CK_LINEAR_PRIVATE_H
#define CK_LINEAR_PRIVATE_H
#include "ck_linear.h"

void ck_linear_f32_f32_nk16_ref(const void *args, int part, int parts);
void ck_linear_f32_f16_nk16_ref(const void *args, int part, int parts);
void ck_linear_f32_bf16_nk16_ref(const void *args, int part, int parts);

void ck_linear_bf16_bf16_nk16_ref(const void *args, int part, int parts);

void ck_linear_f32_f32_nk16_avx512(const void *args, int part, int parts);
void ck_linear_f32_f16_nk16_avx512(const void *args, int part, int parts);
void ck_linear_f32_bf16_nk16_avx512(const void *args, int part, int parts);

void ck_linear_bf16_bf16_nk16_avx512bf16(const void *args, int part, int parts);

void ck_linear_f32_f32_nk16_avx2(const void *args, int part, int parts);
void ck_linear_f32_f16_nk16_avx2(const void *args, int part, int parts);
void ck_linear_f32_bf16_nk16_avx2(const void *args, int part, int parts);

void ck_linear_f32_f32_nk16_neon(const void *args, int part, int parts);
void ck_linear_f32_f16_nk16_neon(const void *args, int part, int parts);
void ck_linear_f32_bf16_nk16_neon(const void *args, int part, int parts);

/* How weight elements are stored. */
typedef enum ck_weight_type { CK_WEIGHT_F32, CK_WEIGHT_F16, CK_WEIGHT_BF16 } ck_weight_type;

static inline int64_t ck_weight_bytes(ck_weight_type type) { return type == CK_WEIGHT_F32 ? 4 : 2; }

#endif
