/* Kernels of the language model beside the matrix product: row assembly, rotary embedding, attention over the
 * key/value cache, gating. */
#ifndef CK_LANGUAGE_H
#define CK_LANGUAGE_H
#include "ck_common.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Builds the input rows of the language model.
 *
 * Shapes:  sources [m] int32, table [vocabulary, d] row-major in f32, f16 or bf16, extra [n_extra, d] float32 -> y [m, d]
 * Rule:    source s >= 0 copies table row s; s < 0 copies extra row -(s + 1) (image and object tokens).
 * Errors:  the caller checks that every source is in range. */
typedef struct ck_assemble_rows_args {
    const int32_t *sources;
    const void *table;
    const float *extra;
    float *y;
    int64_t m, d, y_stride, extra_stride;
} ck_assemble_rows_args;
CK_WARN_UNUSED ck_status ck_assemble_rows_check(const ck_assemble_rows_args *args);
ck_variants ck_assemble_rows_f32_variants(void);
ck_variants ck_assemble_rows_f16_variants(void);
ck_variants ck_assemble_rows_bf16_variants(void);

/* Rotates queries and keys by their positions and stores keys and values in the cache.
 *
 * Shapes:  q [m, heads * d], k, v [m, kv_heads * d] with row strides; positions, cells [m] int32;
 *          cosines, sines [n_positions, d / 2] -> q in place; head h of row i goes to element
 *          cells[i] * cell_stride + h * head_stride of k_cache, v_cache, whose elements are f32, f16, bf16 or i8
 * Layout:  half split as in HF LLaMA (rotate_half): pair (i, i + d/2).
 * Numerics: keys are rotated in float32. f16 and bf16 round to nearest even, as IEEE 754 has it: beyond the range of f16
 *          (65520 and above) a number becomes infinity and not the largest finite one, so that what does not fit shows
 *          in the result instead of bending it. Subnormal numbers are kept, NaN stays NaN. i8: each d elements share a
 *          scale, their largest size / 127 (0 below the normal numbers, and then they are zeros; NaN if one of them is
 *          not finite); an element is x / scale rounded to nearest even. All variants equal the reference bit for bit.
 * Errors:  the caller checks positions < n_positions and cells < n_cells, and that rows go to different cells.
 * Source:  transformers 4.28.1 modeling_llama.apply_rotary_pos_emb */
typedef struct ck_rope_append_args {
    float *q;
    const float *k, *v;
    const int32_t *positions, *cells;
    const float *cosines, *sines;
    void *k_cache, *v_cache;
    float *k_scales, *v_scales; /* of i8, as in ck_attention_args */
    int64_t m, heads, kv_heads, d, q_stride, k_stride, v_stride;
    int64_t cell_stride, head_stride; /* elements of the cache, as in ck_attention_args */
} ck_rope_append_args;
CK_WARN_UNUSED ck_status ck_rope_append_f32_check(const ck_rope_append_args *args);
CK_WARN_UNUSED ck_status ck_rope_append_f16_check(const ck_rope_append_args *args);
CK_WARN_UNUSED ck_status ck_rope_append_bf16_check(const ck_rope_append_args *args);
CK_WARN_UNUSED ck_status ck_rope_append_i8_check(const ck_rope_append_args *args);
ck_variants ck_rope_append_f32_variants(void);
ck_variants ck_rope_append_f16_variants(void);
ck_variants ck_rope_append_bf16_variants(void);
ck_variants ck_rope_append_i8_variants(void);

/* Attention of query rows over the key/value cache, softmax over tiles, no stored score matrix.
 *
 * Shapes:  q [m, heads * d] (row stride q_stride), k_cache, v_cache: d elements of cell c, head h, from
 *          c * cell_stride + h * head_stride on, in f32, f16, bf16 or i8 -> y [m, heads * d] (row stride y_stride)
 * i8:      element e is k_cache[e] * k_scales[e / d], as ck_rope_append_i8 stores it; both strides are multiples of d.
 * Layout:  [kv_heads, n_cells, d], so cell_stride = d, is the fast one: a head's cells lie one after the other.
 *          [n_cells, kv_heads, d] scatters them over pages, and over few sets of the CPU's cache.
 * Visible: row i sees cells 0 ..< prefix_counts[i], then tail_cells[i * tail_stride + j], j < tail_counts[i].
 *          A causal prefill has prefix_counts[i] = i + 1; beams share the prompt as prefix and list the cells of
 *          their own history as tail, so a beam reorder moves indices, never keys or values. Keys and values of a
 *          prefix are read (and converted) once for all rows of a head; so is each run of 32 cells, counted from
 *          the start of the tails, that rows list alike, as beams do up to where they part.
 * Numerics: float32 sums whatever the cache holds, scale 1/sqrt(d); a row that sees nothing gives zeros. The result of a
 *          row does not depend on the other rows nor on `parts`.
 * Scratch: ck_attention_..._cells_scratch_bytes(args, parts), 64-byte aligned.
 * Slices:  parts share heads x rows. */
typedef struct ck_attention_args {
    const float *q;
    const void *k_cache, *v_cache;
    const float *k_scales, *v_scales; /* of i8; others do not read them */
    float *y;
    const int32_t *prefix_counts, *tail_cells, *tail_counts; /* tail_* may be NULL: no tails */
    void *scratch;
    int64_t m, heads, kv_heads, d, q_stride, y_stride, tail_stride;
    int64_t cell_stride, head_stride; /* elements of the cache */
} ck_attention_args;
CK_WARN_UNUSED ck_status ck_attention_f32_cells_check(const ck_attention_args *args);
CK_WARN_UNUSED ck_status ck_attention_f16_cells_check(const ck_attention_args *args);
CK_WARN_UNUSED ck_status ck_attention_bf16_cells_check(const ck_attention_args *args);
CK_WARN_UNUSED ck_status ck_attention_i8_cells_check(const ck_attention_args *args);
size_t ck_attention_f32_cells_scratch_bytes(const ck_attention_args *args, int parts);
size_t ck_attention_f16_cells_scratch_bytes(const ck_attention_args *args, int parts);
size_t ck_attention_bf16_cells_scratch_bytes(const ck_attention_args *args, int parts);
size_t ck_attention_i8_cells_scratch_bytes(const ck_attention_args *args, int parts);
ck_variants ck_attention_f32_cells_variants(void);
ck_variants ck_attention_f16_cells_variants(void);
ck_variants ck_attention_bf16_cells_variants(void);
ck_variants ck_attention_i8_cells_variants(void);

/* y = silu(gate) * up, all [m, n] with row strides; y may be gate or up. */
typedef struct ck_silu_mul_args {
    const float *gate, *up;
    float *y;
    int64_t m, n, gate_stride, up_stride, y_stride;
} ck_silu_mul_args;
CK_WARN_UNUSED ck_status ck_silu_mul_check(const ck_silu_mul_args *args);
ck_variants ck_silu_mul_f32_variants(void);

/* Natural logarithm of the softmax of each row, x [m, n] -> y [m, n]; x may be y. The sum runs in double. */
typedef struct ck_log_softmax_args {
    const float *x;
    float *y;
    int64_t m, n, x_stride, y_stride;
} ck_log_softmax_args;
CK_WARN_UNUSED ck_status ck_log_softmax_check(const ck_log_softmax_args *args);
ck_variants ck_log_softmax_f32_variants(void);

#ifdef __cplusplus
}
#endif
#endif
