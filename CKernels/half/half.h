/* Half precision, one value at a time, for loops of any kernel family. All are exact or round to nearest even. */
#ifndef CK_HALF_H
#define CK_HALF_H
#include <stdint.h>
#include <string.h>

static inline float ck_float_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t ck_bits_from_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float ck_f32_from_bf16_value(uint16_t value) { return ck_float_from_bits((uint32_t)value << 16); }

static inline uint16_t ck_bf16_from_f32_value(float value) {
    const uint32_t bits = ck_bits_from_float(value);
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const uint32_t quiet_nan = (bits >> 16) | 0x40u; /* rounding could carry a NaN into infinity */
    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? quiet_nan : rounded);
}

static inline float ck_f32_from_f16_value(uint16_t value) {
    const uint32_t sign = (uint32_t)(value & 0x8000u) << 16;
    const uint32_t magnitude = value & 0x7fffu;
    const uint32_t widened = magnitude << 13;
    uint32_t bits = widened + ((127u - 15u) << 23);                            /* normal: move the exponent bias */
    if (magnitude >= 0x7c00u) bits = widened | 0x7f800000u;                    /* inf, NaN */
    if (magnitude > 0x7c00u) bits |= 0x00400000u;                              /* quiet, as vcvtph2ps makes it */
    if (magnitude < 0x0400u) bits = ck_bits_from_float((float)(int32_t)magnitude * 0x1p-24f); /* zero, subnormal */
    return ck_float_from_bits(bits | sign);
}

static inline uint16_t ck_f16_from_f32_value(float value) {
    const uint32_t bits = ck_bits_from_float(value);
    const uint32_t sign = (bits >> 16) & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t half;
    if (magnitude >= 0x7f800000u) {
        half = magnitude == 0x7f800000u ? 0x7c00u : 0x7e00u | ((magnitude >> 13) & 0x3ffu);
    } else if (magnitude >= 0x477ff000u) {
        half = 0x7c00u; /* 65520 and above round to infinity */
    } else if (magnitude >= 0x38800000u) {
        half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    } else {
        /* Subnormal result: at 0.5 the last bit of a float is 2^-24, so this addition rounds as wanted. */
        half = ck_bits_from_float(ck_float_from_bits(magnitude) + 0.5f) - 0x3f000000u;
    }
    return (uint16_t)(half | sign);
}

#endif
