/* Umbrella header of the CLEOKernels module. */
#ifndef CLEO_KERNELS_H
#define CLEO_KERNELS_H
#include "ck_common.h"
#include "ck_language.h"
#include "ck_linear.h"
#include "ck_points.h"
#include "ck_quantized.h"
#include "ck_vision.h"
#endif
