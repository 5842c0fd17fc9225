import LEOAction
import LEOData
import LEOEval

/// Why a task cannot be run or its results cannot be kept.
public enum TaskError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file of results that cannot be read or written.
    case file(path: String, reason: String)
    /// A line of a journal that is not one of ours.
    case malformedJournal(path: String, line: Int, reason: String)
    /// A journal of another run: going on would mix results.
    case otherRun(path: String, field: String, expected: String, found: String)
    /// Another process writes this journal.
    case journalInUse(path: String)
    case invalidOption(name: String, expected: String, found: String)
    /// A dataset without samples, or one whose references cannot be compared with.
    case unusable(data: String, reason: String)
    /// Something of a scene, world or episode that does not work out.
    case episode(String)

    public var description: String {
        switch self {
        case .file(let path, let reason): "\(path): \(reason)"
        case .malformedJournal(let path, let line, let reason): "\(path):\(line): \(reason)"
        case .otherRun(let path, let field, let expected, let found):
            "\(path): is the journal of another run: \(field): expected \(expected), found \(found); choose another --out or remove it"
        case .journalInUse(let path): "\(path): another run is writing it"
        case .invalidOption(let name, let expected, let found): "\(name): expected \(expected), found \(found)"
        case .unusable(let data, let reason): "\(data): \(reason)"
        case .episode(let reason): reason
        }
    }
}
