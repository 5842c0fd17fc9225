/* One row only: a request has a single orientation of 4 components, 80 sines and cosines. */
#include "spatial.h"

#include "elementwise/sizes.h"

ck_status ck_fourier_check(const ck_fourier_args *args) {
    const ck_fourier_args *a = args;
    int64_t columns, x_bytes, y_bytes;
    if (!a || a->rows < 0 || a->components < 0 || a->bands < 0) return CK_INVALID_ARGUMENT;
    if (__builtin_mul_overflow(a->bands, (int64_t)2, &columns) || __builtin_add_overflow(columns, (int64_t)1, &columns))
        return CK_INVALID_ARGUMENT;
    if (!ck_float_bytes(a->rows, a->components, 1, 1, &x_bytes)) return CK_INVALID_ARGUMENT;
    if (!ck_float_bytes(a->rows, a->components, columns, 1, &y_bytes)) return CK_INVALID_ARGUMENT;
    if (a->max_frequency - a->max_frequency != 0) return CK_INVALID_ARGUMENT; /* not finite */
    if (x_bytes == 0) return CK_OK;
    if (!a->x || !a->y || ck_overlap(a->x, x_bytes, a->y, y_bytes)) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

static const ck_variant rows[] = {{"ck_fourier_f32_ref", CK_ISA_REF, ck_fourier_f32_ref}};

ck_variants ck_fourier_f32_variants(void) { return (ck_variants){rows, sizeof rows / sizeof rows[0]}; }
