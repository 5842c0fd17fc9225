/// Why the bytes of a SentencePiece model were refused. The caller knows the file and adds its name.
public enum TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes at `offset` are not the protobuf message that `field` should hold.
    case malformed(field: String, offset: Int, reason: String)
    /// The message is well formed, but the value of `field` makes no usable model.
    case invalid(field: String, reason: String)
    /// A valid SentencePiece model that asks for something this tokenizer does not do.
    case unsupported(field: String, reason: String)

    public var description: String {
        switch self {
        case .malformed(let field, let offset, let reason):
            "tokenizer model: \(field): \(reason) (byte \(offset))"
        case .invalid(let field, let reason):
            "tokenizer model: \(field): \(reason)"
        case .unsupported(let field, let reason):
            "tokenizer model: \(field): unsupported: \(reason)"
        }
    }
}
