internal import CLEOBench
package import CLEOKernels
import Foundation

/// What the machine does at most, measured: arithmetic by element type, reading by the place the bytes come from.
public struct Roofline: Sendable, Codable {
    /// Element types that have instructions of their own.
    public enum Element: String, Sendable, Codable, CaseIterable {
        case f32, bf16, i8, i4
    }

    /// Where bytes are read from.
    public enum Level: String, Sendable, Codable, CaseIterable {
        case l1 = "L1", l2 = "L2", l3 = "L3", memory
    }

    public struct Arithmetic: Sendable, Codable {
        public let element: Element
        public let kernel: String
        public let instructionSet: String
        public let threads: Int
        /// A multiply and an add are two.
        public let operationsPerSecond: Measured
    }

    public struct Reading: Sendable, Codable {
        public let level: Level
        /// Bytes read again and again, of all threads together.
        public let byteCount: Int
        public let threads: Int
        public let bytesPerSecond: Measured
    }

    public let machine: Machine
    public let arithmetic: [Arithmetic]
    public let reading: [Reading]

    /// Measures with one thread and with `threads`.
    ///
    /// - Parameters:
    ///   - seconds: spent on each number
    ///   - allInstructionSets: every form of an element's arithmetic that the CPU has, instead of the one it would take
    /// - Throws: `BenchError.memory`
    public init(threads: Int = 0, seconds: Double = 0.4, allInstructionSets: Bool = false) throws {
        let machine = Machine.current
        let most = KernelTeam(threads: threads).threads
        let counts = most == 1 ? [1] : [1, most]
        var arithmetic: [Arithmetic] = []
        for element in Element.allCases {
            let rows = allInstructionSets ? element.variants.supported : element.variants.selected.map { [$0] } ?? []
            for row in rows {
                for count in counts {
                    let probe = ArithmeticProbe(element, row, threads: count)
                    arithmetic.append(
                        Arithmetic(
                            element: element, kernel: row.title, instructionSet: row.instructionSet, threads: count,
                            operationsPerSecond: Measured(repeating(seconds) { probe.rate() })))
                }
            }
        }
        var reading: [Reading] = []
        for level in Level.allCases {
            for count in counts {
                guard let probe = try ReadingProbe(level, machine, threads: count) else { continue }
                reading.append(
                    Reading(level: level, byteCount: probe.byteCount, threads: count, bytesPerSecond: Measured(repeating(seconds) { probe.rate() })))
            }
        }
        (self.machine, self.arithmetic, self.reading) = (machine, arithmetic, reading)
    }

    /// The peak of an element's arithmetic with as many threads. Nil where none exists.
    public func operationsPerSecond(_ element: Element, threads: Int) -> Double? {
        arithmetic.filter { $0.element == element && $0.threads == threads }.map(\.operationsPerSecond.upperDecile).max()
    }

    public func bytesPerSecond(_ level: Level, threads: Int) -> Double? {
        reading.first { $0.level == level && $0.threads == threads }?.bytesPerSecond.upperDecile
    }
}

/// Calls `body` for about `seconds`, at least five times.
func repeating(_ seconds: Double, _ body: () -> Double) -> Samples {
    let end = ContinuousClock.now + .seconds(seconds)
    var values: [Double] = []
    while values.count < 5 || (ContinuousClock.now < end && values.count < 100_000) { values.append(body()) }
    return Samples(values)
}

extension Roofline.Element {
    package var variants: ck_variants {
        switch self {
        case .f32: cleo_bench_f32_variants()
        case .bf16: cleo_bench_bf16_variants()
        case .i8: cleo_bench_i8_variants()
        case .i4: cleo_bench_i4_variants()
        }
    }
}

/// Arithmetic in registers, a millisecond at a time: short enough to lie between interruptions.
final class ArithmeticProbe {
    private let team: KernelTeam
    private let kernel: ck_kernel
    private let sink: UnsafeMutablePointer<Int64>
    private var arguments: cleo_bench_compute_args

    init(_ element: Roofline.Element, _ row: ck_variant, threads: Int, milliseconds: Double = 1) {
        team = KernelTeam(threads: threads)
        kernel = row.run
        sink = .allocate(capacity: team.threads)
        sink.initialize(repeating: 0, count: team.threads)
        arguments = cleo_bench_compute_args(rounds: 1, sink: sink)
        let rounds = repetitions(lasting: milliseconds / 1e3) { count in
            arguments.rounds = Int64(count)
            return team.seconds(kernel, &arguments)
        }
        arguments.rounds = Int64(rounds)
    }

    deinit { sink.deallocate() }

    /// Operations per second of all threads.
    func rate() -> Double {
        let seconds = team.seconds(kernel, &arguments)
        return Double(arguments.rounds) * Double(CLEO_BENCH_ROUND_OPERATIONS) * Double(team.threads) / seconds
    }
}

