/* Matrix products with packed weights and an unmerged LoRA adapter. */
#ifndef CK_LINEAR_H
#define CK_LINEAR_H
#include "ck_common.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Packed weight layout nk16: rows (outputs) in panels of 16, zero padded; inside a panel k is the slow axis:
 * element (n, k) of W [n, k] stands at ((n / 16) * k_count + k) * 16 + n % 16. One layout serves every ISA.
 * Types: f32, f16, bf16; integer weights are in ck_quantized.h. */
enum { CK_PANEL = 16 };

typedef enum ck_activation { CK_ACT_NONE = 0, CK_ACT_RELU = 1, CK_ACT_GELU = 2 /* exact erf form */, CK_ACT_SILU = 3 } ck_activation;

/* y = residual + channel_scale * act(x W^T + bias + lora_scale * (lora_x B^T))
 *
 * Shapes:  x [m, k] with row stride x_stride (elements), weight nk16 [n, k], bias [n] or NULL,
 *          lora_x [m, rank] = x A^T or NULL, lora_b nk16 float32 [n, rank], channel_scale [n] or NULL,
 *          residual [m, n] or NULL -> y [m, n]
 * Aliasing: residual may be y with the same stride; nothing else may overlap y.
 * Numerics: float32 accumulation in ascending k; the same bits for every m, n split and thread count.
 * Slices:  parts share the panels of n, or of many rows and few panels the rows.
 * Source:  LoRA (Hu et al. 2021) section 4.1, kept apart from W. */
typedef struct ck_linear_args {
    const float *x;
    const void *weight;
    const float *bias;
    const float *lora_x;
    const float *lora_b;
    const float *channel_scale;
    const float *residual;
    float *y;
    int64_t m, n, k;
    int64_t x_stride, lora_x_stride, residual_stride, y_stride;
    int64_t rank;
    float lora_scale;
    int32_t activation; /* ck_activation */
} ck_linear_args;
CK_WARN_UNUSED ck_status ck_linear_check(const ck_linear_args *args);
ck_variants ck_linear_f32_f32_nk16_variants(void);
ck_variants ck_linear_f32_f16_nk16_variants(void);
ck_variants ck_linear_f32_bf16_nk16_variants(void);

/* The same with x rounded to bfloat16 (half to even) before it is multiplied, as a bfloat16 model does in PyTorch; the adapter, which
 * continues the sums, stays float32. Subnormal values may count as zero. Only where an instruction for pairs of bfloat16 exists has
 * the table more than the reference: elsewhere ck_linear_f32_bf16 is as fast and finer. */
ck_variants ck_linear_bf16_bf16_nk16_variants(void);

/* Packing, used when a model is converted. `source` is row-major [n, k] float32; `first_row` must be a multiple of
 * 16 so that a large matrix can be packed piece by piece: rows [first_row, first_row + rows) of it are in `source`,
 * `packed` is the start of the whole packed matrix. The last panel is padded with zeros. */
CK_WARN_UNUSED ck_status ck_pack_nk16_f32(const float *source, int64_t rows, int64_t k, float *packed_rows);
CK_WARN_UNUSED ck_status ck_pack_nk16_f16(const float *source, int64_t rows, int64_t k, uint16_t *packed_rows);
CK_WARN_UNUSED ck_status ck_pack_nk16_bf16(const float *source, int64_t rows, int64_t k, uint16_t *packed_rows);

/* Scalar conversions, round to nearest even, NaN stays NaN. */
void ck_f16_from_f32(const float *source, uint16_t *target, int64_t count);
void ck_bf16_from_f32(const float *source, uint16_t *target, int64_t count);
void ck_f32_from_f16(const uint16_t *source, float *target, int64_t count);
void ck_f32_from_bf16(const uint16_t *source, float *target, int64_t count);

#ifdef __cplusplus
}
#endif
#endif
