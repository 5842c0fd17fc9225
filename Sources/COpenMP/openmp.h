/* The plain functions of the OpenMP runtime that the worker team calls, so that no compiler flag is needed.
 * Debian's libomp-dev provides them as libomp5. */
#ifndef CLEO_OPENMP_H
#define CLEO_OPENMP_H
#include <stdbool.h>
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
void GOMP_barrier(void);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
int omp_get_num_procs(void);
#endif
