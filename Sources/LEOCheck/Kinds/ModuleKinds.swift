import ExecutionPlan
import Foundation
import LEOConvert
import LEOModel
import LEOTensor

/// Weights of a case under official names, read as our parameters.
struct OfficialWeights: ParameterSource {
    private let tensors: [String: Tensor]
    private let official: @Sendable (String) -> [String]

    /// - Parameter official: official names for one of ours, in the order to try.
    init(_ tensors: [String: Tensor], _ official: @escaping @Sendable (String) -> [String]) {
        self.tensors = tensors
        self.official = official
    }

    func withRows(
        of name: String, shape: [Int], _ rows: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        guard let tensor = official(name).lazy.compactMap({ tensors[$0] }).first else {
            throw GraphError.constant(name: official(name).first ?? name, expected: "a tensor of shape \(shape)", found: "nothing")
        }
        try InMemoryParameters([name: tensor]).withRows(of: name, shape: shape, rows, body)
    }
}

extension Graph {
    /// Compiles the graph over a case's weights; every core, best kernels.
    func instance(_ parameters: any ParameterSource) throws -> PlanInstance {
        try PlanInstance(try compiled(EvaluatingSource(parameters)))
    }
}

extension PlanInstance {
    func runAll() { _ = run() }
    func output(_ name: String) -> [Float] { Array(floats(name)) }
    func integerOutput(_ name: String) -> [Int] { integers(name).map(Int.init) }
}

/// Channel-last [b, h, w, c] values as channel-first, as the official code holds maps.
func channelsFirst(_ values: [Float], channels: Int) -> [Float] {
    let positions = values.count / max(channels, 1)
    var result = [Float](repeating: 0, count: values.count)
    for position in 0..<positions {
        for channel in 0..<channels { result[channel * positions + position] = values[position * channels + channel] }
    }
    return result
}

/// Full-size PointNet++ with every intermediate.
enum PointNetPPKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.description?.kind == "pointnetpp" }
    static func name(_ folder: CaseFolder) -> String { "pointnetpp" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let description = try folder.requiredDescription()
        let inputs = try CaseTensors(folder, "inputs_file"), golden = try CaseTensors(folder, "outputs_file")
        let clouds = try inputs.tensor("clouds")
        guard clouds.shape.count == 3 else { throw CheckError.malformed(path: folder.path, field: "clouds", expected: "[objects, points, 6]") }
        var configuration = PointEncoderConfiguration()
        configuration.pointsPerObject = clouds.shape[1]
        try ModelConfiguration(name: "case", points: configuration).validate()
        guard clouds.shape[2] == 3 + configuration.featureCount else {
            throw CheckError.malformed(path: description.path, field: "inputs.clouds", expected: "[objects, points, \(3 + configuration.featureCount)]")
        }
        let weights = OfficialWeights(try CaseTensors(folder, "weights_file").all()) { name in
            OfficialNames.candidates(for: name).filter { $0.role == .pointEncoder }.map(\.name)
        }
        let instance = try PointNetPP(configuration).graph(maximumObjects: max(clouds.shape[0], 1), traces: true).instance(weights)
        instance.set(instance.plan.symbols[0], to: clouds.shape[0])
        instance.write(clouds, to: "clouds")
        instance.runAll()
        return try golden.names.sorted().map { name in
            if name == "embedding" { return Comparison.floats(name, instance.output("embeddings"), try golden.floats(name), description.tolerance) }
            if name.hasSuffix("_fps") || name.hasSuffix("_ball") {
                return Comparison.exact(name, instance.integerOutput(name), try golden.integers(name))
            }
            return Comparison.floats(name, instance.output(name), try golden.floats(name), description.tolerance)
        }
    }
}

