import LEOAction
import LEOConvert
import LEOImageIO

/// What can go wrong with a data set: which file, which part of it, and why.
public enum DataError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file or folder that the task needs is not there.
    case missing(path: String, needed: String)
    /// The system refused to open or list something.
    case unreadable(path: String, reason: String)
    /// A part of a file is not what the data set's format says.
    case malformed(file: String, field: String, reason: String)
    /// A pickle, PyTorch or NumPy file.
    case checkpoint(CheckpointError)
    case image(ImageFileError)
    /// A recorded action that the action space cannot write.
    case action(file: String, field: String, ActionError)
    /// The task has no such split.
    case noSplit(task: TaskKind, split: DataSplit, available: [DataSplit])
    case invalidOption(name: String, reason: String)

    public var description: String {
        switch self {
        case .missing(let path, let needed): "\(path): is missing; \(needed)"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .malformed(let file, let field, let reason): "\(file): \(field): \(reason)"
        case .checkpoint(let error): error.description
        case .image(let error): error.description
        case .action(let file, let field, let error): "\(file): \(field): \(error)"
        case .noSplit(let task, let split, let available):
            "\(task): has no split \(split.rawValue), only \(available.map(\.rawValue).joined(separator: ", "))"
        case .invalidOption(let name, let reason): "\(name): \(reason)"
        }
    }
}

extension DataError {
    /// Whatever a reader of files threw while it read `file`.
    init(_ error: any Error, file: String) {
        switch error {
        case let error as DataError: self = error
        case let error as CheckpointError: self = .checkpoint(error)
        case let error as ImageFileError: self = .image(error)
        default: self = .unreadable(path: file, reason: "\(error)")
        }
    }
}
