/* Patch rows for a convolution whose stride is its kernel size, the specification. */
#include "elementwise.h"

#include <string.h>

/* x [batch, height, width, channels] or [batch, channels, height, width]
 * -> y [batch, height/patch, width/patch, (dy, dx, channel)] */
void ck_patchify_f32_ref(const void *args, int part, int parts) {
    const ck_patchify_args *a = args;
    const int64_t patch = a->patch, channels = a->channels, columns = a->width / patch, lines = a->height / patch;
    if (columns == 0 || lines == 0 || channels == 0) return;
    int64_t begin, end;
    ck_slice(a->batch * lines, 1, part, parts, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const int64_t image = r / lines, top = r % lines * patch;
        float *y = a->y + r * columns * patch * patch * channels;
        for (int64_t column = 0; column < columns; column++)
            for (int64_t dy = 0; dy < patch; dy++) {
                const int64_t line = top + dy, left = column * patch;
                if (!a->channels_first) {
                    const float *x = a->x + ((image * a->height + line) * a->width + left) * channels;
                    memcpy(y, x, (size_t)(patch * channels) * sizeof(float));
                    y += patch * channels;
                    continue;
                }
                for (int64_t dx = 0; dx < patch; dx++)
                    for (int64_t c = 0; c < channels; c++)
                        *y++ = a->x[((image * channels + c) * a->height + line) * a->width + left + dx];
            }
    }
}
