import Foundation
import LEO
import LEOData
import LEOEval
import LEOModel

/// Evaluates a model on a data set, sample by sample, and keeps every result in a journal.
///
/// A run that was ended, even killed, goes on where it stopped when it is started again with the same files and options.
public final class Evaluation {
    public let engine: Engine
    public let dataset: any Dataset
    public let options: EvaluationOptions
    /// What answers instead of the model itself.
    public let adapter: Adapter?
    public let identity: RunIdentity
    private let journal: Journal

    /// How far a run is.
    public struct Progress: Sendable {
        /// Samples that have results, and all that are wanted.
        public let done, total: Int
        /// Samples computed by this run, and its seconds so far.
        public let computed: Int
        public let seconds: Double
        public let last: SampleResult?
    }

    /// - Parameters:
    ///   - dataset: opened with `options.datasetOptions(engine.configuration)`
    ///   - adapter: one of the engine
    ///   - journalPath: made if it does not exist
    /// - Throws: `TaskError`
    public init(engine: Engine, dataset: any Dataset, options: EvaluationOptions, adapter: Adapter? = nil, journalPath: String) throws {
        if let limit = options.limit, limit < 1 {
            throw TaskError.invalidOption(name: "limit", expected: "at least 1", found: "\(limit)")
        }
        guard dataset.count > 0 else { throw TaskError.unusable(data: "\(dataset.task) \(dataset.split.rawValue)", reason: "has no samples") }
        if dataset.task == .scan2cap {
            // Found now and not when everything has been computed.
            for index in 0..<dataset.count {
                let key = dataset.annotation(at: index).corpusKey ?? ""
                guard dataset.corpus?[key]?.isEmpty == false else {
                    throw TaskError.unusable(data: "scan2cap \(dataset.split.rawValue)", reason: "the corpus has no references for \(key)")
                }
            }
        }
        self.engine = engine
        self.dataset = dataset
        self.options = options
        self.adapter = adapter
        identity = RunIdentity(engine: engine, adapter: adapter, dataset: dataset, options: options)
        journal = try Journal(path: journalPath, identity: identity)
    }

    /// Samples that are wanted.
    public var count: Int { min(options.limit ?? dataset.count, dataset.count) }

    /// Computes what the journal lacks, then scores everything.
    ///
    /// Cancelling the task stops at the next step of the computation; what is done is kept.
    /// - Throws: `CancellationError`, `DataError`, `TaskError`, and what `Response.answer` throws
    public func run(progress: (Progress) -> Void = { _ in }) async throws -> EvaluationReport {
        let clock = ContinuousClock()
        let start = clock.now
        let session = try engine.makeSession()
        var computed = 0
        var done = (0..<count).count { journal.results[$0] != nil }
        progress(Progress(done: done, total: count, computed: 0, seconds: 0, last: nil))
        for index in 0..<count {
            let annotation = dataset.annotation(at: index)
            if let known = journal.results[index] {
                guard known.id == annotation.id else {
                    throw TaskError.otherRun(path: journal.path, field: "sample \(index)", expected: annotation.id, found: known.id)
                }
                continue
            }
            try Task.checkCancellation()
            let began = clock.now
            let sample = try dataset.sample(at: index)
            var request = Request(sample, decoding: options.decoding, configuration: engine.configuration)
            request.adapter = adapter
            let answer = try await session.respond(to: request).answer
            let result = SampleResult(
                index: index, id: annotation.id, prediction: answer.text, tokens: answer.ids.count,
                ended: answer.finish == .endOfSequence, iouFlag: sample.iouFlag, seconds: (clock.now - began) / .seconds(1))
            try journal.append(result)
            computed += 1
            done += 1
            progress(Progress(done: done, total: count, computed: computed, seconds: (clock.now - start) / .seconds(1), last: result))
        }
        return try report()
    }

    /// Scores what is done so far.
    ///
    /// - Throws: `EvaluationError`
    public func report() throws -> EvaluationReport {
        let results = (0..<count).compactMap { journal.results[$0] }
        let outcomes = results.map {
            TaskMetrics.Outcome(annotation: dataset.annotation(at: $0.index), prediction: $0.prediction, iouFlag: $0.iouFlag)
        }
        let metrics = try TaskMetrics(dataset.task, outcomes, corpus: dataset.corpus)
        return EvaluationReport(
            identity: identity, count: results.count, metrics: metrics, notices: dataset.notices,
            samples: zip(results, outcomes).map { EvaluationReport.Sample($0, $1.annotation) })
    }
}

extension RunIdentity {
    init(engine: Engine, adapter: Adapter?, dataset: any Dataset, options: EvaluationOptions) {
        var texts = StableHash()
        for index in 0..<dataset.count {
            let annotation = dataset.annotation(at: index)
            texts.add(annotation.id)
            texts.add(annotation.prompt.beforeObjects)
            texts.add(annotation.prompt.afterObjects)
            for reference in annotation.references { texts.add(reference) }
        }
        for (key, references) in (dataset.corpus ?? [:]).sorted(by: { $0.key < $1.key }) {
            texts.add(key)
            for reference in references { texts.add(reference) }
        }
        var configuration = StableHash()
        // What a file stores of the prompt depends on the machine that wrote it and changes no answer.
        let archives = [engine.archive] + (adapter.map { [$0.archive] } ?? [])
        for archive in archives { configuration.add(archive.configuration) }
        let decoding = options.decoding
        self.init(
            task: dataset.task.rawValue, split: dataset.split.rawValue, model: engine.name(with: adapter),
            fingerprint: archives.map(\.weightsFingerprint).joined() + configuration.text, data: texts.text, samples: dataset.count,
            objects: options.objectSource.rawValue, seed: options.seed, decoding: decoding.words)
    }
}

extension DecodingOptions {
    /// Every setting that changes what is decoded.
    fileprivate var words: String {
        var words = "\(strategy), rules \(rules.rawValue), beams \(beams), "
        words += maxNewTokens.map { "max new tokens \($0)" } ?? "max length \(maxLength)"
        words += ", min length \(minLength), repetition penalty \(repetitionPenalty), length penalty \(lengthPenalty)"
        return excludedTokens.isEmpty ? words : words + ", excluded \(excludedTokens)"
    }
}

/// FNV-1a over texts: tells runs apart, against no malice.
struct StableHash {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        // A byte that UTF-8 has not, so that texts cannot run together.
        add(0xff)
    }

    private mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

    /// 16 hexadecimal digits.
    var text: String { String(repeating: "0", count: 16 - String(state, radix: 16).count) + String(state, radix: 16) }
}
