#include "allocation_counter.h"
#include <stddef.h>

#if defined(__GLIBC__) || (defined(__linux__) && __has_include(<gnu/libc-version.h>))
#define COUNTS 1
#else
#define COUNTS 0
#endif
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef COUNTS
#define COUNTS 0
#endif

static _Thread_local long count;
long allocation_count(void) { return count; }

#if COUNTS
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void *malloc(size_t size) { count++; return __libc_malloc(size); }
void *calloc(size_t items, size_t size) { count++; return __libc_calloc(items, size); }
void *realloc(void *memory, size_t size) { count++; return __libc_realloc(memory, size); }
void *aligned_alloc(size_t alignment, size_t size) { count++; return __libc_memalign(alignment, size); }
int posix_memalign(void **memory, size_t alignment, size_t size) {
    count++;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : 12; /* ENOMEM */
}
bool allocation_counter_works(void) { return true; }
#else
bool allocation_counter_works(void) { return false; }
#endif
