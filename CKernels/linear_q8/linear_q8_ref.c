/* The specification of ck_linear_q8: plain loops; the arithmetic is that of the contract, bit for bit. */
#include "linear_q8/linear_q8.h"
#include "ck_math_ref.h"
#include "half/half.h"
#include "quantize/quantize.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

/* W[n, k] as a multiple of its group's scale */
static int32_t weight_value(const ck_linear_q8_args *a, ck_q8_weight type, int64_t n, int64_t k) {
    const uint8_t *panel = (const uint8_t *)a->weight + n / CK_Q8_PANEL * ck_q8_blocks(type, a->k) * CK_Q8_BLOCK;
    const int64_t byte = n % CK_Q8_PANEL * 4 + k % 4;
    if (type == CK_Q8_I8G128) return (int32_t)panel[k / 4 * CK_Q8_BLOCK + byte] - 128;
    const int32_t pair = panel[k / 8 * CK_Q8_BLOCK + byte];
    const int64_t group = n / CK_Q8_PANEL * ck_q8_groups(a->k) + k / CK_GROUP;
    const uint32_t word = ((const uint32_t *)a->weight_scale)[group * CK_Q8_PANEL + n % CK_Q8_PANEL];
    const int32_t factor = (int32_t)(word >> (k % CK_GROUP / CK_Q8_SUBGROUP * 4) & 15u);
    return factor * ((k % 8 < 4 ? pair & 15 : pair >> 4) - 8);
}

static float weight_scale(const ck_linear_q8_args *a, ck_q8_weight type, int64_t n, int64_t group) {
    const int64_t at = (n / CK_Q8_PANEL * ck_q8_groups(a->k) + group) * CK_Q8_PANEL + n % CK_Q8_PANEL;
    if (type == CK_Q8_I8G128) return ((const float *)a->weight_scale)[at];
    return ck_float_from_bits(((const uint32_t *)a->weight_scale)[at] & 0xffff0000u);
}

static float activated(float v, int32_t activation) {
    switch (activation) {
    case CK_ACT_RELU: return v < 0.0f ? 0.0f : v;
    case CK_ACT_GELU: return ck_gelu_ref(v);
    case CK_ACT_SILU: return ck_silu_ref(v);
    default: return v;
    }
}

static float product(const ck_linear_q8_args *a, ck_q8_weight type, int64_t i, int64_t n) {
    float v = 0.0f;
    for (int64_t group = 0; group < ck_q8_groups(a->k); group++) {
        const int64_t first = group * CK_GROUP;
        const int64_t end = a->k - first < CK_GROUP ? a->k : first + CK_GROUP;
        const ck_q8_group x = ck_q8_group_at((uint8_t *)a->x, a->m, a->k, i, group); /* read only */
        int32_t sum = 0;
        for (int64_t k = first; k < end; k++) sum += x.q[k - first] * weight_value(a, type, n, k);
        v = fmaf((float)sum, *x.scale * weight_scale(a, type, n, group), v);
    }
    const ck_lora *lora = ck_q8_adapter(a, i);
    for (int64_t r = 0; lora && r < lora->rank; r++) {
        const float low = lora->scale * a->lora_x[i * a->lora_x_stride + lora->x_offset + r];
        v = fmaf(low, lora->b[(n / CK_PANEL * lora->rank + r) * CK_PANEL + n % CK_PANEL], v);
    }
    return v;
}

static void run(const ck_linear_q8_args *a, ck_q8_weight type, int part, int parts) {
    int64_t begin, end;
    ck_slice(a->n, CK_Q8_PANEL, part, parts, &begin, &end);
    for (int64_t i = 0; i < a->m; i++)
        for (int64_t n = begin; n < end; n++) {
            float v = product(a, type, i, n);
            if (a->bias) v += a->bias[n];
            v = activated(v, a->activation);
            if (a->channel_scale) v *= a->channel_scale[n];
            if (a->residual) v += a->residual[i * a->residual_stride + n];
            a->y[i * a->y_stride + n] = v;
        }
}

void ck_linear_q8_i8g128_n64_ref(const void *args, int part, int parts) { run(args, CK_Q8_I8G128, part, parts); }
void ck_linear_q8_i4g32_n64_ref(const void *args, int part, int parts) { run(args, CK_Q8_I4G32, part, parts); }
