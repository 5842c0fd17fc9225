/* Size and aliasing tests that the argument checks of several families share. */
#ifndef CK_SIZES_H
#define CK_SIZES_H
#include "ck_common.h"

/* Bytes of `count` floats laid out as the product of four sizes; false where it is negative or does not fit. */
static inline bool ck_float_bytes(int64_t a, int64_t b, int64_t c, int64_t d, int64_t *bytes) {
    if (a < 0 || b < 0 || c < 0 || d < 0) return false;
    if (a == 0 || b == 0 || c == 0 || d == 0) { /* nothing is touched, however large the other sizes are */
        *bytes = 0;
        return true;
    }
    int64_t n;
    if (__builtin_mul_overflow(a, b, &n) || __builtin_mul_overflow(n, c, &n) || __builtin_mul_overflow(n, d, &n))
        return false;
    return !__builtin_mul_overflow(n, (int64_t)sizeof(float), bytes);
}

/* A matrix [rows, columns] whose rows start `stride` floats apart has a sound extent. */
static inline bool ck_rows_fit(int64_t rows, int64_t columns, int64_t stride) {
    int64_t bytes;
    return stride >= columns && ck_float_bytes(rows, stride, 1, 1, &bytes);
}

/* The two byte ranges share at least one byte. */
static inline bool ck_overlap(const void *a, int64_t a_bytes, const void *b, int64_t b_bytes) {
    const uintptr_t p = (uintptr_t)a, q = (uintptr_t)b;
    return a_bytes > 0 && b_bytes > 0 && p < q + (uintptr_t)b_bytes && q < p + (uintptr_t)a_bytes;
}

#endif
