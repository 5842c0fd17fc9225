import LEOTensor

/// What is wrong with an archive, or why one could not be written. Every case says where, what was expected and what was found.
public enum ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The system refused to open, map, create, write, flush or rename a file.
    case file(FileError)
    /// The file does not start with the magic of a `.leo` file.
    case notAnArchive(path: String, found: String)
    /// The file is of a newer major version than this reader understands.
    case unsupportedVersion(path: String, supported: String, found: String)
    /// The file ends before `field` does.
    case truncated(path: String, field: String, expectedBytes: Int, foundBytes: Int)
    /// A field holds something the format does not allow.
    case invalid(path: String, field: String, expected: String, found: String)
    /// The header does not match its checksum.
    case headerChecksum(path: String, expected: UInt64, found: UInt64)
    /// Data that does not match its checksum, found by `Archive.verify`; never empty.
    case damaged(path: String, [ArchiveDamage])
    /// A tensor that was asked for is not there.
    case missingTensor(path: String, name: String)
    /// A tensor that was asked for is there, in another form.
    case mismatch(path: String, name: String, expected: TensorSpecification, found: TensorSpecification)
    /// An adapter was combined with a base it was not made for.
    case wrongBase(path: String, expected: ArchiveBase, foundPath: String, foundFingerprint: String)
    /// The file does not fit on its disk (or in the quota or size limit of this process).
    case noSpace(path: String, reason: String, neededBytes: Int, availableBytes: Int?)
    /// The writer was used out of turn: a tensor that is not in the table, too many or too few bytes, use after the end.
    case writer(path: String, field: String, expected: String, found: String)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .notAnArchive(let path, let found): "\(path): is not a .leo file: it starts with \(found)"
        case .unsupportedVersion(let path, let supported, let found):
            "\(path): format version: expected at most \(supported), found \(found): a newer release is needed to read it"
        case .truncated(let path, let field, let expected, let found):
            "\(path): \(field): expected \(expected) bytes, found \(found): the file is cut short"
        case .invalid(let path, let field, let expected, let found): "\(path): \(field): expected \(expected), found \(found)"
        case .headerChecksum(let path, let expected, let found):
            "\(path): header checksum: expected \(checksumText(expected)), found \(checksumText(found)): the file is damaged"
        case .damaged(let path, let damages):
            "\(path): \(damages.count) damaged: " + damages.map(\.description).joined(separator: "; ")
        case .missingTensor(let path, let name): "\(path): \(name): expected a tensor of this name, found none"
        case .mismatch(let path, let name, let expected, let found):
            "\(path): \(name): expected \(expected.form), found \(found.form)"
        case .wrongBase(let path, let expected, let foundPath, let foundFingerprint):
            "\(path): base: expected \(expected.name) (fingerprint \(expected.fingerprint)), "
                + "found \(foundPath) (fingerprint \(foundFingerprint))"
        case .noSpace(let path, let reason, let needed, let available):
            "\(path): cannot write: \(reason): needs \(needed) bytes, "
                + (available.map { "\($0) bytes available" } ?? "the space available is unknown")
        case .writer(let path, let field, let expected, let found): "\(path): \(field): expected \(expected), found \(found)"
        }
    }
}

/// A part of an archive whose bytes are not what was written.
public struct ArchiveDamage: Sendable, Equatable, CustomStringConvertible {
    /// The tensor's name, or `padding at byte N`.
    public let name: String
    public let expected: String
    public let found: String

    public var description: String { "\(name): expected \(expected), found \(found)" }
}

/// Text from a file, made fit for a one-line message: quoted, control characters escaped, cut when long.
func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars.prefix(80) {
        let plain = scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
        result += plain ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
    }
    return result + (text.unicodeScalars.count > 80 ? "...\"" : "\"")
}
