import Foundation

/// How likely each of several given answers is.
public struct AnswerScores: Sendable, Equatable {
    /// Mean of -log p over the tokens of each answer; infinite for answers that were no candidates.
    public let losses: [Double]
    /// Probability of each answer's first token right after the prompt.
    public let firstTokenProbabilities: [Double]
    /// Answers whose loss was computed, by first-token probability.
    public let candidates: [Int]
    /// The answer of lowest loss, of equals the first; nil if there is none.
    public let best: Int?

    /// - Parameter candidateLosses: one per entry of `candidates`; NaN counts as infinite
    package init(ranking: AnswerRanking, candidateLosses: [Double]) {
        precondition(candidateLosses.count == ranking.candidates.count, "expected one loss per candidate")
        var losses = [Double](repeating: .infinity, count: ranking.firstTokenProbabilities.count)
        for (answer, loss) in zip(ranking.candidates, candidateLosses) where !loss.isNaN { losses[answer] = loss }
        self.losses = losses
        firstTokenProbabilities = ranking.firstTokenProbabilities
        candidates = ranking.candidates
        best = losses.indices.min { losses[$0] < losses[$1] }
    }
}

/// First pass of answer scoring: which answers are worth the second.
///
/// - Source: `LeoAgent.predict_answers`
package struct AnswerRanking: Sendable, Equatable {
    /// Answers that get the second pass unless told otherwise.
    package static let defaultLimit = 128

    package let firstTokenProbabilities: [Double]
    /// The `limit` most probable answers, best first, of equals the first.
    package let candidates: [Int]

    /// - Parameter logits: [vocabulary], after the prompt and one BOS
    /// - Parameter answers: tokens of each answer without BOS and EOS
    /// - Errors: `.emptyAnswer`, `.tokenOutsideVocabulary`
    package init(
        logits: UnsafeBufferPointer<Float>, answers: [[Int32]], limit: Int = AnswerRanking.defaultLimit
    ) throws(TokenDecodingError) {
        var row = ScoreRow(vocabulary: logits.count)
        row.load(logits)
        row.normalize()
        var probabilities: [Double] = []
        probabilities.reserveCapacity(answers.count)
        for (index, answer) in answers.enumerated() {
            guard let first = answer.first else { throw .emptyAnswer(index: index) }
            try AnswerRanking.check(answer, index: index, vocabulary: logits.count)
            probabilities.append(exp(Double(row.values[Int(first)])))
        }
        firstTokenProbabilities = probabilities
        let order = probabilities.indices.sorted {
            (-probabilities[$0], $0) < (-probabilities[$1], $1)
        }
        candidates = Array(order.prefix(max(limit, 0)))
    }

    private static func check(_ answer: [Int32], index: Int, vocabulary: Int) throws(TokenDecodingError) {
        for id in answer where id < 0 || Int(id) >= vocabulary {
            throw .tokenOutsideVocabulary(name: "answer \(index)", id: id, vocabulary: vocabulary)
        }
    }
}

/// Second pass of answer scoring: the mean loss of one answer.
package struct AnswerLoss: Sendable {
    private var row: ScoreRow
    private let vocabulary: Int

    package init(vocabulary: Int) {
        self.vocabulary = vocabulary
        row = ScoreRow(vocabulary: vocabulary)
    }

    /// Mean of -log p over the answer's tokens.
    ///
    /// The network reads prompt (without the BOS that ranking appends), BOS, and the answer without its last token; row
    /// i is what it says at BOS for i = 0 and at token i - 1 after that. An impossible token makes the loss infinite.
    ///
    /// - Parameter logits: [answer.count, vocabulary]
    /// - Parameter answer: tokens without BOS and EOS, as checked by `AnswerRanking`
    package mutating func mean(logits: UnsafeBufferPointer<Float>, answer: [Int32]) -> Double {
        precondition(!answer.isEmpty && logits.count == answer.count * vocabulary, "expected one row per answer token")
        var sum = 0.0
        for (index, id) in answer.enumerated() {
            row.load(UnsafeBufferPointer(rebasing: logits[index * vocabulary..<(index + 1) * vocabulary]))
            row.normalize()
            sum -= Double(row.values[Int(id)])
        }
        return sum / Double(answer.count)
    }
}
