// A quantised matrix product of ggml, as llama.cpp computes it: ggml_mul_mat TYPE M N K THREADS plain|repacked
//
// Prints what it is, then for each line on standard input the seconds of a call.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "ggml.h"
#ifdef PEER_CPU_HEADER
#include "ggml-backend.h"
#include "ggml-cpu.h"
#endif

static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static ggml_type type_named(const std::string &name) {
    for (int i = 0; i < GGML_TYPE_COUNT; i++) {
        const char *known = ggml_type_name((ggml_type)i);
        if (known && name == known) return (ggml_type)i;
    }
    return GGML_TYPE_COUNT;
}

static std::vector<float> uniform(size_t count, uint32_t state) {
    std::vector<float> values(count);
    for (float &value : values) value = (float)((state = state * 1664525u + 1013904223u) >> 8) * 0x1p-23f - 1;
    return values;
}

// Some versions take one argument more.
template <typename Quantise>
static void quantise(Quantise quantise, ggml_type type, const float *values, void *bytes, int64_t n, int64_t k) {
    if constexpr (std::is_invocable_v<Quantise, ggml_type, const float *, void *, int64_t, int64_t, int64_t, const float *>) {
        quantise(type, values, bytes, 0, n, k, nullptr);
    } else {
        quantise(type, values, bytes, 0, n, k, nullptr, nullptr);
    }
}

static std::vector<uint8_t> quantised(ggml_type type, int64_t n, int64_t k) {
    std::vector<uint8_t> bytes(ggml_row_size(type, k) * n);
    quantise(ggml_quantize_chunk, type, uniform((size_t)n * k, 1).data(), bytes.data(), n, k);
    return bytes;
}

#ifdef PEER_CPU_HEADER
// Weights of newer versions lie in a buffer whose type decides on their layout.
static ggml_backend_buffer_type_t buffer_type(bool repacked) {
    if (!repacked) return ggml_backend_cpu_buffer_type();
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (!device) throw std::runtime_error("no CPU device");
    auto extra = (ggml_backend_dev_get_extra_bufts_t)ggml_backend_reg_get_proc_address(
        ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
    for (ggml_backend_buffer_type_t *type = extra ? extra(device) : nullptr; type && *type; type++) {
        if (std::string(ggml_backend_buft_name(*type)) == "CPU_REPACK") return *type;
    }
    throw std::runtime_error("this build repacks nothing");
}

static ggml_tensor *weights(const std::string &name, int64_t n, int64_t k, bool repacked) {
    const ggml_type type = type_named(name);
    if (type == GGML_TYPE_COUNT) throw std::runtime_error("no type " + name);
    ggml_context *context = ggml_init({ggml_tensor_overhead(), nullptr, true});
    ggml_tensor *w = ggml_new_tensor_2d(context, type, k, n);
    ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(buffer_type(repacked), ggml_nbytes(w) + 4096);
    if (!buffer) throw std::runtime_error("no memory for the weights");
    if (ggml_backend_tensor_alloc(buffer, w, ggml_backend_buffer_get_base(buffer)) != GGML_STATUS_SUCCESS) throw std::runtime_error("weights cannot be placed");
    // A layout of its own is what the buffer has for this type on this CPU, or nothing.
    if (repacked && !w->extra) throw std::runtime_error(name + " is not repacked on this CPU");
    ggml_backend_tensor_set(w, quantised(type, n, k).data(), 0, ggml_nbytes(w));
    return w;
}
#else
// Older versions have a type for each layout.
static ggml_tensor *weights(const std::string &name, int64_t n, int64_t k, bool repacked) {
    ggml_type type = type_named(repacked ? name + "_r8" : name);
    if (type == GGML_TYPE_COUNT) throw std::runtime_error("no type " + name + (repacked ? "_r8" : ""));
    const std::vector<uint8_t> bytes = quantised(type, n, k);
    ggml_context *context = ggml_init({bytes.size() + ggml_tensor_overhead() + 4096, nullptr, false});
    ggml_tensor *w = ggml_new_tensor_2d(context, type, k, n);
    std::copy(bytes.begin(), bytes.end(), (uint8_t *)w->data);
    return w;
}
#endif

static ggml_cplan plan_of(ggml_cgraph *graph, int threads) {
#ifdef PEER_CPU_HEADER
    // Threads that outlive a call, as llama.cpp has them.
    ggml_threadpool_params parameters = ggml_threadpool_params_default(threads);
    return ggml_graph_plan(graph, threads, ggml_threadpool_new(&parameters));
#else
    return ggml_graph_plan(graph, threads);
#endif
}

static int serve(int64_t m, int64_t n, int64_t k, int threads, const std::string &name, bool repacked) {
    ggml_tensor *w = weights(name, n, k, repacked);
    ggml_context *context = ggml_init({(size_t)m * (n + k) * 4 + (16u << 20), nullptr, false});
    ggml_tensor *x = ggml_new_tensor_2d(context, GGML_TYPE_F32, k, m);
    const std::vector<float> values = uniform((size_t)m * k, 2);
    std::copy(values.begin(), values.end(), (float *)x->data);
    ggml_cgraph *graph = ggml_new_graph(context);
    ggml_build_forward_expand(graph, ggml_mul_mat(context, w, x));
    ggml_cplan plan = plan_of(graph, threads);
    std::vector<uint8_t> work(plan.work_size + 64);
    plan.work_data = work.data();
    auto seconds = [&](int count) {
        const double start = now();
        for (int i = 0; i < count; i++) ggml_graph_compute(graph, &plan);
        return now() - start;
    };
    seconds(1);
    int count = 1;
    while (seconds(count) < 0.001 && count < 1 << 20) count *= 2;
    std::printf("ggml %s%s\n", name.c_str(), repacked ? ", repacked" : "");
    std::fflush(stdout);
    std::string line;
    while (std::getline(std::cin, line)) {
        std::printf("%.9g\n", seconds(count) / count);
        std::fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv) {
    const std::string form = argc == 7 ? argv[6] : "";
    const int64_t m = argc == 7 ? std::atoll(argv[2]) : 0, n = argc == 7 ? std::atoll(argv[3]) : 0, k = argc == 7 ? std::atoll(argv[4]) : 0;
    const int threads = argc == 7 ? std::atoi(argv[5]) : 0;
    if (m < 1 || n < 1 || k < 1 || threads < 1 || (form != "plain" && form != "repacked")) {
        std::fprintf(stderr, "usage: ggml_mul_mat TYPE M N K THREADS plain|repacked\n");
        return 64;
    }
    try {
        return serve(m, n, k, threads, argv[1], form == "repacked");
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
