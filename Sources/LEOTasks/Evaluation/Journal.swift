import Foundation

/// What a run computes with; a journal belongs to exactly one.
public struct RunIdentity: Sendable, Equatable, Codable {
    /// Version of the journal's form.
    var journal = 1
    public let task: String
    public let split: String
    /// The model's name, for people.
    public let model: String
    /// Stands for the weights and configuration of the model, and of its adapter if there is one.
    public let fingerprint: String
    /// Stands for texts and references of all samples, however few of them are evaluated.
    public let data: String
    public let samples: Int
    public let objects: String
    public let seed: UInt64
    /// Every setting of decoding, in words.
    public let decoding: String

    /// The first field that differs.
    func difference(from other: RunIdentity) -> (field: String, expected: String, found: String)? {
        let fields: [(String, String, String)] = [
            ("journal", "\(journal)", "\(other.journal)"), ("task", task, other.task), ("split", split, other.split),
            ("model fingerprint", "\(fingerprint) (\(model))", "\(other.fingerprint) (\(other.model))"),
            ("seed", "\(seed)", "\(other.seed)"), ("objects", objects, other.objects),
            ("decoding", decoding, other.decoding), ("samples", "\(samples)", "\(other.samples)"), ("data", data, other.data),
        ]
        return fields.first { $0.1 != $0.2 }.map { (field: $0.0, expected: $0.1, found: $0.2) }
    }
}

/// The result of one sample, as it stands in journals and results.
public struct SampleResult: Sendable, Equatable, Codable {
    public let index: Int
    public let id: String
    public let prediction: String
    public let tokens: Int
    /// Whether the answer ended by itself, not at the limit of tokens.
    public let ended: Bool
    public let iouFlag: Bool
    public let seconds: Double

    public init(index: Int, id: String, prediction: String, tokens: Int, ended: Bool, iouFlag: Bool, seconds: Double) {
        self.index = index
        self.id = id
        self.prediction = prediction
        self.tokens = tokens
        self.ended = ended
        self.iouFlag = iouFlag
        self.seconds = seconds
    }
}

/// Results of a run that survive its end, however it ends: a JSON line for what the run is, then one for each sample.
///
/// A line is written with one system call, so that a killed run leaves at most its last line cut; opening drops that line.
/// The file is locked while it is open.
final class Journal {
    let path: String
    /// What earlier runs left, by index.
    private(set) var results: [Int: SampleResult] = [:]
    private let descriptor: Int32

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()
    private static let decoder: JSONDecoder = {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }()

    /// Opens or creates the journal of a run.
    ///
    /// - Throws: `TaskError`: `.otherRun` for the journal of a run that differs, `.journalInUse`, `.malformedJournal`, `.file`
    init(path: String, identity: RunIdentity) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw TaskError.file(path: path, reason: "cannot be opened: \(Self.reason(errno))") }
        var isOpen = true
        defer { if isOpen { close(descriptor) } }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw TaskError.journalInUse(path: path) }
        let data = try Self.contents(descriptor, path)
        var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Data($0) }
        // Behind the last line break is nothing, or a line that was cut.
        lines.removeLast()
        if let first = lines.first {
            let found = try Self.decoded(RunIdentity.self, first, path, 1)
            if let (field, expected, found) = identity.difference(from: found) {
                throw TaskError.otherRun(path: path, field: field, expected: expected, found: found)
            }
            for (offset, line) in lines.dropFirst().enumerated() {
                let result = try Self.decoded(SampleResult.self, line, path, offset + 2)
                guard (0..<identity.samples).contains(result.index) else {
                    throw TaskError.malformedJournal(path: path, line: offset + 2, reason: "index: expected 0..<\(identity.samples), found \(result.index)")
                }
                results[result.index] = result
            }
        }
        let kept = lines.reduce(0) { $0 + $1.count + 1 }
        if kept < data.count, ftruncate(descriptor, off_t(kept)) != 0 {
            throw TaskError.file(path: path, reason: "cannot be cut to its whole lines: \(Self.reason(errno))")
        }
        if lines.isEmpty {
            do { try Self.append(identity, descriptor, path) } catch {
                // A full disk: what is left would say nothing.
                unlink(path)
                throw error
            }
        }
        isOpen = false
    }

    deinit { close(descriptor) }

    func append(_ result: SampleResult) throws {
        try Self.append(result, descriptor, path)
        results[result.index] = result
    }

    private static func append(_ value: some Encodable, _ descriptor: Int32, _ path: String) throws {
        let line = [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
        var done = 0
        while done < line.count {
            let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
            if count > 0 { done += count } else if count == 0 || errno != EINTR {
                throw TaskError.file(path: path, reason: "cannot be written: \(reason(count == 0 ? ENOSPC : errno))")
            }
        }
    }

    private static func contents(_ descriptor: Int32, _ path: String) throws -> Data {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TaskError.file(path: path, reason: "is not a regular file")
        }
        // Read, not mapped: it is a file of ours that is written to next.
        var data = Data()
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return data }
            if count > 0 { data.append(contentsOf: chunk[..<count]) } else if errno != EINTR {
                throw TaskError.file(path: path, reason: "cannot be read: \(reason(errno))")
            }
        }
    }

    private static func decoded<Value: Decodable>(_ type: Value.Type, _ line: Data, _ path: String, _ number: Int) throws -> Value {
        do { return try decoder.decode(type, from: line) } catch {
            throw TaskError.malformedJournal(
                path: path, line: number, reason: "is no line of a journal of results; choose another --out or remove the file")
        }
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
