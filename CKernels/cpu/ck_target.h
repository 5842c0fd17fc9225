/* Regions of code built for one instruction set. Everything outside a region is built for the
 * baseline CPU, so the package needs no compiler flag and stays usable as a dependency. Include all
 * other headers before CK_TARGET_BEGIN. */
#ifndef CK_TARGET_H
#define CK_TARGET_H

/* Defined by the build that tests AVX-512 kernels on other CPUs. */
#ifndef CK_EMULATE_AVX512
#define CK_EMULATE_AVX512 0
#endif

#define CK_PRAGMA_(x) _Pragma(#x)
#define CK_PRAGMA(x) CK_PRAGMA_(x)

#define CK_AVX2_FEATURES "avx2,fma,f16c"
#if CK_EMULATE_AVX512 /* see ck_avx512.h */
#define CK_AVX512_FEATURES CK_AVX2_FEATURES
#define CK_AVX512VNNI_FEATURES CK_AVX2_FEATURES
#define CK_AVX512BF16_FEATURES CK_AVX2_FEATURES
#else
#define CK_AVX512_FEATURES "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512cd"
#define CK_AVX512VNNI_FEATURES CK_AVX512_FEATURES ",avx512vnni"
#define CK_AVX512BF16_FEATURES CK_AVX512_FEATURES ",avx512bf16"
#endif

#define CK_TARGET_BEGIN(features) \
    CK_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define CK_TARGET_END CK_PRAGMA(clang attribute pop)

#define CK_INLINE static inline __attribute__((always_inline))
#define CK_UNROLL _Pragma("clang loop unroll(full)")

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
