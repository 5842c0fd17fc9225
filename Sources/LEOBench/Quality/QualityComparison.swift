internal import ExecutionPlan
import Foundation
internal import LEO
public import LEOModel

/// Compares two files of one model on a set of requests.
public struct QualityComparison: Sendable {
    /// New tokens of each greedy answer; at most `largestSteps`.
    public var steps = 32
    public var threads = 0
    /// Logits of so many rows are returned by one run.
    public static let largestSteps = 64

    public init() {}

    /// - Parameter progress: requests done by each file, of twice their number
    /// - Throws: `BenchError.models` where the files do not hold the same model; what opening and answering throw
    public func run(
        _ first: String, _ second: String, requests make: (ModelConfiguration) throws -> [QualityRequest],
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> QualityReport {
        var options = EngineOptions()
        options.threads = threads
        let a = try Engine(path: first, options: options), b = try Engine(path: second, options: options)
        try Self.checkSameModel(a, first, b, second)
        let requests = try make(a.configuration)
        let readers = (try Reader(a, steps: steps), try Reader(b, steps: steps))
        var tally = QualityTally()
        // A model at a time for as many requests as their logits find room: the weights of two may not fit in memory.
        let rowBytes = a.configuration.language.vocabulary * 4
        let chunk = max(1, (256 << 20) / max(rowBytes * 2 * Self.largestSteps, 1))
        var done = 0
        func advance() {
            done += 1
            progress(done, 2 * requests.count)
        }
        for start in stride(from: 0, to: requests.count, by: chunk) {
            let part = requests[start..<min(start + chunk, requests.count)]
            let observed = try part.map { item in
                defer { advance() }
                return try readers.0.observe(item, following: nil)
            }
            for (item, expected) in zip(part, observed) {
                let found = try readers.1.observe(item, following: expected)
                Self.compare(expected, found, &tally)
                advance()
            }
        }
        return QualityReport(
            model: a.configuration.name, first: .init(path: first, bytes: a.archive.byteCount),
            second: .init(path: second, bytes: b.archive.byteCount), requests: requests.count, tally)
    }

    private static func checkSameModel(_ a: Engine, _ first: String, _ b: Engine, _ second: String) throws(BenchError) {
        var other = b.configuration
        // A name says nothing of what is computed, and how the cache holds numbers is one of the things to compare.
        other.name = a.configuration.name
        other.language.cacheType = a.configuration.language.cacheType
        guard other == a.configuration else {
            throw .models("\(first) and \(second) hold different models: \(difference(a.configuration, other))")
        }
        guard a.tokenizer.vocabularyCount == b.tokenizer.vocabularyCount else {
            throw .models(
                "\(first) and \(second) hold different models: vocabularies of \(a.tokenizer.vocabularyCount) and \(b.tokenizer.vocabularyCount) pieces")
        }
        // As many pieces, but others: the same ids would stand for different texts.
        let name = Engine.tokenizerName
        guard a.archive.tensor(named: name)?.checksum == b.archive.tensor(named: name)?.checksum else {
            throw .models("\(first) and \(second) hold different models: their tokenizers (\(name)) differ")
        }
    }

    /// The first line in which two configurations differ.
    private static func difference(_ a: ModelConfiguration, _ b: ModelConfiguration) -> String {
        func lines(_ configuration: ModelConfiguration) -> [Substring] {
            ((try? configuration.json()).map { String(decoding: $0, as: UTF8.self) } ?? "").split(separator: "\n")
        }
        guard let pair = zip(lines(a), lines(b)).first(where: { $0 != $1 }) else { return "of other shapes" }
        func trimmed(_ line: Substring) -> String { line.trimmingCharacters(in: CharacterSet(charactersIn: " ,")) }
        return "\(trimmed(pair.0)) and \(trimmed(pair.1))"
    }

    // MARK: One request

    /// What one file said to one request.
    struct Observation {
        /// Logits behind the prompt and each token of the reference but the last.
        var referenceRows: [[Float]] = []
        /// Logits behind the prompt and each token of the first file's greedy answer but the last.
        var answerRows: [[Float]] = []
        /// Its own greedy answer.
        var answer: [Int32] = []
        var action: AgentAction?
    }

    private static func compare(_ a: Observation, _ b: Observation, _ tally: inout QualityTally) {
        if let action = a.action {
            tally.actions += 1
            if b.action == action { tally.sameActions += 1 }
            return
        }
        for (x, y) in zip(a.referenceRows, b.referenceRows) { tally.add(RowComparison(x, y)) }
        for (index, (x, y)) in zip(a.answerRows, b.answerRows).enumerated() {
            let row = RowComparison(x, y)
            // The row behind the prompt is one, whatever follows.
            if index > 0 || a.referenceRows.isEmpty { tally.add(row) }
            tally.tokens += 1
            if row.secondBest == Int(a.answer[index]) { tally.sameTokens += 1 }
        }
        tally.answers += 1
        if a.answer == b.answer { tally.identicalAnswers += 1 }
        tally.untilDivergence += SequenceAgreement.untilDivergence(a.answer, b.answer)
    }

    /// One file, asked one request after the other.
    private final class Reader {
        private let parts: ModelParts
        private let session: Session
        private let steps: Int

        init(_ engine: Engine, steps: Int) throws {
            parts = try ModelParts(engine)
            session = try engine.makeSession()
            self.steps = min(max(steps, 1), QualityComparison.largestSteps)
        }

        /// - Parameter leader: what the first file said; nil where this is the first
        func observe(_ item: QualityRequest, following leader: Observation?) throws -> Observation {
            var result = Observation()
            if item.request.actionSpace != nil {
                var request = item.request
                request.decoding = DecodingOptions(strategy: .greedy, beams: 1)
                result.action = try session.answer(to: request, cancellation: Cancellation()).action
                return result
            }
            let tokenizer = parts.engine.tokenizer
            let behindPrompt = Array(try parts.prefill(item.request))
            if let reference = item.reference {
                let ids = Array((tokenizer.encode(reference, addsBOS: false) + [tokenizer.eosID]).prefix(QualityComparison.largestSteps))
                result.referenceRows = try rows(behindPrompt, reading: ids)
            }
            // Last, because steps move the runner away from the prompt.
            if let leader { result.answerRows = try rows(behindPrompt, reading: leader.answer) }
            result.answer = try decode(behindPrompt)
            if leader == nil {
                // The same way through the plan as the other file's, so that equal files give equal bits.
                _ = try parts.prefill(item.request)
                result.answerRows = try rows(behindPrompt, reading: result.answer)
            }
            return result
        }

        /// Logits behind the prompt and behind each of the tokens but the last.
        private func rows(_ behindPrompt: [Float], reading ids: [Int32]) throws -> [[Float]] {
            guard !ids.isEmpty else { return [] }
            var rows = [behindPrompt]
            let width = behindPrompt.count
            try parts.language.continuations([Array(ids.dropLast())]) { _, logits in
                for row in 0..<logits.count / width { rows.append(Array(logits[row * width..<(row + 1) * width])) }
            }
            return rows
        }

        /// The likeliest token, again and again, until the end of sequence.
        private func decode(_ behindPrompt: [Float]) throws -> [Int32] {
            var ids: [Int32] = []
            var next = Self.best(behindPrompt)
            while true {
                ids.append(next)
                if next == parts.engine.tokenizer.eosID || ids.count == steps { return ids }
                next = Self.best(try parts.language.step(tokens: [next], sources: [0]))
            }
        }

        private static func best(_ row: some Collection<Float>) -> Int32 {
            var best: Int32 = 0, maximum = -Float.infinity
            for (index, value) in row.enumerated() where value > maximum { (best, maximum) = (Int32(index), value) }
            return best
        }
    }
}
