/* One row only: patchify moves data and computes nothing, and its inner loop already is a copy of whole runs (nhwc) or a
 * read of a 0.6 MB image once per frame (channels first), so vector code has nothing to gain. */
#include "elementwise.h"

#include "sizes.h"

ck_status ck_patchify_check(const ck_patchify_args *args) {
    const ck_patchify_args *a = args;
    int64_t bytes;
    if (!a || a->patch < 1 || a->channels < 0) return CK_INVALID_ARGUMENT;
    if (!ck_float_bytes(a->batch, a->height, a->width, a->channels, &bytes)) return CK_INVALID_ARGUMENT;
    if (a->height % a->patch != 0 || a->width % a->patch != 0) return CK_INVALID_ARGUMENT;
    if (a->channels_first != 0 && a->channels_first != 1) return CK_INVALID_ARGUMENT;
    if (bytes == 0) return CK_OK;
    if (!a->x || !a->y || ck_overlap(a->x, bytes, a->y, bytes)) return CK_INVALID_ARGUMENT;
    return CK_OK;
}

static const ck_variant rows[] = {{"ck_patchify_f32_ref", CK_ISA_REF, ck_patchify_f32_ref}};

ck_variants ck_patchify_f32_variants(void) { return (ck_variants){rows, sizeof rows / sizeof rows[0]}; }
