import Foundation

/// METEOR with exact and stem matches.
///
/// Words of prediction and reference are aligned one to one; recall counts for more than precision, and an alignment that
/// falls into many chunks is penalised. With several references the best counts.
///
/// **Limits.** The official evaluators call the Java program meteor-1.5, which also matches synonyms (WordNet) and
/// paraphrases, weighs function words apart, and stems with Snowball; its tables are not part of this project. Scores here
/// are therefore of the same kind but not the same numbers, in general lower: compare them with each other, not with
/// published ones. Text is put in lower case, and each character that is neither letter
/// nor digit is a word of its own, except for apostrophes and hyphens inside words.
///
/// - Source: Banerjee and Lavie 2005; Denkowski and Lavie 2014 ("Meteor Universal"); stems by `PorterStemmer`
public struct METEOR: Sendable {
    /// The formula's constants.
    public struct Parameters: Sendable, Equatable {
        /// F = P R / (alpha P + (1 - alpha) R).
        public var alpha: Double
        /// Penalty = gamma (chunks / matches)^beta.
        public var beta: Double
        public var gamma: Double
        /// What a stem match is worth; an exact one is worth 1.
        public var stemWeight: Double
        /// Whether a prediction that matches its reference word by word is spared the penalty for its one chunk.
        public var sparesEqual: Bool

        /// The paper's first constants: F = 10 P R / (R + 9 P), penalty 0.5 (chunks / matches)^3.
        public static let banerjeeLavie2005 = Parameters(
            alpha: 0.9, beta: 3, gamma: 0.5, stemWeight: 1, sparesEqual: false)
        /// English of meteor-1.5, without its function words (delta).
        public static let denkowskiLavie2014 = Parameters(
            alpha: 0.85, beta: 0.2, gamma: 0.6, stemWeight: 0.6, sparesEqual: true)
    }

    public let parameters: Parameters

    public init(_ parameters: Parameters = .denkowskiLavie2014) { self.parameters = parameters }

    /// Scores of all samples, and of the corpus from the sums of each sample's best reference.
    ///
    /// - Errors: `.nothingToEvaluate`, `.countMismatch`, `.noReferences`
    public func score(predictions: [String], references: [[String]]) throws(EvaluationError) -> CorpusScore {
        try NGramSamples.check(predictions, references, metric: "METEOR")
        var total = Statistics()
        var perSample: [Double] = []
        for (prediction, references) in zip(predictions, references) {
            let words = Self.words(of: prediction)
            var best: (score: Double, statistics: Statistics)?
            for reference in references {
                let statistics = statistics(words, Self.words(of: reference))
                let score = score(statistics)
                if best.map({ score > $0.score }) ?? true { best = (score, statistics) }
            }
            guard let best else { continue }
            total.add(best.statistics)
            perSample.append(best.score)
        }
        return CorpusScore(corpus: score(total), perSample: perSample)
    }

    // MARK: Words

    /// Lower-case words; punctuation marks are words.
    static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        func end() {
            if !word.isEmpty { words.append(String(word)) }
            word = .init()
        }
        let scalars = Array(text.lowercased().unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if isWordScalar(scalar) || (joins(scalar) && !word.isEmpty && index + 1 < scalars.count
                && isWordScalar(scalars[index + 1])) {
                word.append(scalar)
            } else {
                end()
                if !Words.isSpace(scalar) { words.append(String(scalar)) }
            }
        }
        end()
        return words
    }

    private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || scalar.properties.generalCategory == .nonspacingMark
    }

    private static func joins(_ scalar: Unicode.Scalar) -> Bool { scalar == "'" || scalar == "-" }

    // MARK: Score

    private struct Statistics {
        var predictionLength = 0
        var referenceLength = 0
        var matches = 0
        var weight = 0.0
        /// Zero for a pair that is spared the penalty.
        var chunks = 0

        mutating func add(_ other: Statistics) {
            predictionLength += other.predictionLength
            referenceLength += other.referenceLength
            matches += other.matches
            weight += other.weight
            chunks += other.chunks
        }
    }

    private func statistics(_ prediction: [String], _ reference: [String]) -> Statistics {
        let alignment = WordAlignment(prediction, reference)
        let chunks = alignment.chunks
        let matches = alignment.pairs.count
        let isEqual = chunks == 1 && matches == prediction.count && matches == reference.count
        return Statistics(
            predictionLength: prediction.count, referenceLength: reference.count, matches: matches,
            weight: alignment.pairs.reduce(0) { $0 + ($1.isExact ? 1 : parameters.stemWeight) },
            chunks: isEqual && parameters.sparesEqual ? 0 : chunks)
    }

    private func score(_ statistics: Statistics) -> Double {
        guard statistics.matches > 0 else { return 0 }
        let precision = statistics.weight / Double(statistics.predictionLength)
        let recall = statistics.weight / Double(statistics.referenceLength)
        let mean = precision * recall / (parameters.alpha * precision + (1 - parameters.alpha) * recall)
        let fragmentation = Double(statistics.chunks) / Double(statistics.matches)
        return mean * (1 - parameters.gamma * pow(fragmentation, parameters.beta))
    }
}
