import Benchmark
import LEOBench

/// Every kernel at LEO's shapes, on all cores: the cases of `leo bench kernels`.
///
/// The harness keeps baselines and compares with them (`swift package benchmark baseline update main`, `… compare main`).
let benchmarks: @Sendable () -> Void = {
    for name in KernelBenchmarks.names {
        Benchmark(
            name,
            configuration: .init(
                metrics: [.wallClock, .throughput], warmupIterations: 3, scalingFactor: .one, maxDuration: .seconds(1), maxIterations: 10_000)
        ) { benchmark, prepared in
            for _ in benchmark.scaledIterations { prepared.run() }
        } setup: {
            try KernelBenchmarks.prepare(name)
        }
    }
}
