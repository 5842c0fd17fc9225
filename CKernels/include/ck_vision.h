/* Normalisation, convolution, pooling and the spatial transformer. */
#ifndef CK_VISION_H
#define CK_VISION_H
#include "ck_common.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Row normalisation: x [rows, columns] (+ residual of the same shape, or NULL) -> y.
 * layer: (v - mean) / sqrt(variance + eps) * weight + bias, biased variance, two passes, float32 with float64 sums
 *        in the reference and wide float32 sums in the SIMD variants;
 * rms:   v / sqrt(mean(v * v) + eps) * weight (bias NULL).
 * y may be x or residual. Slices: parts share the rows.
 * Source: torch.nn.LayerNorm; transformers LlamaRMSNorm */
typedef struct ck_norm_args {
    const float *x, *residual, *weight, *bias;
    float *y;
    int64_t rows, columns, x_stride, residual_stride, y_stride;
    float eps;
} ck_norm_args;
CK_WARN_UNUSED ck_status ck_norm_check(const ck_norm_args *args);
ck_variants ck_layer_norm_f32_variants(void);
ck_variants ck_rms_norm_f32_variants(void);

/* y = a + b over [rows, columns]; b may be one row for all (b_stride 0); y may be a. */
typedef struct ck_add_args {
    const float *a, *b;
    float *y;
    int64_t rows, columns, a_stride, b_stride, y_stride;
} ck_add_args;
CK_WARN_UNUSED ck_status ck_add_check(const ck_add_args *args);
ck_variants ck_add_f32_variants(void);

/* Cuts an image into patch rows for a convolution whose stride is its kernel size.
 * x [batch, height, width, channels] (nhwc) or [batch, channels, height, width] (channels_first)
 * -> y [batch, height/patch, width/patch, patch*patch*channels], columns ordered (dy, dx, channel).
 * height and width are multiples of patch. */
typedef struct ck_patchify_args {
    const float *x;
    float *y;
    int64_t batch, height, width, channels, patch;
    int32_t channels_first;
} ck_patchify_args;
CK_WARN_UNUSED ck_status ck_patchify_check(const ck_patchify_args *args);
ck_variants ck_patchify_f32_variants(void);

/* Depthwise convolution, stride 1, zero padding kernel/2 ("same"), odd kernel.
 * x [batch, height, width, channels], weight [kernel, kernel, channels], bias [channels] -> y like x. Not in place.
 * Slices: parts share batch x height. Source: ConvNeXt conv_dw (kernel 7) */
typedef struct ck_depthwise_conv_args {
    const float *x, *weight, *bias;
    float *y;
    int64_t batch, height, width, channels, kernel;
} ck_depthwise_conv_args;
CK_WARN_UNUSED ck_status ck_depthwise_conv_check(const ck_depthwise_conv_args *args);
ck_variants ck_depthwise_conv_f32_nhwc_variants(void);

/* Pools over positions: x [batch, positions, channels] -> y [batch, channels].
 * mode 0: mean; mode 1: sum of squares (what the official attention pooling really returns). */
typedef struct ck_position_pool_args {
    const float *x;
    float *y;
    int64_t batch, positions, channels;
    int32_t mode;
} ck_position_pool_args;
CK_WARN_UNUSED ck_status ck_position_pool_check(const ck_position_pool_args *args);
ck_variants ck_position_pool_f32_variants(void);

/* x [batch, rows, columns] -> y [batch, columns, rows]. Not in place. */
typedef struct ck_transpose_args {
    const float *x;
    float *y;
    int64_t batch, rows, columns;
} ck_transpose_args;
CK_WARN_UNUSED ck_status ck_transpose_check(const ck_transpose_args *args);
ck_variants ck_transpose_f32_variants(void);

/* Fourier features of an orientation: x [rows, components] -> y [rows, components * (1 + 2 * bands)]:
 * x, then sin(pi x_c f_k) (c outer, k inner), then cos; f = linspace(1, max_frequency, bands).
 * Source: LEO generate_fourier_features */
