/// The n-gram metrics that LEO reports of free text.
public struct TextScores: Sendable, Equatable {
    public let cider: Double
    /// BLEU-4 of the corpus.
    public let bleu4: Double
    public let rougeL: Double
    /// See `METEOR` for how this differs from the official one.
    public let meteor: Double

    /// - Errors: as `BLEU`, `CIDEr`, `ROUGE`
    public init(predictions: [String], references: [[String]]) throws(EvaluationError) {
        let samples = try NGramSamples(predictions: predictions, references: references, metric: "text scores")
        cider = try CIDEr.score(samples).corpus
        bleu4 = BLEU.scores(samples)[3].corpus
        rougeL = try ROUGE.score(predictions: predictions, references: references).corpus
        meteor = try METEOR().score(predictions: predictions, references: references).corpus
    }
}

/// Captions, plans and dialogue: one reference each.
///
/// The reference's target metric, sentence similarity, needs a sentence encoder and is left to the caller.
///
/// - Source: official `evaluator/cap_eval.py`
public struct CaptionEvaluator: Sendable {
    public private(set) var predictions: [String] = []
    public private(set) var references: [[String]] = []

    public init() {}

    /// - Parameter iouFlags: false where the object was not found; its prediction then counts as empty
    /// - Errors: `.emptyBatch`, `.countMismatch`
    public mutating func add(
        predictions: [String], references: [String], iouFlags: [Bool]? = nil
    ) throws(EvaluationError) {
        try BatchCheck.check(predictions.count, [("references", references.count), ("iouFlags", iouFlags?.count)])
        for (index, prediction) in predictions.enumerated() {
            self.predictions.append(iouFlags?[index] ?? true ? prediction : "")
        }
        self.references += references.map { [$0] }
    }

    /// - Errors: `.nothingToEvaluate`, `.noReferenceWords`
    public func scores() throws(EvaluationError) -> TextScores {
        try TextScores(predictions: predictions, references: references)
    }
}

/// Scan2Cap: captions compared with all references of their object in a corpus file.
///
/// - Source: official `evaluator/cap_eval.py`, task `scan2cap`
public struct Scan2CapEvaluator: Sendable {
    /// Key `scene|object|type` to references, which stand between "sos" and "eos" already.
    public let corpus: [String: [String]]
    private var keys: [String] = []
    private var prepared: [String: String] = [:]

    public init(corpus: [String: [String]]) { self.corpus = corpus }

    /// The form in which a caption is compared: between "sos" and "eos", a blank before a full stop that a blank follows.
    public static func prepared(_ prediction: String) -> String {
        Words.replacing(". ", with: " . ", in: "sos " + prediction + " eos")
    }

    /// A key that was given before keeps its place and takes the new prediction.
    ///
    /// - Parameter iouFlags: false where no proposal overlaps the object enough; its caption then counts as empty
    /// - Errors: `.emptyBatch`, `.countMismatch`, `.unknownCorpusKey`; nothing is added then
    public mutating func add(predictions: [String], keys: [String], iouFlags: [Bool]) throws(EvaluationError) {
        try BatchCheck.check(predictions.count, [("keys", keys.count), ("iouFlags", iouFlags.count)])
        for key in keys where corpus[key] == nil { throw .unknownCorpusKey(key) }
        for (index, key) in keys.enumerated() {
            let text = iouFlags[index] ? Self.prepared(predictions[index]) : "sos eos"
            if prepared.updateValue(text, forKey: key) == nil { self.keys.append(key) }
        }
    }

    /// Keys and what is compared, in the order they came.
    public var preparedPredictions: [(key: String, text: String)] { keys.map { ($0, prepared[$0] ?? "") } }

    /// References of the keys that were predicted.
    public var references: [[String]] { keys.map { corpus[$0] ?? [] } }

    /// - Errors: `.nothingToEvaluate`, `.noReferences`, `.noReferenceWords`
    public func scores() throws(EvaluationError) -> TextScores {
        try TextScores(predictions: preparedPredictions.map(\.text), references: references)
    }
}

/// Checks that lists of one batch belong together.
enum BatchCheck {
    static func check(_ count: Int, _ others: [(String, Int?)]) throws(EvaluationError) {
        guard count > 0 else { throw .emptyBatch }
        for (field, found) in others {
            if let found, found != count { throw .countMismatch(field: field, expected: count, found: found) }
        }
    }
}
