/// How the next tokens are chosen, and when to stop. The defaults are those of LEO's `generate`.
///
/// - Source: `LeoAgent.generate` of LEO; `GenerationMixin.generate` of Hugging Face transformers 4.28.1 and 4.57.
public struct DecodingOptions: Sendable, Equatable {
    /// Most beams a search may have: enough for any published setting, small enough that a wrong number cannot
    /// multiply the key-value cache beyond reason.
    public static let maximumBeams = 128
    /// Largest `maxLength` and `maxNewTokens`.
    public static let maximumLength = 1 << 20
    /// Largest magnitude of `lengthPenalty`; beyond it `length ^ penalty` leaves the range of a double.
    public static let maximumLengthPenalty = 16.0

    public var strategy: DecodingStrategy
    public var rules: DecodingRules
    /// Beams of a beam search. A beam strategy of one beam decodes greedily, as `generate` does.
    public var beams: Int
    /// `max_length`; what it counts depends on `rules`, see `newTokenBudget(promptLength:)`.
    public var maxLength: Int
    /// `min_length`: end of sequence is impossible in a shorter sequence. It counts like `maxLength`.
    public var minLength: Int
    /// New tokens at most, end of sequence included. When set, `maxLength` is not looked at.
    public var maxNewTokens: Int?
    /// Divides positive and multiplies negative scores of ids that already occur; 1 is off.
    public var repetitionPenalty: Double
    /// Beam scores are divided by `length ^ lengthPenalty`.
    public var lengthPenalty: Double
    public var bosID: Int32
    public var eosID: Int32
    public var padID: Int32
    /// Ids never chosen, such as the untrained [PAD] row 32000. They keep their share of the probability mass, so
    /// that the scores of all others are unchanged. Ids beyond the vocabulary are ignored.
    public var excludedTokens: [Int32]

    public init(
        strategy: DecodingStrategy = .beam, rules: DecodingRules = .transformers4_28_1, beams: Int = 5,
        maxLength: Int = 256, minLength: Int = 1, maxNewTokens: Int? = nil, repetitionPenalty: Double = 3.0,
        lengthPenalty: Double = 1.0, bosID: Int32 = 1, eosID: Int32 = 2, padID: Int32 = 0, excludedTokens: [Int32] = []
    ) {
        self.strategy = strategy
        self.rules = rules
        self.beams = beams
        self.maxLength = maxLength
        self.minLength = minLength
        self.maxNewTokens = maxNewTokens
        self.repetitionPenalty = repetitionPenalty
        self.lengthPenalty = lengthPenalty
        self.bosID = bosID
        self.eosID = eosID
        self.padID = padID
        self.excludedTokens = excludedTokens
    }
}

/// One sequence by maximum, several by beam search, or one at random.
public enum DecodingStrategy: Sendable, Equatable {
    case greedy
    case beam
    /// Draws one sequence. Zero `topK` and a `topP` of one are off; `topK` 50 is what transformers takes when nothing is
    /// said, and LEO's nucleus sampling adds `topP` 0.9. Beam sampling (`do_sample` with several beams) is not offered.
    case sampling(temperature: Double = 1, topK: Int = 50, topP: Double = 1, seed: UInt64 = 0)
}

/// Which release of Hugging Face transformers decides the details that releases disagree on.
public enum DecodingRules: String, Sendable, Equatable, CaseIterable {
    /// Pinned by LEO: the id list is seeded with one BOS, which is returned, penalised and counted by lengths.
    case transformers4_28_1 = "4.28.1"
    /// The id list starts empty, the prompt counts towards lengths, and end of sequence counts in a beam's length.
    case transformers4_57 = "4.57"

    /// Ids in the list before the first new token.
    package var seedCount: Int { self == .transformers4_28_1 ? 1 : 0 }
}

/// What is wrong with decoding options, or with the answers to be scored.
public enum TokenDecodingError: Error, Equatable, Sendable, CustomStringConvertible {
    case invalidOption(name: String, expected: String, found: String)
    /// Under the 4.57 rules `maxLength` includes the prompt.
    case noRoomForNewTokens(maxLength: Int, promptLength: Int)
    case tokenOutsideVocabulary(name: String, id: Int32, vocabulary: Int)
    case emptyAnswer(index: Int)

