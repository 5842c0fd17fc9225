/* The specification of ck_linear: plain loops, every product and sum rounded to float32 on its own. */
#include "half/half.h"
#include "linear/linear.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

/* W[panel * 16 + lane, k] */
static inline float weight_value(const ck_linear_args *a, ck_weight_type type, int64_t panel, int64_t k, int64_t lane) {
    const int64_t at = (panel * a->k + k) * CK_PANEL + lane;
    switch (type) {
    case CK_WEIGHT_F32: return ((const float *)a->weight)[at];
    case CK_WEIGHT_F16: return ck_f32_from_f16_value(((const uint16_t *)a->weight)[at]);
    case CK_WEIGHT_BF16: break;
    }
    return ck_f32_from_bf16_value(((const uint16_t *)a->weight)[at]);
}

static float activated(float v, int32_t activation) {
    switch (activation) {
    case CK_ACT_RELU: return v < 0.0f ? 0.0f : v;
    case CK_ACT_GELU: return 0.5f * v * (1.0f + erff(v * 0.70710678f));
    case CK_ACT_SILU: return v / (1.0f + expf(-v));
    default: return v;
    }
}

/* `type` is a constant at every call, so that each type gets its own loop. */
static inline __attribute__((always_inline)) void run(const ck_linear_args *a, bool rounds_x, ck_weight_type type, int part, int parts) {
    const int64_t rank = a->lora_x ? a->rank : 0;
    int64_t begin, end;
    ck_slice(a->n, CK_PANEL, part, parts, &begin, &end);
    for (int64_t first = begin; first < end; first += CK_PANEL) {
        const int64_t panel = first / CK_PANEL;
        const int64_t lanes = end - first < CK_PANEL ? end - first : CK_PANEL;
        for (int64_t i = 0; i < a->m; i++) {
            float sum[CK_PANEL] = {0};
            for (int64_t k = 0; k < a->k; k++) {
                float x = a->x[i * a->x_stride + k];
                if (rounds_x) x = ck_f32_from_bf16_value(ck_bf16_from_f32_value(x));
                for (int64_t lane = 0; lane < CK_PANEL; lane++) sum[lane] += x * weight_value(a, type, panel, k, lane);
            }
            for (int64_t r = 0; r < rank; r++) {
                const float low = a->lora_scale * a->lora_x[i * a->lora_x_stride + r];
                for (int64_t lane = 0; lane < CK_PANEL; lane++)
                    sum[lane] += low * a->lora_b[(panel * rank + r) * CK_PANEL + lane];
            }
            for (int64_t lane = 0; lane < lanes; lane++) {
                const int64_t n = first + lane;
                float v = sum[lane];
                if (a->bias) v += a->bias[n];
                v = activated(v, a->activation);
                if (a->channel_scale) v *= a->channel_scale[n];
                if (a->residual) v += a->residual[i * a->residual_stride + n];
                a->y[i * a->y_stride + n] = v;
            }
        }
    }
}

void ck_linear_f32_f32_nk16_ref(const void *args, int part, int parts) { run(args, false, CK_WEIGHT_F32, part, parts); }
void ck_linear_f32_f16_nk16_ref(const void *args, int part, int parts) { run(args, false, CK_WEIGHT_F16, part, parts); }
void ck_linear_f32_bf16_nk16_ref(const void *args, int part, int parts) { run(args, false, CK_WEIGHT_BF16, part, parts); }
void ck_linear_bf16_bf16_nk16_ref(const void *args, int part, int parts) { run(args, true, CK_WEIGHT_BF16, part, parts); }
