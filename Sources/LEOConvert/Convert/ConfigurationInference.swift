import Foundation
package import LEOModel
import LEOTensor

extension CheckpointSet {
    /// The configuration that the checkpoints themselves show: sizes from shapes, the rest LEO's defaults.
    ///
    /// - Throws: `ConversionError.cannotInfer` where two configurations have the same tensors.
    package func inferredConfiguration(name: String) throws -> ModelConfiguration {
        var configuration = ModelConfiguration(name: name)
        configuration.image = try inferredImage()
        configuration.points = try inferredPoints()
        configuration.spatial = try inferredSpatial()
        configuration.language = try inferredLanguage()
        if let shape = shape("language.layers.0.q_proj.lora_a") {
            configuration.lora = LoRAConfiguration()
            configuration.lora?.rank = shape.first ?? 16
            // Official files keep alpha equal to the rank; alpha itself is not stored.
            configuration.lora?.alpha = Double(shape.first ?? 16)
        } else {
            configuration.lora = nil
        }
        return configuration
    }

    private func require(_ name: String, rank: Int, in role: CheckpointRole) throws -> [Int] {
        guard let shape = shape(name) else {
            let official = OfficialNames.candidates(for: name).first { $0.role == role } ?? OfficialNames.candidates(for: name)[0]
            throw ConversionError.tensors([TensorProblem(name: official.name, role: official.role, kind: .missing(expected: []))])
        }
        guard shape.count == rank else { throw ConversionError.cannotInfer(field: name, reason: "its shape is \(shape)") }
        return shape
    }

    /// How often `name(index)` exists, counting from 0.
    private func count(_ name: (Int) -> String) -> Int {
        var index = 0
        while find(name(index)) != nil { index += 1 }
        return index
    }

    private func inferredImage() throws -> ImageEncoderConfiguration {
        var image = ImageEncoderConfiguration()
        for stage in 0..<4 {
            image.dims[stage] = try require("image.stages.\(stage).blocks.0.conv_dw.weight", rank: 4, in: .imageEncoder)[0]
            image.depths[stage] = count { "image.stages.\(stage).blocks.\($0).conv_dw.weight" }
        }
        let width = try require("image_proj.weight", rank: 2, in: .leo)[1]
        if find("image.pooling_layers.0.weight") != nil {
            image.pooling = .conv
        } else if names(.leo).contains(where: { $0.hasPrefix("img_encoder.visual_attention.") }) {
            image.pooling = .attn
        }
        guard image.featureWidth == width else {
            throw ConversionError.cannotInfer(field: "image.pooling", reason: "img_proj takes \(width) features, \(image.pooling.rawValue) pooling gives \(image.featureWidth)")
        }
        return image
    }

    private func inferredPoints() throws -> PointEncoderConfiguration {
        var points = PointEncoderConfiguration()
        for layer in points.layers.indices {
            let count = count { "points.sa\(layer).layer\($0).conv.weight" }
            points.layers[layer].widths = try (0..<count).map {
                try require("points.sa\(layer).layer\($0).conv.weight", rank: 4, in: .pointEncoder)[0]
            }
        }
        points.featureCount = try require("points.sa0.layer0.conv.weight", rank: 4, in: .pointEncoder)[1] - 3
        points.outputWidth = try require("points.fc.weight", rank: 2, in: .pointEncoder)[0]
        return points
    }

    private func inferredSpatial() throws -> SpatialConfiguration {
        var spatial = SpatialConfiguration()
        spatial.hiddenDim = try require("spatial.obj_proj.weight", rank: 2, in: .leo)[0]
        spatial.dimFeedforward = try require("spatial.layers.0.linear1.weight", rank: 2, in: .leo)[0]
        spatial.numLayers = count { "spatial.layers.\($0).linear1.weight" }
        spatial.useEmbodiedToken = find("spatial.anchor_feat") != nil
        if count({ "spatial.loc_layers.\($0).0.weight" }) > 1 { spatial.objLocEncoding = .diffAll }
        let attention = "spatial.layers.0.self_attn"
        if find(attention + ".in_proj_weight") != nil {
            spatial.useSpatialAttn = false
        } else if let rows = shape(attention + ".lang_cond_fc.weight")?.first {
            spatial.spatialAttnFusion = .cond
            let multihead = spatial.numAttentionHeads * (spatial.spatialDim + 1)
            guard rows == multihead || rows == spatial.spatialDim + 1 else {
                throw ConversionError.cannotInfer(field: "spatial.spatial_dim", reason: "lang_cond_fc has \(rows) rows")
            }
            spatial.spatialMultihead = rows == multihead
        } else if let shape = shape(attention + ".pairwise_loc_fc.weight"), shape.count == 2 {
            spatial.spatialDim = shape[1]
            guard shape[0] == spatial.hiddenDim, shape[0] != spatial.numAttentionHeads else {
                throw ConversionError.cannotInfer(field: "spatial.spatial_attn_fusion", reason: "mul, bias and add have the same tensors")
            }
            spatial.spatialAttnFusion = .ctx
        }
        return spatial
    }

