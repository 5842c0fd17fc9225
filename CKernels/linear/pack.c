/* Weight packing, run when a model is converted; see the layout in include/ck_linear.h. */
#include "ck_linear.h"
#include "half/half.h"
#include "linear/check.h"

#pragma STDC FP_CONTRACT OFF

static bool arguments_ok(const float *source, int64_t rows, int64_t k, const void *packed) {
    if (rows < 0 || k < 0) return false;
    if (rows == 0 || k == 0) return true;
    const int64_t panels = rows / CK_PANEL + (rows % CK_PANEL != 0);
    return source && packed && ck_floats_ok(source) && ck_fits3(panels, CK_PANEL * 4, k);
}

/* Walks the packed matrix in storage order and writes CONVERT(value), 0 in the padding lanes. */
#define PACK(target, convert) \
    do { \
        for (int64_t first = 0; first < rows; first += CK_PANEL) { \
            const int64_t lanes = rows - first < CK_PANEL ? rows - first : CK_PANEL; \
            for (int64_t j = 0; j < k; j++, target += CK_PANEL) \
                for (int64_t lane = 0; lane < CK_PANEL; lane++) \
                    target[lane] = lane < lanes ? convert(source[(first + lane) * k + j]) : 0; \
        } \
    } while (0)

static float same(float value) { return value; }

ck_status ck_pack_nk16_f32(const float *source, int64_t rows, int64_t k, float *packed_rows) {
    if (!arguments_ok(source, rows, k, packed_rows)) return CK_INVALID_ARGUMENT;
    PACK(packed_rows, same);
    return CK_OK;
}

ck_status ck_pack_nk16_f16(const float *source, int64_t rows, int64_t k, uint16_t *packed_rows) {
    if (!arguments_ok(source, rows, k, packed_rows)) return CK_INVALID_ARGUMENT;
    PACK(packed_rows, ck_f16_from_f32_value);
    return CK_OK;
}

ck_status ck_pack_nk16_bf16(const float *source, int64_t rows, int64_t k, uint16_t *packed_rows) {
    if (!arguments_ok(source, rows, k, packed_rows)) return CK_INVALID_ARGUMENT;
    PACK(packed_rows, ck_bf16_from_f32_value);
    return CK_OK;
}
