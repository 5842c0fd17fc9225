import Foundation
import LEOArchive
import LEOConvert
import LEOModel
import LEOTensor
import TestSupport

/// Official checkpoints of a model of a few thousand parameters, made up for a test.
///
/// The names are written out from the official state dict, not taken from the code under test.
struct FakeCheckpoints {
    struct Entry {
        var role: CheckpointRole
        /// Name in a checkpoint of its own.
        var name: String
        /// Name in the complete LeoAgent state dict.
        var complete: String
        var shape: [Int]
        var values: [Float]
    }
    var entries: [Entry] = []
    let configuration: ModelConfiguration

    static let vocabulary = 300
    static let hidden = 32

    static func configuration(_ change: (inout ModelConfiguration) -> Void = { _ in }) -> ModelConfiguration {
        var model = ModelConfiguration(name: "fake")
        model.image.depths = [1, 2, 1, 1]
        model.image.dims = [4, 8, 8, 12]
        model.points.layers[0].widths = [6, 8]
        model.points.layers[1].widths = [10]
        model.points.layers[2].widths = [12, 14]
        model.points.outputWidth = 20
        model.spatial.hiddenDim = 16
        model.spatial.dimFeedforward = 24
        model.spatial.numLayers = 2
        model.language.hiddenSize = hidden
        model.language.numHiddenLayers = 2
        model.language.numAttentionHeads = 4
        model.language.numKeyValueHeads = 4
        model.language.intermediateSize = 40
        model.language.vocabulary = vocabulary
        model.lora?.rank = 4
        model.lora?.alpha = 4
        change(&model)
        return model
    }

    init(_ configuration: ModelConfiguration = Self.configuration()) {
        self.configuration = configuration
        addImage()
        addPoints()
        addLEO()
        addLanguage()
    }

