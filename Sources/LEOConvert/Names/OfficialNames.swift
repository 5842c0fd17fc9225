/// The checkpoints that make up one LEO model.
public enum CheckpointRole: String, Sendable, CaseIterable {
    case languageModel = "language model"
    case imageEncoder = "image encoder"
    case pointEncoder = "point encoder"
    /// LEO's own checkpoint: learnable parameters only, or everything.
    case leo = "LEO checkpoint"
}

/// A tensor by the name its checkpoint gives it.
package struct OfficialName: Sendable, Hashable {
    package let role: CheckpointRole
    package let name: String
}

/// What our parameter names are called in the official checkpoints.
package enum OfficialNames {
    /// Candidates for one of our names, the usual one first.
    ///
    /// - Source: official LeoAgent state dict; timm ConvNeXt; open_clip `visual.trunk.*`; `pointnetpp_vil3dref.pth`;
    ///   transformers LlamaForCausalLM; peft LoRA
    package static func candidates(for name: String) -> [OfficialName] {
        guard let dot = name.firstIndex(of: ".") else { return [] }
        let part = name[..<dot], rest = String(name[name.index(after: dot)...])
        func leo(_ names: String...) -> [OfficialName] { names.map { OfficialName(role: .leo, name: $0) } }
        switch part {
        case "image":
            if rest.hasPrefix("pooling_layers.") { return leo("img_encoder." + rest) }
            return ["visual.trunk.", "", "trunk."].map { OfficialName(role: .imageEncoder, name: $0 + rest) }
                + leo("img_encoder.backbone.model." + rest)
        case "image_proj": return leo("img_proj." + rest)
        case "object_proj": return leo("pcd_proj." + rest)
        case "points":
            let official = pointName(rest)
            return [OfficialName(role: .pointEncoder, name: official)] + leo("pcd_encoder.obj_encoder.pcd_net." + official)
        case "spatial":
            let official = rest.hasPrefix("layers.") ? "spatial_encoder." + rest.dropFirst("layers.".count) : rest
            return leo("pcd_encoder." + official)
        case "language": return languageNames(rest)
        default: return []
        }
    }

    /// `sa1.layer0.bn.weight` -> `encoder.1.mlps.0.layer0.bn.bn.weight`.
    private static func pointName(_ rest: String) -> String {
        guard rest.hasPrefix("sa"), let dot = rest.firstIndex(of: ".") else { return rest }
        let layer = rest[rest.index(rest.startIndex, offsetBy: 2)..<dot]
        return "encoder.\(layer).mlps.0" + rest[dot...].replacing(".bn.", with: ".bn.bn.")
    }

    private static func languageNames(_ rest: String) -> [OfficialName] {
        let attention = ["q_proj", "k_proj", "v_proj", "o_proj"], feedForward = ["gate_proj", "up_proj", "down_proj"]
        var name = rest
        for projection in attention { name = name.replacing(".\(projection).", with: ".self_attn.\(projection).") }
        for projection in feedForward { name = name.replacing(".\(projection).", with: ".mlp.\(projection).") }
        let prefix = name.hasPrefix("lm_head") ? "" : "model."
        let wrapped = "llm_model.base_model.model." + prefix
        for (ours, theirs) in [(".lora_a", ".lora_A"), (".lora_b", ".lora_B")] where name.hasSuffix(ours) {
            let stem = wrapped + name.dropLast(ours.count) + theirs
            return [stem + ".default.weight", stem + ".weight"].map { OfficialName(role: .leo, name: $0) }
        }
        let base = name.hasSuffix(".weight") ? name.dropLast(".weight".count) + ".base_layer.weight" : name
        return [OfficialName(role: .languageModel, name: prefix + name)]
            + [wrapped + name, wrapped + base, "llm_model." + prefix + name].map { OfficialName(role: .leo, name: $0) }
    }

    /// Tensors that official files hold and the model does not use.
    package static func isIgnored(_ name: String, role: CheckpointRole) -> Bool {
        if name.hasSuffix(".num_batches_tracked") || name.hasSuffix(".rotary_emb.inv_freq") { return true }
        switch role {
        case .languageModel, .pointEncoder: return false
        case .imageEncoder:
            // The classifier and, in an open_clip file, the text tower.
            let isOpenCLIP = !name.hasPrefix("stem.") && !name.hasPrefix("stages.") && !name.hasPrefix("visual.trunk.") && !name.hasPrefix("trunk.")
            return isOpenCLIP || name.contains("head.")
        case .leo:
            // Computed and thrown away by the official attention pooling; guidance that LEO leaves off.
            return name.hasPrefix("img_encoder.visual_attention.") || name.hasPrefix("clip_") || name.contains("backbone.model.head.")
                // The orientation encoder exists even without the embodied token.
                || name.hasPrefix("pcd_encoder.orient_encoder.") || name.hasPrefix("pcd_encoder.anchor_")
        }
    }
}
