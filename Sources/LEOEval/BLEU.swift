import Foundation

/// BLEU of orders 1 to 4 as the COCO caption tools compute it.
///
/// Words stand between white space; case and punctuation count. Matches are clipped by the greatest count in any one
/// reference; the length compared is that of the reference closest in length, of two the shorter. The corpus score sums
/// matches and lengths over all samples. Constants of 1e-15 and 1e-9 stand where others smooth: a score without a match
/// is small and not zero.
///
/// - Source: Papineni et al. 2002; `bleu_scorer.py` of coco-caption (option `closest`)
public enum BLEU {
    private static let small = 1e-9
    private static let tiny = 1e-15

    /// Scores of orders 1, 2, 3, 4.
    ///
    /// - Errors: `.nothingToEvaluate`, `.countMismatch`, `.noReferences`
    public static func scores(
        predictions: [String], references: [[String]]
    ) throws(EvaluationError) -> [CorpusScore] {
        scores(try NGramSamples(predictions: predictions, references: references, metric: "BLEU"))
    }

    static func scores(_ samples: NGramSamples) -> [CorpusScore] {
        let statistics = samples.samples.map { Statistics($0) }
        let total = statistics.dropFirst().reduce(into: statistics[0]) { $0.add($1) }
        let corpus = total.scores
        let perSample = statistics.map(\.scores)
        return (0..<4).map { order in CorpusScore(corpus: corpus[order], perSample: perSample.map { $0[order] }) }
    }

    private struct Statistics {
        var length: Int
        var referenceLength: Int
        var guesses: [Int]
        var matches: [Int]

        init(_ sample: NGramSamples.Sample) {
            let count = sample.prediction.wordCount
            length = count
            referenceLength = sample.references.map(\.wordCount).min {
                (abs($0 - count), $0) < (abs($1 - count), $1)
            } ?? 0
            guesses = (0..<4).map { max(0, count - $0) }
            matches = (0..<4).map { order in
                sample.prediction.counts[order].reduce(0) { sum, entry in
                    let limit = sample.references.map { $0.counts[order][entry.key] ?? 0 }.max() ?? 0
                    return sum + min(entry.value, limit)
                }
            }
        }

        mutating func add(_ other: Statistics) {
            length += other.length
            referenceLength += other.referenceLength
            for order in 0..<4 {
                guesses[order] += other.guesses[order]
                matches[order] += other.matches[order]
            }
        }

        var scores: [Double] {
            var product = 1.0
            let ratio = (Double(length) + tiny) / (Double(referenceLength) + small)
            let brevity = ratio < 1 ? exp(1 - 1 / ratio) : 1
            return (0..<4).map { order in
                product *= (Double(matches[order]) + tiny) / (Double(guesses[order]) + small)
                return pow(product, 1 / Double(order + 1)) * brevity
            }
        }
    }
}
