import Foundation
import LEOData
import LEOEval
import LEOTensor

/// What an evaluation came to: the contents of its results file.
public struct EvaluationReport: Sendable, Encodable {
    /// One sample with what it was compared with.
    public struct Sample: Sendable, Encodable {
        public let index: Int
        public let id: String
        public let scene: String
        public let prediction: String
        public let references: [String]
        public let tokens: Int
        public let ended: Bool
        public let seconds: Double
        /// Question answering: equal to a reference, and equal or part of one another.
        public let exact: Bool?
        public let refined: Bool?
        /// Acting: equal strings.
        public let correct: Bool?
        public let questionType: String?
        public let corpusKey: String?
        public let iouFlag: Bool?

        init(_ result: SampleResult, _ annotation: TaskAnnotation) {
            index = result.index
            id = result.id
            scene = annotation.sceneID
            prediction = result.prediction
            references = annotation.references
            tokens = result.tokens
            ended = result.ended
            seconds = result.seconds
            let match = annotation.task.hasSeveralAnswers
                ? AnswerMatch(cleaning: result.prediction, references: annotation.references) : nil
            exact = match?.isExact
            refined = match?.isRefined
            correct = annotation.task.isActing
                ? annotation.references.first.map { $0.utf8.elementsEqual(result.prediction.utf8) } : nil
            questionType = annotation.questionType.map { "\($0)" }
            corpusKey = annotation.corpusKey
            iouFlag = annotation.task == .scan2cap ? result.iouFlag : nil
        }
    }

    public let identity: RunIdentity
    public let count: Int
    public let metrics: TaskMetrics
    public let notices: [String]
    public let samples: [Sample]

    private enum CodingKeys: String, CodingKey {
        case task, split, model, fingerprint, data, available, objects, seed, decoding, count, metrics, target, notes, notices, samples
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(identity.task, forKey: .task)
        try container.encode(identity.split, forKey: .split)
        try container.encode(identity.model, forKey: .model)
        try container.encode(identity.fingerprint, forKey: .fingerprint)
        try container.encode(identity.data, forKey: .data)
        try container.encode(identity.samples, forKey: .available)
        try container.encode(identity.objects, forKey: .objects)
        try container.encode(identity.seed, forKey: .seed)
        try container.encode(identity.decoding, forKey: .decoding)
        try container.encode(count, forKey: .count)
        try container.encodeIfPresent(metrics.target, forKey: .target)
        try container.encode(metrics.notes, forKey: .notes)
        try container.encode(notices, forKey: .notices)
        var scores = container.nestedContainer(keyedBy: Name.self, forKey: .metrics)
        for score in metrics.scores { try scores.encode(score.value, forKey: Name(stringValue: score.name)) }
        try container.encode(samples, forKey: .samples)
    }

    /// The report as JSON, keys in snake case and sorted.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Writes the report under a temporary name and renames it, so that no half-written file ever bears the final name.
    ///
    /// - Throws: `TaskError.file`
    public func write(to path: String) throws {
        let bytes = [UInt8](try json())
        do { try writeAtomically(bytes, to: path) } catch { throw TaskError.file(path: path, reason: error.explanation) }
    }
}
