/* Integer matrix products: activations quantised to int8 on the way, weights packed as int8 or int4.
 *
 * Every variant of a family here gives the same bits: integer sums are exact, and the float arithmetic around them
 * (order, FMA, the polynomials of cpu/ck_math_ref.h) is part of the contract. NaNs are equal as NaNs. */
#ifndef CK_QUANTIZED_H
#define CK_QUANTIZED_H
#include "ck_common.h"
#include "ck_linear.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Panels of 64 outputs; activations and weights have a scale per 128 k (CK_GROUP), int4 weights a factor per 32 k. */
enum { CK_GROUP = 128, CK_Q8_PANEL = 64, CK_Q8_SUBGROUP = 32 };

/* Largest k of any call: no size below overflows for it. */
#define CK_Q8_MAX_K ((int64_t)1 << 40)

/* MARK: Rows */

/* q8 rows: m rows of k values in m * ck_q8_row_bytes(k) bytes, 4-byte aligned, in this order:
 *   int8  q[groups][m][128]       groups = ceil(k / 128); zeros beyond k; value = scale * q, |q| <= 127, |q[2 i] + q[2 i + 1]| <= 128
 *   float scale[groups][m]
 *   int32 sum[groups][m]          of the q of each group
 *   int16 part_sum[groups][m][4]  of the q of each 32 k
 * A product takes one group of all rows after the other; where each row stood by itself, pages apart, that cost 2 to 3 % of 192 rows.
 * The bound on neighbours is what vpmaddubsw needs to multiply them by unsigned weights without saturating: 255 * 128 fits
 * 16 bits. It costs 0.3 bits of a group of normally distributed values, and nothing where one outlier sets the scale.
 * A group with a NaN or an infinity has scale NaN, q and sums 0, so that every output of its row is NaN.
 * The size is 0 for a k outside 0 ... CK_Q8_MAX_K. */
static inline int64_t ck_q8_groups(int64_t k) { return (k + CK_GROUP - 1) / CK_GROUP; }
static inline int64_t ck_q8_row_bytes(int64_t k) {
    if (k < 0 || k > CK_Q8_MAX_K) return 0;
    return ck_q8_groups(k) * (CK_GROUP + 4 + 4 + 8);
}

/* Quantises rows, after what usually stands before a matrix product:
 *   ck_q8_quantize_f32  v = x
 *   ck_q8_rms_norm_f32  v = (x * (1 / sqrt(mean of x^2 + eps))) * weight
 *   ck_q8_silu_mul_f32  v = (x / (1 + exp(-x))) * up, x being the gate
 *
 * Then u = v * input_scale, if there is one: channels that are much larger than the rest are made smaller, and the weights
 * that read them were made larger when they were packed (SmoothQuant, Xiao et al. 2023).
 *
 * Shapes:  x, up [m, k] float32 with row strides in elements, weight [k], input_scale [k] or NULL
 *          -> y, q8 rows [m, k];
 *          v [m, k] float32 or NULL: the values before quantisation, for the adapter's first product
 * Aliasing: v may be x or up with the same stride; nothing else may overlap an output.
 * Numerics: scale = max(|u[i]|, |u[2 i] + u[2 i + 1]|) / 127 per row and group, 0 where that is below 2^-126, which makes the
 *          group 0; an overflowing sum counts as an infinity. q = u / scale rounded to nearest even. Squares are summed in
 *          float32 with FMA in 32 sums (x[i] goes to sum i % 32), which are added in halves: s[i] += s[i + 16], then 8, 4,
 *          2, 1.
 * Slices:  parts share the rows. */
typedef struct ck_q8_rows_args {
    const float *x;
    const float *up;     /* silu_mul only */
    const float *weight; /* rms_norm only */
    const float *input_scale;
    float *v;
    uint8_t *y;
    int64_t m, k;
    int64_t x_stride, up_stride, v_stride;
    float eps; /* rms_norm only, >= 0 */
} ck_q8_rows_args;
CK_WARN_UNUSED ck_status ck_q8_quantize_check(const ck_q8_rows_args *args);
CK_WARN_UNUSED ck_status ck_q8_rms_norm_check(const ck_q8_rows_args *args);
CK_WARN_UNUSED ck_status ck_q8_silu_mul_check(const ck_q8_rows_args *args);
ck_variants ck_q8_quantize_f32_variants(void);
ck_variants ck_q8_rms_norm_f32_variants(void);
ck_variants ck_q8_silu_mul_f32_variants(void);

/* MARK: Weights */

