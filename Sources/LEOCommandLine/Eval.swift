import ArgumentParser
import Foundation
import LEO
import LEOData
import LEOModel
import LEOTasks
import LEOTensor
import LEOWorld

struct Eval: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluate a model on one of LEO's tasks, or a policy in embedded worlds.",
        discussion: """
            With --data: reads the official data layout, asks every sample in LEO's exact prompt with LEO's generation settings
            (5 beams, repetition penalty 3), and scores the answers as the official evaluators do. Each answer is kept in a
            journal beside the results: the same command goes on where it was stopped or killed.

              leo eval leo-7b.leo --task scanqa --data data --limit 100 --out scanqa.json
              leo eval leo-7b.leo --task scan2cap --data data --objects pred --seed 3
              leo eval leo-7b.leo --adapter tidy.leo --task sqa3d --data data

            Without --data: runs episodes in generated worlds; episode i has the seed --seed + i.

              leo eval --task objnav --policy oracle --seed 1 --count 100 --json
              leo eval leo-7b.leo --task goto --space legent --count 10
            """)

    @Argument(help: ArgumentHelp("A .leo file.", valueName: "model"))
    var model: String?
    @Option(help: ArgumentHelp(
        "Which task: with --data \(TaskKind.allCases.map(\.rawValue).joined(separator: ", ")); without \(EpisodeKind.allCases.map(\.rawValue).joined(separator: ", ")).",
        valueName: "name"))
    var task: String
    @Option(help: ArgumentHelp("Results; samples without it go to leo-eval-TASK-SPLIT.json here. The journal's name has .journal added.", valueName: "file"))
    var out: String?
    @OptionGroup var adapter: AdapterOption
    @OptionGroup(title: "Data sets") var samples: SampleArguments
    @OptionGroup(title: "Episodes") var episodes: EpisodeArguments
    @OptionGroup(title: "Decoding") var decoding: DecodingArguments
    @Option(help: ArgumentHelp("Chooses points, instructions of captions and plans, places in boxes, worlds, and samples.", valueName: "n"))
    var seed: UInt64 = 0
    @Option(help: ArgumentHelp("Threads of a model; 0 takes every core.", valueName: "n"))
    var threads = 0
    @OptionGroup var format: JSONOption

    /// What is evaluated.
    private enum Choice {
        case samples(TaskKind, data: String, model: String)
        case episodes(EpisodeKind, Player)
    }

    /// Who acts in episodes.
    private enum Player {
        case oracle
        case random
        case model(String)
    }

    private func choice() throws -> Choice {
        if let data = samples.data {
            guard let kind = TaskKind(name: task) else {
                throw ValidationError("--task: expected one of \(TaskKind.allCases.map(\.rawValue).joined(separator: ", ")), found \(task).")
            }
            guard let model else { throw ValidationError("A data set needs a model: leo eval MODEL --task \(task) --data DIR.") }
            if let option = episodes.firstGiven { throw ValidationError("\(option) goes without --data.") }
            return .samples(kind, data: data, model: model)
        }
        guard let kind = EpisodeKind(rawValue: task.lowercased()) else {
            if TaskKind(name: task) != nil { throw ValidationError("--task \(task) needs --data.") }
            throw ValidationError(
                "--task: expected \(EpisodeKind.allCases.map(\.rawValue).joined(separator: ", ")), or a data set's task with --data, found \(task).")
        }
        if let option = samples.firstGiven { throw ValidationError("\(option) needs --data.") }
        if adapter.path != nil, model == nil { throw ValidationError("--adapter needs a model.") }
        let policy = episodes.policy ?? (model == nil ? nil : .model)
        guard let policy else { throw ValidationError("Episodes need --policy, or a model.") }
        if policy != .model, model != nil { throw ValidationError("--policy \(policy.rawValue) goes without a model.") }
        switch policy {
        case .oracle: return .episodes(kind, .oracle)
        case .random: return .episodes(kind, .random)
        case .model:
            guard let model else { throw ValidationError("--policy model needs a model: leo eval MODEL --task \(task).") }
            return .episodes(kind, .model(model))
        }
    }

    func validate() throws {
        try Ask.checkThreads(threads)
        _ = try choice()
    }

    func run() async throws {
        switch try choice() {
        case .samples(let kind, let data, let model): try await evaluate(kind, in: data.expandingTilde, with: model.expandingTilde)
        case .episodes(let kind, let player): try await runEpisodes(kind, player)
        }
    }

    private func engine(_ path: String) throws -> Engine {
        var options = EngineOptions()
        options.threads = threads
        return try Engine(path: path, options: options)
    }

    // MARK: Data sets

    private func evaluate(_ kind: TaskKind, in data: String, with model: String) async throws {
        let engine = try self.engine(model)
        let adapter = try self.adapter.load(on: engine)
        var options = EvaluationOptions()
        options.decoding = try decoding.options(seed: seed)
        options.seed = seed
        options.objectSource = samples.objects ?? .groundTruth
        options.limit = samples.limit
        let split = samples.split ?? .val
        let dataset = try openDataset(kind, in: DataFolders(data), split: split, options: options.datasetOptions(engine.configuration))
        dataset.notices.forEach(StandardError.notice)
        let standardName = "leo-eval-\(kind.rawValue)-\(split.rawValue).json"
        let results = out?.expandingTilde ?? standardName
        try Files.checkOutput(results, inputs: [model] + (self.adapter.path.map { [$0] } ?? []))
        // Nothing is kept beside a device or a pipe.
        let isFile = if case .file = try FileTarget(results) { true } else { false }
        let journal = (isFile ? results : standardName) + ".journal"
        let report = try await Stoppable.run(kept: "\(journal) keeps what is done, and the same command goes on") { [options] in
            let evaluation = try Evaluation(engine: engine, dataset: dataset, options: options, adapter: adapter, journalPath: journal)
            let progress = Progress(kind.rawValue, .things, interval: .seconds(30))
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

    // MARK: Episodes

    private func runEpisodes(_ kind: EpisodeKind, _ player: Player) async throws {
        if let out = out?.expandingTilde {
            try Files.checkOutput(out, inputs: [model?.expandingTilde, adapter.path].compactMap { $0 })
        }
        let evaluation = try EpisodeEvaluation(
            kind: kind, space: episodes.space ?? .habitat, seed: seed, count: episodes.count ?? 10, maximumSteps: episodes.maxSteps)
        let play: @Sendable (@escaping EpisodeEvaluation.Progress) async throws -> EpisodeReport
        switch player {
        case .oracle: play = { try await evaluation.run(.oracle, progress: $0) { _ in OraclePolicy() } }
        case .random: play = { try await evaluation.run(.random, progress: $0) { RandomPolicy(seed: $0) } }
        case .model(let path):
            let engine = try self.engine(path.expandingTilde)
            var options = AgentOptions()
            options.decoding = try decoding.options(seed: seed)
            options.seed = seed
            options.adapter = try adapter.load(on: engine)
            play = { [options] in try await evaluation.run(model: engine, options: options, progress: $0) }
        }
        let report = try await Stoppable.run(kept: "episodes are not kept") {
            let progress = Progress(kind.rawValue, .things, interval: .seconds(30))
            defer { progress.finish() }
            return try await play { done, total, last in
                progress.update(done: done, total: total, note: last.isSuccess ? "success" : "no success")
            }
        }
        for episode in report.episodes { if let failure = episode.failure { StandardError.notice("episode \(episode.seed): \(failure)") } }
        if format.json {
            try StandardOutput.json(report)
        } else {
            let rows = [
                ["success", String(format: "%.4f", report.success)], ["spl", String(format: "%.4f", report.spl)],
                ["mean steps", String(format: "%.1f", report.meanSteps)],
            ]
            StandardOutput.line(Table(["\(report.task), \(report.policy), \(report.space)", "\(report.count) episodes"], rows, right: [1]).text)
        }
        // Last, because nothing else keeps the episodes: where it cannot be written they have been said.
        if let out = out?.expandingTilde { try Files.writeJSON(report, to: out) }
    }
}

/// What only data sets have.
struct SampleArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of the official layout: scannet, rscan, alignment, instruction.", valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("Part of the data; val without it.", valueName: "train|val|test"))
    var split: DataSplit?
    @Option(help: ArgumentHelp("Objects of ScanNet scenes: annotated (without it) or proposed.", valueName: "gt|pred"))
    var objects: DatasetOptions.ObjectSource?
    @Option(help: ArgumentHelp("Samples at most, from the first.", valueName: "n"))
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit: expected at least 1, found \(limit).") }
    }

    /// An option that makes no sense without a data set.
    var firstGiven: String? { split != nil ? "--split" : objects != nil ? "--objects" : limit != nil ? "--limit" : nil }
}

