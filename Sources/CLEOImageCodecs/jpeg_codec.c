#include "cleo_image_codecs.h"
#include "exif.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs size_t and FILE */
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/* A progressive file may repeat scans without end, each costing a pass over the whole picture. Real ones have about 10. */
enum { MOST_SCANS = 100 };

/* Pixels that one byte can stand for: a block of 64 takes at least one bit; doubled to be on the safe side. */
enum { MOST_PIXELS_PER_BYTE = 1024 };

typedef struct {
    struct jpeg_error_mgr base; /* first, so that the library's pointer is also ours */
    jmp_buf jump;
    char *message;
    int warnings;
} jpeg_errors;

static void fail(j_common_ptr jpeg) {
    jpeg_errors *errors = (jpeg_errors *)jpeg->err;
    char text[JMSG_LENGTH_MAX];
    errors->base.format_message(jpeg, text);
    snprintf(errors->message, CLEO_IMAGE_MESSAGE_BYTES, "%s", text);
    longjmp(errors->jump, 1);
}

static void take_message(j_common_ptr jpeg, int level) {
    if (level >= 0) return; /* a trace */
    jpeg_errors *errors = (jpeg_errors *)jpeg->err;
    /* The library would fill the rest of a file that ends early with grey. A picture half of which was never taken is
     * no input for anything that acts on it. */
    if (errors->base.msg_code == JWRN_JPEG_EOF || errors->base.msg_code == JWRN_HIT_MARKER) fail(jpeg);
    if (errors->warnings++ == 0) {
        char text[JMSG_LENGTH_MAX];
        errors->base.format_message(jpeg, text);
        snprintf(errors->message, CLEO_IMAGE_MESSAGE_BYTES, "%s", text);
    }
}

static void print_nothing(j_common_ptr jpeg) { (void)jpeg; }

static void fail_with(struct jpeg_decompress_struct *jpeg, const char *text) {
    jpeg_errors *errors = (jpeg_errors *)jpeg->err;
    snprintf(errors->message, CLEO_IMAGE_MESSAGE_BYTES, "%s", text);
    longjmp(errors->jump, 1);
}

static void watch_scans(j_common_ptr jpeg) {
    struct jpeg_decompress_struct *decompress = (struct jpeg_decompress_struct *)jpeg;
    if (decompress->input_scan_number > MOST_SCANS) fail_with(decompress, "too many scans");
}

static int orientation(const struct jpeg_decompress_struct *jpeg) {
    static const uint8_t name[6] = {'E', 'x', 'i', 'f', 0, 0};
    for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker != NULL; marker = marker->next)
        if (marker->marker == JPEG_APP0 + 1 && marker->data_length > sizeof name &&
            memcmp(marker->data, name, sizeof name) == 0)
            return cleo_exif_orientation(marker->data + sizeof name, marker->data_length - sizeof name);
    return 1;
}

/* Adobe's inverted C M Y K to R G B in place of the first three of four bytes, as OpenCV does it. */
static void convert_cmyk(const uint8_t *row, uint8_t *target, uint32_t width) {
    for (uint32_t x = 0; x < width; x++, row += 4, target += 3) {
        const int k = row[3];
        for (int channel = 0; channel < 3; channel++)
            target[channel] = (uint8_t)(k - (((255 - row[channel]) * k) >> 8));
    }
}

