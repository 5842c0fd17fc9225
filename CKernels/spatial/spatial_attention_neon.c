/* Attention with a location term, for NEON; the algorithm is in spatial_attention_body.h. Sums across lanes are pairwise
 * additions. */
#include "ck_vector_neon.h"
#include "spatial.h"

#if CK_ARM64
#include <math.h>

enum { MIX_SETS = 2, MIX_VECTORS = 8 };
#define NAME ck_spatial_attention_f32_neon

CK_INLINE V v_log(V x) { return ck_log_neon(x); }
CK_INLINE V v_sigmoid(V x) { return ck_sigmoid_neon(x); }

CK_INLINE VM vm_zeros(const int32_t *p, int64_t count) {
    /* Loaded as floats, the bits do not matter. */
    const V words = v_load_first((const float *)(const void *)p, count);
    return vandq_u32(vm_first(count), vceqzq_u32(vreinterpretq_u32_f32(words)));
}

CK_INLINE V v_sums(const V v[V_LANES]) { return vpaddq_f32(vpaddq_f32(v[0], v[1]), vpaddq_f32(v[2], v[3])); }

#include "spatial/spatial_attention_body.h"

#endif
