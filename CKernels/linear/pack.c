/* Weight packing, run when a model is converted; see the layout in include/ck_linear.h. */
#include "ck_linear.h"
#include "half/half.h"
#include "linear/check.h"

#include <math.h>

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

/* One output row's group: returns the scale and writes `count` steps of every 16th byte; false on NaN or inf. */
static bool pack_group(const float *source, int64_t count, int8_t *target, float *scale) {
    float largest = 0.0f;
    for (int64_t j = 0; j < count; j++) {
        if (!isfinite(source[j])) return false;
        const float size = fabsf(source[j]);
        if (size > largest) largest = size;
    }
    *scale = largest / 127.0f;
    for (int64_t j = 0; j < count; j++) {
        /* A scale that underflowed is rounded coarsely, hence the clamp, or is 0. */
        float q = *scale > 0.0f ? rintf(source[j] / *scale) : 0.0f;
        q = q > 127.0f ? 127.0f : q < -127.0f ? -127.0f : q;
        target[j * CK_PANEL] = (int8_t)q;
    }
    return true;
}

ck_status ck_pack_nk16_i8g128(const float *source, int64_t rows, int64_t k, int8_t *packed_rows, float *scale_rows) {
    if (!arguments_ok(source, rows, k, packed_rows)) return CK_INVALID_ARGUMENT;
    if (rows == 0 || k == 0) return CK_OK;
    if (!scale_rows || !ck_floats_ok(scale_rows)) return CK_INVALID_ARGUMENT;
    const int64_t groups = (k + CK_GROUP - 1) / CK_GROUP;
    const int64_t padded = (rows + CK_PANEL - 1) / CK_PANEL * CK_PANEL;
    for (int64_t n = 0; n < padded; n++) {
        const int64_t panel = n / CK_PANEL, lane = n % CK_PANEL;
        for (int64_t group = 0; group < groups; group++) {
            const int64_t first = group * CK_GROUP;
            const int64_t count = k - first < CK_GROUP ? k - first : CK_GROUP;
            int8_t *target = packed_rows + (panel * k + first) * CK_PANEL + lane;
            float *scale = scale_rows + (panel * groups + group) * CK_PANEL + lane;
            if (n >= rows) {
                *scale = 0.0f;
                for (int64_t j = 0; j < count; j++) target[j * CK_PANEL] = 0;
            } else if (!pack_group(source + n * k + first, count, target, scale)) {
                return CK_INVALID_ARGUMENT;
            }
        }
    }
    return CK_OK;
}
