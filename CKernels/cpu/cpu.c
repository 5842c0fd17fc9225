/* The only code that asks the CPU anything. */
#include "ck_common.h"
#include "ck_target.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const isa_names[] = {"ref", "avx2", "avx512", "avx512vnni", "avx512bf16", "neon", "neondot"};
enum { isa_count = sizeof isa_names / sizeof isa_names[0] };

const char *ck_isa_name(ck_isa isa) {
    return (unsigned)isa < isa_count ? isa_names[isa] : "unknown";
}

#if CK_X86
#include <cpuid.h>

/* The operating system must save the wide registers, else using them faults. */
static uint64_t enabled_state(void) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) return 0;
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

static bool x86_supported(ck_isa isa) {
    uint32_t a, b, c, d, b7, c7, d7;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
    uint32_t leaf1_c = c;
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d7)) return false;
    const uint64_t state = enabled_state();
    const bool avx2 = (state & 0x6) == 0x6 && (leaf1_c & (1u << 12)) && (leaf1_c & (1u << 28)) &&
                      (leaf1_c & (1u << 29)) && (b7 & (1u << 5)); /* FMA, AVX, F16C, AVX2 */
    const uint32_t avx512_bits = (1u << 16) | (1u << 17) | (1u << 28) | (1u << 30) | (1u << 31); /* F DQ CD BW VL */
    const bool avx512 = avx2 && (state & 0xe6) == 0xe6 && (b7 & avx512_bits) == avx512_bits;
#if CK_EMULATE_AVX512
    if (avx2 && isa >= CK_ISA_AVX512 && isa <= CK_ISA_AVX512BF16) return true;
#endif
    switch (isa) {
    case CK_ISA_AVX2: return avx2;
    case CK_ISA_AVX512: return avx512;
    case CK_ISA_AVX512VNNI: return avx512 && (c7 & (1u << 11));
    case CK_ISA_AVX512BF16: {
        uint32_t a1, b1, c1, d1;
        return avx512 && __get_cpuid_count(7, 1, &a1, &b1, &c1, &d1) && (a1 & (1u << 5));
    }
    default: return false;
    }
}
#endif

#if CK_ARM64 && defined(__linux__)
#include <sys/auxv.h>
static bool arm_supported(ck_isa isa) {
    const unsigned long asimddp = 1ul << 20; /* HWCAP_ASIMDDP */
    if (isa == CK_ISA_NEON) return true;     /* part of the AArch64 baseline */
    return isa == CK_ISA_NEONDOT && (getauxval(AT_HWCAP) & asimddp);
}
#elif CK_ARM64
static bool arm_supported(ck_isa isa) { return isa == CK_ISA_NEON; }
#endif

static unsigned supported_isas; /* a bit per ck_isa */

static void ask_cpu(void) {
    supported_isas = 1u << CK_ISA_REF;
    for (int i = 0; i < isa_count; i++) {
#if CK_X86
        if (x86_supported((ck_isa)i)) supported_isas |= 1u << i;
#elif CK_ARM64
        if (arm_supported((ck_isa)i)) supported_isas |= 1u << i;
#endif
    }
}

/* Asked once: each cpuid leaves a virtual machine for microseconds, and a model selects a thousand kernels. */
bool ck_isa_supported(ck_isa isa) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ask_cpu);
    return (unsigned)isa < isa_count && (supported_isas >> isa & 1);
}

static struct {
    ck_status status;
    ck_isa isa;
    bool is_set;
} cap_state;

static void read_cap(void) {
    const char *wanted = getenv("LEO_ISA");
    cap_state.status = CK_OK;
    cap_state.is_set = wanted && *wanted;
    if (cap_state.is_set) {
        int found = -1;
        for (int i = 0; i < isa_count; i++)
            if (!strcmp(wanted, isa_names[i])) found = i;
        cap_state.isa = found < 0 ? CK_ISA_REF : (ck_isa)found;
        if (found < 0) cap_state.status = CK_INVALID_ARGUMENT;
        else if (!ck_isa_supported(cap_state.isa)) cap_state.status = CK_UNSUPPORTED;
        return;
    }
    cap_state.isa = CK_ISA_REF;
    for (int i = 0; i < isa_count; i++)
        if (ck_isa_supported((ck_isa)i)) cap_state.isa = (ck_isa)i;
}

ck_status ck_isa_cap(ck_isa *cap) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_cap);
    *cap = cap_state.isa;
    return cap_state.status;
}

const ck_variant *ck_select(ck_variants variants) {
    ck_isa cap;
    const ck_variant *reference = &variants.rows[variants.count - 1];
    if (ck_isa_cap(&cap) != CK_OK) return reference;
    for (int i = 0; i < variants.count; i++) {
        const ck_variant *row = &variants.rows[i];
        if ((!cap_state.is_set || row->isa <= cap) && ck_isa_supported(row->isa)) return row;
    }
    return reference;
}

const ck_variant *ck_find_variant(ck_variants variants, ck_isa isa) {
    for (int i = 0; i < variants.count; i++)
        if (variants.rows[i].isa == isa) return &variants.rows[i];
    return NULL;
}
