import ArgumentParser
import Foundation
import LEOBench
import LEOModel

struct BenchRequest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Time the stages of a request to a model.",
        discussion: """
            Asks about made scenes, each another, with as many objects as the model takes. The share is the least time that
            the measured roofline allows for a stage's plan (for each step the longer of arithmetic and reading weights) over
            the time it took. Of the prompt only the rows that are read count: its beginning is stored in the file, or kept from
            the request before. The second request about a scene brings another text and another picture; its time is that of
            all stages before the prompt. Answers of one beam take turns with those of all beams; the ratio is that of a turn's
            tokens (median, quartiles).

              leo bench request leo-7b.leo
              leo bench request leo-7b.leo --beams 1 --prompt-tokens 192 --repeat 5 --json
              leo bench request leo-7b.leo --steps 10
            """)

    @Argument(help: ArgumentHelp("A .leo file.", valueName: "model"))
    var model: String
    @Option(help: ArgumentHelp("Rows of the prompt at least, as far as the model's limit of text goes; without it, a short question's.", valueName: "n"))
    var promptTokens: Int?
    @Option(help: ArgumentHelp("Objects of the scene; without it, as many as the model takes.", valueName: "n"))
    var objects: Int?
    @Flag(help: "Ask without a picture.")
    var noImage = false
    @Option(help: ArgumentHelp("Beams; 1 decodes greedily.", valueName: "n"))
    var beams = 5
    @Option(help: ArgumentHelp("New tokens of each answer.", valueName: "n"))
    var newTokens = 16
    @Option(name: .customLong("repeat"), help: ArgumentHelp("Requests that are measured, after a first one.", valueName: "n"))
    var repeats = 3
    @Option(help: ArgumentHelp("List so many of the slowest steps, too.", valueName: "n"))
    var steps = 0
    @Option(help: ArgumentHelp("Threads; 0 takes every core.", valueName: "n"))
    var threads = 0
    @Flag(help: "Compute all of each prompt, also what the file stores of it or the one before had.")
    var noReuse = false
    @Option(help: ArgumentHelp("Time turning to this adapter of the model and back, too; given twice, from one to the other.", valueName: "file"))
    var adapter: [String] = []
    @OptionGroup var format: JSONOption

    func validate() throws {
        try Ask.checkThreads(threads)
        for (name, value, range) in [
            ("--beams", beams, 1...DecodingOptions.maximumBeams), ("--new-tokens", newTokens, 1...256), ("--repeat", repeats, 1...10_000),
            ("--steps", steps, 0...10_000), ("--prompt-tokens", promptTokens ?? 1, 1...100_000), ("--objects", objects ?? 0, 0...100_000),
        ] where !range.contains(value) {
            throw ValidationError("\(name): expected \(range.lowerBound) to \(range.upperBound), found \(value).")
        }
        if adapter.count > 2 { throw ValidationError("--adapter: expected two at most, found \(adapter.count).") }
    }

    private func measure(_ options: RequestBenchmarkOptions) throws -> RequestReport {
        let progress = Progress("requests", .things)
        defer { progress.finish() }
        return try RequestBenchmark.run(model.expandingTilde, options) { progress.update(done: $0, total: $1) }
    }

    func run() throws {
        var options = RequestBenchmarkOptions()
        (options.promptTokens, options.objects, options.hasImage) = (promptTokens, objects, !noImage)
        (options.beams, options.newTokens, options.repeats) = (beams, newTokens, repeats)
        (options.threads, options.slowestSteps) = (threads, steps)
        (options.reusesResults, options.adapters) = (!noReuse, adapter.map(\.expandingTilde))
        let report = try measure(options)
        if format.json { return try StandardOutput.json(report) }
        StandardOutput.line("\(report.model), \(Units.bytes(report.fileBytes)); \(BenchText.machine(report.machine)); \(report.threads) thread\(report.threads == 1 ? "" : "s")")
        let rest = report.promptTokens - report.rowsRead
        StandardOutput.line(
            "prompt of \(report.promptTokens) tokens, " + (rest > 0 ? "\(rest) stored or kept, \(report.rowsRead) read" : "all read")
                + "; \(report.objects) objects, \(report.beams) beam\(report.beams == 1 ? "" : "s"), \(report.steps) step\(report.steps == 1 ? "" : "s")")
        var rows = report.stages.map { stage in
            [
                stage.name, BenchText.time(stage.seconds.median), BenchText.percent(stage.seconds.spread),
                stage.count > 0 ? String(format: "%.1f %@/s", stage.perSecond, stage.unit as NSString) : "",
                stage.operations > 0 ? BenchText.rate(stage.operations / stage.seconds.median) + "FLOP/s" : "",
                stage.weightBytes > 0 ? BenchText.rate(stage.weightBytes / stage.seconds.median) + "B/s" : "",
                stage.share.map(BenchText.percent) ?? "",
            ]
        }
        func add(_ name: String, _ seconds: Measured, _ rate: String = "") {
            rows.append([name, BenchText.time(seconds.median), BenchText.percent(seconds.spread), rate, "", "", ""])
        }
        add("total", report.total)
        if let second = report.sameScene {
            add("second request, same scene", second.seconds, "\(second.reusedObjects) of \(second.objects) objects kept")
        }
        if let cost = report.beamCost {
            let ratio = cost.ratio
            let text = String(format: "%d beams: %.2f times (%.2f to %.2f)", report.beams, ratio.median, ratio.lowerQuartile, ratio.upperQuartile)
            add("token of one beam, by turns", cost.oneBeamSeconds, text)
        }
        if let swap = report.adapterSwap { add("adapter swap", swap) }
        StandardOutput.line(Table(["stage", "time", "spread", "rate", "arithmetic", "weights", "share"], rows, right: [1, 2, 3, 4, 5, 6]).text)
        let peaks = report.peaks
        StandardOutput.line(
            "roofline: \(BenchText.rate(peaks.f32OperationsPerSecond.upperDecile))FLOP/s f32, "
                + (peaks.bf16OperationsPerSecond.map { "\(BenchText.rate($0.upperDecile))FLOP/s bf16, " } ?? "")
                + "\(BenchText.rate(peaks.i8OperationsPerSecond.upperDecile))OP/s i8, "
                + "\(BenchText.rate(peaks.i4OperationsPerSecond.upperDecile))OP/s i4, weights at \(BenchText.rate(peaks.weightBytesPerSecond.upperDecile))B/s where they lie "
                + "(\(peaks.weightsLevel): \(BenchText.rate(peaks.bytesPerSecond.upperDecile))B/s)")
        StandardOutput.line(
            "opening \(BenchText.time(report.openingSeconds)), first request \(BenchText.time(report.firstSeconds)), "
                + "weights per token \(Units.bytes(Int(clamping: report.weightBytesPerToken))), peak memory \(Units.bytes(report.peakResidentBytes))"
                + (report.storageBytesRead.map { ", read from storage \(Units.bytes($0))" } ?? ""))
        if !report.slowestSteps.isEmpty {
            let rows = report.slowestSteps.map { [BenchText.time($0.seconds), BenchText.percent($0.portion), $0.part, $0.step, $0.kernel] }
            StandardOutput.line(Table(["time", "of all", "part", "step", "kernel"], rows, right: [0, 1]).text)
        }
    }
}
