import ArgumentParser
import Foundation
import LEOBench

struct BenchKernels: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Time every kernel at LEO's shapes, as a share of what the machine does.",
        discussion: """
            Operations and bytes are those of the plain algorithm: a kernel that finds a way around some can pass 100 %. The
            limit (bound) is the arithmetic or the level of memory that allows least; it is measured between the samples of
            the kernel. Each result is compared with the reference kernel's; a wrong one is an error.

              leo bench kernels
              leo bench kernels --filter fps --filter ball_query --json
              LEO_ISA=avx2 leo bench kernels --filter linear
            """)

    @Option(help: ArgumentHelp("Only cases whose name contains this text; may be given more than once.", valueName: "text"))
    var filter: [String] = []
    @Option(help: ArgumentHelp("Exactly this instruction set; families without it are left out.", valueName: "name"))
    var isa: String?
    @OptionGroup var bench: BenchArguments
    @Flag(inversion: .prefixedNo, help: "Time the reference kernels too, and compare results.")
    var reference = true
    @Flag(help: "Only list the cases.")
    var list = false
    @Flag(help: ArgumentHelp("Prepare one case, then print the seconds of a sample for each line on standard input: for taking turns with another program."))
    var onRequest = false
    @OptionGroup var format: JSONOption

    func validate() throws {
        if list, onRequest { throw ValidationError("--list and --on-request exclude each other.") }
        if onRequest, filter.count != 1 { throw ValidationError("--on-request takes one --filter, the whole name of a case.") }
        let cases = options.cases
        // A text that matches nothing is a slip even where others match.
        if let text = filter.first(where: { text in !cases.contains { $0.name.contains(text) } }) {
            throw ValidationError("--filter: no case has \(text) in its name; --list shows all.")
        }
        if onRequest, !cases.contains(where: { $0.name == filter[0] }) {
            throw ValidationError("--filter: expected the whole name of a case, found \(filter[0]); --list shows all.")
        }
    }

    private var options: KernelOptions {
        var options = KernelOptions()
        (options.filters, options.instructionSet, options.threads) = (filter, isa, bench.threads)
        (options.seconds, options.comparesReference) = (bench.seconds, reference)
        return options
    }

    private struct Listed: Encodable {
        let name: String
        let operations: Double
        let bytes: Double
    }

    private struct Report: Encodable {
        let machine: Machine
        let threads: Int
        let kernels: [KernelResult]
    }

    func run() throws {
        let options = self.options, cases = options.cases
        if onRequest { return try serve(options) }
        if list {
            if format.json {
                return try StandardOutput.json(cases.map { Listed(name: $0.name, operations: $0.work.operations, bytes: $0.work.bytes) })
            }
            return cases.forEach { StandardOutput.line($0.name) }
        }
        let benchmark = try KernelBenchmark(options)
        var results: [KernelResult] = []
        for (index, entry) in cases.enumerated() {
            if StandardError.isTerminal { StandardError.write("\r\(index + 1) of \(cases.count): \(entry.name)\u{1B}[K") }
            if let result = try benchmark.run(entry) { results.append(result) }
        }
        if StandardError.isTerminal { StandardError.write("\r\u{1B}[K") }
        if results.isEmpty, let isa { throw BenchError.instructionSet(name: isa, reason: "none of these families has a kernel for it") }
        if format.json {
            return try StandardOutput.json(Report(machine: .current, threads: benchmark.threads, kernels: results))
        }
        StandardOutput.line(BenchText.machine(.current) + "; \(benchmark.threads) thread\(benchmark.threads == 1 ? "" : "s")")
        StandardOutput.line(Self.table(results).text)
    }

    static func table(_ results: [KernelResult]) -> Table {
        let rows = results.map { result in
            [
                result.name, result.instructionSet, BenchText.time(result.seconds.median), BenchText.percent(result.seconds.spread),
                result.operations > 0 ? BenchText.rate(result.operationsPerSecond) + "OP/s" : "", BenchText.rate(result.bytesPerSecond) + "B/s",
                result.bound, BenchText.percent(result.share), result.reference.map { String(format: $0.ratio < 10 ? "%.1fx" : "%.0fx", $0.ratio) } ?? "",
            ]
        }
        return Table(["kernel", "isa", "time", "spread", "operations", "bytes", "bound", "share", "ref"], rows, right: [2, 3, 4, 5, 7, 8])
    }

    /// Answers each line with the seconds of a call.
    private func serve(_ options: KernelOptions) throws {
        guard let entry = options.cases.first(where: { $0.name == filter[0] }) else { return }
        guard let row = try options.row(of: entry) else { throw BenchError.instructionSet(name: isa ?? "", reason: "\(entry.family) has no kernel for it") }
        let timing = try KernelTiming(entry, row, team: KernelTeam(threads: bench.threads))
        StandardOutput.line(row.title)
        while readLine() != nil { StandardOutput.line("\(timing.sample())") }
    }
}
