/* Counts heap allocations of the whole test process, to show that running a plan makes none. */
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H
#include <stdbool.h>
/* False where allocations cannot be counted: under a sanitizer, or without glibc. */
bool allocation_counter_works(void);
/* Calls of malloc, calloc, realloc and aligned_alloc by this thread so far. */
long allocation_count(void);
#endif
