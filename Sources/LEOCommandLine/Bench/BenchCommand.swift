import ArgumentParser
import Foundation
import LEOBench

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine, the kernels, or a whole request.",
        discussion: """
            Everything is given as a share of what this machine was measured to do at that time: peak arithmetic and reading
            speed. Times are medians of many short samples; other programs that run meanwhile make the spread grow.

              leo bench roofline
              leo bench kernels --filter linear
              leo bench request leo-7b.leo --repeat 3
            """,
        subcommands: [BenchRoofline.self, BenchKernels.self, BenchRequest.self])
}

enum BenchText {
    /// `123.4 G`: a rate without its unit.
    static func rate(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        return value < 9.995e9 ? String(format: "%.2f G", value / 1e9) : value < 99.95e9 ? String(format: "%.1f G", value / 1e9)
            : String(format: "%.0f G", value / 1e9)
    }

    /// `12.3 us`
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "-" }
        for (unit, scale) in [("s", 1.0), ("ms", 1e-3), ("us", 1e-6)] where seconds >= scale { return number(seconds / scale) + " " + unit }
        return number(seconds / 1e-9) + " ns"
    }

    static func percent(_ share: Double) -> String { share.isFinite ? String(format: "%.0f %%", share * 100) : "-" }

    /// Three digits.
    private static func number(_ value: Double) -> String {
        String(format: value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value)
    }

    static func machine(_ machine: Machine) -> String {
        let caches = [("L1", machine.l1Bytes), ("L2", machine.l2Bytes), ("L3", machine.l3Bytes)].filter { $0.1 > 0 }
            .map { "\($0.0) \($0.1 >= 1 << 20 ? "\($0.1 >> 20) MiB" : "\($0.1 >> 10) KiB")" }.joined(separator: ", ")
        return "\(machine.cpu), \(machine.cores) core\(machine.cores == 1 ? "" : "s")" + (caches.isEmpty ? "" : ", \(caches)")
    }
}

/// Options that all measurements have.
struct BenchArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Threads; 0 takes every core.", valueName: "n"))
    var threads = 0
    @Option(help: ArgumentHelp("Time spent on each number, in seconds.", valueName: "s"))
    var seconds = 0.4

    func validate() throws {
        try Ask.checkThreads(threads)
        if !(seconds >= 0 && seconds <= 600) { throw ValidationError("--seconds: expected 0 to 600, found \(seconds).") }
    }
}

struct BenchRoofline: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roofline",
        abstract: "Measure peak arithmetic and reading speed.",
        discussion: """
            Arithmetic runs in registers: float32 multiply-adds; products of bytes with weights of 8 (i8) and of 4 bits (i4);
            bfloat16 where the CPU has instructions for it. Reading goes over a buffer that fits the cache, or no cache. The peak
            is what a tenth of the samples passes; spread is the distance of the quartiles over the median.

              leo bench roofline
              leo bench roofline --all --json
            """)

    @OptionGroup var bench: BenchArguments
    @Flag(help: "Every instruction set that this CPU has, not only the best.")
    var all = false
    @OptionGroup var format: JSONOption

    func run() throws {
        let roofline = try Roofline(threads: bench.threads, seconds: bench.seconds, allInstructionSets: all)
        if format.json { return try StandardOutput.json(roofline) }
        StandardOutput.line(BenchText.machine(roofline.machine))
        func unit(_ row: Roofline.Arithmetic) -> String { row.element == .f32 || row.element == .bf16 ? "FLOP/s" : "OP/s" }
        var rows = roofline.arithmetic.map { row in
            [
                row.element.rawValue, row.instructionSet, "\(row.threads)", BenchText.rate(row.operationsPerSecond.upperDecile) + unit(row), BenchText.rate(row.operationsPerSecond.median) + unit(row),
                BenchText.percent(row.operationsPerSecond.spread),
            ]
        }
        rows += roofline.reading.map { row in
            [
                "read \(row.level.rawValue)", Units.bytes(row.byteCount), "\(row.threads)", BenchText.rate(row.bytesPerSecond.upperDecile) + "B/s",
                BenchText.rate(row.bytesPerSecond.median) + "B/s",
                BenchText.percent(row.bytesPerSecond.spread),
            ]
        }
        StandardOutput.line(Table(["what", "with", "threads", "peak", "median", "spread"], rows, right: [2, 3, 4, 5]).text)
    }
}
