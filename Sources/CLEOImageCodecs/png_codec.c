#include "cleo_image_codecs.h"
#include "exif.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The full interface of libpng, not png_image_*: the simplified one applies gamma and treats 16-bit files as linear
 * light, which imread does not. */

/* One compressed byte of deflate stands for at most 1032 bytes. */
enum { GREATEST_DEFLATE_RATIO = 1032 };

typedef struct {
    const uint8_t *bytes;
    size_t count, position;
    char *message;
    int warnings;
} png_source;

static void keep_message(char *target, const char *text) {
    snprintf(target, CLEO_IMAGE_MESSAGE_BYTES, "%s", text);
}

static void fail(png_structp png, png_const_charp text) {
    png_source *source = png_get_error_ptr(png);
    keep_message(source->message, text);
    png_longjmp(png, 1);
}

static void warn(png_structp png, png_const_charp text) {
    png_source *source = png_get_error_ptr(png);
    if (source->warnings++ == 0) keep_message(source->message, text);
}

static void read_from_memory(png_structp png, png_bytep target, size_t count) {
    png_source *source = png_get_io_ptr(png);
    if (count > source->count - source->position) png_error(png, "the file ends early");
    memcpy(target, source->bytes + source->position, count);
    source->position += count;
}

cleo_image_status cleo_image_decode_png(const uint8_t *bytes, size_t count, uint64_t max_pixels, cleo_image *result) {
    memset(result, 0, sizeof *result);
    result->orientation = 1;
    png_source source = {.bytes = bytes, .count = count, .message = result->message};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, fail, warn);
    if (png == NULL) return CLEO_IMAGE_NO_MEMORY;
    /* volatile: changed between setjmp and longjmp */
    png_infop volatile info = png_create_info_struct(png);
    png_infop volatile end = png_create_info_struct(png);
    uint8_t *volatile pixels = NULL;
    png_bytep *volatile rows = NULL;
    volatile cleo_image_status status = CLEO_IMAGE_MALFORMED;
    if (info == NULL || end == NULL) {
        status = CLEO_IMAGE_NO_MEMORY;
        goto done;
    }
    if (setjmp(png_jmpbuf(png))) goto done;

    png_set_read_fn(png, &source, read_from_memory);
    png_set_user_limits(png, 0x7FFFFFFF, 0x7FFFFFFF); /* our own limit stands below */
    png_set_chunk_malloc_max(png, 8u << 20);
    png_set_chunk_cache_max(png, 128);
    png_read_info(png, info);

    const uint32_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    const int type = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
    result->width = width;
    result->height = height;
    if ((uint64_t)width * height > max_pixels) {
        status = CLEO_IMAGE_TOO_LARGE;
        goto done;
    }
    if (png_get_rowbytes(png, info) * (uint64_t)height / GREATEST_DEFLATE_RATIO > count)
        png_error(png, "the file is too short for its width and height");

    if (depth == 16) png_set_strip_16(png);
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (!(type & PNG_COLOR_MASK_COLOR) && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (!(type & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)width * 3) png_error(png, "pixels of an unknown kind");

    pixels = malloc((size_t)width * 3 * height);
    rows = malloc(height * sizeof *rows);
    if (pixels == NULL || rows == NULL) {
        status = CLEO_IMAGE_NO_MEMORY;
        goto done;
    }
    for (uint32_t y = 0; y < height; y++) rows[y] = pixels + (size_t)y * width * 3;
    png_read_image(png, rows);
    png_read_end(png, end);
#ifdef PNG_eXIf_SUPPORTED
    png_uint_32 exif_count = 0;
    png_bytep exif = NULL;
    if (png_get_eXIf_1(png, info, &exif_count, &exif) == 0) (void)png_get_eXIf_1(png, end, &exif_count, &exif);
    if (exif != NULL) result->orientation = cleo_exif_orientation(exif, exif_count);
#endif
    status = CLEO_IMAGE_OK;

done:
    result->warnings = source.warnings;
    free(rows);
    if (status == CLEO_IMAGE_OK)
        result->pixels = pixels;
    else
        free(pixels);
    png_infop info_to_free = info, end_to_free = end;
    png_destroy_read_struct(&png, &info_to_free, &end_to_free);
    return status;
}

typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
    char *message;
} png_target;

static void fail_writing(png_structp png, png_const_charp text) {
    png_target *target = png_get_error_ptr(png);
    keep_message(target->message, text);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void write_to_memory(png_structp png, png_bytep bytes, size_t count) {
    png_target *target = png_get_io_ptr(png);
    if (count > target->capacity - target->count) {
        size_t capacity = target->capacity + target->capacity / 2 + count + 4096;
        uint8_t *grown = capacity > target->capacity ? realloc(target->bytes, capacity) : NULL;
        if (grown == NULL) png_error(png, "out of memory");
        target->bytes = grown;
        target->capacity = capacity;
    }
    memcpy(target->bytes + target->count, bytes, count);
    target->count += count;
}

static void nothing_to_flush(png_structp png) { (void)png; }

cleo_image_status cleo_image_encode_png(const uint8_t *pixels, uint32_t width, uint32_t height, cleo_image_file *result) {
    memset(result, 0, sizeof *result);
    png_target target = {.message = result->message};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &target, fail_writing, ignore_warning);
    if (png == NULL) return CLEO_IMAGE_NO_MEMORY;
    png_infop info = png_create_info_struct(png);
    volatile cleo_image_status status = CLEO_IMAGE_MALFORMED;
    if (info == NULL) {
        status = CLEO_IMAGE_NO_MEMORY;
        goto done;
    }
    if (setjmp(png_jmpbuf(png))) goto done;
    png_set_write_fn(png, &target, write_to_memory, nothing_to_flush);
    png_set_IHDR(
        png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
        PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (uint32_t y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * width * 3);
    png_write_end(png, info);
    status = CLEO_IMAGE_OK;

done:
    png_destroy_write_struct(&png, &info);
    if (status == CLEO_IMAGE_OK) {
        result->bytes = target.bytes;
        result->count = target.count;
    } else {
        free(target.bytes);
    }
    return status;
}

void cleo_image_free(void *memory) { free(memory); }
