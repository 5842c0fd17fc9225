package import CLEOKernels

/// One kernel at one shape, prepared: memory filled, the number of calls in a sample known.
package final class KernelTiming {
    private let prepared: PreparedKernel
    private let kernel: ck_kernel
    private let team: KernelTeam
    /// Calls that one sample is the mean of.
    package let callsPerSample: Int

    /// - Parameter sampleSeconds: least time of a sample; short kernels are called many times
    package init(_ entry: KernelCase, _ row: ck_variant, team: KernelTeam, sampleSeconds: Double = 0.001) throws(BenchError) {
        self.team = team
        kernel = row.run
        prepared = try entry.prepare(KernelMemory(parts: team.threads))
        team.seconds(kernel, prepared.arguments, parts: prepared.parts)
        callsPerSample = team.calls(of: kernel, prepared.arguments, parts: prepared.parts, lasting: sampleSeconds)
    }

    /// Seconds of one call.
    package func sample() -> Double { team.seconds(kernel, prepared.arguments, parts: prepared.parts, calls: callsPerSample) / Double(callsPerSample) }
}

/// What one kernel at one shape takes.
public struct KernelResult: Sendable, Codable {
    public struct Reference: Sendable, Codable {
        public let kernel: String
        public let seconds: Double
        /// Time of the reference over time of the kernel.
        public let ratio: Double
    }

    public let name: String
    public let family: String
    public let shape: String
    public let kernel: String
    public let instructionSet: String
    public let threads: Int
    public let seconds: Measured
    public let operations: Double
    public let bytes: Double
    public let operationsPerSecond: Double
    public let bytesPerSecond: Double
    /// What limits it on this machine: an element type's arithmetic, or reading from a level of memory.
    public let bound: String
    /// The peak of that limit's probe between the samples of this kernel.
    public let boundRate: Double
    /// Time that the limits allow over the time it took.
    public let share: Double
    /// Nil where it was not asked for, or the kernel is the reference.
    public let reference: Reference?
}

/// How kernels are timed.
public struct KernelOptions: Sendable {
    /// Cases whose name contains one of these; empty for all.
    public var filters: [String] = []
    /// Exactly this instruction set; nil for what a plan takes.
    public var instructionSet: String?
    /// 0 takes every core.
    public var threads = 0
    /// Spent on each case, beside its reference.
    public var seconds = 0.5
    /// Times the reference too, and compares the results.
    public var comparesReference = true
    public init() {}

    package var cases: [KernelCase] {
        KernelCase.all.filter { entry in filters.isEmpty || filters.contains { entry.name.contains($0) } }
    }

    /// The row of a family that these options choose; nil where it has none for the instruction set.
    ///
    /// - Throws: `BenchError.instructionSet` for a name that does not exist or that the CPU lacks
    package func row(of entry: KernelCase) throws(BenchError) -> ck_variant? {
        guard let instructionSet else { return entry.variants().selected }
        let isa = try Self.isa(named: instructionSet)
        return ck_find_variant(entry.variants(), isa)?.pointee
    }

    package static func isa(named name: String) throws(BenchError) -> ck_isa {
        let all = (0..<7).map { ck_isa(UInt32($0)) }
        guard let isa = all.first(where: { String(cString: ck_isa_name($0)) == name }) else {
            throw .instructionSet(name: name, reason: "unknown; known are \(all.map { String(cString: ck_isa_name($0)) }.joined(separator: ", "))")
        }
        guard ck_isa_supported(isa) else { throw .instructionSet(name: name, reason: "this CPU does not have it") }
        return isa
    }
}

