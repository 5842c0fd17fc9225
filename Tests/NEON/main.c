/* Runs every vector variant of the kernels that this CPU has, beside plain loops of the same contract: tools/test-arm.sh */
#include "check.h"

#include <sys/mman.h>
#include <unistd.h>

static struct {
    void *start;
    size_t bytes;
} regions[64];
static int region_count;
static uint64_t state = 88172645463325252u;
static long case_count, failure_count;

void *guarded(int64_t bytes) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), body = ((size_t)bytes + page - 1) / page * page;
    char *start = mmap(NULL, body + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || mprotect(start + body, page, PROT_NONE) != 0 || region_count == 64) abort();
    regions[region_count].start = start;
    regions[region_count++].bytes = body + page;
    return start + body - bytes;
}

void release_all(void) {
    while (region_count > 0) {
        region_count--;
        munmap(regions[region_count].start, regions[region_count].bytes);
    }
}

uint32_t random_bits(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

float *floats(int64_t count, bool odd) {
    static const float odd_values[] = {NAN, INFINITY, -INFINITY, 1e-40f, -0.0f, 0.0f, 3e38f, -90.0f, 90.0f, 65520.0f};
    float *values = guarded(count * 4);
    for (int64_t i = 0; i < count; i++)
        values[i] = odd && below(61) == 0 ? odd_values[below(sizeof odd_values / sizeof *odd_values)] : random_float();
    return values;
}

float *filled(int64_t count, float value) {
    float *values = guarded(count * 4);
    for (int64_t i = 0; i < count; i++) values[i] = value;
    return values;
}

static void failed(const char *variant, const char *label, int64_t at) {
    if (failure_count++ < 20) printf("FAILED %s: %s, first at %lld", variant, label, (long long)at);
}

void same_floats(const char *variant, const char *label, const float *found, const float *expected, int64_t count) {
    case_count++;
    for (int64_t i = 0; i < count; i++) {
        if (memcmp(found + i, expected + i, 4) == 0 || (isnan(found[i]) && isnan(expected[i]))) continue;
        failed(variant, label, i);
        if (failure_count <= 20) printf(": %a instead of %a\n", found[i], expected[i]);
        return;
    }
}

void same_bytes(const char *variant, const char *label, const void *found, const void *expected, int64_t count) {
    case_count++;
    for (int64_t i = 0; i < count; i++) {
        const int a = ((const uint8_t *)found)[i], b = ((const uint8_t *)expected)[i];
        if (a == b) continue;
        failed(variant, label, i);
        if (failure_count <= 20) printf(": byte %d instead of %d\n", a, b);
        return;
    }
}

void close_floats(const char *variant, const char *label, const float *found, const float *expected, int64_t count,
                  double absolute, double relative) {
    case_count++;
    for (int64_t i = 0; i < count; i++) {
        const double error = fabs((double)found[i] - expected[i]), limit = absolute + relative * fabs(expected[i]);
        if (found[i] == expected[i] || (isfinite(expected[i]) && error <= limit)) continue;
        if (isnan(found[i]) && isnan(expected[i])) continue;
        failed(variant, label, i);
        if (failure_count <= 20) printf(": %a instead of %a\n", found[i], expected[i]);
        return;
    }
}

static const char *wanted = "";

static void family(const char *name, void (*check)(void)) {
    if (!strstr(name, wanted)) return;
    const long before = case_count;
    check();
    printf("%s: %ld cases\n", name, case_count - before);
    fflush(stdout);
}

int main(int count, char **arguments) {
    if (count > 1) wanted = arguments[1]; /* part of a family's name */
    family("linear", check_linear);
    family("q8 rows and products", check_quantized);
    family("language", check_language);
    family("attention", check_attention);
    family("normalisation, sums, pooling", check_rows);
    family("depthwise convolution", check_vision);
    family("spatial attention", check_spatial);
    family("points", check_points);
    printf("%ld cases, %ld failed\n", case_count, failure_count);
    return failure_count == 0 ? 0 : 1;
}
