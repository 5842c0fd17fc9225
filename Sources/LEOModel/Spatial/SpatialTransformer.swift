package import ExecutionPlan

/// OSE3D: object embeddings, their boxes and the agent's pose to object tokens.
///
/// - Shapes: embeddings [n, pointWidth], locations [1 + n, 6] (first row: agent position and learned size),
///   orientation [1, 4] (quaternion xyzw) -> objects [1 + n, hidden], tokens [1 + n, language hidden];
///   without the embodied token there is no first row and no orientation
/// - Numerics: LayerNorm epsilon 1e-5; slots beyond n are not computed, `padding` says how many the official code would
///   have, because they take part in the maximum of the distances
/// - Source: LEO (Huang et al. 2023) section 3.2; official `ose3d_module/ose3d.py`, `transformers.py`
package struct SpatialTransformer {
    package let configuration: SpatialConfiguration
    package init(_ configuration: SpatialConfiguration) { self.configuration = configuration }

    package func graph(
        pointWidth: Int, maximumObjects: Int, hidden: Int?, traces: Bool = false
    ) throws(GraphError) -> Graph {
        var builder = GraphBuilder("spatial", prefix: "spatial.")
        let width = configuration.hiddenDim
        let objects = builder.graph.symbol("objects", upperBound: maximumObjects)
        let padding = builder.graph.symbol("padding", upperBound: maximumObjects)
        let embeddings = builder.graph.input("embeddings", ValueType(.f32, [.symbol(objects), .fixed(pointWidth)]))
        let slots: Extent = configuration.useEmbodiedToken ? .fixed(1) + .symbol(objects) : .symbol(objects)
        let locations = builder.graph.input("locations", ValueType(.f32, [slots, 6]))

        let typeEmbedding = builder.recipe("obj_type_embed.weight", [2, width])
        var x = try builder.linear(embeddings, "obj_proj", width)
        x = try builder.add(x, builder.graph.constant(.row(typeEmbedding, 0)), "obj_type")
        if configuration.useEmbodiedToken {
            let orientation = builder.graph.input("orientation", ValueType(.f32, [1, 4]))
            let fourier = try builder.add(FourierFeatures(), [orientation], "fourier")
            var anchor = try builder.linear(fourier, "orient_encoder", width)
            let feature = builder.recipe("anchor_feat", [1, 1, width])
            anchor = try builder.add(anchor, builder.graph.constant(.reshaped(feature, [width])), "anchor_feat")
            anchor = try builder.add(anchor, builder.graph.constant(.row(typeEmbedding, 1)), "anchor_type")
            x = try builder.add(ConcatenateRows(), [anchor, x], "slots")
        }
        if traces { builder.graph.output("input_feats", x) }

        var geometry: ValueID?
        if configuration.useSpatialAttn {
            let operation = PairwiseGeometry(
                relation: configuration.pairwiseRelType, dims: configuration.spatialDim,
                normalises: configuration.spatialDistNorm, padding: .symbol(padding))
            let pairs = try builder.add(operation, [locations], "geometry")
            if traces { builder.graph.output("pairwise_locs", pairs) }
            geometry = pairs
        }
        // Encoded once for all layers that use the same location layer.
        var encodings: [Int: ValueID] = [:]
        for layer in 0..<configuration.numLayers {
            if configuration.objLocEncoding != .same0 || layer == 0 {
                let index = configuration.objLocEncoding == .diffAll ? layer : 0
                let location: ValueID
                if let known = encodings[index] {
                    location = known
                } else {
                    let linear = try builder.linear(locations, "loc_layers.\(index).0", width)
                    location = try builder.layerNorm(linear, "loc_layers.\(index).1")
                    encodings[index] = location
                }
                x = try builder.add(x, location, "layers.\(layer).location")
            }
            x = try EncoderLayer(configuration, name: "layers.\(layer)").build(&builder, x, geometry: geometry)
            if traces { builder.graph.output("layer\(layer)", x) }
        }
        builder.graph.output("objects", x)
        if let hidden {
            var projection = GraphBuilder("", prefix: "object_proj.")
            projection.graph = builder.graph
            let tokens = try projection.add(
                Linear(hasBias: true),
                [x, projection.parameter("weight", [hidden, width]), projection.parameter("bias", [hidden])], "tokens")
            builder.graph = projection.graph
            builder.graph.output("tokens", tokens)
        }
        return builder.graph
    }
}

