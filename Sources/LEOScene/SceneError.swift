import LEOTensor

/// What can go wrong with point clouds and scenes: which file, which part of it, and why.
///
/// `file` is the path, or the name that was given with the bytes; `field` is the header entry, point or property.
public enum SceneError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file could not be opened or mapped.
    case unreadable(FileError)
    /// Not a kind of file that can be read here.
    case unknownFormat(file: String, reason: String)
    /// A part of the file contradicts its format, or itself.
    case malformed(file: String, field: String, reason: String)
    /// The data ends before what the header promises.
    case truncated(file: String, field: String, reason: String)
    /// A well-formed file whose content is of no use: no points, points that are not numbers.
    case unusable(file: String, field: String, reason: String)
    /// A property that was asked for by name is not there.
    case unknownProperty(file: String, name: String, available: [String])
    /// An object that was asked for by id is not there.
    case unknownObject(file: String, id: Int)
    /// An option outside its range.
    case invalidOption(name: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .unknownFormat(let file, let reason): "\(file): \(reason)"
        case .malformed(let file, let field, let reason), .truncated(let file, let field, let reason),
            .unusable(let file, let field, let reason):
            "\(file): \(field): \(reason)"
        case .unknownProperty(let file, let name, let available):
            "\(file): no property \"\(name)\"; there is \(available.isEmpty ? "none" : available.joined(separator: ", "))"
        case .unknownObject(let file, let id): "\(file): no object \(id)"
        case .invalidOption(let name, let reason): "\(name): \(reason)"
        }
    }
}