/// ConvNeXt with stages and every pooling.
enum ConvNeXtKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.description?.kind == "convnext" }
    static func name(_ folder: CaseFolder) -> String { "convnext" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let description = try folder.requiredDescription()
        let inputs = try CaseTensors(folder, "inputs_file"), golden = try CaseTensors(folder, "outputs_file")
        let images = try inputs.tensor("image")
        var configuration = ImageEncoderConfiguration()
        configuration.depths = try description.value("config.depths")
        configuration.dims = try description.value("config.dims")
        try ModelConfiguration(name: "case", image: configuration).validate()
        guard images.shape.count == 4, images.shape.dropFirst() == [3, configuration.size, configuration.size] else {
            throw CheckError.malformed(path: description.path, field: "inputs.image", expected: "[images, 3, \(configuration.size), \(configuration.size)]")
        }
        let weights = OfficialWeights(try CaseTensors(folder, "weights_file").all()) { name in
            OfficialNames.candidates(for: name).map(\.name)
        }
        var checks: [OutputCheck] = []
        let poolings: [(ImageEncoderConfiguration.Pooling, String)] = [(.avg, "pool_avg"), (.conv, "pool_conv"), (.attn, "pool_attn"), (.null, "pool_none")]
        for (pooling, output) in poolings {
            configuration.pooling = pooling
            let instance = try ConvNeXt(configuration).graph(hidden: nil, traces: pooling == .avg).instance(weights)
            var features: [Float] = [], maps: [Float] = []
            for image in 0..<images.shape[0] {
                instance.write(images.rows(image..<image + 1), to: "image")
                instance.runAll()
                features += instance.output("features")
                guard pooling == .avg else { continue }
                maps += channelsFirst(instance.output("stage3"), channels: configuration.dims[3])
                if image > 0 { continue }
                for (stage, name) in ["stem", "stage1", "stage2", "stage3"].enumerated() {
                    let values = channelsFirst(instance.output(name), channels: configuration.dims[stage])
                    checks.append(Comparison.floats(name, values, try golden.floats(name), description.tolerance))
                }
            }
            if pooling == .avg { checks.append(Comparison.floats("feature_map", maps, try golden.floats("feature_map"), description.tolerance)) }
            checks.append(Comparison.floats(output, features, try golden.floats(output), description.tolerance))
        }
        return checks
    }
}

