/* What the checks of kernels under an emulator share: memory that ends at a forbidden page, random numbers, comparison. */
#ifndef CHECK_H
#define CHECK_H
#include "ck_common.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory of one case, up to a page that may not be touched, so that a read or write beyond a buffer stops the program. */
void *guarded(int64_t bytes);
void release_all(void);

uint32_t random_bits(void);
static inline int64_t below(int64_t count) { return (int64_t)(random_bits() % (uint32_t)count); }
static inline float random_float(void) { return (float)((int32_t)random_bits() / 2147483648.0 * 2); }

/* `count` random floats in (-2, 2); with `odd`, some are NaN, infinite, subnormal, zero or large. */
float *floats(int64_t count, bool odd);
float *filled(int64_t count, float value);

/* Calls the slices of a row of a table, the last first. */
static inline void run_parts(const ck_variant *row, const void *args, int parts) {
    for (int part = parts; part-- > 0;) row->run(args, part, parts);
}

/* Each compares one result and counts it as a case. NaNs are equal as NaNs. */
void same_floats(const char *variant, const char *label, const float *found, const float *expected, int64_t count);
void same_bytes(const char *variant, const char *label, const void *found, const void *expected, int64_t count);
void close_floats(const char *variant, const char *label, const float *found, const float *expected, int64_t count,
                  double absolute, double relative);

/* A row that is not the reference and that this CPU runs. */
#define FOR_EACH_VARIANT(row, table) \
    for (const ck_variant *row = (table).rows; row < (table).rows + (table).count - 1; row++) \
        if (ck_isa_supported(row->isa))

void check_linear(void);
void check_quantized(void);
void check_language(void);
void check_attention(void);
void check_rows(void);
void check_vision(void);
void check_spatial(void);
void check_points(void);

#endif
