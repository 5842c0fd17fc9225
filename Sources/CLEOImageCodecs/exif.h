#ifndef CLEO_EXIF_H
#define CLEO_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* Orientation (tag 0x0112) of the first directory of a TIFF block, 1..8; 1 where it is absent or broken. */
int cleo_exif_orientation(const uint8_t *tiff, size_t count);

#endif