/// Reading a buffer that just fits a level, or memory that is there, a slice for each thread.
final class ReadingProbe {
    private let team: KernelTeam
    private let kernel: ck_kernel
    /// Of the probe's own.
    private let buffer: UnsafeMutableRawPointer?
    private let sink: UnsafeMutablePointer<Int64>
    /// One for each stretch of memory.
    private var arguments: [cleo_bench_read_args]
    let byteCount: Int

    /// Reads `ranges` where they lie, all of them for a sample: weights may lie in memory that is faster or slower than other memory
    /// of the same machine, such as another socket's.
    ///
    /// - Returns: nil for nothing of a size that can be measured
    init?(_ ranges: [UnsafeRawBufferPointer], threads: Int) {
        guard let kernel = cleo_bench_read_variants().selected?.run else { return nil }
        self.kernel = kernel
        team = KernelTeam(threads: threads)
        buffer = nil
        let sink = UnsafeMutablePointer<Int64>.allocate(capacity: team.threads)
        sink.initialize(repeating: 0, count: team.threads)
        self.sink = sink
        arguments = ranges.compactMap { range in
            guard let data = range.baseAddress.map({ $0.alignedUp(toMultipleOf: 64) }) else { return nil }
            let part = max(range.count - 64, 0) / threads / Self.granule * Self.granule
            guard part > 0 else { return nil }
            return cleo_bench_read_args(data: data, bytes_per_part: Int64(part), passes: 1, streams: 1, ahead: 0, sink: sink)
        }
        byteCount = arguments.reduce(0) { $0 + Int($1.bytes_per_part) } * team.threads
        guard byteCount > 0 else { return nil }
        choosePattern(samples: 2)
    }

    /// Bytes of a part are a multiple of this, for as many as 4 streams.
    private static let granule = 4096

    /// - Returns: nil where the machine has no such level, or does not tell its size
    init?(_ level: Roofline.Level, _ machine: Machine, threads: Int, milliseconds: Double = 1) throws {
        guard let kernel = cleo_bench_read_variants().selected?.run else { return nil }
        let bytes: Int
        switch level {
        // Half of a cache: the rest is for whatever else the core touches.
        case .l1: bytes = machine.l1Bytes / 2
        case .l2: bytes = machine.l2Bytes / 2
        // Others may use the shared cache too.
        case .l3: bytes = machine.l3Bytes / 4 / threads
        case .memory: bytes = min(max(4 * machine.l3Bytes, 256 << 20), 1 << 30, machine.memoryBytes / 8) / threads
        }
        guard bytes >= 1024 else { return nil }
        self.kernel = kernel
        team = KernelTeam(threads: threads)
        let part = bytes / Self.granule * Self.granule + (bytes < Self.granule ? 1024 : 0)
        byteCount = part * threads
        // Large pages where the system has them: the memory is measured, not the tables of pages.
        let alignment = byteCount >= 8 << 20 ? 2 << 20 : 4096
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, alignment, byteCount) == 0, let memory else { throw BenchError.memory(byteCount: byteCount) }
        #if os(Linux)
        if byteCount >= 8 << 20 { _ = madvise(memory, byteCount, 14 /* MADV_HUGEPAGE */) }
        #endif
        memset(memory, 1, byteCount)
        buffer = memory
        sink = .allocate(capacity: threads)
        sink.initialize(repeating: 0, count: threads)
        arguments = [cleo_bench_read_args(data: memory, bytes_per_part: Int64(part), passes: 1, streams: 1, ahead: 0, sink: sink)]
        let passes = repetitions(lasting: milliseconds / 1e3) { count in
            arguments[0].passes = Int64(count)
            return seconds()
        }
        arguments[0].passes = Int64(passes)
        if level == .memory { choosePattern(samples: 5) }
    }

    /// Takes the pattern that memory answers fastest: one stream or more, with lines fetched ahead or without.
    private func choosePattern(samples: Int) {
        func set(_ pattern: (streams: Int64, ahead: Int64)) {
            for index in arguments.indices { (arguments[index].streams, arguments[index].ahead) = pattern }
        }
        var best = (seconds: Double.infinity, pattern: (streams: 1 as Int64, ahead: 0 as Int64))
        for streams in [1, 2, 4] as [Int64] {
            for ahead in [0, 4096] as [Int64] {
                set((streams, ahead))
                let fastest = (0..<samples).map { _ in seconds() }.min() ?? .infinity
                if fastest < best.seconds { best = (fastest, (streams, ahead)) }
            }
        }
        set(best.pattern)
    }

    deinit {
        free(buffer)
        sink.deallocate()
    }

    /// Of reading everything as often as the arguments say.
    private func seconds() -> Double {
        arguments.withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress else { return .infinity }
            return team.seconds(kernel, first, stride: MemoryLayout<cleo_bench_read_args>.stride, calls: arguments.count)
        }
    }

    /// Bytes per second of all threads.
    func rate() -> Double {
        var total = 0.0, times = 0.0
        // Weights of a small model are read in no time.
        repeat { (total, times) = (total + seconds(), times + 1) } while total < 5e-4
        return times * Double(arguments[0].passes) * Double(byteCount) / total
    }
}