/// Times kernels, each between probes of what limits it, so that a neighbour that slows one slows the other.
package final class KernelBenchmark {
    private let options: KernelOptions
    private let team: KernelTeam
    private let machine = Machine.current
    private var arithmetic: [Roofline.Element: ArithmeticProbe] = [:]
    private var reading: [Roofline.Level: ReadingProbe] = [:]

    /// - Throws: `BenchError.instructionSet`
    package init(_ options: KernelOptions) throws(BenchError) {
        self.options = options
        team = KernelTeam(threads: options.threads)
        var cap = CK_ISA_REF
        guard ck_isa_cap(&cap) == CK_OK else { throw .instructionSet(name: "LEO_ISA", reason: "names none that this CPU has") }
    }

    package var threads: Int { team.threads }

    /// - Returns: nil where the family has no kernel for the instruction set asked for
    package func run(_ entry: KernelCase) throws -> KernelResult? {
        guard let row = try options.row(of: entry) else { return nil }
        let timing = try KernelTiming(entry, row, team: team)
        let work = entry.work
        let limits = try Limits(work, self)
        var seconds: [Double] = [], arithmeticRates: [Double] = [], readingRates: [Double] = []
        let end = ContinuousClock.now + .seconds(options.seconds)
        while seconds.count < 5 || (ContinuousClock.now < end && seconds.count < 10_000) {
            if let probe = limits.arithmetic { arithmeticRates.append(probe.rate()) }
            if let probe = limits.reading { readingRates.append(probe.rate()) }
            seconds.append(timing.sample())
        }
        let measured = Measured(Samples(seconds))
        let (bound, rate, least) = limits.bound(work, Samples(arithmeticRates).peak, Samples(readingRates).peak)
        return KernelResult(
            name: entry.name, family: entry.family, shape: entry.shape, kernel: row.title, instructionSet: row.instructionSet, threads: team.threads,
            seconds: measured, operations: work.operations, bytes: work.bytes, operationsPerSecond: work.operations / measured.median,
            bytesPerSecond: work.bytes / measured.median, bound: bound, boundRate: rate, share: least / measured.median,
            reference: options.comparesReference ? try reference(entry, row, measured.median) : nil)
    }

    // MARK: Limits

    private struct Limits {
        let arithmetic: ArithmeticProbe?
        let reading: ReadingProbe?
        let element: Roofline.Element
        let level: Roofline.Level

        init(_ work: KernelCase.Work, _ benchmark: KernelBenchmark) throws {
            element = work.element
            arithmetic = work.operations > 0 ? benchmark.probe(work.element) : nil
            level = benchmark.level(of: work.bytes)
            reading = try benchmark.probe(level)
        }

        /// The limit that takes longest, its rate, and the time it leaves at least.
        func bound(_ work: KernelCase.Work, _ operations: Double, _ bytes: Double) -> (String, Double, Double) {
            let computing = arithmetic == nil ? 0 : work.operations / operations
            let moving = reading == nil ? 0 : work.bytes / bytes
            return computing >= moving ? (element.rawValue, operations, computing) : (level.rawValue, bytes, moving)
        }
    }

    /// The level that holds the operands of all threads, when a kernel is called again and again.
    private func level(of bytes: Double) -> Roofline.Level {
        let share = bytes / Double(team.threads)
        if machine.l1Bytes > 0, share <= Double(machine.l1Bytes) { return .l1 }
        if machine.l2Bytes > 0, share <= Double(machine.l2Bytes) { return .l2 }
        if machine.l3Bytes > 0, bytes <= Double(machine.l3Bytes) { return .l3 }
        return .memory
    }

    private func probe(_ element: Roofline.Element) -> ArithmeticProbe? {
        if let known = arithmetic[element] { return known }
        guard let row = element.variants.selected else { return nil }
        let made = ArithmeticProbe(element, row, threads: team.threads)
        arithmetic[element] = made
        return made
    }

    private func probe(_ level: Roofline.Level) throws -> ReadingProbe? {
        if let known = reading[level] { return known }
        let made = try ReadingProbe(level, machine, threads: team.threads)
        reading[level] = made
        return made
    }

    // MARK: Reference

    private func reference(_ entry: KernelCase, _ row: ck_variant, _ seconds: Double) throws(BenchError) -> KernelResult.Reference? {
        guard let reference = ck_find_variant(entry.variants(), CK_ISA_REF)?.pointee, reference.isa != row.isa else { return nil }
        func outcome(_ row: ck_variant, times: Int) throws(BenchError) -> (values: [Double], seconds: Double) {
            let prepared = try entry.prepare(KernelMemory(parts: team.threads))
            var taken = [team.seconds(row.run, prepared.arguments)]
            let values = prepared.output.values
            // A slow reference is timed once.
            while taken.count < times, taken[0] < 0.1 { taken.append(team.seconds(row.run, prepared.arguments)) }
            return (values, Samples(taken).median)
        }
        let expected = try outcome(reference, times: 5)
        let found = try outcome(row, times: 1)
        let scale = expected.values.reduce(0) { max($0, abs($1)) }
        if let index = zip(expected.values, found.values).enumerated().first(where: { !(abs($1.0 - $1.1) <= entry.tolerance * scale) })?.offset {
            throw .wrongResult(
                kernel: "\(row.title), \(entry.shape)", reference: reference.title,
                reason: "element \(index) is \(found.values[index]), expected \(expected.values[index])")
        }
        return KernelResult.Reference(kernel: reference.title, seconds: expected.seconds, ratio: expected.seconds / seconds)
    }
}
