/* What follows the integer sums of ck_linear_q8, for AVX2 and, inlined there, for AVX-512. */
#ifndef CK_LINEAR_Q8_EPILOGUE_AVX2_H
#define CK_LINEAR_Q8_EPILOGUE_AVX2_H
#include "ck_vector_avx2.h"
#include "linear_q8/linear_q8.h"

#if CK_X86

CK_TARGET_BEGIN(CK_AVX2_FEATURES)

#include "linear_q8/epilogue_body.h"

CK_TARGET_END
#endif
#endif
