/* Private to the integer products; the contract is in include/ck_quantized.h. */
#ifndef CK_LINEAR_Q8_PRIVATE_H
#define CK_LINEAR_Q8_PRIVATE_H
#include "ck_quantized.h"
#include "ck_target.h"

#define CK_Q8_INLINE static inline __attribute__((always_inline, unused))

typedef enum ck_q8_weight { CK_Q8_I8G128, CK_Q8_I4G32 } ck_q8_weight;

/* Bytes of four (i8) or eight (i4) k of a panel. */
enum { CK_Q8_BLOCK = 256 };

static inline int64_t ck_q8_blocks(ck_q8_weight type, int64_t k) {
    return type == CK_Q8_I8G128 ? (k + 3) / 4 : (k + 7) / 8;
}

/* The adapter of row i, or NULL. */
static inline const ck_lora *ck_q8_adapter(const ck_linear_q8_args *a, int64_t i) {
    if (!a->lora_x) return NULL;
    const ck_lora *lora = &a->lora;
    if (a->adapter_ids) lora = a->adapter_ids[i] < 0 ? NULL : a->adapters + a->adapter_ids[i];
    return lora && lora->rank > 0 ? lora : NULL;
}

void ck_linear_q8_i8g128_n64_ref(const void *args, int part, int parts);
void ck_linear_q8_i4g32_n64_ref(const void *args, int part, int parts);

void ck_linear_q8_i8g128_n64_avx2(const void *args, int part, int parts);
void ck_linear_q8_i4g32_n64_avx2(const void *args, int part, int parts);

void ck_linear_q8_i8g128_n64_avx512vnni(const void *args, int part, int parts);
void ck_linear_q8_i4g32_n64_avx512vnni(const void *args, int part, int parts);

void ck_linear_q8_i8g128_n64_neondot(const void *args, int part, int parts);
void ck_linear_q8_i4g32_n64_neondot(const void *args, int part, int parts);

void ck_linear_q8_i8g128_n64_neon(const void *args, int part, int parts);
void ck_linear_q8_i4g32_n64_neon(const void *args, int part, int parts);

#endif