/// OSE3D, full size from clouds or small from given embeddings.
enum OSE3DKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { ["ose3d", "ose3d_small"].contains(folder.description?.kind) }
    static func name(_ folder: CaseFolder) -> String { folder.description?.kind ?? "ose3d" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let description = try folder.requiredDescription()
        let inputs = try CaseTensors(folder, "inputs_file"), golden = try CaseTensors(folder, "outputs_file")
        let configuration = try SpatialConfiguration(description)
        let weights = OfficialWeights(try CaseTensors(folder, "weights_file").all()) { name in
            OfficialNames.candidates(for: name).map { String($0.name.dropFirst("pcd_encoder.".count)) }
        }
        try ModelConfiguration(name: "case", spatial: configuration).validate()
        let masks = try inputs.tensor("obj_masks")
        guard masks.shape.count == 2, masks.count > 0, masks.shape[1] <= 4096 else {
            throw CheckError.malformed(path: description.path, field: "inputs.obj_masks", expected: "[batch, slots]")
        }
        let batch = masks.shape[0], slots = masks.shape[1]
        for (name, width) in [("obj_locs", slots * 6), ("anchor_locs", 3), ("anchor_orientation", 4)] where try inputs.tensor(name).count != batch * width {
            throw CheckError.malformed(path: description.path, field: "inputs.\(name)", expected: "\(batch) times \(width) values")
        }
        let embeddings = try embeddings(folder, inputs)
        guard embeddings.count % (batch * slots) == 0, !embeddings.isEmpty else {
            throw CheckError.malformed(path: description.path, field: "inputs.obj_embeds", expected: "[\(batch), \(slots), width]")
        }
        let width = embeddings.count / (batch * slots)
        let instance = try SpatialTransformer(configuration).graph(
            pointWidth: width, maximumObjects: slots, hidden: nil, traces: true).instance(weights)
        let anchorSize = configuration.useEmbodiedToken ? try CaseTensors(folder, "weights_file").floats("anchor_size") : []
        let locations = try inputs.floats("obj_locs"), anchors = try inputs.floats("anchor_locs")
        let orientations = try inputs.floats("anchor_orientation"), valid = masks.integers()
        let first = configuration.useEmbodiedToken ? 1 : 0, rows = slots + first, hidden = configuration.hiddenDim

        // Only valid slots are computed, so results are put back to where the official code has them.
        var found: [String: [Float]] = [:]
        var counted: [Bool] = []
        let layers = (0..<configuration.numLayers).map { "layer\($0)" }
        for item in 0..<batch {
            let chosen = (0..<slots).filter { valid[item * slots + $0] != 0 }
            instance.set(instance.plan.symbols[0], to: chosen.count)
            instance.set(instance.plan.symbols[1], to: slots - chosen.count)
            instance.write(chosen.flatMap { embeddings[(item * slots + $0) * width..<(item * slots + $0 + 1) * width] }, to: "embeddings")
            let boxes = chosen.flatMap { locations[(item * slots + $0) * 6..<(item * slots + $0 + 1) * 6] }
            if configuration.useEmbodiedToken {
                instance.write(anchors[item * 3..<item * 3 + 3] + anchorSize + boxes, to: "locations")
                instance.write(orientations[item * 4..<item * 4 + 4], to: "orientation")
            } else {
                instance.write(boxes, to: "locations")
            }
            instance.runAll()
            let places = (first == 1 ? [0] : []) + chosen.map { $0 + first }
            counted += (0..<rows).map { places.contains($0) }
            for name in layers + ["objects", "input_feats"] {
                found[name, default: []] += scattered(instance.output(name), to: places, rows: rows, columns: hidden)
            }
            if configuration.useSpatialAttn {
                let dims = configuration.spatialDim
                let pairs = instance.output("pairwise_locs")
                var square = [Float](repeating: 0, count: rows * rows * dims)
                for (i, row) in places.enumerated() {
                    for (j, column) in places.enumerated() {
                        for d in 0..<dims { square[(row * rows + column) * dims + d] = pairs[(i * places.count + j) * dims + d] }
                    }
                }
                found["pairwise_locs", default: []] += square
            }
        }
        return try golden.names.sorted().map { name in
            switch name {
            case "obj_masks":
                return Comparison.exact(name, counted.map { $0 ? 1 : 0 }, try golden.integers(name))
            case "obj_embeds": return Comparison.floats(name, embeddings, try golden.floats(name), description.tolerance, columns: width, rows: valid.map { $0 != 0 })
            case "pairwise_locs":
                let both = (0..<batch).flatMap { item in
                    (0..<rows * rows).map { counted[item * rows + $0 / rows] && counted[item * rows + $0 % rows] }
                }
                return Comparison.floats(
                    name, found[name] ?? [], try golden.floats(name), description.tolerance, columns: configuration.spatialDim, rows: both)
            default:
                return Comparison.floats(
                    name, found[name == "obj_tokens" ? "objects" : name] ?? [], try golden.floats(name), description.tolerance,
                    columns: hidden, rows: counted)
            }
        }
    }

    /// Given embeddings, or those of the clouds through the point encoder.
    private static func embeddings(_ folder: CaseFolder, _ inputs: CaseTensors) throws -> [Float] {
        if inputs.has("obj_embeds") { return try inputs.floats("obj_embeds") }
        let description = try folder.requiredDescription()
        let clouds = try inputs.tensor("obj_fts")
        let weights = OfficialWeights(try CaseTensors(path: folder.file(try description.value("pointnet_weights"))).all()) { name in
            OfficialNames.candidates(for: name).filter { $0.role == .pointEncoder }.map(\.name)
        }
        let points = PointEncoderConfiguration()
        guard clouds.shape.count == 4, clouds.shape.dropFirst(2) == [points.pointsPerObject, 3 + points.featureCount], clouds.count > 0 else {
            throw CheckError.malformed(path: description.path, field: "inputs.obj_fts", expected: "[batch, slots, \(points.pointsPerObject), \(3 + points.featureCount)]")
        }
        let objects = clouds.shape[0] * clouds.shape[1]
        let instance = try PointNetPP(PointEncoderConfiguration()).graph(maximumObjects: objects).instance(weights)
        instance.write(clouds, to: "clouds")
        instance.runAll()
        return instance.output("embeddings")
    }

    private static func scattered(_ values: [Float], to places: [Int], rows: Int, columns: Int) -> [Float] {
        var result = [Float](repeating: 0, count: rows * columns)
        for (index, place) in places.enumerated() {
            result.replaceSubrange(place * columns..<(place + 1) * columns, with: values[index * columns..<(index + 1) * columns])
        }
        return result
    }
}

