#ifndef CLEO_IMAGE_CODECS_H
#define CLEO_IMAGE_CODECS_H

#include <stddef.h>
#include <stdint.h>

/* PNG and JPEG through libpng and libjpeg, behind calls that return: no function here exits, aborts or prints, whatever
 * the bytes hold. All of them may run on several threads at once.
 *
 * Decoded pixels are what OpenCV's imread(IMREAD_COLOR) gives, apart from their R G B order: 8 bits a channel, the low
 * byte of 16-bit samples dropped, gamma and colour profiles ignored, alpha dropped without blending, grey repeated. */

enum { CLEO_IMAGE_MESSAGE_BYTES = 256 };

typedef enum {
    CLEO_IMAGE_OK = 0,
    CLEO_IMAGE_MALFORMED = 1,  /* the bytes break the format or end early; `message` says how */
    CLEO_IMAGE_TOO_LARGE = 2,  /* more pixels than allowed; width and height are set */
    CLEO_IMAGE_NO_MEMORY = 3
} cleo_image_status;

typedef struct {
    uint32_t width, height;
    uint8_t *pixels;        /* 3 * width * height bytes R G B, to be freed with cleo_image_free; NULL unless OK */
    int orientation;        /* EXIF orientation 1..8; 1 where there is none. Not applied */
    int warnings;           /* number of warnings of the codec */
    char message[CLEO_IMAGE_MESSAGE_BYTES];  /* the error, or else the first warning; empty if none */
} cleo_image;

/* Decodes `count` bytes. Memory is allocated only after width * height was found to be at most `max_pixels` and within
 * what so many compressed bytes can stand for. */
cleo_image_status cleo_image_decode_png(const uint8_t *bytes, size_t count, uint64_t max_pixels, cleo_image *result)
    __attribute__((warn_unused_result));
cleo_image_status cleo_image_decode_jpeg(const uint8_t *bytes, size_t count, uint64_t max_pixels, cleo_image *result)
    __attribute__((warn_unused_result));

typedef struct {
    uint8_t *bytes;  /* to be freed with cleo_image_free; NULL unless OK */
    size_t count;
    char message[CLEO_IMAGE_MESSAGE_BYTES];
} cleo_image_file;

/* Encodes 3 * width * height bytes R G B as an 8-bit RGB PNG. */
cleo_image_status cleo_image_encode_png(const uint8_t *pixels, uint32_t width, uint32_t height, cleo_image_file *result)
    __attribute__((warn_unused_result));

/* Encodes the same as a baseline JPEG (JFIF, Y Cb Cr, chroma of half width and height, its Huffman tables included).
 * `quality` is libjpeg's, 1..100. Widths and heights beyond 65500 and of 0 are MALFORMED, with libjpeg's message. */
cleo_image_status cleo_image_encode_jpeg(
    const uint8_t *pixels, uint32_t width, uint32_t height, int quality, cleo_image_file *result)
    __attribute__((warn_unused_result));

void cleo_image_free(void *memory);

#endif
