/* Depthwise convolution with vectors: the part that every instruction set shares, included by the file of each.
 *
 * Kernel 7 (ConvNeXt). Tile: 7 output pixels of one line x tile_vectors of channels. Registers of a vector: 7 sums, the 7 weights
 * of one row of taps and one input pixel, 15. Each input pixel is loaded once per row of taps and feeds up to 7 sums, so a row
 * costs 7 + 13 loads for 49 multiply-adds and the loop is bound by arithmetic. 7 divides every width of ConvNeXt
 * (56, 28, 14, 7); other widths end in a tile moved left to overlap its neighbour, which computes the same bits twice.
 *
 * Neighbouring pixels lie `channels` floats apart, for ConvNeXt 512 to 4096 bytes, so the pixels of one tile fall into a
 * few sets of the L1 cache and evict each other. Therefore 16 channels (a cache line) of up to 4 tiles are copied into a
 * ring of the 7 input lines in reach, 15 KB on the stack, and walked down the image: each input line is copied once per
 * strip. Reading the image directly was tried: 18 instead of 35 GMAC/s (AVX2) at 56x56x128, 5 instead of 18 at 7x7x1024.
 * Strips of 8 tiles gain nothing more, strips of 2 lose a fifth at the wide images.
 *
 * Borders: a tile knows the input pixels [first, last) it may read; the four cases of the ConvNeXt widths are constants,
 * so their inner loops are straight lines, and taps above and below the image shorten the loop over rows of taps.
 * Tails: the ring and the weights hold zeros for channels that do not exist, and stores leave them out.
 * Other kernels and images narrower than 7: one pixel at a time.
 * Order: every output adds its taps in row-major order in every path, so results do not depend on tile or `parts`, and
 * each lane is a channel, so they do not depend on the width of the vectors.
 *
 * The including file defines, after the vectors (cpu/ck_vector_...), tile_vectors and NAME, the kernel's name. */

enum {
    tile = 7,
    taps = 7,
    radius7 = taps / 2,
    reach = tile + taps - 1, /* input pixels under a tile */
    strip_tiles = 4,
    strip_pixels = strip_tiles * tile + taps - 1,
    block = 16, /* channels in the ring */
    tile_channels = tile_vectors * V_LANES
};

/* Working memory of one strip of one channel block. */
typedef struct strip {
    _Alignas(V) float line[taps][strip_pixels][block]; /* input line r is at r % taps */
    _Alignas(V) float weight[taps * taps][block];
    _Alignas(V) float bias[block];
} strip;

/* Copies `channels` (at most 16) floats of each of `count` pixels; missing channels become zero. */
CK_INLINE void gather(float (*to)[block], const float *from, int64_t count, int64_t stride, int64_t channels) {
    if (channels >= block) {
        for (int64_t i = 0; i < count; i++, from += stride)
            CK_UNROLL for (int c = 0; c < block; c += V_LANES) v_store(to[i] + c, v_load(from + c));
        return;
    }
    for (int64_t i = 0; i < count; i++, from += stride)
        CK_UNROLL for (int c = 0; c < block; c += V_LANES)
            v_store(to[i] + c, c < channels ? v_load_first(from + c, channels - c) : v_zero());
}

/* The channels of one tile, from `place` on, of 7 outputs. Pixel 0 of 13 is ring pixel `origin` (negative left of the
 * image); the pixels [first, last) exist. Rows of taps [ky0, ky1) exist, the first of them over ring line `slot`. */
CK_INLINE void tile7(const strip *s, int place, int64_t origin, int slot, int ky0, int ky1, int first, int last, float *y,
                     int64_t stride, int64_t channels) {
    V sum[tile][tile_vectors];
    CK_UNROLL for (int t = 0; t < tile; t++)
        CK_UNROLL for (int v = 0; v < tile_vectors; v++) sum[t][v] = v_load(s->bias + place + v * V_LANES);
    for (int ky = ky0; ky < ky1; ky++) {
        const float *w = s->weight[ky * taps] + place, *line = s->line[slot][0] + place;
        slot = slot + 1 == taps ? 0 : slot + 1;
        V weight[taps][tile_vectors];
        CK_UNROLL for (int t = 0; t < taps; t++)
            CK_UNROLL for (int v = 0; v < tile_vectors; v++) weight[t][v] = v_load(w + t * block + v * V_LANES);
        CK_UNROLL for (int i = 0; i < reach; i++) {
            if (i < first || i >= last) continue;
            V pixel[tile_vectors];
            CK_UNROLL for (int v = 0; v < tile_vectors; v++) pixel[v] = v_load(line + (origin + i) * block + v * V_LANES);
            CK_UNROLL for (int t = 0; t < tile; t++)
                if (i - t >= 0 && i - t < taps)
                    CK_UNROLL for (int v = 0; v < tile_vectors; v++) sum[t][v] = v_fma(pixel[v], weight[i - t][v], sum[t][v]);
        }
    }
    CK_UNROLL for (int t = 0; t < tile; t++)
        CK_UNROLL for (int v = 0; v < tile_vectors; v++)
            v_store_first(y + t * stride + v * V_LANES, sum[t][v], channels - v * V_LANES);
}

