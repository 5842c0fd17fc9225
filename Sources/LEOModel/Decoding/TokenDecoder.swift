/// Chooses tokens from logits, one step at a time, and knows nothing of the network.
///
/// ```
/// decoder.start()
/// var rows = 1                                     // the prompt's last position
/// while !decoder.isFinished {
///     let step = decoder.advance(logits: logits, rows: rows)
///     // reorder the cache by step.sourceRows, feed step.tokens, get the next logits
///     rows = step.tokens.count
/// }
/// decoder.result
/// ```
package protocol TokenDecoder: Sendable {
    /// Whether nothing more can come; true from the start where the budget is zero.
    var isFinished: Bool { get }
    /// What was decoded. Of an unfinished decoder: what a budget that ends here would give.
    var result: DecodingResult { get }

    /// Begins a request; buffers of an earlier one are kept.
    mutating func start()

    /// Takes the logits of the step's rows and chooses the tokens of the next.
    ///
    /// NaN counts as minus infinity, which is impossible; plus infinity counts as the largest finite number.
    ///
    /// - Parameter logits: [rows, vocabulary]; one row at first, then one per token of the step before
    /// - Parameter stopLengthOffset: reproduces how transformers 4.28.1 stops beam searches in a batch: for the k-th
    ///   (from 1) request unfinished before this step it looks at a length k - 1 too large. Zero for a request of its
    ///   own; only beam search under 4.28.1 heeds it.
    mutating func advance(logits: UnsafeBufferPointer<Float>, rows: Int, stopLengthOffset: Int) -> DecodingStep
}

extension TokenDecoder {
    package mutating func advance(logits: UnsafeBufferPointer<Float>, rows: Int) -> DecodingStep {
        advance(logits: logits, rows: rows, stopLengthOffset: 0)
    }
}

/// What to feed to the network next.
///
/// Shares the decoder's buffers: let go of it before the next `advance`, else that one copies them.
package struct DecodingStep: Sendable, Equatable {
    /// Next token of each live row; empty when finished.
    package internal(set) var tokens: [Int32] = []
    /// The row of the logits just given that each token continues.
    package internal(set) var sourceRows: [Int32] = []
    /// A token that is now certain, end of sequence included. Beams may still change, so beam search shows none.
    package internal(set) var emitted: Int32?
    package internal(set) var isFinished = false
}

/// Why a sequence ended.
public enum DecodingFinish: Sendable, Equatable {
    case endOfSequence
    /// The number of new tokens was used up.
    case budget
    /// No token was allowed or possible.
    case deadEnd
}

/// One decoded sequence.
public struct Hypothesis: Sendable, Equatable {
    /// Seed BOS (4.28.1 only), new tokens, and end of sequence where it was chosen.
    public let ids: [Int32]
    /// Beam search: the sum of penalised log-probabilities over `length ^ lengthPenalty`. Else the sum of the model's
    /// own log-probabilities.
    public let score: Double
    public let finish: DecodingFinish
    /// Ids before the first new token.
    public let seedCount: Int

    /// The new tokens without end of sequence.
    public var generated: ArraySlice<Int32> {
        ids[seedCount..<(finish == .endOfSequence ? ids.count - 1 : ids.count)]
    }
}

/// Everything a decoder found.
public struct DecodingResult: Sendable, Equatable {
    /// Best first. Empty if every beam died (`TokenConstraint`) before one sequence was complete.
    public let hypotheses: [Hypothesis]
    /// What ids begin with.
    let seed: [Int32]

    /// The best sequence; the seed alone if there is none.
    public var ids: [Int32] { hypotheses.first?.ids ?? seed }
    public var score: Double { hypotheses.first?.score ?? -.infinity }
    public var finish: DecodingFinish { hypotheses.first?.finish ?? .deadEnd }
}

extension DecodingOptions {
    /// The decoder of these options.
    ///
    /// - Parameter vocabulary: logits per row
    /// - Parameter promptLength: positions of the prompt, the BOS that `generate` appends included
    /// - Errors: every `TokenDecodingError` of options
    package func makeDecoder(
        vocabulary: Int, promptLength: Int, constraint: (any TokenConstraint)? = nil
    ) throws(TokenDecodingError) -> any TokenDecoder {
        switch strategy {
        case .beam where beams > 1:
            try BeamSearch(self, vocabulary: vocabulary, promptLength: promptLength, constraint: constraint)
        case .beam, .greedy:
            try GreedyDecoder(self, vocabulary: vocabulary, promptLength: promptLength, constraint: constraint)
        case .sampling:
            try SamplingDecoder(self, vocabulary: vocabulary, promptLength: promptLength, constraint: constraint)
        }
    }
}
