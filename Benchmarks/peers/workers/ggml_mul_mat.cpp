// A quantised matrix product of ggml, as llama.cpp computes it: ggml_mul_mat TYPE M N K THREADS
//
// Prints what it is, then for each line on standard input the seconds of a call.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "ggml.h"
#ifdef PEER_CPU_HEADER
#include "ggml-cpu.h"
#endif

static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int main(int argc, char **argv) {
    if (argc != 6) {
        std::fprintf(stderr, "usage: ggml_mul_mat TYPE M N K THREADS\n");
        return 64;
    }
    const std::string name = argv[1];
    const int64_t m = std::atoll(argv[2]), n = std::atoll(argv[3]), k = std::atoll(argv[4]);
    const int threads = std::atoi(argv[5]);
    ggml_type type = GGML_TYPE_COUNT;
    for (int i = 0; i < GGML_TYPE_COUNT; i++) {
        const char *known = ggml_type_name((ggml_type)i);
        if (known && name == known) type = (ggml_type)i;
    }
    if (type == GGML_TYPE_COUNT || m < 1 || n < 1 || k < 1) {
        std::fprintf(stderr, "no type %s\n", name.c_str());
        return 64;
    }
    ggml_init_params parameters = {(size_t)n * k * 5 + (size_t)m * (n + k) * 4 + (64u << 20), nullptr, false};
    ggml_context *context = ggml_init(parameters);
    ggml_tensor *w = ggml_new_tensor_2d(context, type, k, n), *x = ggml_new_tensor_2d(context, GGML_TYPE_F32, k, m);
    std::vector<float> row((size_t)n * k);
    uint32_t state = 1;
    auto uniform = [&] { return (float)((state = state * 1664525u + 1013904223u) >> 8) * 0x1p-23f - 1; };
    for (float &value : row) value = uniform();
    ggml_quantize_chunk(type, row.data(), w->data, 0, n, k, nullptr);
    for (int64_t i = 0; i < m * k; i++) ((float *)x->data)[i] = uniform();
    ggml_tensor *y = ggml_mul_mat(context, w, x);
    ggml_cgraph *graph = ggml_new_graph(context);
    ggml_build_forward_expand(graph, y);
    ggml_cplan plan = ggml_graph_plan(graph, threads
#ifdef PEER_CPU_HEADER
                                      , nullptr
#endif
    );
    std::vector<uint8_t> work(plan.work_size + 64);
    plan.work_data = work.data();
    ggml_graph_compute(graph, &plan);
    int count = 1;
    for (;;) {
        const double start = now();
        for (int i = 0; i < count; i++) ggml_graph_compute(graph, &plan);
        if (now() - start >= 0.004 || count > 1 << 20) break;
        count *= 2;
    }
    std::printf("ggml %s\n", name.c_str());
    std::fflush(stdout);
    std::string line;
    while (std::getline(std::cin, line)) {
        const double start = now();
        for (int i = 0; i < count; i++) ggml_graph_compute(graph, &plan);
        std::printf("%.9g\n", (now() - start) / count);
        std::fflush(stdout);
    }
}
