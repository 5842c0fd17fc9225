import Foundation

/// What `leo doctor` found out about one file or folder.
struct Diagnosis: Encodable {
    /// What it is; stable names for programs.
    enum Kind: String, Encodable {
        case leoFile = "leo_file"
        case languageModel = "language_model"
        case imageEncoder = "image_encoder"
        case pointEncoder = "point_encoder"
        case leoCheckpoint = "leo_checkpoint"
        case completeCheckpoint = "complete_checkpoint"
        case otherCheckpoint = "other_checkpoint"
        /// A folder with several checkpoints of one model.
        case checkpoints
        case tokenizer
        case configuration
        case pointCloud = "point_cloud"
        case image
        case dataset
        case folder
        case unusable
        case other
    }

    struct Finding: Encodable, Equatable {
        enum Level: String, Encodable { case note, warning, error }
        let level: Level
        let path: String
        let message: String
    }

    struct Detail {
        let name: String
        let value: String
    }

    let path: String
    var kind: Kind
    /// One phrase for people.
    var title: String
    var details: [Detail] = []
    var findings: [Finding] = []
    var memory: RunMemory?

    init(_ path: String, _ kind: Kind, _ title: String) {
        self.path = path
        self.kind = kind
        self.title = title
    }

    /// Something that cannot be used at all.
    static func unusable(_ path: String, _ reason: String) -> Diagnosis {
        var diagnosis = Diagnosis(path, .unusable, "unusable")
        diagnosis.add(.error, reason)
        return diagnosis
    }

    var isUsable: Bool { !findings.contains { $0.level == .error } }

    mutating func add(_ level: Finding.Level, _ message: String, path: String? = nil) {
        let path = path ?? self.path
        // A library's message begins with the path already.
        let text = message.hasPrefix(path + ": ") ? String(message.dropFirst(path.count + 2)) : message
        findings.append(Finding(level: level, path: path, message: text))
    }

    mutating func detail(_ name: String, _ value: String) { details.append(Detail(name: name, value: value)) }

    /// Takes over what was found in a part.
    mutating func add(_ part: Diagnosis) { findings += part.findings }

    var text: String {
        let width = (details.map(\.name.count) + (memory == nil ? [] : ["memory".count])).max() ?? 0
        var lines = ["\(path): \(title)"]
        lines += details.map { "  \($0.name.padded(width))  \($0.value)" }
        if let memory { lines.append("  \("memory".padded(width))  \(memory.text)") }
        lines += findings.map { finding in
            "  \(finding.level.rawValue): " + (finding.path == path ? "" : finding.path + ": ") + finding.message
        }
        return lines.joined(separator: "\n")
    }

    private enum CodingKeys: String, CodingKey { case path, kind, title, usable, details, findings, memory }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(kind, forKey: .kind)
        try container.encode(title, forKey: .title)
        try container.encode(isUsable, forKey: .usable)
        try container.encode(
            Dictionary(details.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }), forKey: .details)
        try container.encode(findings, forKey: .findings)
        try container.encodeIfPresent(memory, forKey: .memory)
    }
}
