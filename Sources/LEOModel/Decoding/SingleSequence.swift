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