    private func inferredLanguage() throws -> LanguageConfiguration {
        var language = LanguageConfiguration()
        let embedding = try require("language.embed_tokens.weight", rank: 2, in: .languageModel)
        language.hiddenSize = embedding[1]
        language.numHiddenLayers = count { "language.layers.\($0).q_proj.weight" }
        language.intermediateSize = try require("language.layers.0.gate_proj.weight", rank: 2, in: .languageModel)[0]
        guard let folder = paths.languageModel else {
            guard language.hiddenSize % 128 == 0 else {
                throw ConversionError.cannotInfer(field: "language.num_attention_heads", reason: "there is no config.json of the language model")
            }
            language.numAttentionHeads = language.hiddenSize / 128
            language.numKeyValueHeads = language.numAttentionHeads
            language.vocabulary = max(embedding[0], 32001)
            return language
        }
        let path = (folder as NSString).appendingPathComponent("config.json")
        let settings = try LanguageModelSettings(path: path)
        language.numAttentionHeads = settings.heads
        language.numKeyValueHeads = settings.keyValueHeads ?? settings.heads
        language.rmsNormEpsilon = settings.rmsNormEpsilon
        language.ropeTheta = settings.ropeTheta ?? 10000
        language.maxPositions = settings.maxPositions ?? 2048
        // [PAD] is added behind the tokenizer's 32000 pieces.
        language.vocabulary = settings.vocabulary == 32000 ? 32001 : settings.vocabulary
        return language
    }
}

/// What `config.json` of a Hugging Face folder says.
private struct LanguageModelSettings {
    let heads: Int
    let keyValueHeads: Int?
    let rmsNormEpsilon: Double
    let ropeTheta: Double?
    let maxPositions: Int?
    let vocabulary: Int

    init(path: String) throws {
        let bytes = try MappedFile.contents(of: path)
        guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else {
            throw ConversionError.languageModelConfiguration(path: path, field: "file", expected: "a JSON object", found: "something else")
        }
        func value<Value>(_ field: String, _: Value.Type) throws -> Value? {
            guard let any = object[field], !(any is NSNull) else { return nil }
            guard let value = any as? Value else {
                throw ConversionError.languageModelConfiguration(path: path, field: field, expected: "\(Value.self)", found: "\(any)")
            }
            return value
        }
        func needed<Value>(_ field: String, _ type: Value.Type) throws -> Value {
            guard let value = try value(field, type) else {
                throw ConversionError.languageModelConfiguration(path: path, field: field, expected: "\(type)", found: "nothing")
            }
            return value
        }
        let type = try value("model_type", String.self) ?? "llama"
        guard type == "llama" else {
            throw ConversionError.languageModelConfiguration(path: path, field: "model_type", expected: "llama", found: type)
        }
        if let activation = try value("hidden_act", String.self), activation != "silu" {
            throw ConversionError.languageModelConfiguration(path: path, field: "hidden_act", expected: "silu", found: activation)
        }
        if let scaling = object["rope_scaling"], !(scaling is NSNull) {
            throw ConversionError.languageModelConfiguration(path: path, field: "rope_scaling", expected: "null", found: "\(scaling)")
        }
        heads = try needed("num_attention_heads", Int.self)
        keyValueHeads = try value("num_key_value_heads", Int.self)
        rmsNormEpsilon = try needed("rms_norm_eps", Double.self)
        ropeTheta = try value("rope_theta", Double.self)
        maxPositions = try value("max_position_embeddings", Int.self)
        vocabulary = try needed("vocab_size", Int.self)
    }
}
