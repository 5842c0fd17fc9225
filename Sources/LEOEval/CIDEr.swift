import Foundation

/// CIDEr(-D) as the COCO caption tools compute it: tf-idf weighted n-grams with clipped counts and a length penalty.
///
/// Document frequencies come from the references being evaluated, so a score depends on what it is evaluated with; one
/// sample alone scores 0. Sentence length is the number of bigrams, sigma is 6, scores are times 10.
///
/// - Source: Vedantam et al. 2015; `cider_scorer.py` of coco-caption
public enum CIDEr {
    private static let sigma = 6.0

    /// - Errors: `.nothingToEvaluate`, `.countMismatch`, `.noReferences`; `.noReferenceWords` if no reference holds a word
    public static func score(predictions: [String], references: [[String]]) throws(EvaluationError) -> CorpusScore {
        try score(NGramSamples(predictions: predictions, references: references, metric: "CIDEr"))
    }

    static func score(_ samples: NGramSamples) throws(EvaluationError) -> CorpusScore {
        var frequencies: [NGram: Int] = [:]
        for sample in samples.samples {
            var seen: Set<NGram> = []
            for reference in sample.references {
                for grams in reference.grams { seen.formUnion(grams) }
            }
            for gram in seen { frequencies[gram, default: 0] += 1 }
        }
        guard !frequencies.isEmpty else { throw .noReferenceWords }
        let logCount = log(Double(samples.samples.count))
        return CorpusScore(mean: samples.samples.map { sample in
            let prediction = Vector(sample.prediction, frequencies, logCount)
            let sum = sample.references.reduce(0) { $0 + prediction.similarity(to: Vector($1, frequencies, logCount)) }
            return sum / Double(sample.references.count) * 10
        })
    }

    /// tf-idf weights of a sentence's n-grams.
    private struct Vector {
        let counts: NGramCounts
        /// [order - 1], parallel to `counts.grams`.
        let weights: [[Double]]
        let norms: [Double]
        let length: Int
        private let frequencies: [NGram: Int]
        private let logCount: Double

        init(_ counts: NGramCounts, _ frequencies: [NGram: Int], _ logCount: Double) {
            self.counts = counts
            self.frequencies = frequencies
            self.logCount = logCount
            weights = zip(counts.grams, counts.counts).map { grams, counts in
                grams.map { Self.weight($0, counts[$0] ?? 0, frequencies, logCount) }
            }
            norms = weights.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            length = max(counts.wordCount - 1, 0)
        }

        private static func weight(
            _ gram: NGram, _ count: Int, _ frequencies: [NGram: Int], _ logCount: Double
        ) -> Double {
            Double(count) * (logCount - log(Double(max(1, frequencies[gram] ?? 0))))
        }

        /// Mean over the four orders.
        func similarity(to reference: Vector) -> Double {
            let delta = Double(length - reference.length)
            let penalty = exp(-(delta * delta) / (2 * sigma * sigma))
            var sum = 0.0
            for order in 0..<4 {
                var value = 0.0
                for (gram, weight) in zip(counts.grams[order], weights[order]) {
                    guard let count = reference.counts.counts[order][gram] else { continue }
                    let other = Self.weight(gram, count, frequencies, logCount)
                    value += min(weight, other) * other
                }
                if norms[order] != 0, reference.norms[order] != 0 { value /= norms[order] * reference.norms[order] }
                sum += value * penalty
            }
            return sum / 4
        }
    }
}
