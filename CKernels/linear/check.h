/* Small tests shared by the argument checks of kernel families. */
#ifndef CK_CHECK_H
#define CK_CHECK_H
#include <stdbool.h>
#include <stdint.h>

/* a * b * c (none negative) fits int64. */
static inline bool ck_fits3(int64_t a, int64_t b, int64_t c) {
    int64_t product;
    return !__builtin_mul_overflow(a, b, &product) && !__builtin_mul_overflow(product, c, &product);
}

/* NULL or aligned for 4-byte elements; vector alignment is never needed. */
static inline bool ck_floats_ok(const void *pointer) { return ((uintptr_t)pointer & 3u) == 0; }

/* A readable matrix [rows, columns] of 4-byte elements: there, aligned, rows apart, no size beyond int64 bytes. */
static inline bool ck_rows_ok(const void *pointer, int64_t rows, int64_t columns, int64_t stride) {
    if (rows == 0 || columns == 0) return true;
    if (!pointer || !ck_floats_ok(pointer)) return false;
    if (rows > 1 && stride < columns) return false;
    return ck_fits3(rows, rows > 1 ? stride : columns, 4);
}

#endif