typedef struct ck_fourier_args {
    const float *x;
    float *y;
    int64_t rows, components, bands;
    float max_frequency;
} ck_fourier_args;
CK_WARN_UNUSED ck_status ck_fourier_check(const ck_fourier_args *args);
ck_variants ck_fourier_f32_variants(void);

/* Pairwise geometry of boxes. locations [n, 6] (centre, extent; row stride given) -> y [n, n, dims], row i = query:
 * d = c_i - c_j, D = |d|, F = |d_xy| (eps inside the square roots):
 * [D / max D, dz / D, F / D, dy / F, dx / F]; dims 1 keeps the first, dims 4 drops it.
 * relation 0 "center"; relation 1 "vertical_bottom": components 1 and 2 from bottoms z - (whole) height;
 * relation 2 "mlp": dims 12, [locations_i, locations_j].
 * normalise 0 keeps raw D. n_padding > 0 makes the maximum include that many absent slots at the origin, as the
 * official code does for its padded slots. Source: LEO calc_pairwise_locs */
typedef struct ck_pairwise_args {
    const float *locations;
    float *y;
    int64_t n, stride, dims, n_padding;
    int32_t relation, normalise;
    float eps;
} ck_pairwise_args;
CK_WARN_UNUSED ck_status ck_pairwise_check(const ck_pairwise_args *args);
ck_variants ck_pairwise_f32_variants(void);

/* Multi-head attention with a location term (LEO's spatial attention), all heads, one scene.
 *
 * Shapes:  q, k, v [n, heads * d] with row strides; locations [n, n, dims] (NULL for fusion none);
 *          key_padding [n] int32, 1 = padded, or NULL -> y [n, heads * d]; probabilities [heads, n, n] or NULL
 * Fusion:  none  softmax(c)
 *          cond  l = sigmoid(b + sum_d w_d g_d), [b, w_0..] = condition[i, (location head) * (dims + 1) ...]
 *          mul   l = relu(W g + b);  bias, add  l = W g + b;  W [location_heads, dims]
 *          ctx   l = q . (W g + b) / sqrt(d);  W [heads * d, dims]
 *          result softmax(log(max(l, 1e-6)) + c) for cond and mul, softmax(l + c) for bias and ctx,
 *          (softmax(c) + softmax(l)) / 2 for add; c = q.k / sqrt(d)
 *          padded keys: c = -inf, and l = 0 (cond, mul) or -inf (others)
 *          location_heads is heads, or 1 (one location head for all heads); ctx always has W [heads * d, dims]
 * Scratch: ck_spatial_attention_f32_scratch_bytes(args, parts), 64-byte aligned.
 * Slices:  parts share heads x rows. Source: LEO MultiHeadAttentionSpatial */
typedef enum ck_fusion { CK_FUSION_NONE = 0, CK_FUSION_COND = 1, CK_FUSION_MUL = 2, CK_FUSION_BIAS = 3, CK_FUSION_CTX = 4, CK_FUSION_ADD = 5 } ck_fusion;
typedef struct ck_spatial_attention_args {
    const float *q, *k, *v;
    const float *locations;
    const float *condition;       /* cond: [n, location_heads * (dims + 1)] with condition_stride */
    const float *location_weight; /* others: row-major [rows, dims] */
    const float *location_bias;
    const int32_t *key_padding;
    float *y, *probabilities;
    void *scratch;
    int64_t n, heads, d, dims, location_heads;
    int64_t q_stride, k_stride, v_stride, y_stride, condition_stride;
    int32_t fusion;
} ck_spatial_attention_args;
CK_WARN_UNUSED ck_status ck_spatial_attention_f32_check(const ck_spatial_attention_args *args);
size_t ck_spatial_attention_f32_scratch_bytes(const ck_spatial_attention_args *args, int parts);
ck_variants ck_spatial_attention_f32_variants(void);

#ifdef __cplusplus
}
#endif
#endif