cleo_image_status cleo_image_decode_jpeg(const uint8_t *bytes, size_t count, uint64_t max_pixels, cleo_image *result) {
    memset(result, 0, sizeof *result);
    result->orientation = 1;
    struct jpeg_decompress_struct jpeg;
    memset(&jpeg, 0, sizeof jpeg);
    jpeg_errors errors = {.message = result->message};
    struct jpeg_progress_mgr progress = {.progress_monitor = watch_scans};
    /* volatile: changed between setjmp and longjmp */
    uint8_t *volatile pixels = NULL;
    uint8_t *volatile row = NULL;
    volatile cleo_image_status status = CLEO_IMAGE_MALFORMED;

    jpeg.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = fail;
    errors.base.emit_message = take_message;
    errors.base.output_message = print_nothing;
    if (setjmp(errors.jump)) goto done;
    jpeg_create_decompress(&jpeg);
    jpeg.progress = &progress;
    jpeg_mem_src(&jpeg, bytes, count);
    jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
    if (jpeg_read_header(&jpeg, TRUE) != JPEG_HEADER_OK) fail_with(&jpeg, "no picture in the file");

    const uint32_t width = jpeg.image_width, height = jpeg.image_height;
    result->width = width;
    result->height = height;
    if ((uint64_t)width * height > max_pixels) {
        status = CLEO_IMAGE_TOO_LARGE;
        goto done;
    }
    if ((uint64_t)width * height / MOST_PIXELS_PER_BYTE > count)
        fail_with(&jpeg, "the file is too short for its width and height");

    const int is_cmyk = jpeg.num_components == 4;
    jpeg.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&jpeg);
    pixels = malloc((size_t)width * 3 * height);
    if (is_cmyk) row = malloc((size_t)width * 4);
    if (pixels == NULL || (is_cmyk && row == NULL)) {
        status = CLEO_IMAGE_NO_MEMORY;
        goto done;
    }
    while (jpeg.output_scanline < height) {
        uint8_t *target = pixels + (size_t)jpeg.output_scanline * width * 3;
        JSAMPROW line = is_cmyk ? row : target;
        if (jpeg_read_scanlines(&jpeg, &line, 1) != 1) fail_with(&jpeg, "the file ends early");
        if (is_cmyk) convert_cmyk(row, target, width);
    }
    result->orientation = orientation(&jpeg); /* finishing frees the markers */
    jpeg_finish_decompress(&jpeg);
    status = CLEO_IMAGE_OK;

done:
    result->warnings = errors.warnings;
    free(row);
    if (status == CLEO_IMAGE_OK)
        result->pixels = pixels;
    else
        free(pixels);
    jpeg_destroy_decompress(&jpeg);
    return status;
}

/* Not jpeg_mem_dest: after an error half way its caller cannot know which of its buffers are alive. */
typedef struct {
    struct jpeg_destination_mgr base; /* first, so that the library's pointer is also ours */
    uint8_t *bytes;
    size_t capacity;
    int has_no_memory;
} jpeg_target;

static void grow(j_compress_ptr jpeg) {
    jpeg_target *target = (jpeg_target *)jpeg->dest;
    const size_t count = target->capacity;
    const size_t capacity = count + count / 2 + 32768;
    uint8_t *grown = capacity > count ? realloc(target->bytes, capacity) : NULL;
    if (grown == NULL) {
        target->has_no_memory = 1;
        ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    }
    target->bytes = grown;
    target->capacity = capacity;
    target->base.next_output_byte = grown + count;
    target->base.free_in_buffer = capacity - count;
}

/* Called when the whole buffer is full, whatever free_in_buffer says. */
static boolean grow_when_full(j_compress_ptr jpeg) {
    grow(jpeg);
    return TRUE;
}

static void nothing_to_finish(j_compress_ptr jpeg) { (void)jpeg; }

static void ignore_message(j_common_ptr jpeg, int level) {
    (void)jpeg;
    (void)level;
}

cleo_image_status cleo_image_encode_jpeg(
    const uint8_t *pixels, uint32_t width, uint32_t height, int quality, cleo_image_file *result) {
    memset(result, 0, sizeof *result);
    struct jpeg_compress_struct jpeg;
    memset(&jpeg, 0, sizeof jpeg);
    jpeg_errors errors = {.message = result->message};
    /* In memory from here on, not in registers: libjpeg changes it through its pointer, and it is read after a jump. */
    jpeg_target target = {
        .base = {.init_destination = grow, .empty_output_buffer = grow_when_full, .term_destination = nothing_to_finish}};
    volatile cleo_image_status status = CLEO_IMAGE_MALFORMED;

    jpeg.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = fail;
    errors.base.emit_message = ignore_message;
    errors.base.output_message = print_nothing;
    if (setjmp(errors.jump)) goto done;
    jpeg_create_compress(&jpeg);
    jpeg.dest = &target.base;
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < height) {
        JSAMPROW line = (JSAMPROW)(uintptr_t)(pixels + (size_t)jpeg.next_scanline * width * 3);
        if (jpeg_write_scanlines(&jpeg, &line, 1) != 1) ERREXIT(&jpeg, JERR_CANT_SUSPEND);
    }
    jpeg_finish_compress(&jpeg);
    status = CLEO_IMAGE_OK;

done:
    if (status == CLEO_IMAGE_OK) {
        result->bytes = target.bytes;
        result->count = target.capacity - target.base.free_in_buffer;
    } else {
        free(target.bytes);
        if (target.has_no_memory) status = CLEO_IMAGE_NO_MEMORY;
    }
    jpeg_destroy_compress(&jpeg);
    return status;
}
