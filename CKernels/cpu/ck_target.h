/* Regions of code built for one instruction set. Everything outside a region is built for the
 * baseline CPU, so the package needs no compiler flag and stays usable as a dependency. Include all
 * other headers before CK_TARGET_BEGIN. */
#ifndef CK_TARGET_H
#define CK_TARGET_H

#define CK_PRAGMA_(x) _Pragma(#x)
#define CK_PRAGMA(x) CK_PRAGMA_(x)

#define CK_AVX2_FEATURES "avx2,fma,f16c"
#define CK_AVX512_FEATURES "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512cd"

#define CK_TARGET_BEGIN(features) \
    CK_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define CK_TARGET_END CK_PRAGMA(clang attribute pop)

#if defined(__x86_64__)
#define CK_X86 1
#else
#define CK_X86 0
#endif
#if defined(__aarch64__)
#define CK_ARM64 1
#else
#define CK_ARM64 0
#endif

#endif
