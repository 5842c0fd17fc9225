/* Element types of the key/value cache; kernels take one as a constant, so a function serves all three. */
#ifndef CK_CACHE_TYPE_H
#define CK_CACHE_TYPE_H
#include "half/half.h"
#include "linear/check.h"

typedef enum ck_cache_type { CK_CACHE_F32, CK_CACHE_F16, CK_CACHE_BF16 } ck_cache_type;

static inline int64_t ck_cache_bytes(ck_cache_type type) { return type == CK_CACHE_F32 ? 4 : 2; }

static inline bool ck_cache_ok(ck_cache_type type, const void *cache) {
    return cache && (uintptr_t)cache % (uintptr_t)ck_cache_bytes(type) == 0;
}

/* Either order of cells and heads, and no element of any cell beyond int64 bytes; which cells there are only the caller
 * knows. */
static inline bool ck_cache_strides_ok(int64_t kv_heads, int64_t d, int64_t cell_stride, int64_t head_stride) {
    if (cell_stride < d || !ck_fits3(cell_stride, INT32_MAX, 8)) return false;
    return kv_heads == 1 || (head_stride >= d && ck_fits3(head_stride, kv_heads, 8));
}

/* Element `at` as float32, exactly. */
static inline float ck_cache_get(ck_cache_type type, const void *cache, int64_t at) {
    if (type == CK_CACHE_F32) return ((const float *)cache)[at];
    const uint16_t bits = ((const uint16_t *)cache)[at];
    return type == CK_CACHE_F16 ? ck_f32_from_f16_value(bits) : ck_f32_from_bf16_value(bits);
}

/* Stores `value` as element `at`, rounded to nearest even. */
static inline void ck_cache_set(ck_cache_type type, void *cache, int64_t at, float value) {
    if (type == CK_CACHE_F32) ((float *)cache)[at] = value;
    else if (type == CK_CACHE_F16) ((uint16_t *)cache)[at] = ck_f16_from_f32_value(value);
    else ((uint16_t *)cache)[at] = ck_bf16_from_f32_value(value);
}

#endif
