/* Depthwise convolution: one chain of FMAs per output, bias first, taps in row-major order, bit for bit. */
#include "check.h"
#include "ck_vision.h"

#pragma STDC FP_CONTRACT OFF

static float convolved(const ck_depthwise_conv_args *a, int64_t image, int64_t line, int64_t column, int64_t c) {
    const int64_t radius = a->kernel / 2;
    float v = a->bias[c];
    for (int64_t ky = 0; ky < a->kernel; ky++)
        for (int64_t kx = 0; kx < a->kernel; kx++) {
            const int64_t r = line + ky - radius, s = column + kx - radius;
            if (r < 0 || r >= a->height || s < 0 || s >= a->width) continue;
            v = fmaf(a->x[((image * a->height + r) * a->width + s) * a->channels + c],
                     a->weight[(ky * a->kernel + kx) * a->channels + c], v);
        }
    return v;
}

static void convolution_case(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t kernel, int turn) {
    const int64_t count = batch * height * width * channels;
    ck_depthwise_conv_args a = {.x = floats(count, turn % 4 == 1), .weight = floats(kernel * kernel * channels, false),
                                .bias = floats(channels, false), .batch = batch, .height = height, .width = width,
                                .channels = channels, .kernel = kernel};
    float *y = filled(count, 777);
    for (int64_t i = 0; i < count; i++) {
        const int64_t pixel = i / channels;
        y[i] = convolved(&a, pixel / width / height, pixel / width % height, pixel % width, i % channels);
    }
    char label[100];
    snprintf(label, sizeof label, "[%d, %d, %d, %d] kernel %d turn %d", (int)batch, (int)height, (int)width,
             (int)channels, (int)kernel, turn);
    FOR_EACH_VARIANT(row, ck_depthwise_conv_f32_nhwc_variants()) {
        a.y = filled(count, 777);
        if (ck_depthwise_conv_check(&a) != CK_OK) abort();
        run_parts(row, &a, 1 + turn % 4);
        same_floats(row->name, label, a.y, y, count);
    }
    release_all();
}

void check_vision(void) {
    static const int64_t widths[] = {0, 1, 2, 6, 7, 8, 13, 14, 15, 29, 31, 43}, heights[] = {1, 3, 7, 9},
                         channels[] = {1, 3, 4, 5, 8, 11, 16, 17, 37}, kernels[] = {7, 7, 7, 3, 1, 9};
    int turn = 0;
    for (int w = 0; w < 12; w++)
        for (int h = 0; h < 4; h++)
            for (int c = 0; c < 9; c++, turn++)
                convolution_case(1 + turn % 2, heights[h], widths[w], channels[c], kernels[turn % 6], turn);
}