/* Sorts a tile by its border, so that the frequent ones are compiled for constant bounds. */
CK_INLINE void tile7_any(const strip *s, int place, int64_t origin, int slot, int ky0, int ky1, int first, int last,
                         float *y, int64_t stride, int64_t channels) {
    if (channels < tile_channels)
        tile7(s, place, origin, slot, ky0, ky1, first, last, y, stride, channels);
    else if (first == 0 && last == reach)
        tile7(s, place, origin, slot, ky0, ky1, 0, reach, y, stride, tile_channels);
    else if (first == 0 && last == reach - radius7)
        tile7(s, place, origin, slot, ky0, ky1, 0, reach - radius7, y, stride, tile_channels);
    else if (first == radius7 && last == reach)
        tile7(s, place, origin, slot, ky0, ky1, radius7, reach, y, stride, tile_channels);
    else if (first == radius7 && last == reach - radius7)
        tile7(s, place, origin, slot, ky0, ky1, radius7, reach - radius7, y, stride, tile_channels);
    else
        tile7(s, place, origin, slot, ky0, ky1, first, last, y, stride, tile_channels);
}

CK_INLINE int64_t tile_column(int64_t index, int64_t width) {
    return (index + 1) * tile <= width ? index * tile : width - tile;
}

/* Lines [top, bottom) of one image, tiles [tile0, tile1) of each, channels [c, c + count), count at most 16. */
static void strip7(const ck_depthwise_conv_args *a, const float *image, float *y, int64_t top, int64_t bottom,
                   int64_t tile0, int64_t tile1, int64_t c, int64_t count) {
    const int64_t width = a->width, height = a->height, channels = a->channels;
    const int64_t left = tile_column(tile0, width) - radius7, right = tile_column(tile1 - 1, width) + tile + radius7;
    const int64_t from = left < 0 ? 0 : left, to = right > width ? width : right;
    strip s;
    gather(s.weight, a->weight + c, taps * taps, channels, count);
    gather(&s.bias, a->bias + c, 1, channels, count);
    int64_t next = top - radius7 < 0 ? 0 : top - radius7; /* first line not in the ring */
    for (int64_t line = top; line < bottom; line++) {
        const int64_t upper = line - radius7;
        for (; next < height && next <= line + radius7; next++)
            gather(s.line[next % taps], image + (next * width + from) * channels + c, to - from, channels, count);
        const int ky0 = upper < 0 ? (int)-upper : 0, ky1 = height - upper < taps ? (int)(height - upper) : taps;
        const int slot = (int)((upper + ky0) % taps);
        for (int64_t index = tile0; index < tile1; index++) {
            const int64_t column = tile_column(index, width), start = column - radius7;
            const int first = start < 0 ? (int)-start : 0, last = width - start < reach ? (int)(width - start) : reach;
            float *out = y + (line * width + column) * channels + c;
            for (int place = 0; place < count; place += tile_channels)
                tile7_any(&s, place, start - from, slot, ky0, ky1, first, last, out + place, channels, count - place);
        }
    }
}

static void lines7(const ck_depthwise_conv_args *a, const float *image, float *y, int64_t top, int64_t bottom) {
    const int64_t tiles = a->width / tile + (a->width % tile != 0);
    for (int64_t c = 0; c < a->channels; c += block)
        for (int64_t first = 0; first < tiles; first += strip_tiles)
            strip7(a, image, y, top, bottom, first, tiles - first < strip_tiles ? tiles : first + strip_tiles, c,
                   a->channels - c < block ? a->channels - c : block);
}

/* Any odd kernel and width: one output pixel, one vector of channels. */
static void lines_any(const ck_depthwise_conv_args *a, const float *image, float *y, int64_t top, int64_t bottom) {
    const int64_t width = a->width, channels = a->channels, kernel = a->kernel, radius = kernel / 2;
    for (int64_t line = top; line < bottom; line++) {
        const int64_t upper = line - radius;
        const int64_t ky0 = upper < 0 ? -upper : 0, ky1 = a->height - upper < kernel ? a->height - upper : kernel;
        for (int64_t column = 0; column < width; column++) {
            const int64_t left = column - radius;
            const int64_t kx0 = left < 0 ? -left : 0, kx1 = width - left < kernel ? width - left : kernel;
            for (int64_t c = 0; c < channels; c += V_LANES) {
                const int64_t lanes = channels - c;
                V sum = v_load_first(a->bias + c, lanes);
                for (int64_t ky = ky0; ky < ky1; ky++) {
                    const float *x = image + ((upper + ky) * width + left + kx0) * channels + c;
                    const float *w = a->weight + (ky * kernel + kx0) * channels + c;
                    for (int64_t kx = kx0; kx < kx1; kx++, x += channels, w += channels)
                        sum = v_fma(v_load_first(x, lanes), v_load_first(w, lanes), sum);
                }
                v_store_first(y + (line * width + column) * channels + c, sum, lanes);
            }
        }
    }
}

void NAME(const void *args, int part, int parts) {
    const ck_depthwise_conv_args *a = args;
    const int64_t height = a->height, pixels = a->width * a->channels;
    if (height == 0 || pixels == 0) return;
    int64_t begin, end;
    ck_slice(a->batch * height, 1, part, parts, &begin, &end);
    while (begin < end) {
        const int64_t image = begin / height, top = begin % height;
        const int64_t bottom = end - begin < height - top ? top + end - begin : height;
        const float *x = a->x + image * height * pixels;
        float *y = a->y + image * height * pixels;
        if (a->kernel == taps && a->width >= tile) lines7(a, x, y, top, bottom);
        else lines_any(a, x, y, top, bottom);
        begin += bottom - top;
    }
}
