/* Farthest-point sampling: a round on the buckets for AVX2 and AVX-512, included by their files behind fps_body.h and
 * lower_bucket. */

static inline int64_t first_equal(const float *values, V value) {
    unsigned mask = 0;
    CK_UNROLL for (int i = 0; i < GROUP; i += V_LANES) mask |= vm_bits(v_equal(v_load(values + i), value)) << i;
    return __builtin_ctz(mask);
}

static int32_t sweep_buckets(const ck_fps_buckets *buckets, point centre) {
    for (int64_t b = 0; b < buckets->padded; b += V_LANES) {
        unsigned mask = vm_bits(v_less(box_distance(buckets, b, centre), v_load(buckets->farthest + b)));
        for (; mask; mask &= mask - 1) lower_bucket(buckets, b + __builtin_ctz(mask), centre);
    }
    /* A pass of its own: reading the maxima right after writing single ones would stall on store forwarding. */
    V best = v_set1(CK_FPS_NEVER);
    VI best_index = vi_set1(0);
    for (int64_t b = 0; b < buckets->padded; b += V_LANES) {
        const V value = v_load(buckets->farthest + b);
        const VI index = vi_load(buckets->farthest_index + b);
        const VM earlier = vm_and(v_equal(value, best), vi_less(index, best_index));
        best_index = vi_select(vm_or(v_less(best, value), earlier), index, best_index);
        best = v_max(value, best);
    }
    const VM has_value = v_equal(best, v_largest_everywhere(best));
    return vi_smallest(vi_select(has_value, best_index, vi_set1(INT32_MAX)));
}
