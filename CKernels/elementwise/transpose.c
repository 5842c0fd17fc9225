/* One row only: the plan transposes feature maps of at most a few hundred kilobytes, a handful of times per request; the
 * blocked loop is bound by memory. */
#include "elementwise.h"

#include "sizes.h"

ck_status ck_transpose_check(const ck_transpose_args *args) {
    const ck_transpose_args *a = args;
    int64_t bytes;
    if (!a || !ck_float_bytes(a->batch, a->rows, a->columns, 1, &bytes)) return CK_INVALID_ARGUMENT;
    if (bytes == 0) return CK_OK;
    if (!a->x || !a->y || ck_overlap(a->x, bytes, a->y, bytes)) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

static const ck_variant rows[] = {{"ck_transpose_f32_ref", CK_ISA_REF, ck_transpose_f32_ref}};

ck_variants ck_transpose_f32_variants(void) { return (ck_variants){rows, sizeof rows / sizeof rows[0]}; }
