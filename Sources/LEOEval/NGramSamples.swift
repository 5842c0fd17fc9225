/// Predictions and their references, taken apart once for the n-gram metrics.
struct NGramSamples {
    struct Sample {
        let prediction: NGramCounts
        let references: [NGramCounts]
    }

    let samples: [Sample]

    /// - Errors: `.nothingToEvaluate`, `.countMismatch`, `.noReferences`
    init(predictions: [String], references: [[String]], metric: String) throws(EvaluationError) {
        try Self.check(predictions, references, metric: metric)
        var table = WordTable()
        samples = zip(predictions, references).map { prediction, references in
            Sample(
                prediction: NGramCounts(table.numbers(of: Words.split(prediction))),
                references: references.map { NGramCounts(table.numbers(of: Words.split($0))) })
        }
    }

    static func check(_ predictions: [String], _ references: [[String]], metric: String) throws(EvaluationError) {
        guard predictions.count == references.count else {
            throw .countMismatch(field: "references", expected: predictions.count, found: references.count)
        }
        guard !predictions.isEmpty else { throw .nothingToEvaluate(metric: metric) }
        if let sample = references.firstIndex(where: \.isEmpty) { throw .noReferences(sample: sample) }
    }
}

/// A metric of a whole corpus and of each of its samples.
public struct CorpusScore: Sendable, Equatable {
    public let corpus: Double
    public let perSample: [Double]

    /// Takes the mean as the corpus' score.
    init(mean perSample: [Double]) {
        self.perSample = perSample
        corpus = perSample.reduce(0, +) / Double(perSample.count)
    }

    init(corpus: Double, perSample: [Double]) {
        self.corpus = corpus
        self.perSample = perSample
    }
}
