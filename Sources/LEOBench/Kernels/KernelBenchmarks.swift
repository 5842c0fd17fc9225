internal import CLEOKernels

/// The kernel cases for a benchmark harness, by name.
///
/// ```swift
/// for name in KernelBenchmarks.names {
///     let benchmark = try KernelBenchmarks.prepare(name)
///     benchmark.run()
/// }
/// ```
public enum KernelBenchmarks {
    public static var names: [String] { KernelCase.all.map(\.name) }

    /// - Throws: `BenchError.option` for an unknown name
    public static func prepare(_ name: String, threads: Int = 0) throws(BenchError) -> PreparedBenchmark {
        guard let entry = KernelCase.all.first(where: { $0.name == name }), let row = entry.variants().selected else {
            throw .option(name: "benchmark", reason: "expected one of KernelBenchmarks.names, found \(name)")
        }
        return PreparedBenchmark(kernel: row.title, try KernelTiming(entry, row, team: KernelTeam(threads: threads), sampleSeconds: 0), entry.work)
    }
}

/// A kernel with its operands in memory.
public final class PreparedBenchmark {
    /// The function that runs.
    public let kernel: String
    /// What a call costs by the plain algorithm.
    public let operations: Double
    public let bytes: Double
    private let timing: KernelTiming

    init(kernel: String, _ timing: KernelTiming, _ work: KernelCase.Work) {
        (self.kernel, self.timing, operations, bytes) = (kernel, timing, work.operations, work.bytes)
    }

    /// Calls it once, on all threads.
    public func run() { _ = timing.sample() }
}
