/// A checkpoint that could not be opened or read: which file, which part of it, what was expected and what is there.
public enum CheckpointError: Error, Sendable, Equatable {
    /// The system refused to open or read the file.
    case unreadable(file: String, reason: String)
    /// The file is none of the formats known here; `found` says what it looks like.
    case unrecognized(file: String, found: String)
    /// The file breaks the rules of its format.
    case malformed(file: String, field: String, expected: String, found: String)
    /// The file is in order but uses something that these readers do not know.
    case unsupported(file: String, field: String, found: String)
    /// A pickle asks for a Python object that is not on the list of harmless ones.
    case forbidden(file: String, global: String)
    /// Reading on would cost more than a reader grants a file.
    case tooLarge(file: String, field: String, limit: Int, found: String)
    /// A zip entry is damaged.
    case checksumMismatch(file: String, entry: String, expected: UInt32, found: UInt32)
    /// Something that the file refers to does not exist.
    case missing(file: String, field: String)
    /// The caller asked for rows that the tensor does not have.
    case rowsOutOfRange(file: String, tensor: String, rows: Range<Int>, count: Int)
}

extension CheckpointError: CustomStringConvertible {
    /// One line that names file, field and reason.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file): cannot be read: \(reason)"
        case .unrecognized(let file, let found):
            "\(file): not a checkpoint: \(found)"
        case .malformed(let file, let field, let expected, let found):
            "\(file): \(field): expected \(expected), found \(found)"
        case .unsupported(let file, let field, let found):
            "\(file): \(field): \(found) is not supported"
        case .forbidden(let file, let global):
            "\(file): pickle asks for \(global), which is not on the list of what a checkpoint may hold; refused"
        case .tooLarge(let file, let field, let limit, let found):
            "\(file): \(field): too large: limit \(limit), found \(found)"
        case .checksumMismatch(let file, let entry, let expected, let found):
            "\(file): \(entry): expected CRC \(String(expected, radix: 16)), found \(String(found, radix: 16))"
        case .missing(let file, let field):
            "\(file): \(field) is missing"
        case .rowsOutOfRange(let file, let tensor, let rows, let count):
            "\(file): \(tensor): expected rows within 0..<\(count), found \(rows)"
        }
    }
}

/// Text of a file made fit for an error line: quoted, escaped, short.
func quoted(_ text: some StringProtocol) -> String {
    var result = "'"
    for scalar in text.unicodeScalars.prefix(120) {
        result += scalar.value < 0x20 || scalar.value == 0x7f ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return result + (text.unicodeScalars.count > 120 ? "...'" : "'")
}
