/* The maximum over a group, Advanced SIMD: four columns at a time down the group, tails one by one.
 *
 * vmaxq passes NaN on but orders -0 below 0, so comparison and selection stand in its place. */
#include "grouping.h"
#include "ck_target.h"

#if CK_ARM64
#include <arm_neon.h>

static void pool4(const float *x, float *y, int64_t size, int64_t columns) {
    float32x4_t most = vld1q_f32(x);
    uint32x4_t is_number = vceqq_f32(most, most);
    for (int64_t i = 1; i < size; i++) {
        const float32x4_t value = vld1q_f32(x + i * columns);
        is_number = vandq_u32(is_number, vceqq_f32(value, value));
        most = vbslq_f32(vcgtq_f32(value, most), value, most);
    }
    vst1q_f32(y, vbslq_f32(is_number, most, vdupq_n_f32(__builtin_nanf(""))));
}

void ck_max_pool_f32_neon(const void *raw, int part, int parts) {
    const ck_max_pool_args *args = raw;
    const int64_t columns = args->columns;
    int64_t begin, end;
    ck_slice(args->groups, 1, part, parts, &begin, &end);
    for (int64_t g = begin; g < end; g++) {
        const float *x = args->x + g * args->size * columns;
        float *y = args->y + g * columns;
        int64_t c = 0;
        for (; c + 4 <= columns; c += 4) pool4(x + c, y + c, args->size, columns);
        for (; c < columns; c++) {
            float most = x[c];
            bool has_nan = most != most;
            for (int64_t i = 1; i < args->size; i++) {
                const float value = x[i * columns + c];
                if (value > most) most = value;
                has_nan |= value != value;
            }
            y[c] = has_nan ? __builtin_nanf("") : most;
        }
    }
}

#endif
