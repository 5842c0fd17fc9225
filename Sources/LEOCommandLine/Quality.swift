import ArgumentParser
import Foundation
import LEOBench

struct Quality: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two files of one model: what did quantising change?",
        discussion: """
            Both read the same prompts, true answers and the first one's greedy answers, and their next-token distributions
            are compared at every position. Without --requests, questions, captions and plans about embedded worlds are
            asked, and steps of navigation in them for actions.

              leo quality leo-7b-f16.leo leo-7b-int8.leo --gate
              leo quality a.leo b.leo --count 64 --actions 200 --seed 3 --json
              leo quality a.leo b.leo --requests requests.jsonl

            A line of --requests: {"instruction": "…", "scene": "room.ply", "image": "view.png", "situation": "…",
            "position": [x, y, z], "orientation": [x, y, z, w], "answer": "…", "space": "habitat"}, all but the first
            optional, paths relative to the file. One with a space is asked for an action.
            """)

    @Argument(help: ArgumentHelp("A .leo file: how it should be.", valueName: "a"))
    var first: String
    @Argument(help: ArgumentHelp("The file that is judged.", valueName: "b"))
    var second: String
    @Option(help: ArgumentHelp("Requests, a JSON object a line.", valueName: "file"))
    var requests: String?
    @Option(help: ArgumentHelp("Made requests that are answered in text; 32 without it.", valueName: "n"))
    var count: Int?
    @Option(help: ArgumentHelp("Made requests for an action; 100 without it.", valueName: "n"))
    var actions: Int?
    @Option(help: ArgumentHelp("Chooses the made requests.", valueName: "n"))
    var seed: UInt64?
    @Option(help: ArgumentHelp("New tokens of each greedy answer at most.", valueName: "n"))
    var steps = 32
    @Flag(help: ArgumentHelp("Fail where the second file misses what 8-bit weights must keep: KL at most 0.002, the same top-1 at 98 %, actions at 99 %."))
    var gate = false
    @Option(help: ArgumentHelp("Threads; 0 takes every core.", valueName: "n"))
    var threads = 0
    @OptionGroup var format: JSONOption

    func validate() throws {
        try Ask.checkThreads(threads)
        if requests != nil, count != nil || actions != nil || seed != nil {
            throw ValidationError("--requests goes without --count, --actions and --seed.")
        }
        for (name, value, range) in [
            ("--count", count ?? 1, 0...100_000), ("--actions", actions ?? 1, 0...100_000), ("--steps", steps, 1...QualityComparison.largestSteps),
        ] where !range.contains(value) {
            throw ValidationError("\(name): expected \(range.lowerBound) to \(range.upperBound), found \(value).")
        }
        if count == 0, actions == 0 { throw ValidationError("--count and --actions are both 0: nothing to compare.") }
        if gate, requests == nil, count == 0 || actions == 0 { throw ValidationError("--gate needs requests of both kinds: --count and --actions above 0.") }
    }

    func run() throws {
        var comparison = QualityComparison()
        (comparison.steps, comparison.threads) = (steps, threads)
        let progress = Progress("quality", .things)
        let report = try comparison.run(first.expandingTilde, second.expandingTilde) { configuration in
            if let requests { return try QualityRequest.read(requests.expandingTilde, for: configuration) }
            return try QualityRequest.generated(texts: count ?? 32, actions: actions ?? 100, seed: seed ?? 0, for: configuration)
        } progress: {
            progress.update(done: $0, total: $1)
        }
        progress.finish()
        if format.json { try StandardOutput.json(report) } else { StandardOutput.line(Self.text(report)) }
        if gate, !report.passed {
            for gate in report.gates where !gate.passed {
                StandardError.line("error: \(gate.name): \(gate.value.map { String(format: "%.6f", $0) } ?? "not measured"), the gate is \(gate.limit)")
            }
            throw CommandError.reported
        }
    }

    private static func text(_ report: QualityReport) -> String {
        func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }
        var rows: [[String]] = []
        if let divergence = report.divergence {
            rows += [
                ["KL divergence, mean", String(format: "%.3g", divergence.mean), "at most \(QualityReport.largestDivergence)"],
                ["median", String(format: "%.3g", divergence.median), ""], ["99th percentile", String(format: "%.3g", divergence.p99), ""],
                ["largest", String(format: "%.3g", divergence.maximum), ""],
            ]
        }
        if let same = report.sameTopOne { rows.append(["same top-1", percent(same), "at least \(percent(QualityReport.leastSameTopOne))"]) }
        if let greedy = report.greedy {
            rows += [
                ["greedy, same answers", percent(greedy.identical), "\(greedy.answers) answers"],
                ["until the first difference", percent(greedy.untilDivergence), ""],
                ["token by token", percent(greedy.positionwise), "\(greedy.tokens) tokens"],
            ]
        }
        if let actions = report.actions {
            rows.append(["same actions", percent(actions.agreement), "at least \(percent(QualityReport.leastActionAgreement)), \(actions.count) asked"])
        }
        return Table([report.model, "\(report.positions) positions", "gate"], rows, right: [1]).text
    }
}
