/* Building the grid over centres. Which cells a ball is entered in is exact, not widened for rounding: a computed
 * squared distance below the computed squared radius means that each rounded difference is below the radius, and since
 * rounding is monotone and radius a float32, so is the true one; again by monotony the point is then within the rounded
 * bounds centre - radius and centre + radius. */
#include "ball_query_grid.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

static bool is_finite(const float *p) {
    return __builtin_isfinite(p[0]) && __builtin_isfinite(p[1]) && __builtin_isfinite(p[2]);
}

/* Cells that the ball's box touches, both ends included. */
typedef struct box {
    int32_t first[3], last[3];
} box;

static box touched(const ck_ball_grid *grid, const float *centre, float radius) {
    box cells;
    for (int axis = 0; axis < 3; axis++) {
        cells.first[axis] = ck_ball_grid_cell(grid, axis, centre[axis] - radius);
        cells.last[axis] = ck_ball_grid_cell(grid, axis, centre[axis] + radius);
    }
    return cells;
}

/* Centres that are not finite have nothing in their balls, and are left out. False when there is none else. */
static bool find_bounds(ck_ball_grid *grid, const float *centres, int64_t rows, float radius) {
    bool any = false;
    for (int64_t i = 0; i < rows; i++) {
        const float *c = centres + 3 * i;
        if (!is_finite(c)) continue;
        for (int axis = 0; axis < 3; axis++) {
            const float below = c[axis] - radius, above = c[axis] + radius;
            if (!any || below < grid->low[axis]) grid->low[axis] = below;
            if (!any || above > grid->high[axis]) grid->high[axis] = above;
        }
        any = true;
    }
    return any;
}

/* Cells at least two radii wide, a little more for the rounding of the cell number: a ball touches at most two. */
static bool choose_cells(ck_ball_grid *grid, float radius) {
    int32_t step = 1;
    for (int axis = 0; axis < 3; axis++) {
        const float extent = grid->high[axis] - grid->low[axis];
        if (!(extent < 1e18f) || !(extent > 1e-18f)) return false;
        const float fitting = extent / (2.001f * radius);
        const int32_t cells = fitting >= CK_BALL_GRID_CELLS ? CK_BALL_GRID_CELLS : fitting < 1 ? 1 : (int32_t)fitting;
        grid->scale[axis] = (float)cells / extent;
        grid->last[axis] = cells - 1;
        grid->step[axis] = step;
        step *= cells;
    }
    grid->count = step;
    return true;
}

/* `cell` takes the number of every cell of a box. */
#define FOR_CELLS(grid, cells, cell) \
    for (int32_t cz = (cells).first[2]; cz <= (cells).last[2]; cz++) \
        for (int32_t cy = (cells).first[1]; cy <= (cells).last[1]; cy++) \
            for (int32_t cell = cz * (grid)->step[2] + cy * (grid)->step[1] + (cells).first[0], \
                         end_ = cell + (cells).last[0] - (cells).first[0]; cell <= end_; cell++)

bool ck_ball_grid_build(ck_ball_grid *grid, const float *centres, int64_t rows, float radius) {
    if (!find_bounds(grid, centres, rows, radius) || !choose_cells(grid, radius)) return false;
    const int32_t count = grid->count;
    memset(grid->start, 0, (size_t)(count + 2) * sizeof *grid->start);

    /* Counting sort: sizes at cell + 2, so that after the sum cell + 1 holds a cell's next free entry. */
    int32_t entries = 0;
    for (int64_t i = 0; i < rows; i++) {
        if (!is_finite(centres + 3 * i)) continue;
        const box cells = touched(grid, centres + 3 * i, radius);
        for (int axis = 0; axis < 3; axis++)
            if (cells.last[axis] > cells.first[axis] + 1) return false; /* far from the origin all rounds away */
        FOR_CELLS(grid, cells, cell) grid->start[cell + 2]++;
    }
    for (int32_t cell = 2; cell < count + 2; cell++) grid->start[cell] = (uint16_t)(entries += grid->start[cell]);
    for (int64_t i = 0; i < rows; i++) {
        const float *c = centres + 3 * i;
        if (!is_finite(c)) continue;
        const box cells = touched(grid, c, radius);
        FOR_CELLS(grid, cells, cell) {
            const uint16_t entry = grid->start[cell + 1]++;
            grid->x[entry] = c[0], grid->y[entry] = c[1], grid->z[entry] = c[2];
            grid->row[entry] = (int16_t)i;
        }
    }
    for (int i = 0; i < CK_BALL_GRID_PAD; i++) grid->x[entries + i] = grid->y[entries + i] = grid->z[entries + i] = 0;
    return true;
}
