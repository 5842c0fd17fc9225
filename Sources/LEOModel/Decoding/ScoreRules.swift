/// What every decoder does to scores before it selects, and what it checks of its options.
struct ScoreRules: Sendable {
    let vocabulary: Int
    /// New tokens at most.
    let budget: Int
    let seed: [Int32]
    let eosID: Int32
    private let penalty: Float
    private let minListLength: Int
    private let excluded: [Int32]
    private let constraint: (any TokenConstraint)?

    init(
        _ options: DecodingOptions, vocabulary: Int, promptLength: Int, constraint: (any TokenConstraint)?
    ) throws(TokenDecodingError) {
        try options.validate()
        for (name, id) in [("bosID", options.bosID), ("eosID", options.eosID)] where Int(id) >= vocabulary {
            throw .tokenOutsideVocabulary(name: name, id: id, vocabulary: vocabulary)
        }
        guard vocabulary <= Int(Int32.max) else {
            throw .invalidOption(name: "vocabulary", expected: "at most \(Int32.max)", found: "\(vocabulary)")
        }
        self.vocabulary = vocabulary
        self.constraint = constraint
        budget = try options.newTokenBudget(promptLength: promptLength)
        seed = [Int32](repeating: options.bosID, count: options.rules.seedCount)
        eosID = options.eosID
        penalty = Float(options.repetitionPenalty)
        minListLength = options.minListLength(promptLength: promptLength)
        excluded = options.excludedTokens
    }

    /// Room to reserve for a list of ids: all of an ordinary budget, and no more than that of an absurd one.
    var reservedLength: Int { seed.count + min(budget, 4096) + 1 }

    /// Repetition penalty, minimum length, excluded tokens, constraint; all but the first make scores minus infinity.
    func apply(to row: inout ScoreRow, history: [Int32]) {
        row.penalize(history, by: penalty)
        if history.count < minListLength { row.forbid(eosID) }
        for id in excluded { row.forbid(id) }
        if let allowed = constraint?.allowedTokens(after: history[seed.count...]) { row.restrict(to: allowed) }
    }
}
