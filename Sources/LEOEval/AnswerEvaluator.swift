/// Question answering with several references: ScanQA and 3RScan QA.
///
/// Everything is computed on cleaned text. The target metric is `refinedMatch`.
///
/// - Source: official `evaluator/scanqa_eval.py`
public struct AnswerEvaluator: Sendable {
    public struct Scores: Sendable, Equatable {
        /// Share of predictions equal to a reference.
        public let exactMatch: Double
        public let refinedMatch: Double
        public let text: TextScores
    }

    private var predictions: [String] = []
    private var references: [[String]] = []
    private var exact = 0
    private var refined = 0

    public init() {}

    /// - Errors: `.emptyBatch`, `.countMismatch`; `.noReferences` counts samples within the batch
    public mutating func add(predictions: [String], references: [[String]]) throws(EvaluationError) {
        try BatchCheck.check(predictions.count, [("references", references.count)])
        if let sample = references.firstIndex(where: \.isEmpty) { throw .noReferences(sample: sample) }
        for (prediction, references) in zip(predictions, references) { _ = add(prediction, references) }
    }

    mutating func add(_ prediction: String, _ references: [String]) -> AnswerMatch {
        let prediction = AnswerCleaning.clean(prediction)
        let references = references.map { AnswerCleaning.clean($0) }
        let match = AnswerMatch(prediction: prediction, references: references)
        exact += match.isExact ? 1 : 0
        refined += match.isRefined ? 1 : 0
        self.predictions.append(prediction)
        self.references.append(references)
        return match
    }

    /// - Errors: `.nothingToEvaluate`, `.noReferenceWords`
    public func scores() throws(EvaluationError) -> Scores {
        let text = try TextScores(predictions: predictions, references: references)
        let count = Double(predictions.count)
        return Scores(exactMatch: Double(exact) / count, refinedMatch: Double(refined) / count, text: text)
    }
}

/// SQA3D: `AnswerEvaluator` overall, matches also by type of question.
///
/// - Source: official `evaluator/sqa3d_eval.py`
public struct SQA3DEvaluator: Sendable {
    public struct Scores: Sendable, Equatable {
        public let overall: AnswerEvaluator.Scores
        /// Zero for types that did not occur.
        public let exactMatch: [SQAQuestionType: Double]
        public let refinedMatch: [SQAQuestionType: Double]
    }

    private var answers = AnswerEvaluator()
    private var counts: [SQAQuestionType: (asked: Int, exact: Int, refined: Int)] = [:]
    private var batches = 0

    public init() {}

    /// - Errors: `.emptyBatch`, `.countMismatch`; `.noReferences` counts samples within the batch
    public mutating func add(
        predictions: [String], references: [[String]], types: [SQAQuestionType]
    ) throws(EvaluationError) {
        try BatchCheck.check(predictions.count, [("references", references.count), ("types", types.count)])
        if let sample = references.firstIndex(where: \.isEmpty) { throw .noReferences(sample: sample) }
        batches += 1
        for (index, type) in types.enumerated() {
            let match = answers.add(predictions[index], references[index])
            let count = counts[type] ?? (0, 0, 0)
            counts[type] = (
                count.asked + 1, count.exact + (match.isExact ? 1 : 0), count.refined + (match.isRefined ? 1 : 0)
            )
        }
    }

    /// - Errors: `.nothingToEvaluate`, `.noReferenceWords`
    public func scores() throws(EvaluationError) -> Scores {
        let overall = try answers.scores()
        // The reference starts its counters at 1e-10, once and again in every batch, so that no count is zero.
        let offset = 1e-10 * Double(batches + 1)
        var exact: [SQAQuestionType: Double] = [:]
        var refined: [SQAQuestionType: Double] = [:]
        for type in SQAQuestionType.allCases {
            let count = counts[type] ?? (0, 0, 0)
            exact[type] = Double(count.exact) / (Double(count.asked) + offset)
            refined[type] = Double(count.refined) / (Double(count.asked) + offset)
        }
        return Scores(overall: overall, exactMatch: exact, refinedMatch: refined)
    }
}
