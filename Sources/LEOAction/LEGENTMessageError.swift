import LEOTensor

/// Why a message or file of LEGENT cannot be used.
public enum LEGENTMessageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Text that is not JSON. `offset` counts bytes from its start.
    case malformedJSON(field: String, offset: Int, expected: String)
    /// A value of the wrong kind or outside what it may be; `field` is a path such as `game_states.agent.position.x`.
    case invalidValue(field: String, expected: String, found: String)
    /// An image field that holds no image; `frame` is the place in the sequence where reading stopped, nil for a single image.
    case malformedImage(field: String, frame: Int?, reason: String)
    /// Bytes that are no protobuf message.
    case malformedMessage(message: String, reason: String)
    /// A file that cannot be read or written.
    case file(path: String, reason: String)

    public var description: String {
        switch self {
        case .malformedJSON(let field, let offset, let expected): "\(field): JSON, byte \(offset): expected \(expected)"
        case .invalidValue(let field, let expected, let found): "\(field): expected \(expected), found \(found)"
        case .malformedImage(let field, let frame, let reason):
            frame.map { "\(field): frame \($0): \(reason)" } ?? "\(field): \(reason)"
        case .malformedMessage(let message, let reason): "\(message): \(reason)"
        case .file(let path, let reason): "\(path): \(reason)"
        }
    }

    init(_ error: FileError) { self = .file(path: error.path, reason: error.explanation) }
}
