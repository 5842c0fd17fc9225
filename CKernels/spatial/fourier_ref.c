/* Fourier features, the specification: frequencies and phase in float32, as torch.linspace and the official code have
 * them; a phase in float64 would differ by up to 4e-6 at 15 half turns. */
#include "spatial.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

/* torch.linspace(1, last, bands)[k]: counted from the nearer end. */
static float frequency(float last, int64_t bands, int64_t k) {
    if (bands == 1) return 1;
    const float step = (last - 1) / (float)(bands - 1);
    return k < bands / 2 ? 1 + step * (float)k : last - step * (float)(bands - 1 - k);
}

/* x [rows, components] -> y [rows, x (components), sin (components, bands), cos (components, bands)] */
void ck_fourier_f32_ref(const void *args, int part, int parts) {
    const ck_fourier_args *a = args;
    const int64_t components = a->components, bands = a->bands;
    int64_t begin, end;
    ck_slice(a->rows, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = a->x + r * components;
        float *y = a->y + r * components * (1 + 2 * bands);
        float *sines = y + components, *cosines = sines + components * bands;
        for (int64_t c = 0; c < components; c++) {
            y[c] = x[c];
            for (int64_t k = 0; k < bands; k++) {
                const float phase = x[c] * frequency(a->max_frequency, bands, k) * 3.14159265358979323846f;
                sines[c * bands + k] = sinf(phase);
                cosines[c * bands + k] = cosf(phase);
            }
        }
    }
}
