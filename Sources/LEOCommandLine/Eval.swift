import ArgumentParser
import Foundation
import LEO
import LEOData
import LEOModel
import LEOTasks

struct Eval: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluate a model on one of LEO's tasks.",
        discussion: """
            Reads the official data layout, asks every sample in LEO's exact prompt with LEO's generation settings (5 beams,
            repetition penalty 3), and scores the answers as the official evaluators do. Each answer is kept in a journal
            beside the results: the same command goes on where it was stopped or killed.

              leo eval leo-7b.leo --task scanqa --data data --limit 100 --out scanqa.json
              leo eval leo-7b.leo --task scan2cap --data data --objects pred --seed 3
            """)

    @Argument(help: ArgumentHelp("A .leo file.", valueName: "model"))
    var model: String
    @Option(help: ArgumentHelp("Which task: \(TaskKind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
    var task: TaskKind
    @Option(help: ArgumentHelp("Folder of the official layout: scannet, rscan, alignment, instruction.", valueName: "dir"))
    var data: String
    @Option(help: ArgumentHelp("Part of the data.", valueName: "train|val|test"))
    var split = DataSplit.val
    @Option(help: ArgumentHelp("Objects of ScanNet scenes: annotated or proposed.", valueName: "gt|pred"))
    var objects = DatasetOptions.ObjectSource.groundTruth
    @Option(help: ArgumentHelp("Samples at most, from the first.", valueName: "n"))
    var limit: Int?
    @Option(help: ArgumentHelp("Results; without it, leo-eval-TASK-SPLIT.json here. The journal's name has .journal added.", valueName: "file"))
    var out: String?
    @OptionGroup(title: "Decoding") var decoding: DecodingArguments
    @Option(help: ArgumentHelp("Chooses points, instructions of captions and plans, places in boxes, and samples.", valueName: "n"))
    var seed: UInt64 = 0
    @Option(help: ArgumentHelp("Threads; 0 takes every core.", valueName: "n"))
    var threads = 0
    @OptionGroup var format: JSONOption

    func validate() throws {
        try Ask.checkThreads(threads)
        if let limit, limit < 1 { throw ValidationError("--limit: expected at least 1, found \(limit).") }
    }

    func run() async throws {
        var engineOptions = EngineOptions()
        engineOptions.threads = threads
        let engine = try Engine(path: model.expandingTilde, options: engineOptions)
        var options = EvaluationOptions()
        options.decoding = try decoding.options(seed: seed)
        options.seed = seed
        options.objectSource = objects
        options.limit = limit
        let dataset = try openDataset(
            task, in: DataFolders(data.expandingTilde), split: split, options: options.datasetOptions(engine.configuration))
        dataset.notices.forEach(StandardError.notice)
        let results = out?.expandingTilde ?? "leo-eval-\(task.rawValue)-\(split.rawValue).json"
        let journal = results + ".journal"
        try Files.checkOutput(results, inputs: [model.expandingTilde])
        let report = try await Stoppable.run(kept: { "\(journal) keeps what is done, and the same command goes on" }) { [options] in
            let evaluation = try Evaluation(engine: engine, dataset: dataset, options: options, journalPath: journal)
            let progress = CountProgress(task.rawValue)
            defer { progress.finish() }
            return try await evaluation.run {
                progress.update(done: $0.done, total: $0.total, computed: $0.computed, note: $0.last?.prediction ?? "")
            }
        }
        try report.write(to: results)
        report.metrics.notes.forEach(StandardError.notice)
        if format.json {
            StandardOutput.line(String(decoding: try report.json(), as: UTF8.self))
        } else {
            let rows = report.metrics.scores.map { score in
                [score.name, String(format: "%.4f", score.value), score.name == report.metrics.target ? "target" : ""]
            }
            StandardOutput.line(Table([report.identity.task, "\(report.count) samples", ""], rows, right: [1]).text)
            StandardOutput.line("  results: \(results)")
        }
    }
}

extension TaskKind: ExpressibleByArgument {
    public init?(argument: String) { self.init(name: argument) }
}

extension DataSplit: ExpressibleByArgument {}
extension DatasetOptions.ObjectSource: ExpressibleByArgument {}