/// LLaMA with an unmerged adapter: hidden states and logits under both position rules.
enum LLaMAKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.description?.kind == "llama_lora" }
    static func name(_ folder: CaseFolder) -> String { "llama_lora" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let description = try folder.requiredDescription()
        let inputs = try CaseTensors(folder, "inputs_file"), golden = try CaseTensors(folder, "outputs_file")
        let base = try openCheckpoint(path: folder.file(try description.value("llm_folder")))
        var tensors = try CaseTensors(folder, "weights_file").all()
        for entry in base.tensors { tensors[entry.name] = try base.tensor(named: entry.name) }
        var language = LanguageConfiguration()
        let embeds = try inputs.tensor("inputs_embeds"), mask = try inputs.integers("attention_mask")
        guard embeds.shape.count == 3, embeds.count > 0, embeds.shape[1] >= 4, embeds.shape[1] <= 2048, mask.count == embeds.shape[0] * embeds.shape[1] else {
            throw CheckError.malformed(path: description.path, field: "inputs.inputs_embeds", expected: "[batch, 4 to 2048 rows, width] with a mask")
        }
        let batch = embeds.shape[0], length = embeds.shape[1], width = embeds.shape[2]
        language.hiddenSize = width
        language.numAttentionHeads = 4
        language.numKeyValueHeads = 4
        language.numHiddenLayers = 3
        language.intermediateSize = tensors["model.layers.0.mlp.gate_proj.weight"]?.shape.first ?? 0
        language.vocabulary = try description.value("config.vocab")
        language.rmsNormEpsilon = try description.value("config.rms_eps")
        language.ropeTheta = try description.value("config.rope_theta")
        var lora = LoRAConfiguration()
        lora.rank = try description.value("config.lora_rank")
        lora.alpha = try description.value("config.lora_alpha")
        try ModelConfiguration(name: "case", language: language, lora: lora).validate()
        // The row of [PAD] stands in its own file beside the language model.
        let padRow = try? CaseTensors(path: folder.file(try description.value("llm_folder") + "/../pad_row.safetensors"))
        let weights = PaddedVocabulary(
            OfficialWeights(tensors) { OfficialNames.candidates(for: $0).map(\.name) },
            storedRows: tensors["model.embed_tokens.weight"]?.shape.first ?? language.vocabulary,
            embedding: try padRow?.floats("embed_tokens") ?? [], head: try padRow?.floats("lm_head") ?? [])
        var limits = LanguageLimits(extraRows: length, cells: length)
        limits.rows = length
        let instance = try LLaMA(language, lora: lora).graph(limits: limits, traces: true).instance(weights)

        var checks: [OutputCheck] = []
        for rule in ["generate", "forward"] {
            let positions = positions(mask, batch: batch, length: length, rule: rule)
            checks.append(Comparison.exact("position_ids_\(rule)", positions, try golden.integers("position_ids_\(rule)")))
            var hidden: [String: [Float]] = [:], logits: [Float] = []
            for item in 0..<batch {
                let visible = (0..<length).filter { mask[item * length + $0] != 0 }
                let lastRows = (length - 4..<length).compactMap { visible.firstIndex(of: $0) }
                instance.set(instance.plan.symbols[0], to: visible.count)
                instance.set(instance.plan.symbols[1], to: lastRows.count)
                instance.set(instance.plan.symbols[2], to: length)
                instance.write(embeds.rows(item..<item + 1), to: "extra")
                instance.write(visible.map { Int32(-(1 + $0)) }, to: "sources")
                instance.write(visible.map { Int32(positions[item * length + $0]) }, to: "positions")
                instance.write(visible.indices.map { Int32($0) }, to: "cells")
                instance.write(visible.indices.map { Int32($0 + 1) }, to: "prefix_counts")
                instance.write(visible.map { _ in Int32(0) }, to: "tail_counts")
                instance.write(lastRows.map { Int32($0) }, to: "selected")
                instance.runAll()
                logits += instance.output("logits")
                for layer in 0...language.numHiddenLayers {
                    let values = instance.output("hidden\(layer)")
                    var row = [Float](repeating: 0, count: length * width)
                    for (index, place) in visible.enumerated() {
                        row.replaceSubrange(place * width..<(place + 1) * width, with: values[index * width..<(index + 1) * width])
                    }
                    hidden["hidden\(layer)", default: []] += row
                }
            }
            for layer in 0...language.numHiddenLayers {
                let name = "hidden\(layer)_\(rule)"
                checks.append(
                    Comparison.floats(
                        name, hidden["hidden\(layer)"] ?? [], try golden.floats(name), description.tolerance, columns: width,
                        rows: mask.map { $0 != 0 }))
            }
            checks.append(Comparison.floats("logits_\(rule)", logits, try golden.floats("logits_\(rule)"), description.tolerance))
        }
        return checks
    }

    /// generate counts visible positions; forward counts all of them.
    static func positions(_ mask: [Int], batch: Int, length: Int, rule: String) -> [Int] {
        (0..<batch).flatMap { item in
            if rule == "forward" { return Array(0..<length) }
            var count = 0
            return (0..<length).map { place in
                count += mask[item * length + place]
                return mask[item * length + place] == 0 ? 1 : count - 1
            }
        }
    }
}