    private mutating func add(_ role: CheckpointRole, _ name: String, complete: String? = nil, _ shape: [Int]) {
        var random = SeededGenerator(seed: name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
        let values = random.floats(shape.reduce(1, *))
        entries.append(
            Entry(
                role: role, name: name, complete: complete ?? name, shape: shape,
                values: name.hasSuffix("running_var") ? values.map { abs($0) + 0.5 } : values))
    }

    private mutating func addImage() {
        let dims = configuration.image.dims
        var names: [(String, [Int])] = [("stem.0.weight", [dims[0], 3, 4, 4]), ("stem.0.bias", [dims[0]]), ("stem.1.weight", [dims[0]]), ("stem.1.bias", [dims[0]])]
        for stage in 0..<4 {
            let width = dims[stage], name = "stages.\(stage)"
            if stage > 0 {
                let before = dims[stage - 1]
                names += [
                    (name + ".downsample.0.weight", [before]), (name + ".downsample.0.bias", [before]),
                    (name + ".downsample.1.weight", [width, before, 2, 2]), (name + ".downsample.1.bias", [width]),
                ]
            }
            for block in 0..<configuration.image.depths[stage] {
                let name = name + ".blocks.\(block)"
                names += [
                    (name + ".gamma", [width]), (name + ".conv_dw.weight", [width, 1, 7, 7]), (name + ".conv_dw.bias", [width]),
                    (name + ".norm.weight", [width]), (name + ".norm.bias", [width]),
                    (name + ".mlp.fc1.weight", [4 * width, width]), (name + ".mlp.fc1.bias", [4 * width]),
                    (name + ".mlp.fc2.weight", [width, 4 * width]), (name + ".mlp.fc2.bias", [width]),
                ]
            }
        }
        for (name, shape) in names { add(.imageEncoder, "visual.trunk." + name, complete: "img_encoder.backbone.model." + name, shape) }
    }

    private mutating func addPoints() {
        func put(_ name: String, _ shape: [Int]) { add(.pointEncoder, name, complete: "pcd_encoder.obj_encoder.pcd_net." + name, shape) }
        var input = configuration.points.featureCount
        for (index, layer) in configuration.points.layers.enumerated() {
            input += 3
            for (step, width) in layer.widths.enumerated() {
                let name = "encoder.\(index).mlps.0.layer\(step)"
                put(name + ".conv.weight", [width, input, 1, 1])
                for part in ["weight", "bias", "running_mean", "running_var"] { put(name + ".bn.bn." + part, [width]) }
                input = width
            }
        }
        put("fc.weight", [configuration.points.outputWidth, input])
        put("fc.bias", [configuration.points.outputWidth])
    }

    private mutating func addLEO() {
        let spatial = configuration.spatial, width = spatial.hiddenDim, hidden = configuration.language.hiddenSize
        func linear(_ name: String, _ output: Int, _ input: Int) {
            add(.leo, name + ".weight", [output, input])
            add(.leo, name + ".bias", [output])
        }
        func norm(_ name: String) {
            add(.leo, name + ".weight", [width])
            add(.leo, name + ".bias", [width])
        }
        linear("img_proj", hidden, configuration.image.featureWidth)
        linear("pcd_proj", hidden, width)
        linear("pcd_encoder.obj_proj", width, configuration.points.outputWidth)
        linear("pcd_encoder.orient_encoder", width, 84)
        add(.leo, "pcd_encoder.anchor_feat", [1, 1, width])
        add(.leo, "pcd_encoder.anchor_size", [1, 1, 3])
        add(.leo, "pcd_encoder.obj_type_embed.weight", [2, width])
        linear("pcd_encoder.loc_layers.0.0", width, 6)
        norm("pcd_encoder.loc_layers.0.1")
        for layer in 0..<spatial.numLayers {
            let name = "pcd_encoder.spatial_encoder.\(layer)"
            for part in ["w_qs", "w_ks", "w_vs", "fc"] { linear(name + ".self_attn." + part, width, width) }
            linear(name + ".self_attn.lang_cond_fc", 48, width)
            norm(name + ".self_attn.layer_norm")
            linear(name + ".linear1", spatial.dimFeedforward, width)
            linear(name + ".linear2", width, spatial.dimFeedforward)
            norm(name + ".norm1")
            norm(name + ".norm2")
        }
    }

    private mutating func addLanguage() {
        let language = configuration.language, hidden = language.hiddenSize, rank = configuration.lora?.rank ?? 4
        let wrapped = "llm_model.base_model.model."
        // The checkpoint has no row for [PAD].
        add(.languageModel, "model.embed_tokens.weight", complete: wrapped + "model.embed_tokens.weight", [language.vocabulary - 1, hidden])
        for layer in 0..<language.numHiddenLayers {
            let name = "model.layers.\(layer)."
            let projections = [
                ("self_attn.q_proj", hidden, hidden), ("self_attn.k_proj", hidden, hidden), ("self_attn.v_proj", hidden, hidden),
                ("self_attn.o_proj", hidden, hidden), ("mlp.gate_proj", language.intermediateSize, hidden),
                ("mlp.up_proj", language.intermediateSize, hidden), ("mlp.down_proj", hidden, language.intermediateSize),
            ]
            for (projection, output, input) in projections {
                add(.languageModel, name + projection + ".weight", complete: wrapped + name + projection + ".base_layer.weight", [output, input])
                add(.leo, wrapped + name + projection + ".lora_A.default.weight", [rank, input])
                add(.leo, wrapped + name + projection + ".lora_B.default.weight", [output, rank])
            }
            for norm in ["input_layernorm", "post_attention_layernorm"] {
                add(.languageModel, name + norm + ".weight", complete: wrapped + name + norm + ".weight", [hidden])
            }
        }
        add(.languageModel, "model.norm.weight", complete: wrapped + "model.norm.weight", [hidden])
        add(.languageModel, "lm_head.weight", complete: wrapped + "lm_head.weight", [language.vocabulary - 1, hidden])
    }

    // MARK: Changes

    func values(_ name: String) -> [Float] { entries.first { $0.name == name }?.values ?? [] }

    mutating func remove(_ name: String) { entries.removeAll { $0.name == name } }
    mutating func reshape(_ name: String, _ shape: [Int]) {
        guard let index = entries.firstIndex(where: { $0.name == name }) else { return }
        entries[index].shape = shape
        let values = entries[index].values
        entries[index].values = (0..<shape.reduce(1, *)).map { values[$0 % values.count] }
    }
    mutating func rename(_ name: String, _ new: String) {
        guard let index = entries.firstIndex(where: { $0.name == name }) else { return }
        entries[index].name = new
        entries[index].complete = new
    }
    mutating func insert(_ role: CheckpointRole, _ name: String, _ shape: [Int]) { add(role, name, shape) }

    // MARK: Files

    static let settings = """
        {"model_type": "llama", "hidden_act": "silu", "num_attention_heads": 4, "rms_norm_eps": 1e-6, "vocab_size": \(vocabulary), \
        "max_position_embeddings": 2048, "rope_scaling": null}
        """

    /// A tokenizer of `vocabulary - 1` pieces.
    static let tokenizer: [UInt8] = {
        let bytes = try? withTemporaryFolder { folder in
            try Converter(synthetic: configuration(), weightType: .f32, seed: 1).write(to: folder + "/s.leo")
            return try Archive(path: folder + "/s.leo").tensor(named: "tokenizer.model")?.withBytes { Array($0) }
        }
        return (bytes ?? nil) ?? []
    }()

    private static func write(_ entries: [Entry], _ path: String, types: [String: String], name: (Entry) -> String) throws {
        let tensors = entries.map { entry -> (name: String, type: String, shape: [Int], data: [UInt8]) in
            let type = types[entry.name] ?? "F32"
            let data: [UInt8] =
                switch type {
                case "BF16": entry.values.flatMap { Build.little(UInt16($0.bitPattern >> 16)) }
                case "I64": entry.values.flatMap { Build.little(Int64($0 * 100)) }
                default: Build.bytes(entry.values)
                }
            return (name(entry), type, entry.shape, data)
        }
        try Data(Build.safetensors(tensors)).write(to: URL(fileURLWithPath: path))
    }

    /// Separate checkpoints as users have them.
    func write(to folder: String, types: [String: String] = [:], settings: String? = Self.settings) throws -> CheckpointPaths {
        func of(_ role: CheckpointRole) -> [Entry] { entries.filter { $0.role == role } }
        let language = folder + "/llm"
        try FileManager.default.createDirectory(atPath: language, withIntermediateDirectories: true)
        try Self.write(of(.languageModel), language + "/model.safetensors", types: types) { $0.name }
        if let settings { try Data(settings.utf8).write(to: URL(fileURLWithPath: language + "/config.json")) }
        try Data(Self.tokenizer).write(to: URL(fileURLWithPath: language + "/tokenizer.model"))
        try Self.write(of(.imageEncoder), folder + "/image.safetensors", types: types) { $0.name }
        try Self.write(of(.pointEncoder), folder + "/points.safetensors", types: types) { $0.name }
        try Self.write(of(.leo), folder + "/leo.safetensors", types: types) { $0.name }
        return CheckpointPaths(
            leo: folder + "/leo.safetensors", languageModel: language, imageEncoder: folder + "/image.safetensors",
            pointEncoder: folder + "/points.safetensors")
    }

    /// One state dict with everything.
    func writeComplete(to folder: String) throws -> CheckpointPaths {
        try Self.write(entries, folder + "/complete.safetensors", types: [:]) { $0.complete }
        try Data(Self.tokenizer).write(to: URL(fileURLWithPath: folder + "/tokenizer.model"))
        var paths = CheckpointPaths(leo: folder + "/complete.safetensors")
        paths.tokenizer = folder + "/tokenizer.model"
        return paths
    }
}

extension Archive {
    /// A matrix or vector as row-major real numbers, whatever its layout and type.
    func values(_ name: String) throws -> [Float] {
        guard let entry = tensor(named: name) else { throw ArchiveError.missingTensor(path: path, name: name) }
        let stored = entry.tensor.floats()
        if entry.layout == .rows { return stored }
        let n = entry.shape[0], k = entry.shape[1], groups = (k + 127) / 128
        let factors = tensor(named: name + ".scale")
        let words = factors?.tensor.withBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
        } ?? []
        return (0..<n * k).map { index in
            let row = index / k, column = index % k
            if entry.layout == .nk16 { return stored[(row / 16 * k + column) * 16 + row % 16] }
            let width = entry.layout == .n64k4 ? 4 : 8
            let code = Int(stored[(row / 64 * ((k + width - 1) / width) + column / width) * 256 + row % 64 * 4 + column % 4])
            let word = words[(row / 64 * groups + column / 128) * 64 + row % 64]
            if width == 4 { return Float(bitPattern: word) * Float(code - 128) }
            let small = Float(word >> (column % 128 / 32 * 4) & 15), half = column % 8 < 4 ? code & 15 : code >> 4
            return Float(bitPattern: word & 0xffff_0000) * small * Float(half - 8)
        }
    }
}
