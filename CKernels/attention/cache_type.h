/* Element types of the key/value cache; kernels take one as a constant, so a function serves all. Elements of i8 have a
 * float32 scale for each d of them, which these functions leave to their caller. */
#ifndef CK_CACHE_TYPE_H
#define CK_CACHE_TYPE_H
#include "half/half.h"
#include "linear/check.h"

#include <math.h>

typedef enum ck_cache_type { CK_CACHE_F32, CK_CACHE_F16, CK_CACHE_BF16, CK_CACHE_I8 } ck_cache_type;

static inline int64_t ck_cache_bytes(ck_cache_type type) { return type == CK_CACHE_F32 ? 4 : type == CK_CACHE_I8 ? 1 : 2; }

static inline bool ck_cache_ok(ck_cache_type type, const void *cache, const float *scales) {
    if (!cache || (uintptr_t)cache % (uintptr_t)ck_cache_bytes(type) != 0) return false;
    return type != CK_CACHE_I8 || (scales && ck_floats_ok(scales));
}

/* Either order of cells and heads, and no element of any cell beyond int64 bytes; which cells there are only the caller
 * knows. */
static inline bool ck_cache_strides_ok(ck_cache_type type, int64_t kv_heads, int64_t d, int64_t cell_stride,
                                       int64_t head_stride) {
    if (type == CK_CACHE_I8 && (cell_stride % d != 0 || (kv_heads > 1 && head_stride % d != 0))) return false;
    if (cell_stride < d || !ck_fits3(cell_stride, INT32_MAX, 8)) return false;
    return kv_heads == 1 || (head_stride >= d && ck_fits3(head_stride, kv_heads, 8));
}

/* Element `at` as float32, exactly; of i8 without its scale. */
static inline float ck_cache_get(ck_cache_type type, const void *cache, int64_t at) {
    if (type == CK_CACHE_F32) return ((const float *)cache)[at];
    if (type == CK_CACHE_I8) return (float)((const int8_t *)cache)[at];
    const uint16_t bits = ((const uint16_t *)cache)[at];
    return type == CK_CACHE_F16 ? ck_f32_from_f16_value(bits) : ck_f32_from_bf16_value(bits);
}

/* Stores `value` as element `at`, rounded to nearest even; i8 takes what is divided by its scale already. */
static inline void ck_cache_set(ck_cache_type type, void *cache, int64_t at, float value) {
    if (type == CK_CACHE_F32) ((float *)cache)[at] = value;
    else if (type == CK_CACHE_I8) ((int8_t *)cache)[at] = (int8_t)rintf(value);
    else if (type == CK_CACHE_F16) ((uint16_t *)cache)[at] = ck_f16_from_f32_value(value);
    else ((uint16_t *)cache)[at] = ck_bf16_from_f32_value(value);
}

#endif