/// What only episodes have.
struct EpisodeArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Who acts; without it, the model.", valueName: "oracle|random|model"))
    var policy: EpisodePolicyKind?
    @Option(help: ArgumentHelp("Episodes; 10 without it.", valueName: "n"))
    var count: Int?
    @Option(help: ArgumentHelp("Actions to choose from; habitat without it.", valueName: "habitat|legent"))
    var space: EpisodeSpace?
    @Option(help: ArgumentHelp("Steps of an episode at most; without it, 500 of Habitat's or 100 of LEGENT's.", valueName: "n"))
    var maxSteps: Int?

    func validate() throws {
        for (name, value, largest) in [
            ("--count", count, EpisodeEvaluation.largestCount), ("--max-steps", maxSteps, EpisodeEvaluation.largestSteps),
        ] {
            if let value, !(1...largest).contains(value) {
                throw ValidationError("\(name): expected 1 to \(largest), found \(value).")
            }
        }
    }

    /// An option that makes no sense with a data set.
    var firstGiven: String? {
        policy != nil ? "--policy" : count != nil ? "--count" : space != nil ? "--space" : maxSteps != nil ? "--max-steps" : nil
    }
}

extension EpisodePolicyKind: ExpressibleByArgument {}
extension DataSplit: ExpressibleByArgument {}
extension DatasetOptions.ObjectSource: ExpressibleByArgument {}
