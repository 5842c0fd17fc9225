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
                for grams in reference.byOrder { seen.formUnion(grams.keys) }
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

    private struct Vector {
        var weights: [[NGram: Double]]
        var norms: [Double]
        var length: Int

        init(_ counts: NGramCounts, _ frequencies: [NGram: Int], _ logCount: Double) {
            weights = counts.byOrder.map { grams in
                var weights: [NGram: Double] = [:]
                for (gram, count) in grams {
                    weights[gram] = Double(count) * (logCount - log(Double(max(1, frequencies[gram] ?? 0))))
                }
                return weights
            }
            norms = weights.map { $0.values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            length = max(counts.wordCount - 1, 0)
        }

        /// Mean over the four orders.
        func similarity(to reference: Vector) -> Double {
            let delta = Double(length - reference.length)
            let penalty = exp(-(delta * delta) / (2 * sigma * sigma))
            var sum = 0.0
            for order in 0..<4 {
                var value = 0.0
                for (gram, weight) in weights[order] {
                    guard let other = reference.weights[order][gram] else { continue }
                    value += min(weight, other) * other
                }
                if norms[order] != 0, reference.norms[order] != 0 { value /= norms[order] * reference.norms[order] }
                sum += value * penalty
            }
            return sum / 4
        }
    }
}
