/// Why something cannot be evaluated. The reference raises an exception in the same places.
public enum EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No predictions at all: there is no mean of nothing.
    case nothingToEvaluate(metric: String)
    /// A batch without samples.
    case emptyBatch
    /// Two lists that belong together differ in length.
    case countMismatch(field: String, expected: Int, found: Int)
    /// A sample without any reference.
    case noReferences(sample: Int)
    /// CIDEr needs at least one word in all references together.
    case noReferenceWords
    /// A Scan2Cap key that the corpus lacks.
    case unknownCorpusKey(String)
    /// A measurement outside what it may be.
    case invalidValue(field: String, expected: String, found: String)

    public var description: String {
        switch self {
        case .nothingToEvaluate(let metric): "\(metric): expected at least one sample, found none"
        case .emptyBatch: "batch: expected at least one sample, found none"
        case .countMismatch(let field, let expected, let found):
            "\(field): expected \(expected) entries, found \(found)"
        case .noReferences(let sample): "sample \(sample): expected at least one reference, found none"
        case .noReferenceWords: "CIDEr: expected references with words, found none in any sample"
        case .unknownCorpusKey(let key): "corpus key \(key): not in the corpus"
        case .invalidValue(let field, let expected, let found): "\(field): expected \(expected), found \(found)"
        }
    }
}
