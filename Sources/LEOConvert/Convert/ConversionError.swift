/// One tensor that is not as the model needs it.
public struct TensorProblem: Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        case missing(expected: [Int])
        case extra(found: [Int])
        case shape(expected: [Int], found: [Int])
        case type(found: String)
    }
    /// Official name.
    public let name: String
    public let role: CheckpointRole
    public let kind: Kind

    public var description: String {
        switch kind {
        case .missing(let expected): "\(role.rawValue): \(name): missing, expected \(expected)"
        case .extra(let found): "\(role.rawValue): \(name): not part of the model, found \(found)"
        case .shape(let expected, let found): "\(role.rawValue): \(name): expected \(expected), found \(found)"
        case .type(let found): "\(role.rawValue): \(name): expected real numbers, found \(found)"
        }
    }
}

/// A conversion that cannot be done, besides unreadable files (`CheckpointError`) and unwritable ones (`ArchiveError`).
public enum ConversionError: Error, Sendable, Equatable, CustomStringConvertible {
    case tensors([TensorProblem])
    case missingFile(what: String, hint: String)
    case cannotInfer(field: String, reason: String)
    case languageModelConfiguration(path: String, field: String, expected: String, found: String)
    case numbers(path: String, tensor: String, expected: String, found: String)
    case padRow(path: String, tensor: String, expected: Int, found: Int)
    case tokenizer(path: String, expected: String, found: String)

    public var description: String {
        switch self {
        case .tensors(let problems):
            let shown = problems.prefix(40).map { "  \($0)" }.joined(separator: "\n")
            let rest = problems.count > 40 ? "\n  … and \(problems.count - 40) more" : ""
            return "the checkpoints do not hold the model (\(problems.count) tensors):\n\(shown)\(rest)"
        case .missingFile(let what, let hint): return "no \(what): \(hint)"
        case .cannotInfer(let field, let reason): return "\(field) cannot be told from the checkpoints: \(reason); give a configuration with --config"
        case .languageModelConfiguration(let path, let field, let expected, let found):
            return "\(path): \(field): expected \(expected), found \(found)"
        case .numbers(let path, let tensor, let expected, let found): return "\(path): \(tensor): expected \(expected), found \(found)"
        case .padRow(let path, let tensor, let expected, let found): return "\(path): \(tensor): expected \(expected) values, found \(found)"
        case .tokenizer(let path, let expected, let found): return "\(path): expected \(expected), found \(found)"
        }
    }
}
