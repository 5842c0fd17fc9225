/* Checked sizes for the argument checks of the point families. */
#ifndef CK_POINT_CHECK_H
#define CK_POINT_CHECK_H
#include "ck_common.h"

/* The product a * b * c * d of non-negative counts, or -1 when one is negative or the product leaves int64. */
static inline int64_t ck_product(int64_t a, int64_t b, int64_t c, int64_t d) {
    int64_t product;
    if (a < 0 || b < 0 || c < 0 || d < 0) return -1;
    if (a == 0 || b == 0 || c == 0 || d == 0) return 0;
    if (__builtin_mul_overflow(a, b, &product) || __builtin_mul_overflow(product, c, &product) ||
        __builtin_mul_overflow(product, d, &product))
        return -1;
    return product;
}

/* True when an array of a * b * c elements of four bytes can exist in memory. */
static inline bool ck_fits(int64_t a, int64_t b, int64_t c) {
    const int64_t bytes = ck_product(a, b, c, 4);
    return bytes >= 0 && (uint64_t)bytes <= (uint64_t)PTRDIFF_MAX;
}

#endif
