/* One row only: 61 x 61 pairs once per request take some 20 microseconds, shared by all layers. */
#include "spatial.h"

#include "elementwise/sizes.h"

ck_status ck_pairwise_check(const ck_pairwise_args *args) {
    const ck_pairwise_args *a = args;
    int64_t x_bytes, y_bytes;
    if (!a || a->n < 0 || a->n_padding < 0 || a->stride < 6) return CK_INVALID_ARGUMENT;
    if (a->relation < 0 || a->relation > 2 || (a->normalise != 0 && a->normalise != 1)) return CK_INVALID_ARGUMENT;
    if (a->relation == 2 ? a->dims != 12 : a->dims != 1 && a->dims != 4 && a->dims != 5) return CK_INVALID_ARGUMENT;
    if (!(a->eps >= 0) || a->eps - a->eps != 0) return CK_INVALID_ARGUMENT;
    if (!ck_float_bytes(a->n, a->stride, 1, 1, &x_bytes)) return CK_INVALID_ARGUMENT;
    if (!ck_float_bytes(a->n, a->n, a->dims, 1, &y_bytes)) return CK_INVALID_ARGUMENT;
    if (a->n == 0) return CK_OK;
    if (!a->locations || !a->y) return CK_INVALID_ARGUMENT;
    x_bytes -= (a->stride - 6) * (int64_t)sizeof(float); /* the last row ends after its box */
    if (ck_overlap(a->locations, x_bytes, a->y, y_bytes)) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

static const ck_variant rows[] = {{"ck_pairwise_f32_ref", CK_ISA_REF, ck_pairwise_f32_ref}};

ck_variants ck_pairwise_f32_variants(void) { return (ck_variants){rows, sizeof rows / sizeof rows[0]}; }