/// Adds the row of `[PAD]` that the recorded weights lack, zeros unless given.
struct PaddedVocabulary: ParameterSource {
    private let inner: any ParameterSource
    private let storedRows: Int
    private let embedding: [Float]
    private let head: [Float]

    init(_ inner: any ParameterSource, storedRows: Int, embedding: [Float], head: [Float]) {
        self.inner = inner
        self.storedRows = storedRows
        self.embedding = embedding
        self.head = head
    }

    func withRows(
        of name: String, shape: [Int], _ rows: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        guard name == "language.embed_tokens.weight" || name == "language.lm_head.weight", storedRows < shape[0] else {
            return try inner.withRows(of: name, shape: shape, rows, body)
        }
        var values: [Float] = []
        let stored = rows.clamped(to: 0..<storedRows)
        if !stored.isEmpty {
            try inner.withRows(of: name, shape: [storedRows, shape[1]], stored) { values = Array($0) }
        }
        if values.count < rows.count * shape[1] { values += name.contains("embed_tokens") ? embedding : head }
        values += [Float](repeating: 0, count: rows.count * shape[1] - values.count)
        try values.withUnsafeBufferPointer(body)
    }
}

extension CaseFolder {
    func requiredDescription() throws -> CaseDescription {
        guard let description else { throw CheckError.unreadable(path: path, reason: "has no case.json") }
        return description
    }
}

extension SpatialConfiguration {
    /// The `config` of a case, in official field names.
    init(_ description: CaseDescription) throws {
        let config: [String: Any] = try description.value("config")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: JSONSerialization.data(withJSONObject: config))
    }
}
