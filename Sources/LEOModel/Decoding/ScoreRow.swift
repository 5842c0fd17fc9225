import Foundation

/// The scores of one row of logits while rules are applied to them; one buffer for all rows and steps.
struct ScoreRow: Sendable {
    private(set) var values: [Float]
    /// Largest logit of the row, minus infinity if no token is possible.
    private(set) var maximum = -Float.infinity
    /// Number of the last pass that met each id, so that a repeated id is penalised once.
    private var marks: [UInt32]
    private var pass: UInt32 = 0

    init(vocabulary: Int) {
        values = [Float](repeating: -.infinity, count: vocabulary)
        marks = [UInt32](repeating: 0, count: vocabulary)
    }

    /// Takes a row of logits, free of NaN and plus infinity from here on.
    mutating func load(_ logits: UnsafeBufferPointer<Float>) {
        maximum = values.withUnsafeMutableBufferPointer { LogSumExp.copyClean(logits, to: $0) }
    }

    /// log of the sum of exp(logit - maximum), of a row just loaded.
    func shiftedLogSumExp() -> Double {
        guard maximum > -.infinity else { return -.infinity }
        return values.withUnsafeBufferPointer { LogSumExp.shifted($0, maximum: maximum) }
    }

    /// Replaces the logits just loaded by their log_softmax.
    ///
    /// Subtracts in f32 and in the order PyTorch does: the rounding decides which candidates are equal.
    mutating func normalize() {
        guard maximum > -.infinity else { return }
        let maximum = maximum
        let logSum = Float(shiftedLogSumExp())
        values.withUnsafeMutableBufferPointer { values in
            for index in values.indices { values[index] = (values[index] - maximum) - logSum }
        }
    }

    /// Once per distinct id of `history`: a negative score is multiplied by `penalty`, any other divided.
    mutating func penalize(_ history: [Int32], by penalty: Float) {
        guard penalty != 1 else { return }
        if pass == .max {
            for index in marks.indices { marks[index] = 0 }
            pass = 0
        }
        pass += 1
        for id in history {
            let index = Int(id)
            guard marks.indices.contains(index), marks[index] != pass else { continue }
            marks[index] = pass
            let score = values[index]
            values[index] = LogSumExp.clean(score < 0 ? score * penalty : score / penalty)
        }
    }

    mutating func forbid(_ id: Int32) {
        if values.indices.contains(Int(id)) { values[Int(id)] = -.infinity }
    }

    mutating func restrict(to allowed: TokenSet) {
        values.withUnsafeMutableBufferPointer { values in
            allowed.forEachGap(vocabulary: values.count) { values[$0].update(repeating: -.infinity) }
        }
    }

    /// The most probable id, of equals the lowest; nil if none is possible.
    func best() -> Int32? {
        values.withUnsafeBufferPointer { values in
            var best = -Float.infinity
            var found: Int32?
            for index in values.indices where values[index] > best {
                best = values[index]
                found = Int32(index)
            }
            return found
        }
    }
}

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

/// What greedy decoding and sampling share: one sequence, and a selection that is told apart by `choose`.
struct SingleSequence: Sendable {
    let rules: ScoreRules
    private(set) var row: ScoreRow
    private var ids: [Int32]
    private var score = 0.0
    private var finish: DecodingFinish?
    private var step = DecodingStep()

    init(_ rules: ScoreRules) {
        self.rules = rules
        row = ScoreRow(vocabulary: rules.vocabulary)
        ids = []
        ids.reserveCapacity(rules.reservedLength)
        start()
    }

    var isFinished: Bool { finish != nil }

    var result: DecodingResult {
        let hypothesis = Hypothesis(ids: ids, score: score, finish: finish ?? .budget, seedCount: rules.seed.count)
        return DecodingResult(hypotheses: [hypothesis], seed: rules.seed)
    }

    mutating func start() {
        ids.removeAll(keepingCapacity: true)
        ids.append(contentsOf: rules.seed)
        score = 0
        finish = rules.budget == 0 ? .budget : nil
    }

    /// - Parameter choose: picks an id from scores to which the rules were applied, nil if none is possible
    mutating func advance(
        logits: UnsafeBufferPointer<Float>, rows: Int, choose: (inout ScoreRow) -> Int32?
    ) -> DecodingStep {
        precondition(finish == nil, "a finished decoder was advanced")
        precondition(rows == 1 && logits.count == rules.vocabulary, "expected one row of \(rules.vocabulary) logits")
        row.load(logits)
        let normalizer = row.shiftedLogSumExp()
        let maximum = row.maximum
        rules.apply(to: &row, history: ids)
        let token = choose(&row)

        step.tokens.removeAll(keepingCapacity: true)
        step.sourceRows.removeAll(keepingCapacity: true)
        step.emitted = token
        if let token {
            score += Double(LogSumExp.clean(logits[Int(token)]) - maximum) - normalizer
            ids.append(token)
            if token == rules.eosID {
                finish = .endOfSequence
            } else if ids.count - rules.seed.count == rules.budget {
                finish = .budget
            } else {
                step.tokens.append(token)
                step.sourceRows.append(0)
            }
        } else {
            finish = .deadEnd
        }
        step.isFinished = isFinished
        return step
    }
}
