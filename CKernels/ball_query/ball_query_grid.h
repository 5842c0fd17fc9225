/* A grid over centres, for the ball query in large clouds.
 *
 * The points are the many and must be taken in ascending order; so the centres go into the grid, each into every cell
 * that its ball's box touches, and the points stream past: a point meets the centres of its one cell. Memory depends on
 * the centres alone, and the hits of each centre come in the order wanted. */
#ifndef CK_BALL_QUERY_GRID_H
#define CK_BALL_QUERY_GRID_H
#include "ck_points.h"

enum {
    CK_BALL_GRID_CENTRES = 1024, /* rows of one grid: with at most eight cells each, 192 KB of stack in all */
    CK_BALL_GRID_CELLS = 32,     /* per axis at most */
    CK_BALL_GRID_ENTRIES = 8 * CK_BALL_GRID_CENTRES,
    CK_BALL_GRID_PAD = 16        /* entries that a vector may read beyond a cell */
};

typedef struct ck_ball_grid {
    float low[3], high[3];  /* bounds of all balls; a point outside is in none */
    float scale[3];         /* cells per unit of length */
    int32_t last[3];        /* last cell */
    int32_t step[3];        /* between neighbours along the axis, in cells */
    int32_t count;          /* cells */
    /* Entries [start[cell], start[cell + 1]) are a cell's. The cell behind the last is empty: for points outside. */
    uint16_t start[CK_BALL_GRID_CELLS * CK_BALL_GRID_CELLS * CK_BALL_GRID_CELLS + 2];
    _Alignas(64) float x[CK_BALL_GRID_ENTRIES + CK_BALL_GRID_PAD];
    float y[CK_BALL_GRID_ENTRIES + CK_BALL_GRID_PAD], z[CK_BALL_GRID_ENTRIES + CK_BALL_GRID_PAD];
    int16_t row[CK_BALL_GRID_ENTRIES]; /* of the block */
} ck_ball_grid;

/* Whether a grid pays for so many rows of one cloud. */
static inline bool ck_ball_prefers_grid(const ck_ball_query_args *args, int64_t rows) {
    return rows >= 32 && args->n_points >= 2048;
}

/* Fills the grid with `rows` <= CK_BALL_GRID_CENTRES centres [rows, 3]. False where the extent of the balls is no
 * float32 of moderate size: then the grid is not to be used. */
bool ck_ball_grid_build(ck_ball_grid *grid, const float *centres, int64_t rows, float radius);

/* Cell along one axis of a coordinate within the bounds. The vector code computes the same, and both are monotone: a
 * point between two bounds of a ball is in a cell between theirs. */
static inline int32_t ck_ball_grid_cell(const ck_ball_grid *grid, int axis, float value) {
#pragma STDC FP_CONTRACT OFF
    const int32_t cell = (int32_t)((value - grid->low[axis]) * grid->scale[axis]);
    return cell < grid->last[axis] ? cell : grid->last[axis];
}

#endif
