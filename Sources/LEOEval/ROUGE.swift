/// ROUGE-L as the COCO caption tools compute it: F-measure of the longest common subsequence, beta 1.2.
///
/// Words stand between single blanks, so two blanks hold an empty word and empty text is one. The best precision and the
/// best recall count, even from different references.
///
/// - Source: Lin 2004; `rouge.py` of coco-caption
public enum ROUGE {
    private static let beta = 1.2

    /// - Errors: `.nothingToEvaluate`, `.countMismatch`, `.noReferences`
    public static func score(predictions: [String], references: [[String]]) throws(EvaluationError) -> CorpusScore {
        try NGramSamples.check(predictions, references, metric: "ROUGE-L")
        return CorpusScore(mean: zip(predictions, references).map { score($0, $1) })
    }

    private static func score(_ prediction: String, _ references: [String]) -> Double {
        var table = WordTable()
        let candidate = table.numbers(of: Words.splitAtBlanks(prediction))
        var precision = 0.0
        var recall = 0.0
        for reference in references {
            let words = table.numbers(of: Words.splitAtBlanks(reference))
            let common = Double(longestCommonSubsequence(candidate, words))
            precision = max(precision, common / Double(candidate.count))
            recall = max(recall, common / Double(words.count))
        }
        guard precision != 0, recall != 0 else { return 0 }
        return (1 + beta * beta) * precision * recall / (recall + beta * beta * precision)
    }

    static func longestCommonSubsequence(_ a: [Int32], _ b: [Int32]) -> Int {
        // One row at a time: row[j] is the length for the words of a so far and the first j of b.
        var row = [Int](repeating: 0, count: b.count + 1)
        for word in a {
            var diagonal = 0
            for index in b.indices {
                let above = row[index + 1]
                row[index + 1] = word == b[index] ? diagonal + 1 : max(above, row[index])
                diagonal = above
            }
        }
        return row[b.count]
    }
}
