/// Takes the most probable token of every step; the penalty acts on raw logits, equals go to the lowest id.
///
/// - Source: `greedy_search` of transformers 4.28.1
package struct GreedyDecoder: TokenDecoder {
    private var sequence: SingleSequence

    /// - Errors: every `TokenDecodingError` of options
    package init(
        _ options: DecodingOptions, vocabulary: Int, promptLength: Int, constraint: (any TokenConstraint)? = nil
    ) throws(TokenDecodingError) {
        sequence = SingleSequence(
            try ScoreRules(options, vocabulary: vocabulary, promptLength: promptLength, constraint: constraint))
    }

    package var isFinished: Bool { sequence.isFinished }
    package var result: DecodingResult { sequence.result }

    package mutating func start() { sequence.start() }

    package mutating func advance(
        logits: UnsafeBufferPointer<Float>, rows: Int, stopLengthOffset: Int
    ) -> DecodingStep {
        sequence.advance(logits: logits, rows: rows) { $0.best() }
    }
}
