import Foundation
import LEO
import LEOConvert
import LEOData
import LEOTasks
import TestSupport
import Testing

private let dataFolder = (sharedFolder ?? "") + "/golden/data"

@Suite("Evaluation on data sets", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct EvaluationTests {
    private static func options(_ change: (inout EvaluationOptions) -> Void = { _ in }) -> EvaluationOptions {
        var options = EvaluationOptions()
        options.decoding.beams = 2
        options.decoding.maxNewTokens = 4
        change(&options)
        return options
    }

    private static func evaluation(
        _ task: TaskKind, _ options: EvaluationOptions, journal: String, engine: Engine? = nil, adapter: Adapter? = nil,
        split: DataSplit = .val
    ) throws -> Evaluation {
        let engine = try engine ?? TinyEngine.shared()
        let dataset = try openDataset(
            task, in: DataFolders(dataFolder), split: split, options: options.datasetOptions(engine.configuration))
        return try Evaluation(engine: engine, dataset: dataset, options: options, adapter: adapter, journalPath: journal)
    }

    /// What samples came to, without their times.
    private static func answers(_ report: EvaluationReport) -> [String] { report.samples.map { "\($0.index) \($0.id) \($0.prediction)" } }

    static let metrics: [(task: TaskKind, names: [String])] = {
        let text = ["cider", "bleu4", "meteor", "rouge_l"]
        let types = ["what", "is", "how", "can", "which", "other"].flatMap { ["em_\($0)", "em_refined_\($0)"] }
        return [
            (.cap3d, text), (.sceneCap, text), (.rscanPlan, text), (.rscanDialog, text), (.scan2cap, text + ["target_found"]),
            (.scanqa, ["em", "em_refined"] + text), (.rscanQA, ["em", "em_refined"] + text),
            (.sqa3d, ["em", "em_refined"] + text + types), (.mp3dObjNav, ["accuracy"]),
            (.cliport, ["accuracy", "pick_error_m", "place_error_m"]),
        ]
    }()

    @Test(arguments: metrics) func everyTaskHasItsMetrics(_ place: (task: TaskKind, names: [String])) async throws {
        try await withTemporaryFolder { folder in
            let evaluation = try Self.evaluation(place.task, Self.options { $0.limit = 2 }, journal: folder + "/j")
            let report = try await evaluation.run()
            #expect(report.metrics.scores.map(\.name) == place.names)
            #expect(report.count == min(2, evaluation.dataset.count) && report.samples.count == report.count)
            #expect(report.metrics.scores.allSatisfy { $0.value.isFinite })
            let isCaption = !place.task.hasSeveralAnswers && !place.task.isActing
            #expect((report.metrics.target == nil) == isCaption)
            #expect(report.metrics.notes.contains { $0.contains("similarity") } == isCaption)
            let json = try #require(try JSONSerialization.jsonObject(with: report.json()) as? [String: Any])
            #expect((json["metrics"] as? [String: Any])?.keys.sorted() == place.names.sorted())
        }
    }

    /// Answers that are the references score as well as can be.
    @Test(arguments: metrics.map(\.task)) func referencesScoreBest(_ task: TaskKind) throws {
        let dataset = try openDataset(task, in: DataFolders(dataFolder), split: .val)
        let outcomes = (0..<dataset.count).map { index in
            let annotation = dataset.annotation(at: index)
            return TaskMetrics.Outcome(annotation: annotation, prediction: annotation.references[0])
        }
        let metrics = try TaskMetrics(task, outcomes, corpus: dataset.corpus)
        for name in ["em", "em_refined", "accuracy"] { #expect(metrics[name] ?? 1 == 1) }
        for name in ["pick_error_m", "place_error_m"] { #expect(metrics[name] ?? 0 == 0) }
        // Other annotators' captions are no copies.
        if task != .scan2cap { #expect(metrics["rouge_l"].map { $0 > 0.999999 } ?? true) }
        let wrong = outcomes.map { TaskMetrics.Outcome(annotation: $0.annotation, prediction: "xyzzy", iouFlag: false) }
        let worst = try TaskMetrics(task, wrong, corpus: dataset.corpus)
        for name in ["em", "em_refined", "accuracy", "target_found"] { #expect(worst[name] ?? 0 == 0) }
        if task == .cliport { #expect((worst["pick_error_m"] ?? 0) > 0) }
    }

    @Test func goesOnWhereItStopped() async throws {
        try await withTemporaryFolder { folder in
            let whole = try await Self.evaluation(.scanqa, Self.options(), journal: folder + "/whole").run()
            #expect(whole.count > 3)
            _ = try await Self.evaluation(.scanqa, Self.options { $0.limit = 3 }, journal: folder + "/part").run()
            // The last line lost its end.
            let url = URL(fileURLWithPath: folder + "/part")
            let data = try Data(contentsOf: url)
            try data.dropLast(9).write(to: url)
            var computed = 0
            let rest = try await Self.evaluation(.scanqa, Self.options(), journal: folder + "/part").run { computed = $0.computed }
            #expect(computed == whole.count - 2)
            #expect(Self.answers(rest) == Self.answers(whole))
            #expect(rest.metrics == whole.metrics)
            // Nothing is left to do.
            _ = try await Self.evaluation(.scanqa, Self.options(), journal: folder + "/part").run { computed = $0.computed }
            #expect(computed == 0)
            let lines = try Data(contentsOf: url).split(separator: UInt8(ascii: "\n"))
            #expect(lines.count == whole.count + 1)
        }
    }

    /// A journal that was cut anywhere is taken up, whatever is left of it.
    @Test func everyCutIsTakenUp() async throws {
        try await withTemporaryFolder { folder in
            let options = Self.options { $0.limit = 2 }
            let whole = try await Self.evaluation(.rscanQA, options, journal: folder + "/j").run()
            let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/j"))
            for length in stride(from: 0, through: data.count, by: 97) {
                try data.prefix(length).write(to: URL(fileURLWithPath: folder + "/cut"))
                let report = try await Self.evaluation(.rscanQA, options, journal: folder + "/cut").run()
                #expect(Self.answers(report) == Self.answers(whole), "\(length) bytes")
            }
        }
    }

    @Test func otherRunsAreRefused() async throws {
        try await withTemporaryFolder { folder in
            let journal = folder + "/j"
            _ = try await Self.evaluation(.scanqa, Self.options { $0.limit = 1 }, journal: journal).run()
            func field(_ body: () throws -> Evaluation) -> String? {
                do {
                    _ = try body()
                    return nil
                } catch TaskError.otherRun(_, let field, _, _) {
                    return field
                } catch {
                    return "\(error)"
                }
            }
            #expect(field { try Self.evaluation(.scanqa, Self.options(), journal: journal) } == nil)
            #expect(field { try Self.evaluation(.sqa3d, Self.options(), journal: journal) } == "task")
            #expect(field { try Self.evaluation(.scanqa, Self.options(), journal: journal, split: .train) } == "split")
            #expect(field { try Self.evaluation(.scanqa, Self.options { $0.seed = 1 }, journal: journal) } == "seed")
            #expect(field { try Self.evaluation(.scanqa, Self.options { $0.decoding.beams = 3 }, journal: journal) } == "decoding")
            #expect(field { try Self.evaluation(.scanqa, Self.options { $0.objectSource = .predicted }, journal: journal) } == "objects")
            let other = try TinyEngine.make(seed: 12)
            #expect(field { try Self.evaluation(.scanqa, Self.options(), journal: journal, engine: other) } == "model fingerprint")
            let held = try Self.evaluation(.scanqa, Self.options(), journal: journal)
            #expect(field { try Self.evaluation(.scanqa, Self.options(), journal: journal) }?.contains("another run") == true)
            withExtendedLifetime(held) {}
        }
    }

    /// What a file stores of the prompt belongs to the machine that wrote it, and changes no answer.
    @Test func anotherStoredPromptIsTheSameModel() async throws {
        try await withTemporaryFolder { folder in
            let stored = try TinyEngine.make(seed: 12), plain = try TinyEngine.make(seed: 12, storesPrompt: false)
            #expect(stored.archive.fingerprint != plain.archive.fingerprint)
            let half = Self.options { $0.limit = 2 }
            _ = try await Self.evaluation(.scanqa, half, journal: folder + "/j", engine: stored).run()
            var computed = 0
            let rest = try await Self.evaluation(.scanqa, Self.options(), journal: folder + "/j", engine: plain).run { computed = $0.computed }
            #expect(computed == rest.count - 2)
            let whole = try await Self.evaluation(.scanqa, Self.options(), journal: folder + "/k", engine: stored).run()
            #expect(Self.answers(rest) == Self.answers(whole) && rest.identity == whole.identity)
        }
    }

    @Test func adaptersAnswerAndHaveRunsOfTheirOwn() async throws {
        try await withTemporaryFolder { folder in
            let engine = try TinyEngine.make(seed: 13), options = Self.options { $0.decoding.maxNewTokens = 12 }
            let adapters = try ["x", "y"].map { name in
                try Converter(syntheticAdapterOf: engine.archive, seed: name == "x" ? 7 : 8, name: name).write(to: folder + "/\(name).leo")
                return try engine.loadAdapter(path: folder + "/\(name).leo")
            }
            var reports: [EvaluationReport] = []
            for (index, adapter) in ([nil] + adapters).enumerated() {
                reports.append(try await Self.evaluation(.scanqa, options, journal: folder + "/\(index)", engine: engine, adapter: adapter).run())
            }
            #expect(reports.map(\.identity.model) == ["tiny", "tiny + x", "tiny + y"])
            #expect(Set(reports.map(\.identity.fingerprint)).count == 3 && Set(reports.map(Self.answers)).count == 3)
            for (index, adapter) in [(0, adapters[0]), (1, nil), (1, adapters[1])] {
                #expect {
                    _ = try Self.evaluation(.scanqa, options, journal: folder + "/\(index)", engine: engine, adapter: adapter)
                } throws: { "\($0)".contains("model fingerprint") }
            }
        }
    }

    @Test func damagedJournalsAreNamedByLine() async throws {
        try await withTemporaryFolder { folder in
            let journal = folder + "/j", url = URL(fileURLWithPath: folder + "/j")
            _ = try await Self.evaluation(.scanqa, Self.options { $0.limit = 2 }, journal: journal).run()
            var lines = try Data(contentsOf: url).split(separator: UInt8(ascii: "\n")).map { Data($0) }
            lines[1] = Data("{\"index\": 0}".utf8)
            try Data(lines.joined(separator: [UInt8(ascii: "\n")]) + [UInt8(ascii: "\n")]).write(to: url)
            #expect {
                try Self.evaluation(.scanqa, Self.options(), journal: journal)
            } throws: { "\($0)".contains(journal + ":2") }
            try Data("something else\n".utf8).write(to: url)
            #expect {
                try Self.evaluation(.scanqa, Self.options(), journal: journal)
            } throws: { "\($0)".contains(journal + ":1") }
            #expect(try Data(contentsOf: url) == Data("something else\n".utf8))
            #expect(throws: TaskError.self) { try Self.evaluation(.scanqa, Self.options(), journal: folder) }
            #expect(throws: TaskError.self) { try Self.evaluation(.scanqa, Self.options { $0.limit = 0 }, journal: folder + "/k") }
        }
    }

    /// The network gets the sample's own points and the prompt's exact words.
    @Test func requestsAreTheSamples() async throws {
        let engine = try TinyEngine.shared()
        let dataset = try openDataset(.sqa3d, in: DataFolders(dataFolder), split: .val)
        let sample = try dataset.sample(at: 0)
        let request = Request(sample, decoding: Self.options().decoding, configuration: engine.configuration)
        #expect(request.pickedPoints == sample.picks && request.scene?.objects.count == sample.objects.count)
        #expect(request.pose?.position == sample.anchor.position && request.pose?.orientation == sample.anchor.orientation)
        #expect(request.situation == sample.annotation.situation && request.instruction == sample.annotation.instruction)
        func score(_ change: (inout Request) -> Void) async throws -> Double {
            var request = request
            request.answers = ["a chair"]
            change(&request)
            return try await engine.respond(to: request).answer.score
        }
        let plain = try await score { _ in }
        #expect(try await score { $0.seed = 5 } == plain)
        #expect(try await score { $0.pickedPoints = nil } != plain)
        await #expect(throws: RequestError.self) { try await score { $0.pickedPoints?[0][0] = 1 << 40 } }
        await #expect(throws: RequestError.self) { try await score { $0.pickedPoints?[0].removeLast() } }
        await #expect(throws: RequestError.self) { try await score { $0.pickedPoints = [] } }
    }
}
