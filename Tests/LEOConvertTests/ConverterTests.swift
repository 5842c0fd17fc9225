import Foundation
import LEOArchive
import LEOConvert
import LEOModel
import LEOTensor
import TestSupport
import Testing

@Suite struct ConverterTests {
    private func converted(
        _ fake: FakeCheckpoints = FakeCheckpoints(), types: [String: String] = [:], weightType: WeightType? = nil,
        padRow: (embedding: [Float], head: [Float])? = nil, _ body: (Archive) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            var paths = try fake.write(to: folder, types: types)
            if let padRow {
                let file = Build.safetensors([
                    ("embed_tokens", "F32", [padRow.embedding.count], Build.bytes(padRow.embedding)),
                    ("lm_head", "F32", [padRow.head.count], Build.bytes(padRow.head)),
                ])
                try Data(file).write(to: URL(fileURLWithPath: folder + "/pad.safetensors"))
                paths.padRow = folder + "/pad.safetensors"
            }
            var converter = try Converter(paths, weightType: weightType)
            converter.balancesInputs = false
            try converter.write(to: folder + "/out.leo")
            let archive = try Archive(path: folder + "/out.leo")
            try archive.verify()
            try body(archive)
        }
    }

    /// What the test expects of the checkpoints' problems; fails where the conversion is accepted.
    private func problems(_ fake: FakeCheckpoints, types: [String: String] = [:], ignoresExtra: Bool = false) throws -> [TensorProblem] {
        try withTemporaryFolder { folder in
            let paths = try fake.write(to: folder, types: types)
            do {
                _ = try Converter(paths, configuration: FakeCheckpoints.configuration(), ignoresExtra: ignoresExtra)
                return []
            } catch ConversionError.tensors(let problems) {
                return problems
            }
        }
    }

    // MARK: Contents

    @Test func parametersArriveWhereTheModelLooks() throws {
        let fake = FakeCheckpoints()
        try converted(fake) { archive in
            let hidden = FakeCheckpoints.hidden, zeros = [Float](repeating: 0, count: hidden)
            // The vocabulary grows by [PAD]: a row of zeros.
            #expect(try archive.values("language.embed_tokens.weight") == fake.values("model.embed_tokens.weight") + zeros)
            #expect(try archive.values("language.lm_head.weight") == fake.values("lm_head.weight") + zeros)
            #expect(try archive.values("language.layers.1.down_proj.weight") == fake.values("model.layers.1.mlp.down_proj.weight"))
            let wrapped = "llm_model.base_model.model.model.layers.0.self_attn."
            #expect(try archive.values("language.layers.0.o_proj.lora_b") == fake.values(wrapped + "o_proj.lora_B.default.weight"))
            let parts = ["q", "k", "v"].flatMap { fake.values(wrapped + "\($0)_proj.lora_A.default.weight") }
            let joined = ["q", "k", "v"].map { "language.layers.0.\($0)_proj.lora_a" }.joined(separator: "+")
            #expect(try archive.values(joined) == parts)
            #expect(try archive.values("spatial.anchor_size") == fake.values("pcd_encoder.anchor_size"))
            #expect(try archive.values("image_proj.weight") == fake.values("img_proj.weight"))
            #expect(try archive.values("object_proj.bias") == fake.values("pcd_proj.bias"))
            // A batch normalisation folded by hand, in double precision.
            let name = "encoder.1.mlps.0.layer0"
            let weight = fake.values(name + ".conv.weight"), gamma = fake.values(name + ".bn.bn.weight")
            let variance = fake.values(name + ".bn.bn.running_var"), mean = fake.values(name + ".bn.bn.running_mean")
            let beta = fake.values(name + ".bn.bn.bias"), columns = weight.count / gamma.count
            let factors = gamma.indices.map { Double(gamma[$0]) / (Double(variance[$0]) + 1e-5).squareRoot() }
            let foldedWeight = weight.indices.map { Float(Double(weight[$0]) * factors[$0 / columns]) }
            let foldedBias = gamma.indices.map { Float(Double(beta[$0]) - Double(mean[$0]) * factors[$0]) }
            #expect(try archive.values("points.sa1.layer0.conv.weight.normalised") == foldedWeight)
            // One rounding more where the products are formed in another order.
            let bias = try archive.values("points.sa1.layer0.conv.weight.normalised_bias")
            #expect(zip(bias, foldedBias).allSatisfy { abs($0 - $1) <= 2 * $1.ulp })
            #expect(try ModelConfiguration(json: Data(archive.configuration.utf8)) == { var c = fake.configuration; c.name = "leo"; return c }())
            #expect(archive.tensor(named: "tokenizer.model")?.withBytes { Array($0) } == FakeCheckpoints.tokenizer)
            #expect(archive.metadata["producer"] == "leo convert")
        }
    }

    @Test func aPadRowIsTakenWhereGiven() throws {
        let hidden = FakeCheckpoints.hidden
        let row = (embedding: (0..<hidden).map { Float($0) }, head: (0..<hidden).map { Float(-$0) })
        try converted(padRow: row) { archive in
            let embedding = try archive.values("language.embed_tokens.weight"), head = try archive.values("language.lm_head.weight")
            #expect(Array(embedding.suffix(hidden)) == row.embedding && Array(head.suffix(hidden)) == row.head)
        }
        #expect { try converted(padRow: (row.embedding, Array(row.head.dropLast()))) { _ in } } throws: { error in
            guard case ConversionError.padRow(_, "lm_head", hidden, hidden - 1) = error else { return false }
            return true
        }
    }

    @Test func oneStateDictIsTheSameModel() throws {
        let fake = FakeCheckpoints()
        try converted(fake) { separate in
            try withTemporaryFolder { folder in
                let paths = try fake.writeComplete(to: folder)
                try Converter(paths, configuration: fake.configuration).write(to: folder + "/out.leo")
                #expect(try Archive(path: folder + "/out.leo").fingerprint == separate.fingerprint)
            }
            // Names of base weights without peft's wrapping of single layers, and without peft.
            for prefix in ["llm_model.base_model.model.", "llm_model."] {
                try withTemporaryFolder { folder in
                    var unwrapped = fake
                    for index in unwrapped.entries.indices where unwrapped.entries[index].role == .languageModel {
                        unwrapped.entries[index].complete = prefix + unwrapped.entries[index].name
                    }
                    let paths = try unwrapped.writeComplete(to: folder)
                    try Converter(paths, configuration: fake.configuration).write(to: folder + "/out.leo")
                    #expect(try Archive(path: folder + "/out.leo").fingerprint == separate.fingerprint, "\(prefix)")
                }
            }
        }
    }

    @Test func bareImageNamesAndUnusedTensorsAreFine() throws {
        var fake = FakeCheckpoints()
        for entry in fake.entries where entry.role == .imageEncoder { fake.rename(entry.name, String(entry.name.dropFirst("visual.trunk.".count))) }
        fake.insert(.imageEncoder, "head.fc.weight", [3, 12])
        fake.insert(.languageModel, "model.layers.0.self_attn.rotary_emb.inv_freq", [4])
        fake.insert(.pointEncoder, "encoder.0.mlps.0.layer0.bn.bn.num_batches_tracked", [1])
        fake.insert(.leo, "clip_proj.weight", [3, 3])
        #expect(try problems(fake).isEmpty)
    }

    // MARK: Problems

    @Test func missingTensorsAreListedByOfficialName() throws {
        var fake = FakeCheckpoints()
        let names: [(CheckpointRole, String, [Int])] = [
            (.imageEncoder, "visual.trunk.stages.1.blocks.1.gamma", [8]),
            (.pointEncoder, "encoder.1.mlps.0.layer0.bn.bn.running_mean", [10]),
            (.leo, "pcd_encoder.spatial_encoder.1.norm2.bias", [16]), (.leo, "pcd_encoder.anchor_size", [1, 1, 3]),
            (.leo, "llm_model.base_model.model.model.layers.1.mlp.up_proj.lora_B.default.weight", [40, 4]),
            (.languageModel, "model.layers.0.self_attn.k_proj.weight", [32, 32]), (.languageModel, "lm_head.weight", [300, 32]),
        ]
        for (_, name, _) in names { fake.remove(name) }
        let found = try problems(fake)
        #expect(found.count == names.count)
        for (role, name, shape) in names {
            #expect(found.contains { $0.name == name && $0.role == role && $0.kind == .missing(expected: shape) }, "\(name)")
        }
        let text = ConversionError.tensors(found).description
        #expect(text.contains("language model: lm_head.weight: missing, expected [300, 32]"))
    }

    @Test func extraMisshapenAndIntegerTensorsAreListed() throws {
        var fake = FakeCheckpoints()
        fake.insert(.leo, "pcd_encoder.surprise", [2, 2])
        fake.insert(.languageModel, "model.layers.2.mlp.up_proj.weight", [40, 32])
        fake.reshape("pcd_proj.weight", [32, 17])
        fake.reshape("encoder.0.mlps.0.layer0.conv.weight", [6, 5, 1, 1])
        fake.reshape("model.embed_tokens.weight", [298, 32])
        let types = ["model.norm.weight": "I64"]
        let found = try problems(fake, types: types)
        let expected: Set<String> = [
            "LEO checkpoint: pcd_encoder.surprise: not part of the model, found [2, 2]",
            "language model: model.layers.2.mlp.up_proj.weight: not part of the model, found [40, 32]",
            "LEO checkpoint: pcd_proj.weight: expected [32, 16], found [32, 17]",
            "point encoder: encoder.0.mlps.0.layer0.conv.weight: expected [6, 6, 1, 1], found [6, 5, 1, 1]",
            "language model: model.embed_tokens.weight: expected [300, 32], found [298, 32]",
            "language model: model.norm.weight: expected real numbers, found i64",
        ]
        #expect(Set(found.map { "\($0)" }) == expected && found.count == expected.count)
        #expect(try problems(fake, types: types, ignoresExtra: true).count == 4)
    }

    @Test func manyProblemsAreShortened() throws {
        var fake = FakeCheckpoints()
        fake.entries.removeAll { $0.role == .imageEncoder && $0.name.contains("stages") }
        let found = try problems(fake)
        #expect(found.count > 40)
        #expect(ConversionError.tensors(found).description.contains("… and \(found.count - 40) more"))
    }

    /// A number that is none, or too large for the type asked for, is named with its file, and nothing is left behind.
    @Test(arguments: [
        ("model.layers.1.mlp.up_proj.weight", 37, Float.nan, WeightType.f32, "finite numbers", "nan at [1, 5]"),
        ("model.layers.1.self_attn.v_proj.weight", 0, .infinity, .int8, "finite numbers", "inf at [0, 0]"),
        ("encoder.1.mlps.0.layer0.bn.bn.running_mean", 3, -.infinity, .f32, "finite numbers", "-inf at [3]"),
        ("model.layers.0.self_attn.q_proj.weight", 64, 65_520, .f16, "finite numbers that f16 holds", "65520.0 at [2, 0]"),
    ])
    func badNumbersAreNamedWithTheirFile(
        tensor: String, place: Int, value: Float, weightType: WeightType, expected: String, found: String
    ) throws {
        var fake = FakeCheckpoints()
        let index = try #require(fake.entries.firstIndex { $0.name == tensor })
        fake.entries[index].values[place] = value
        try withTemporaryFolder { folder in
            let paths = try fake.write(to: folder)
            let role = fake.entries[index].role
            let file = try openCheckpoint(path: try #require(role == .languageModel ? paths.languageModel : paths.pointEncoder)).path
            let converter = try Converter(paths, weightType: weightType)
            #expect(throws: ConversionError.numbers(path: file, tensor: tensor, expected: expected, found: found)) {
                try converter.write(to: folder + "/out.leo")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasPrefix("out.leo") })
        }
    }

    @Test func badNumbersOfThePadRowAreItsOwn() throws {
        let row = [Float](repeating: 1, count: FakeCheckpoints.hidden)
        var head = row
        head[7] = .nan
        #expect { try converted(padRow: (row, head)) { _ in } } throws: { error in
            guard case ConversionError.numbers(let path, "lm_head", "finite numbers", "nan at [7]") = error else { return false }
            return path.hasSuffix("/pad.safetensors")
        }
        // Too large for the type of the matrix, whose other rows are another file's.
        head[7] = 70_000
        #expect { try converted(weightType: .f16, padRow: (row, head)) { _ in } } throws: { error in
            "\(error)".contains("language.lm_head.weight") && "\(error)".contains("70000.0 at [299, 7]")
        }
    }

    @Test func aMissingTokenizerIsNamed() throws {
        try withTemporaryFolder { folder in
            let fake = FakeCheckpoints()
            var paths = try fake.writeComplete(to: folder)
            paths.tokenizer = nil
            #expect { try Converter(paths, configuration: fake.configuration) } throws: { error in
                guard case ConversionError.missingFile("tokenizer.model", _) = error else { return false }
                return true
            }
            paths.tokenizer = folder + "/none.model"
            #expect(throws: FileError.self) { try Converter(paths, configuration: fake.configuration) }
            paths.tokenizer = paths.leo
            #expect(throws: (any Error).self) { try Converter(paths, configuration: fake.configuration) }
            // A tokenizer of more pieces than the model has rows.
            let small = FakeCheckpoints(FakeCheckpoints.configuration { $0.language.vocabulary = 290 })
            var smallPaths = try small.writeComplete(to: folder)
            smallPaths.tokenizer = folder + "/tokenizer.model"
            #expect { try Converter(smallPaths, configuration: small.configuration) } throws: { error in
                guard case ConversionError.tokenizer(_, "at most 290 pieces", "300") = error else { return false }
                return true
            }
        }
    }

    // MARK: Inference

    private func inferred(_ fake: FakeCheckpoints, settings: String? = FakeCheckpoints.settings) throws -> ModelConfiguration {
        try withTemporaryFolder { folder in
            try Converter.inferredConfiguration(fake.write(to: folder, settings: settings), name: "fake")
        }
    }

    private func cannotInfer(_ fake: FakeCheckpoints, _ field: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(sourceLocation: sourceLocation) { try inferred(fake) } throws: { error in
            guard case ConversionError.cannotInfer(let found, let reason) = error else { return false }
            return found == field && !reason.isEmpty
        }
    }

    @Test func configurationsAreRecognised() throws {
        #expect(try inferred(FakeCheckpoints()) == FakeCheckpoints.configuration())
        let shaped = FakeCheckpoints.configuration {
            $0.image.depths = [2, 1, 3, 1]
            $0.spatial.numLayers = 1
            $0.points.featureCount = 5
            $0.lora?.rank = 2
            $0.lora?.alpha = 2
        }
        #expect(try inferred(FakeCheckpoints(shaped)) == shaped)
        var noAdapter = FakeCheckpoints()
        noAdapter.entries.removeAll { $0.name.contains("lora_") }
        #expect(try inferred(noAdapter).lora == nil)
        var noAgent = FakeCheckpoints()
        noAgent.entries.removeAll { $0.name.contains("anchor_") }
        #expect(try inferred(noAgent).spatial.useEmbodiedToken == false)
        var singleHead = FakeCheckpoints()
        for layer in 0..<2 {
            singleHead.reshape("pcd_encoder.spatial_encoder.\(layer).self_attn.lang_cond_fc.weight", [6, 16])
            singleHead.reshape("pcd_encoder.spatial_encoder.\(layer).self_attn.lang_cond_fc.bias", [6])
        }
        #expect(try inferred(singleHead).spatial.spatialMultihead == false)
        let grouped = FakeCheckpoints.settings.replacing("\"num_attention_heads\": 4", with: "\"num_attention_heads\": 8, \"num_key_value_heads\": 2, \"rope_theta\": 5e5")
        let language = try inferred(FakeCheckpoints(), settings: grouped).language
        #expect(language.numAttentionHeads == 8 && language.numKeyValueHeads == 2 && language.ropeTheta == 5e5)
    }

    @Test func ambiguousConfigurationsAreErrors() throws {
        func pairwise(_ rows: Int, _ dims: Int) -> FakeCheckpoints {
            var fake = FakeCheckpoints()
            for layer in 0..<2 {
                let name = "pcd_encoder.spatial_encoder.\(layer).self_attn."
                fake.remove(name + "lang_cond_fc.weight")
                fake.remove(name + "lang_cond_fc.bias")
                fake.insert(.leo, name + "pairwise_loc_fc.weight", [rows, dims])
                fake.insert(.leo, name + "pairwise_loc_fc.bias", [rows])
            }
            return fake
        }
        // One row per head: mul, bias and add look alike. One per feature: ctx.
        cannotInfer(pairwise(8, 5), "spatial.spatial_attn_fusion")
        cannotInfer(pairwise(1, 5), "spatial.spatial_attn_fusion")
        #expect(try inferred(pairwise(16, 4)).spatial.spatialAttnFusion == .ctx)
        #expect(try inferred(pairwise(16, 4)).spatial.spatialDim == 4)
        var heads = FakeCheckpoints()
        heads.reshape("pcd_encoder.spatial_encoder.0.self_attn.lang_cond_fc.weight", [24, 16])
        cannotInfer(heads, "spatial.spatial_dim")
        var wide = FakeCheckpoints()
        wide.reshape("img_proj.weight", [32, 99])
        cannotInfer(wide, "image.pooling")
        var flat = FakeCheckpoints()
        flat.reshape("pcd_encoder.obj_proj.weight", [320])
        cannotInfer(flat, "spatial.obj_proj.weight")
        try withTemporaryFolder { folder in
            let paths = try FakeCheckpoints().writeComplete(to: folder)
            #expect { try Converter(paths) } throws: { error in
                guard case ConversionError.cannotInfer("language.num_attention_heads", _) = error else { return false }
                return true
            }
        }
    }

    @Test func missingPiecesAreNamedBeforeInference() throws {
        var fake = FakeCheckpoints()
        fake.remove("pcd_encoder.obj_proj.weight")
        #expect { try inferred(fake) } throws: { error in
            guard case ConversionError.tensors(let problems) = error else { return false }
            return problems.map(\.name) == ["pcd_encoder.obj_proj.weight"]
        }
    }

    @Test(arguments: [
        ("\"model_type\": \"llama\"", "\"model_type\": \"gpt2\"", "model_type"),
        ("\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"", "hidden_act"),
        ("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\"}", "rope_scaling"),
        ("\"num_attention_heads\": 4, ", "", "num_attention_heads"),
        ("\"num_attention_heads\": 4", "\"num_attention_heads\": \"four\"", "num_attention_heads"),
        ("\"rms_norm_eps\": 1e-6", "\"rms_norm_eps\": null", "rms_norm_eps"), ("{", "", "file"),
    ])
    func unsuitableLanguageModelsAreErrors(old: String, new: String, field: String) {
        #expect { try inferred(FakeCheckpoints(), settings: FakeCheckpoints.settings.replacing(old, with: new, maxReplacements: 1)) } throws: { error in
            guard case ConversionError.languageModelConfiguration(let path, let found, _, _) = error else { return false }
            return found == field && path.hasSuffix("config.json")
        }
        #expect(throws: FileError.self) { try inferred(FakeCheckpoints(), settings: nil) }
    }

    // MARK: Weight types

    @Test(arguments: WeightType.allCases)
    func weightTypesStoreAsMuchAsTheySay(_ type: WeightType) throws {
        let fake = FakeCheckpoints()
        try converted(fake, weightType: type) { archive in
            let isInteger = type == .int8 || type == .int4
            let weights = archive.tensors.filter { $0.name != "tokenizer.model" && !$0.name.hasPrefix("prefix.") }
            for entry in weights where !entry.name.hasSuffix(".scale") {
                let isMatrix = entry.name.hasPrefix("language.") && entry.name.hasSuffix(".weight") && entry.shape.count == 2
                let expected: (ElementType, TensorLayout?) =
                    switch type {
                    case .f32: (.f32, nil)
                    case .bf16: (isMatrix ? .bf16 : .f32, nil)
                    case .f16: (isMatrix ? .f16 : .f32, nil)
                    case .int8, .int4:
                        if entry.name.contains("lora_a") { (.f16, .nk16) } else if !isMatrix { (.f32, nil) } else {
                            if entry.name.contains("embed_tokens") { (.f16, .rows) } else {
                                (.u8, type == .int4 && !entry.name.contains("lm_head") ? .n64k8 : .n64k4)
                            }
                        }
                    }
                #expect(entry.elementType == expected.0 && entry.layout == expected.1 ?? entry.layout, "\(entry.name)")
            }
            let scales = archive.tensors.filter { $0.name.hasSuffix(".scale") }
            #expect(scales.count == (isInteger ? 15 : 0))
            for scale in scales {
                let matrix = try #require(archive.tensor(named: String(scale.name.dropLast(6))))
                #expect(scale.layout == .nk64 && scale.elementType == (matrix.layout == .n64k4 ? .f32 : .i32))
                #expect(scale.shape == [matrix.shape[0], (matrix.shape[1] + 127) / 128])
            }
            // Rounding to nearest: half a unit in the last place, or half a step of the group's scale.
            for (ours, official) in [
                ("language.layers.1.gate_proj.weight", "model.layers.1.mlp.gate_proj.weight"),
                ("language.layers.0.v_proj.weight", "model.layers.0.self_attn.v_proj.weight"), ("language.lm_head.weight", "lm_head.weight"),
            ] {
                let values = try archive.values(ours), exact = fake.values(official)
                for (index, value) in exact.enumerated() {
                    let row = exact[index / 32 * 32..<index / 32 * 32 + 32].map { abs($0) }.max() ?? 0
                    let isHead = ours.contains("lm_head")
                    let bound: Float =
                        switch type {
                        case .f32: 0
                        case .bf16: abs(value) * 0x1p-8
                        case .f16: abs(value) * 0x1p-11 + 0x1p-25
                        case .int8: row / 254 * 1.0001
                        // The step is rounded, too, and may cut off the largest value for the sake of the others.
                        case .int4: isHead ? row / 254 * 1.0001 : row / 14 * 2.5
                        }
                    if abs(values[index] - value) > bound { Issue.record("\(ours)[\(index)]: \(values[index]) for \(value)") }
                }
            }
        }
    }

    @Test func precisionOfTheCheckpointIsKept() throws {
        let names = FakeCheckpoints().entries.filter { $0.role == .languageModel }.map(\.name)
        try converted(types: Dictionary(uniqueKeysWithValues: names.map { ($0, "BF16") })) { archive in
            #expect(archive.tensor(named: "language.layers.0.q_proj.weight")?.elementType == .bf16)
            #expect(archive.tensor(named: "language.norm.weight")?.elementType == .f32)
        }
        try converted { #expect($0.tensor(named: "language.layers.0.q_proj.weight")?.elementType == .f32) }
    }

    // MARK: Writing

    @Test(arguments: WeightType.allCases)
    func progressEndsAtTheTotal(_ type: WeightType) throws {
        for embodied in [true, false] {
            try withTemporaryFolder { folder in
                var steps: [ConversionProgress] = []
                let configuration = FakeCheckpoints.configuration { $0.spatial.useEmbodiedToken = embodied }
                try Converter(synthetic: configuration, weightType: type, seed: 1).write(to: folder + "/s.leo") { steps.append($0) }
                let stored = try Archive(path: folder + "/s.leo").tensors.reduce(0) { $0 + $1.byteCount }
                #expect(steps.allSatisfy { $0.bytesTotal == stored })
                #expect(steps.last?.bytesDone == stored)
                #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.bytesDone < $1.bytesDone })
            }
        }
    }

    @Test func stoppingLeavesNothing() throws {
        struct Stop: Error {}
        try withTemporaryFolder { folder in
            let converter = try Converter(synthetic: FakeCheckpoints.configuration(), weightType: .int8, seed: 1)
            for after in [1, 5, 40] {
                var count = 0
                #expect(throws: Stop.self) {
                    try converter.write(to: folder + "/s.leo") { _ in
                        count += 1
                        if count == after { throw Stop() }
                    }
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            }
            // A file that was there stays as it was.
            try converter.write(to: folder + "/s.leo")
            let before = try Archive(path: folder + "/s.leo").fingerprint
            #expect(throws: Stop.self) { try converter.write(to: folder + "/s.leo") { _ in throw Stop() } }
            #expect(try Archive(path: folder + "/s.leo").fingerprint == before)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["s.leo"])
            #expect(throws: (any Error).self) { try converter.write(to: folder + "/none/s.leo") }
        }
    }

    @Test func syntheticModelsAreReproducible() throws {
        try withTemporaryFolder { folder in
            func fingerprint(_ seed: UInt64) throws -> String {
                try Converter(synthetic: FakeCheckpoints.configuration(), weightType: .bf16, seed: seed).write(to: folder + "/s.leo")
                return try Archive(path: folder + "/s.leo").fingerprint
            }
            let first = try fingerprint(1)
            #expect(try fingerprint(1) == first)
            #expect(try fingerprint(2) != first)
        }
    }

    /// The tokenizer's 259 pieces and [PAD] need a row each.
    @Test func syntheticModelsNeedRoomForTheTokenizer() throws {
        #expect(throws: ConversionError.self) {
            try Converter(synthetic: FakeCheckpoints.configuration { $0.language.vocabulary = 259 }, weightType: .f32, seed: 1)
        }
        _ = try Converter(synthetic: FakeCheckpoints.configuration { $0.language.vocabulary = 260 }, weightType: .f32, seed: 1)
        #expect(throws: ConversionError.self) {
            try Converter(
                synthetic: FakeCheckpoints.configuration { $0.language.vocabulary = 270 }, weightType: .f32, seed: 1,
                tokenizerModel: FakeCheckpoints.tokenizer)
        }
        #expect(throws: ConfigurationError.self) {
            try Converter(synthetic: FakeCheckpoints.configuration { $0.language.hiddenSize = 33 }, weightType: .f32, seed: 1)
        }
    }
}
