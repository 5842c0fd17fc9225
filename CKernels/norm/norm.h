/* Private: variants of layer_norm and rms_norm. */
#ifndef CK_NORM_H
#define CK_NORM_H
#include "ck_vision.h"
#include "ck_target.h"

#include <math.h>

void ck_layer_norm_f32_ref(const void *args, int part, int parts);
void ck_rms_norm_f32_ref(const void *args, int part, int parts);
#if CK_X86
void ck_layer_norm_f32_avx2(const void *args, int part, int parts);
void ck_rms_norm_f32_avx2(const void *args, int part, int parts);
void ck_layer_norm_f32_avx512(const void *args, int part, int parts);
void ck_rms_norm_f32_avx512(const void *args, int part, int parts);
#endif
#if CK_ARM64
void ck_layer_norm_f32_neon(const void *args, int part, int parts);
void ck_rms_norm_f32_neon(const void *args, int part, int parts);
#endif

#endif