/* Packed layout n64: outputs in panels of 64, padded with weights that stand for 0. One layout serves every ISA.
 *
 * i8g128: W = scale * (u - 128), u unsigned. Element (n, k) at ((n / 64) * ceil(k_count / 4) + k / 4) * 256
 *   + (n % 64) * 4 + k % 4; float32 scales at ((n / 64) * groups + k / 128) * 64 + n % 64.
 * i4g32: W = scale * factor * (u - 8) with u in 0 ... 15 and a factor in 0 ... 15 for every 32 k, so that
 *   factor * (u - 8) is an int8 and a group's sum is exact. Element (n, k) in the byte at
 *   ((n / 64) * ceil(k_count / 8) + k / 8) * 256 + (n % 64) * 4 + k % 4, low four bits for k % 8 < 4, else the high ones.
 *   Scale words uint32 at the place of the float32 scales: the high half is the scale as bf16, bits 4 j ... 4 j + 3 the
 *   factor of the j-th 32 k of the group. 4.25 bits per weight.
 *
 * Sizes of `rows` rows, or of a whole matrix; 0 if k is outside 0 ... CK_Q8_MAX_K or the size does not fit int64. */
int64_t ck_n64_i8g128_bytes(int64_t rows, int64_t k);
int64_t ck_n64_i4g32_bytes(int64_t rows, int64_t k);
int64_t ck_n64_scale_bytes(int64_t rows, int64_t k); /* of either type; always 4 bytes per output and group */

/* Packing, used when a model is converted; piece by piece like ck_pack_nk16: `source` holds rows
 * [first_row, first_row + rows) with first_row a multiple of 64, and `packed_rows`, `scale_rows` are where
 * the sizes of first_row rows end. CK_INVALID_ARGUMENT for a NaN or an infinity.
 * i8g128: scale = max|w| / 127, round half to even. i4g32: the scale of every 32 k is the one of a few around
 * max|w| / 7 ... 8 with the least sum of squared errors; then factors and values are rounded to what is nearest. */
CK_WARN_UNUSED ck_status ck_pack_n64_i8g128(const float *source, int64_t rows, int64_t k, uint8_t *packed_rows,
                                            float *scale_rows);
CK_WARN_UNUSED ck_status ck_pack_n64_i4g32(const float *source, int64_t rows, int64_t k, uint8_t *packed_rows,
                                           uint32_t *scale_rows);

/* MARK: Product */

/* An adapter's second matrix for the product's epilogue. */
typedef struct ck_lora {
    const float *b;   /* nk16 float32 [n, rank]; may be NULL if rank is 0 */
    int64_t rank;     /* 0: no adapter */
    int64_t x_offset; /* this adapter's first column in the rows of lora_x */
    float scale;      /* alpha / rank */
} ck_lora;

/* y = residual + channel_scale * act(x W^T + bias + lora.scale * (lora_x B^T))
 *
 * Shapes:  x, q8 rows [m, k]; weight n64 [n, k] with its scales;
 *          lora_x [m, ...] float32 = v A^T of every adapter in use, bias [n] or NULL, channel_scale [n] or NULL,
 *          residual [m, n] or NULL -> y [m, n]
 * Adapters: with adapter_ids NULL every row uses `lora`. Else row i uses adapters[adapter_ids[i]], or none if the id is
 *          negative; the caller checks that ids are below adapter_count. lora_x NULL: no row has an adapter.
 * Aliasing: residual may be y with the same stride; nothing else may overlap y.
 * Numerics: v = 0; for every group, ascending: v = fma((float)S, scale_x * scale_w, v) with S the group's exact integer
 *          sum; for every r < rank, ascending: v = fma(lora.scale * lora_x[r], B[n, r], v); then + bias, act,
 *          * channel_scale, + residual, each rounded on its own. The same bits for every m, slice and instruction set.
 * Alignment: 4 bytes everywhere; weights that begin on 64 bytes are read faster.
 * Slices:  parts share the panels of n.
 * Source:  LoRA (Hu et al. 2021) section 4.1, kept apart from W. */
typedef struct ck_linear_q8_args {
    const uint8_t *x;
    const void *weight;
    const void *weight_scale; /* float (i8g128) or uint32_t (i4g32) */
    const float *bias;
    const float *channel_scale;
    const float *residual;
    float *y;
    int64_t m, n, k;
    int64_t residual_stride, y_stride, lora_x_stride;
    const float *lora_x;
    ck_lora lora;
    const ck_lora *adapters;
    const int32_t *adapter_ids;
    int64_t adapter_count;
    int32_t activation; /* ck_activation */
} ck_linear_q8_args;
CK_WARN_UNUSED ck_status ck_linear_q8_check(const ck_linear_q8_args *args);
/* The most parts that a product may be cut into without being slower in sum, at least 1: threads that take one after the other
 * are done at about the same time, however fast each is. */
int ck_linear_q8_parts(const ck_linear_q8_args *args);
ck_variants ck_linear_q8_i8g128_n64_variants(void);
ck_variants ck_linear_q8_i4g32_n64_variants(void);

#ifdef __cplusplus
}
#endif
#endif
