/* Private to the small kernels of the language model; the contract is in include/ck_language.h. */
#ifndef CK_LANGUAGE_PRIVATE_H
#define CK_LANGUAGE_PRIVATE_H
#include "attention/cache_type.h"
#include "ck_language.h"
#include "quantize/quantize.h"

/* Work items of silu_mul are row pieces of this many columns, so that one long row can be shared. */
enum { CK_SILU_COLUMNS = 256 };

void ck_assemble_rows_f32_ref(const void *args, int part, int parts);
void ck_assemble_rows_f16_ref(const void *args, int part, int parts);
void ck_assemble_rows_bf16_ref(const void *args, int part, int parts);
void ck_rope_append_f32_ref(const void *args, int part, int parts);
void ck_rope_append_f16_ref(const void *args, int part, int parts);
void ck_rope_append_bf16_ref(const void *args, int part, int parts);
void ck_rope_append_i8_ref(const void *args, int part, int parts);
void ck_silu_mul_f32_ref(const void *args, int part, int parts);
void ck_log_softmax_f32_ref(const void *args, int part, int parts);

void ck_assemble_rows_f16_avx2(const void *args, int part, int parts);
void ck_assemble_rows_bf16_avx2(const void *args, int part, int parts);
void ck_rope_append_f32_avx2(const void *args, int part, int parts);
void ck_rope_append_f16_avx2(const void *args, int part, int parts);
void ck_rope_append_bf16_avx2(const void *args, int part, int parts);
void ck_rope_append_i8_avx2(const void *args, int part, int parts);
void ck_silu_mul_f32_avx2(const void *args, int part, int parts);
void ck_log_softmax_f32_avx2(const void *args, int part, int parts);

void ck_assemble_rows_f16_avx512(const void *args, int part, int parts);
void ck_assemble_rows_bf16_avx512(const void *args, int part, int parts);
void ck_rope_append_f32_avx512(const void *args, int part, int parts);
void ck_rope_append_f16_avx512(const void *args, int part, int parts);
void ck_rope_append_bf16_avx512(const void *args, int part, int parts);
void ck_rope_append_i8_avx512(const void *args, int part, int parts);
void ck_silu_mul_f32_avx512(const void *args, int part, int parts);
void ck_log_softmax_f32_avx512(const void *args, int part, int parts);

void ck_assemble_rows_f16_neon(const void *args, int part, int parts);
void ck_assemble_rows_bf16_neon(const void *args, int part, int parts);
void ck_rope_append_f32_neon(const void *args, int part, int parts);
void ck_rope_append_f16_neon(const void *args, int part, int parts);
void ck_rope_append_bf16_neon(const void *args, int part, int parts);
void ck_rope_append_i8_neon(const void *args, int part, int parts);
void ck_silu_mul_f32_neon(const void *args, int part, int parts);
void ck_log_softmax_f32_neon(const void *args, int part, int parts);

#endif
