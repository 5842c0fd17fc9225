#include "half/half.h"
#include "ck_linear.h"

void ck_f16_from_f32(const float *source, uint16_t *target, int64_t count) {
    for (int64_t i = 0; i < count; i++) target[i] = ck_f16_from_f32_value(source[i]);
}

void ck_bf16_from_f32(const float *source, uint16_t *target, int64_t count) {
    for (int64_t i = 0; i < count; i++) target[i] = ck_bf16_from_f32_value(source[i]);
}

void ck_f32_from_f16(const uint16_t *source, float *target, int64_t count) {
    for (int64_t i = 0; i < count; i++) target[i] = ck_f32_from_f16_value(source[i]);
}

void ck_f32_from_bf16(const uint16_t *source, float *target, int64_t count) {
    for (int64_t i = 0; i < count; i++) target[i] = ck_f32_from_bf16_value(source[i]);
}
