/// How the answers of one file differ from those of another.
public struct QualityReport: Sendable, Codable {
    public struct File: Sendable, Codable {
        public let path: String
        public let bytes: Int
    }

    /// KL divergence of the second file's next-token distribution from the first's, in nats, over all positions.
    public struct Divergence: Sendable, Codable {
        public let mean: Double
        public let median: Double
        public let p99: Double
        public let maximum: Double
    }

    public struct Greedy: Sendable, Codable {
        /// Answers decoded by both, each on its own.
        public let answers: Int
        /// Tokens of the first file's answers.
        public let tokens: Int
        /// Answers that are the same to the end.
        public let identical: Double
        /// Tokens until the first difference, as a share of the answer, on average.
        public let untilDivergence: Double
        /// Tokens that the second file chooses too, where it reads what the first one wrote.
        public let positionwise: Double
    }

    public struct Actions: Sendable, Codable {
        public let count: Int
        public let agreement: Double
    }

    public struct Gate: Sendable, Codable, Equatable {
        public let name: String
        /// Nil where nothing was measured, which misses the gate.
        public let value: Double?
        public let limit: Double
        public let passed: Bool
    }

    public let model: String
    public let first: File
    public let second: File
    public let requests: Int
    /// Rows of logits that were compared.
    public let positions: Int
    public let divergence: Divergence?
    public let sameTopOne: Double?
    public let greedy: Greedy?
    public let actions: Actions?
    public let gates: [Gate]
    public var passed: Bool { gates.allSatisfy(\.passed) }

    /// What an 8-bit file must keep of the float32 one.
    public static let largestDivergence = 0.002, leastSameTopOne = 0.98, leastActionAgreement = 0.99

    init(model: String, first: File, second: File, requests: Int, _ tally: QualityTally) {
        (self.model, self.first, self.second, self.requests) = (model, first, second, requests)
        let samples = Samples(tally.divergences)
        // NaN is no divergence that could pass.
        let isWhole = samples.count == tally.divergences.count
        positions = tally.divergences.count
        divergence = positions == 0 ? nil : Divergence(
            mean: isWhole ? tally.divergences.reduce(0, +) / Double(positions) : .nan, median: samples.median,
            p99: isWhole ? samples.quantile(0.99) : .nan, maximum: isWhole ? samples.largest : .nan)
        sameTopOne = positions == 0 ? nil : Double(tally.sameBest) / Double(positions)
        greedy = tally.answers == 0 ? nil : Greedy(
            answers: tally.answers, tokens: tally.tokens, identical: Double(tally.identicalAnswers) / Double(tally.answers),
            untilDivergence: tally.untilDivergence / Double(tally.answers),
            positionwise: tally.tokens == 0 ? 1 : Double(tally.sameTokens) / Double(tally.tokens))
        actions = tally.actions == 0 ? nil : Actions(count: tally.actions, agreement: Double(tally.sameActions) / Double(tally.actions))
        gates = [
            Gate(name: "mean KL divergence", value: divergence?.mean, limit: Self.largestDivergence, passed: (divergence?.mean ?? .nan) <= Self.largestDivergence),
            Gate(name: "same top-1", value: sameTopOne, limit: Self.leastSameTopOne, passed: (sameTopOne ?? .nan) >= Self.leastSameTopOne),
            Gate(
                name: "action agreement", value: actions?.agreement, limit: Self.leastActionAgreement,
                passed: (actions?.agreement ?? .nan) >= Self.leastActionAgreement),
        ]
    }
}

/// Counts while requests are compared.
struct QualityTally {
    var divergences: [Double] = []
    var sameBest = 0
    var answers = 0, identicalAnswers = 0, tokens = 0, sameTokens = 0
    var untilDivergence = 0.0
    var actions = 0, sameActions = 0

    mutating func add(_ row: RowComparison) {
        divergences.append(row.divergence)
        if row.firstBest == row.secondBest { sameBest += 1 }
    }
}
