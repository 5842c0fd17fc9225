/// What can go wrong with worlds: which file or option, which part of it, and why.
public enum WorldError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    /// Not JSON, or not JSON of the right shape; `field` is a path such as "instances[3].position[1]".
    case malformed(file: String, field: String, reason: String)
    /// An option outside its range.
    case invalidOption(name: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): \(reason)"
        case .malformed(let file, let field, let reason): "\(file): \(field): \(reason)"
        case .invalidOption(let name, let reason): "\(name): \(reason)"
        }
    }
}
