import Foundation
import LEOConvert
import LEOModel
import LEOTensor

/// Looks at a checkpoint: a file, or a folder that holds one.
struct CheckpointExamination {
    private let path: String

    init(_ path: String) { self.path = path }

    func diagnosis() -> Diagnosis {
        if let broken = brokenShards() { return broken }
        let reader: any CheckpointReader
        do { reader = try openCheckpoint(path: path) } catch { return .unusable(path, "\(error)") }
        let (kind, title) = Self.role(Set(reader.tensors.map(\.name)))
        var diagnosis = Diagnosis(path, kind, title)
        let bytes = reader.tensors.reduce(0) { $0.addingReportingOverflow($1.byteCount).partialValue }
        let types = Dictionary(grouping: reader.tensors, by: \.elementType).mapValues(\.count).sorted { $0.value > $1.value }
        diagnosis.detail("format", reader.formatName)
        diagnosis.detail("tensors", "\(reader.tensors.count), \(Units.bytes(bytes)), " + types.map { "\($0.key.rawValue) (\($0.value))" }.joined(separator: ", "))
        if reader.tensors.isEmpty { diagnosis.add(.error, "holds no tensor") }
        if kind == .languageModel { addLanguageModel(&diagnosis) }
        return diagnosis
    }

    /// What a checkpoint is, told by the names of its tensors.
    static func role(_ names: Set<String>) -> (Diagnosis.Kind, String) {
        func has(prefix: String) -> Bool { names.contains { $0.hasPrefix(prefix) } }
        if names.contains("pcd_proj.weight") || names.contains("img_proj.weight") || has(prefix: "pcd_encoder.") {
            let holdsLanguage = names.contains { $0.hasPrefix("llm_model.") && $0.hasSuffix("embed_tokens.weight") }
            let holdsEncoders = has(prefix: "pcd_encoder.obj_encoder.") && has(prefix: "img_encoder.backbone.")
            if holdsLanguage, holdsEncoders { return (.completeCheckpoint, "a complete LEO model in one checkpoint") }
            return (.leoCheckpoint, "LEO's checkpoint: what LEO learned")
        }
        if names.contains("model.embed_tokens.weight") { return (.languageModel, "a language model of LLaMA's kind") }
        for prefix in ["", "visual.trunk.", "trunk."] where names.contains(prefix + "stem.0.weight") && names.contains(prefix + "stages.0.blocks.0.conv_dw.weight") {
            return (.imageEncoder, prefix.isEmpty ? "a ConvNeXt image encoder (timm names)" : "a ConvNeXt image encoder (OpenCLIP names)")
        }
        if names.contains("encoder.0.mlps.0.layer0.conv.weight") { return (.pointEncoder, "a PointNet++ object encoder") }
        return (.otherCheckpoint, "tensors, but none of LEO's checkpoints")
    }

    // MARK: Folders of language models

    /// Missing and broken shards, all of them and not only the first one that opening meets.
    private func brokenShards() -> Diagnosis? {
        let indices = ["model.safetensors.index.json", "pytorch_model.bin.index.json"].map { path.appendingPath($0) }
            .filter { Files.kind($0).exists }
        guard let index = path.hasSuffix(".index.json") ? path : indices.first else { return nil }
        struct Index: Decodable {
            let weight_map: [String: String]
        }
        guard let data = try? Files.contents(index, limit: 256 << 20), let map = try? JSONDecoder().decode(Index.self, from: data) else {
            return .unusable(index, "is not an index of shards: expected JSON with a weight_map")
        }
        let folder = (index as NSString).deletingLastPathComponent
        var diagnosis = Diagnosis(path, .otherCheckpoint, "a checkpoint in shards")
        for shard in Set(map.weight_map.values).sorted() where !shard.contains("/") {
            let file = folder.appendingPath(shard)
            do {
                if let reason = Examination.placeholder(try Examination.head(file)) { diagnosis.add(.error, reason, path: file) }
            } catch {
                diagnosis.add(.error, Files.kind(file).exists ? "\(error)" : "is missing; \(index.lastPathComponent) names it", path: file)
            }
        }
        return diagnosis.isUsable ? nil : diagnosis
    }

    private func addLanguageModel(_ diagnosis: inout Diagnosis) {
        guard Files.kind(path).isFolder else {
            diagnosis.add(.note, "`leo convert --llm` takes its folder, with config.json and tokenizer.model")
            return
        }
        let configuration = path.appendingPath("config.json")
        if let data = try? Files.contents(configuration), case .object(let fields)? = try? JSONDecoder().decode(JSONValue.self, from: data) {
            func number(_ key: String) -> String { if case .integer(let value)? = fields[key] { "\(value)" } else { "?" } }
            if case .string(let type)? = fields["model_type"] {
                diagnosis.detail("model", type)
                if type != "llama" { diagnosis.add(.error, "model_type is \(type); LEO runs llama", path: configuration) }
            }
            diagnosis.detail("sizes", "\(number("num_hidden_layers")) layers of \(number("hidden_size")), vocabulary \(number("vocab_size"))")
        } else {
            diagnosis.add(.error, Files.kind(configuration).exists ? "is not JSON" : "is missing", path: configuration)
        }
        let tokenizer = path.appendingPath("tokenizer.model")
        if Files.kind(tokenizer).exists {
            let part = Examination.file(tokenizer)
            if part.isUsable { diagnosis.detail("tokenizer", part.title) }
            diagnosis.add(part)
        } else {
            diagnosis.add(.warning, "is missing: name one with --tokenizer", path: tokenizer)
        }
    }
}

extension CheckpointPaths {
    /// Whether the pieces fit together, and what model they make.
    func examineTogether(_ diagnosis: inout Diagnosis) {
        do {
            let set = try CheckpointSet(self)
            let configuration = try set.inferredConfiguration(name: "model")
            try configuration.validate()
            try set.check(configuration, ignoresExtra: false)
            diagnosis.detail(
                "model", "\(configuration.language.numHiddenLayers) layers of \(configuration.language.hiddenSize), "
                    + (configuration.lora.map { "LoRA rank \($0.rank)" } ?? "no adapter"))
            diagnosis.set(try RunMemory(configuration, weightType: .int8))
            diagnosis.detail("memory, bf16", try RunMemory(configuration, weightType: .bf16).text)
        } catch {
            diagnosis.add(.error, "\(error)")
        }
    }
}
