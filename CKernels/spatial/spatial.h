/* Private: variants of fourier, pairwise and spatial_attention. */
#ifndef CK_SPATIAL_H
#define CK_SPATIAL_H
#include "ck_vision.h"
#include "ck_target.h"

void ck_fourier_f32_ref(const void *args, int part, int parts);
void ck_pairwise_f32_ref(const void *args, int part, int parts);
void ck_spatial_attention_f32_ref(const void *args, int part, int parts);
#if CK_X86
void ck_spatial_attention_f32_avx2(const void *args, int part, int parts);
void ck_spatial_attention_f32_avx512(const void *args, int part, int parts);
#endif
#if CK_ARM64
void ck_spatial_attention_f32_neon(const void *args, int part, int parts);
#endif

/* Scratch of one part of spatial_attention, in rows of `row` floats, a multiple of 16, so that the parts never share a
 * cache line: scores, location scores, then the locations of one query turned to [dims, n]. */
static inline int64_t ck_spatial_row(const ck_spatial_attention_args *a) { return (a->n + 15) / 16 * 16; }

static inline int64_t ck_spatial_part_floats(const ck_spatial_attention_args *a) {
    const int64_t dims = a->fusion == CK_FUSION_NONE ? 0 : a->dims;
    return ck_spatial_row(a) * (2 + dims) + (dims + 1 + 15) / 16 * 16;
}

/* Row of `condition`, `location_weight` and `location_bias` that a head uses. */
static inline int64_t ck_location_head(const ck_spatial_attention_args *a, int64_t head) {
    return a->location_heads == 1 ? 0 : head;
}

/* Whether all keys are padded: then there is nothing to attend to, and the row is defined as zeros. */
static inline bool ck_all_keys_padded(const ck_spatial_attention_args *a) {
    if (!a->key_padding) return false;
    for (int64_t j = 0; j < a->n; j++)
        if (!a->key_padding[j]) return false;
    return true;
}

#endif
