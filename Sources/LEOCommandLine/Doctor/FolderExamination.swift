import Foundation
import LEOConvert

/// Looks at a folder: one checkpoint, several of one model, a dataset, or files of any kind.
struct FolderExamination {
    private let path: String
    /// Entries looked at in one folder tree; more are not worth the time.
    private static let entryLimit = 2000
    private static let depthLimit = 3

    init(_ path: String) { self.path = path }

    func diagnosis() -> Diagnosis {
        if let dataset = DatasetExamination(path).diagnosis() { return dataset }
        if Self.isOneCheckpoint(path) { return CheckpointExamination(path).diagnosis() }
        var parts: [Diagnosis] = []
        var left = Self.entryLimit
        collect(path, depth: 1, &parts, &left)
        let isCut = left <= 0
        if parts.isEmpty { return .unusable(path, Files.names(in: path).isEmpty ? "is an empty folder" : "holds nothing that LEO knows") }
        var diagnosis = summary(parts)
        if isCut { diagnosis.add(.note, "only the first \(Self.entryLimit) entries were looked at") }
        return diagnosis
    }

    private static let marks: Set = [
        "model.safetensors.index.json", "model.safetensors", "pytorch_model.bin.index.json", "pytorch_model.bin",
        "open_clip_model.safetensors", "open_clip_pytorch_model.bin",
    ]

    /// Whether a folder is one checkpoint, not a place where several were put.
    private static func isOneCheckpoint(_ folder: String) -> Bool {
        let names = Files.names(in: folder)
        guard holdsCheckpoint(names) else { return false }
        return !names.contains { name in
            let item = folder.appendingPath(name)
            return Files.kind(item).isFolder ? holdsCheckpoint(Files.names(in: item)) : isOtherCheckpoint(name)
        }
    }

    private static func holdsCheckpoint(_ names: [String]) -> Bool {
        if names.contains(where: marks.contains) { return true }
        // Shards whose index was not downloaded.
        return names.contains("config.json") && names.contains(where: isShard)
    }

    private static func isShard(_ name: String) -> Bool { name.hasPrefix("pytorch_model-") || name.hasPrefix("model-") }

    /// Weights that are none of the names above, nor what training leaves beside them.
    private static func isOtherCheckpoint(_ name: String) -> Bool {
        let isTrainingState = ["optimizer", "scheduler", "training_args", "rng_state", "random_states", "scaler", "sampler"]
            .contains { name.hasPrefix($0) }
        return ["pth", "pt", "bin", "ckpt", "safetensors"].contains(name.pathExtension) && !marks.contains(name) && !isShard(name)
            && !isTrainingState
    }

    private func collect(_ folder: String, depth: Int, _ parts: inout [Diagnosis], _ left: inout Int) {
        for name in Files.names(in: folder) {
            guard left > 0 else { return }
            left -= 1
            let item = folder.appendingPath(name)
            if !Files.kind(item).isFolder {
                let part = Examination.file(item)
                if part.kind != .other || !part.findings.isEmpty { parts.append(part) }
            } else if Self.isOneCheckpoint(item) {
                parts.append(CheckpointExamination(item).diagnosis())
            } else if depth < Self.depthLimit {
                collect(item, depth: depth + 1, &parts, &left)
            }
        }
    }

    private func summary(_ parts: [Diagnosis]) -> Diagnosis {
        let roles: [Diagnosis.Kind] = [.languageModel, .imageEncoder, .pointEncoder, .leoCheckpoint, .completeCheckpoint]
        let isModel = parts.contains { roles.contains($0.kind) }
        var diagnosis = Diagnosis(path, isModel ? .checkpoints : .folder, isModel ? "checkpoints of a LEO model" : "a folder")
        if !isModel {
            let kinds = Dictionary(grouping: parts, by: \.kind).sorted { $0.key.rawValue < $1.key.rawValue }
            for (kind, members) in kinds { diagnosis.detail(kind.rawValue, "\(members.count)") }
            parts.forEach { diagnosis.add($0) }
            return diagnosis
        }
        parts.forEach { diagnosis.add($0) }
        func first(_ kind: Diagnosis.Kind) -> Diagnosis? { parts.first { $0.kind == kind } }
        for kind in roles {
            for part in parts where part.kind == kind { diagnosis.detail(kind.rawValue, "\(part.path): \(part.title)") }
            if parts.count(where: { $0.kind == kind }) > 1 {
                diagnosis.add(.warning, "holds more than one \(kind.rawValue); the first is looked at further")
            }
        }
        guard diagnosis.isUsable else { return diagnosis }
        guard let leo = first(.completeCheckpoint) ?? first(.leoCheckpoint) else {
            diagnosis.add(.warning, "LEO's own checkpoint is missing (a folder like sft_noact.pth)")
            return diagnosis
        }
        var command = ["leo convert"]
        var paths = CheckpointPaths(leo: leo.path)
        if leo.kind == .leoCheckpoint {
            paths.languageModel = first(.languageModel)?.path
            paths.imageEncoder = first(.imageEncoder)?.path
            paths.pointEncoder = first(.pointEncoder)?.path
            let needed = [
                ("--llm", "the language model (Vicuna's folder)", paths.languageModel),
                ("--image-encoder", "the ConvNeXt image encoder", paths.imageEncoder),
                ("--point-encoder", "the PointNet++ object encoder", paths.pointEncoder),
            ]
            for (option, what, found) in needed {
                if let found { command.append("\(option) \(Self.shellQuoted(found))") } else { diagnosis.add(.warning, "\(what) is missing") }
            }
            if needed.contains(where: { $0.2 == nil }) { return diagnosis }
        }
        if !Files.kind((paths.languageModel ?? "").appendingPath("tokenizer.model")).exists { paths.tokenizer = first(.tokenizer)?.path }
        paths.examineTogether(&diagnosis)
        command.append("--leo \(Self.shellQuoted(leo.path)) -o leo.leo --dtype int8")
        if let tokenizer = paths.tokenizer { command.append("--tokenizer \(Self.shellQuoted(tokenizer))") }
        if diagnosis.isUsable { diagnosis.detail("convert", command.joined(separator: " ")) }
        return diagnosis
    }

    private static func shellQuoted(_ text: String) -> String {
        let plain = text.allSatisfy { $0.isLetter || $0.isNumber || "/._-+=:@,".contains($0) }
        return plain && !text.isEmpty ? text : "'" + text.replacingOccurrences(of: "'", with: #"'\''"#) + "'"
    }
}
