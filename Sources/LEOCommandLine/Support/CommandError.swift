import Foundation
import LEOTensor

/// What a command itself finds wrong; everything else is an error of the library that found it.
enum CommandError: Error, Equatable, CustomStringConvertible {
    case file(path: String, reason: String)
    case overwritesInput(path: String, input: String)
    /// The report said it all; only the exit code is left to say.
    case reported

    var description: String {
        switch self {
        case .file(let path, let reason): "\(path): \(reason)"
        case .overwritesInput(let path, let input): "\(path): would overwrite the input \(input)"
        case .reported: ""
        }
    }
}

extension String {
    /// The path with a leading `~` replaced, as a shell would have done.
    var expandingTilde: String { hasPrefix("~") ? (self as NSString).expandingTildeInPath : self }

    func appendingPath(_ name: String) -> String { (self as NSString).appendingPathComponent(name) }
    var lastPathComponent: String { (self as NSString).lastPathComponent }
    var pathExtension: String { (self as NSString).pathExtension.lowercased() }
}

enum Files {
    /// Whether there is something at `path`, and what.
    static func kind(_ path: String) -> (exists: Bool, isFolder: Bool) {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        return (exists, isFolder.boolValue)
    }

    /// Names in a folder, sorted; hidden ones left out.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }

    static func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Device and number of a file: the same for all names of one file.
    private static func identity(_ path: String) -> [UInt64]? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return [UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino)]
    }

    /// Refuses, before anything is computed, an output that cannot be created, or is one of the inputs or, for folders, a file
    /// in them.
    ///
    /// - Throws: `FileError`, `CommandError.overwritesInput`
    static func checkOutput(_ output: String, inputs: [String]) throws {
        if case .file(let place, _) = try FileTarget(output) {
            let folder = place.lastIndex(of: "/").map { $0 == place.startIndex ? "/" : String(place[..<$0]) } ?? "."
            if access(folder, W_OK | X_OK) != 0 { throw FileError(path: output, action: "create a file in \(folder)", code: errno) }
        }
        guard let target = identity(output) else { return }
        for input in inputs {
            let candidates = kind(input).isFolder ? names(in: input).map { input.appendingPath($0) } : [input]
            for candidate in candidates where identity(candidate) == target {
                throw CommandError.overwritesInput(path: output, input: candidate)
            }
        }
    }

    /// Writes JSON: keys in snake case and sorted.
    static func writeJSON(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try writeAtomically([UInt8](try encoder.encode(value)), to: path)
    }

    /// A small file such as a configuration; a limit keeps a wrong path from filling the memory.
    static func contents(_ path: String, limit: Int = 16 << 20) throws -> Data {
        let file = try MappedFile(path: path)
        defer { withExtendedLifetime(file) {} }
        guard file.byteCount <= limit else {
            throw CommandError.file(path: path, reason: "has \(file.byteCount) bytes, expected a small text file")
        }
        return Data(file.bytes)
    }
}
