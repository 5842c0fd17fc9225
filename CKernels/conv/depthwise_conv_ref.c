/* Depthwise convolution, the specification: float32, starting from the bias, taps in row-major order, taps outside the
 * image left out. */
#include "depthwise_conv.h"

#pragma STDC FP_CONTRACT OFF

/* x [batch, height, width, channels], weight [kernel, kernel, channels], bias [channels] -> y like x */
void ck_depthwise_conv_f32_nhwc_ref(const void *args, int part, int parts) {
    const ck_depthwise_conv_args *a = args;
    const int64_t width = a->width, height = a->height, channels = a->channels, kernel = a->kernel, radius = kernel / 2;
    if (width == 0 || height == 0 || channels == 0) return;
    int64_t begin, end;
    ck_slice(a->batch * height, 1, part, parts, &begin, &end);
    for (int64_t line = begin; line < end; line++) {
        const int64_t top = line % height - radius;         /* input line under the first row of taps */
        const float *image = a->x + line / height * height * width * channels;
        for (int64_t column = 0; column < width; column++) {
            float *y = a->y + (line * width + column) * channels;
            for (int64_t c = 0; c < channels; c++) y[c] = a->bias[c];
            for (int64_t ky = 0; ky < kernel; ky++) {
                if (top + ky < 0 || top + ky >= height) continue;
                for (int64_t kx = 0; kx < kernel; kx++) {
                    const int64_t from = column - radius + kx;
                    if (from < 0 || from >= width) continue;
                    const float *x = image + ((top + ky) * width + from) * channels;
                    const float *w = a->weight + (ky * kernel + kx) * channels;
                    for (int64_t c = 0; c < channels; c++) y[c] += x[c] * w[c];
                }
            }
        }
    }
}