    public var description: String {
        switch self {
        case .invalidOption(let name, let expected, let found):
            "decoding option \(name): expected \(expected), found \(found)"
        case .noRoomForNewTokens(let maxLength, let promptLength):
            "decoding option maxLength: expected more than the prompt's \(promptLength) tokens (rules 4.57), "
                + "found \(maxLength)"
        case .tokenOutsideVocabulary(let name, let id, let vocabulary):
            "\(name): expected an id in 0..<\(vocabulary), found \(id)"
        case .emptyAnswer(let index):
            "answer \(index): expected at least one token after BOS, found none"
        }
    }
}

extension DecodingOptions {
    /// Checks every field that has a meaning of its own; ids are compared with the vocabulary when decoding starts.
    ///
    /// - Errors: `TokenDecodingError.invalidOption`
    public func validate() throws(TokenDecodingError) {
        func check(_ valid: Bool, _ name: String, _ expected: String, _ found: Any) throws(TokenDecodingError) {
            guard valid else { throw .invalidOption(name: name, expected: expected, found: "\(found)") }
        }
        try check((1...Self.maximumBeams).contains(beams), "beams", "1...\(Self.maximumBeams)", beams)
        try check((1...Self.maximumLength).contains(maxLength), "maxLength", "1...\(Self.maximumLength)", maxLength)
        try check(minLength >= 0, "minLength", "at least 0", minLength)
        if let maxNewTokens {
            let limit = "0...\(Self.maximumLength)"
            try check((0...Self.maximumLength).contains(maxNewTokens), "maxNewTokens", limit, maxNewTokens)
        } else {
            try check(minLength <= maxLength, "minLength", "at most maxLength (\(maxLength))", minLength)
        }
        // The penalty works in f32, where a tiny double would become zero and divide.
        try check(Float(repetitionPenalty).isNormal && repetitionPenalty > 0, "repetitionPenalty",
                  "a positive number", repetitionPenalty)
        try check(abs(lengthPenalty) <= Self.maximumLengthPenalty, "lengthPenalty",
                  "-\(Self.maximumLengthPenalty)...\(Self.maximumLengthPenalty)", lengthPenalty)
        for (name, id) in [("bosID", bosID), ("eosID", eosID), ("padID", padID)] {
            try check(id >= 0, name, "at least 0", id)
        }
        if let id = excludedTokens.first(where: { $0 < 0 }) { try check(false, "excludedTokens", "ids from 0", id) }
        if case .sampling(let temperature, let topK, let topP, _) = strategy {
            try check(temperature.isNormal && temperature > 0, "temperature", "a positive number", temperature)
            try check(topK >= 0, "topK", "at least 0", topK)
            try check(topP > 0 && topP <= 1, "topP", "more than 0, at most 1", topP)
        }
    }

    /// New tokens at most, end of sequence included.
    ///
    /// `maxNewTokens` if set; else under 4.28.1 `maxLength - 1` (the seed BOS counts, the prompt does not: 256 leaves
    /// 255), under 4.57 `maxLength - promptLength`.
    ///
    /// - Parameter promptLength: positions of the prompt, the BOS that `generate` appends included
    /// - Errors: `.noRoomForNewTokens` under 4.57, which also refuses
    public func newTokenBudget(promptLength: Int) throws(TokenDecodingError) -> Int {
        if let maxNewTokens { return maxNewTokens }
        switch rules {
        case .transformers4_28_1:
            return max(maxLength - 1, 0)
        case .transformers4_57:
            guard promptLength < maxLength else {
                throw .noRoomForNewTokens(maxLength: maxLength, promptLength: promptLength)
            }
            return maxLength - max(promptLength, 0)
        }
    }

    /// `minLength` in units of the id list (seed and new tokens).
    package func minListLength(promptLength: Int) -> Int {
        rules == .transformers4_28_1 ? minLength : max(minLength - max(promptLength, 0), 0)
    }

    /// Id that fills the rows of a batch which finished early.
    ///
    /// 4.57 takes `pad_token_id or eos_token_id` in its beam search, where a pad id of 0 does not count.
    package var batchFillerID: Int32 {
        rules == .transformers4_57 && strategy == .beam && beams > 1 && padID == 0 ? eosID : padID
    }
}