/// One post-norm encoder layer around spatial or plain attention.
package struct EncoderLayer {
    private let configuration: SpatialConfiguration
    private let prefix: String
    private let hasPadding: Bool
    private let traces: Bool

    /// - Parameters:
    ///   - hasPadding: takes a padding mask input, for checks; products drop padded slots instead.
    ///   - traces: makes attention and probabilities readable.
    package init(_ configuration: SpatialConfiguration, name: String, hasPadding: Bool = false, traces: Bool = false) {
        self.configuration = configuration
        prefix = name.isEmpty ? "" : name + "."
        self.hasPadding = hasPadding
        self.traces = traces
    }

    package func build(
        _ builder: inout GraphBuilder, _ x: ValueID, geometry: ValueID?, padding: ValueID? = nil
    ) throws(GraphError) -> ValueID {
        let attention =
            if let geometry { try spatialAttention(&builder, x, geometry, padding) } else { try plainAttention(&builder, x, padding) }
        if traces { builder.graph.output("attention", attention) }
        // A second residual: spatial attention already ends in LayerNorm(x + fc(...)).
        var y = try builder.layerNorm(try builder.add(x, attention, prefix + "residual1"), prefix + "norm1")
        var h = try builder.linear(
            y, prefix + "linear1", configuration.dimFeedforward, activation: configuration.activation == .gelu ? .gelu : .relu)
        h = try builder.linear(h, prefix + "linear2", configuration.hiddenDim)
        y = try builder.layerNorm(try builder.add(y, h, prefix + "residual2"), prefix + "norm2")
        return y
    }

    private func spatialAttention(
        _ builder: inout GraphBuilder, _ x: ValueID, _ geometry: ValueID, _ padding: ValueID?
    ) throws(GraphError) -> ValueID {
        let width = configuration.hiddenDim, heads = configuration.numAttentionHeads, dims = configuration.spatialDim
        let locationHeads = configuration.spatialMultihead ? heads : 1
        let name = prefix + "self_attn"
        // Queries, keys, values and the condition in one product.
        var parts = ["w_qs", "w_ks", "w_vs"].map { ("\(name).\($0)", width) }
        if configuration.spatialAttnFusion == .cond { parts.append((name + ".lang_cond_fc", locationHeads * (dims + 1))) }
        let weights = parts.map { builder.recipe($0.0 + ".weight", [$0.1, width]) }
        let biases = parts.map { builder.recipe($0.0 + ".bias", [$0.1]) }
        let all = try builder.add(
            Linear(hasBias: true), [x, builder.graph.constant(.concatenated(weights)), builder.graph.constant(.concatenated(biases))],
            name + ".qkv")
        var inputs = (0..<3).map { builder.graph.columns(of: all, offset: $0 * width, count: width) } + [geometry]
        if configuration.spatialAttnFusion == .cond {
            inputs.append(builder.graph.columns(of: all, offset: 3 * width, count: locationHeads * (dims + 1)))
        } else {
            let rows = configuration.spatialAttnFusion == .ctx ? width : locationHeads
            inputs += [
                builder.parameter(name + ".pairwise_loc_fc.weight", [rows, dims]), builder.parameter(name + ".pairwise_loc_fc.bias", [rows]),
            ]
        }
        if hasPadding, let padding { inputs.append(padding) }
        let operation = SpatialAttention(
            fusion: configuration.spatialAttnFusion, heads: heads, locationHeads: locationHeads, dims: dims,
            hasPadding: hasPadding, keepsProbabilities: traces)
        let mixed = try builder.add(operation, inputs, name)
        if traces, let node = builder.graph.nodes.last { builder.graph.output("probabilities", node.outputs[1]) }
        let projected = try builder.linear(mixed, name + ".fc", width)
        return try builder.layerNorm(try builder.add(x, projected, name + ".residual"), name + ".layer_norm")
    }

    private func plainAttention(_ builder: inout GraphBuilder, _ x: ValueID, _ padding: ValueID?) throws(GraphError) -> ValueID {
        let width = configuration.hiddenDim, heads = configuration.numAttentionHeads
        let name = prefix + "self_attn"
        let all = try builder.add(
            Linear(hasBias: true),
            [x, builder.parameter(name + ".in_proj_weight", [3 * width, width]), builder.parameter(name + ".in_proj_bias", [3 * width])],
            name + ".in_proj")
        var inputs = (0..<3).map { builder.graph.columns(of: all, offset: $0 * width, count: width) }
        if hasPadding, let padding { inputs.append(padding) }
        let mixed = try builder.add(
            SpatialAttention(fusion: .none, heads: heads, locationHeads: heads, dims: 1, hasPadding: hasPadding), inputs, name)
        return try builder.linear(mixed, name + ".out_proj", width)
    }
}
