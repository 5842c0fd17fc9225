/* Ball query without a grid: the part that every instruction set shares, included by the file of each inside its target
 * region. The file defines CHUNK_UNIT, and search_chunk after this.
 *
 * Tile: 64 centres of one cloud x chunks of 256 points. A chunk is laid out by coordinate on the stack once and then
 * searched by every centre that still wants hits, so the transposition costs one pass per 64 centres and a centre
 * that is full stops at the chunk's end at the latest. Tails: the chunk is padded with NaN, which is in no ball. */

enum { chunk_points = 256, block_centres = 64 };

typedef struct chunk {
    _Alignas(64) float x[chunk_points], y[chunk_points], z[chunk_points];
} chunk;

/* Adds the hits of one centre in the chunk to row [limit], which holds `found`; returns how many it holds now. */
static int64_t search_chunk(const chunk *tile, int64_t padded, const float *centre, float squared_radius, int32_t base,
                            int32_t *row, int64_t found, int64_t limit);

/* Lays out points [count, stride]; returns count rounded up to CHUNK_UNIT. */
static int64_t load_chunk(chunk *tile, const float *points, int64_t stride, int64_t count) {
    const int64_t padded = (count + CHUNK_UNIT - 1) / CHUNK_UNIT * CHUNK_UNIT;
    for (int64_t i = 0; i < count; i++) {
        const float *p = points + i * stride;
        tile->x[i] = p[0], tile->y[i] = p[1], tile->z[i] = p[2];
    }
    for (int64_t i = count; i < padded; i++) tile->x[i] = tile->y[i] = tile->z[i] = __builtin_nanf("");
    return padded;
}

/* Up to block_centres rows of one cloud. */
static void search_block(const ck_ball_query_args *args, const float *points, int64_t first_row, int64_t rows) {
    const float squared_radius = args->radius * args->radius;
    const int64_t n = args->n_points, limit = args->limit;
    int64_t found[block_centres] = {0};
    int64_t full = 0;
    for (int64_t begin = 0; begin < n && full < rows; begin += chunk_points) {
        chunk tile;
        const int64_t count = n - begin < chunk_points ? n - begin : chunk_points;
        const int64_t padded = load_chunk(&tile, points + begin * args->point_stride, args->point_stride, count);
        for (int64_t i = 0; i < rows; i++) {
            if (found[i] == limit) continue;
            const int64_t row = first_row + i;
            found[i] = search_chunk(&tile, padded, args->centres + row * 3, squared_radius, (int32_t)begin,
                                    args->indices + row * limit, found[i], limit);
            full += found[i] == limit;
        }
    }
    for (int64_t i = 0; i < rows; i++) ck_ball_query_pad(args->indices + (first_row + i) * limit, found[i], limit);
}
