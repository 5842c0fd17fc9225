#include "exif.h"

static uint32_t read_bytes(const uint8_t *at, int size, int big) {
    uint32_t value = 0;
    for (int i = 0; i < size; i++) value |= (uint32_t)at[i] << 8 * (big ? size - 1 - i : i);
    return value;
}

int cleo_exif_orientation(const uint8_t *tiff, size_t count) {
    if (count < 8) return 1;
    const int big = tiff[0] == 'M' && tiff[1] == 'M';
    if (!big && !(tiff[0] == 'I' && tiff[1] == 'I')) return 1;
    if (read_bytes(tiff + 2, 2, big) != 42) return 1;
    const uint32_t directory = read_bytes(tiff + 4, 4, big);
    if (directory > count - 2) return 1;
    const uint32_t entries = read_bytes(tiff + directory, 2, big);
    size_t entry = (size_t)directory + 2;
    for (uint32_t i = 0; i < entries && count >= 12 && entry <= count - 12; i++, entry += 12) {
        if (read_bytes(tiff + entry, 2, big) != 0x0112) continue;
        /* A single SHORT, stored in the first half of the value field. */
        if (read_bytes(tiff + entry + 2, 2, big) != 3 || read_bytes(tiff + entry + 4, 4, big) != 1) return 1;
        const uint32_t value = read_bytes(tiff + entry + 8, 2, big);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}
