package import ExecutionPlan

/// ConvNeXt trunk without its head, and LEO's pooling of the feature map.
///
/// - Shapes: image [1, 3, size, size] -> features [tokens, width], tokens [tokens, hidden]
/// - Numerics: LayerNorm epsilon 1e-6, GELU with erf, no final norm
/// - Source: Liu et al. 2022; timm 0.9.7 `convnext_base.forward_features`; official img_encoder `GridFeatureExtractor2D`
package struct ConvNeXt {
    package let configuration: ImageEncoderConfiguration
    package init(_ configuration: ImageEncoderConfiguration) { self.configuration = configuration }

    /// - Parameters:
    ///   - hidden: width of the language model, or nil to leave the projection out.
    ///   - traces: makes stem, stages and feature map readable, for checks.
    package func graph(hidden: Int?, traces: Bool = false) throws(GraphError) -> Graph {
        var builder = GraphBuilder("image", prefix: "image.")
        let size = configuration.size
        let image = builder.graph.input("image", ValueType(.f32, [1, 3, .fixed(size), .fixed(size)]))
        var x = try patchConvolution(&builder, image, "stem.0", patch: 4, output: configuration.dims[0], channelsFirst: true)
        x = try norm(&builder, x, "stem.1")
        if traces { builder.graph.output("stem", x) }
        for stage in 0..<4 {
            if stage > 0 {
                x = try norm(&builder, x, "stages.\(stage).downsample.0")
                x = try patchConvolution(
                    &builder, x, "stages.\(stage).downsample.1", patch: 2, output: configuration.dims[stage], channelsFirst: false)
            }
            for block in 0..<configuration.depths[stage] { x = try self.block(&builder, x, "stages.\(stage).blocks.\(block)") }
            if traces { builder.graph.output("stage\(stage)", x) }
        }
        let features = try pool(&builder, x)
        builder.graph.output("features", features)
        if let hidden {
            var projection = GraphBuilder("", prefix: "image_proj.")
            projection.graph = builder.graph
            let width = configuration.featureWidth
            let tokens = try projection.add(
                Linear(hasBias: true),
                [features, projection.parameter("weight", [hidden, width]), projection.parameter("bias", [hidden])], "tokens")
            builder.graph = projection.graph
            builder.graph.output("tokens", tokens)
        }
        return builder.graph
    }

    /// A convolution whose stride is its kernel: a linear layer over patches.
    private func patchConvolution(
        _ builder: inout GraphBuilder, _ x: ValueID, _ name: String, patch: Int, output: Int, channelsFirst: Bool
    ) throws(GraphError) -> ValueID {
        let shape = builder.graph.type(x).shape
        let channels = shape[channelsFirst ? 1 : 3].upperBound
        let rows = try builder.add(Patchify(patch: patch, channelsFirst: channelsFirst), [x], name + ".patches")
        let weight = builder.graph.constant(.patchOrdered(builder.recipe(name + ".weight", [output, channels, patch, patch])))
        return try builder.add(Linear(hasBias: true), [rows, weight, builder.parameter(name + ".bias", [output])], name)
    }

    private func norm(_ builder: inout GraphBuilder, _ x: ValueID, _ name: String) throws(GraphError) -> ValueID {
        try builder.layerNorm(x, name, epsilon: configuration.layerNormEpsilon)
    }

    private func block(_ builder: inout GraphBuilder, _ x: ValueID, _ name: String) throws(GraphError) -> ValueID {
        let width = builder.graph.type(x).columns.upperBound
        let kernel = builder.graph.constant(.channelsLast(builder.recipe(name + ".conv_dw.weight", [width, 1, 7, 7])))
        var y = try builder.add(DepthwiseConvolution(), [x, kernel, builder.parameter(name + ".conv_dw.bias", [width])], name + ".conv_dw")
        y = try norm(&builder, y, name + ".norm")
        y = try builder.linear(y, name + ".mlp.fc1", 4 * width, activation: .gelu)
        y = try builder.linear(y, name + ".mlp.fc2", width)
        y = try builder.add(ScaleChannels(), [y, builder.parameter(name + ".gamma", [width])], name + ".gamma")
        return try builder.add(x, y, name)
    }

    private func pool(_ builder: inout GraphBuilder, _ x: ValueID) throws(GraphError) -> ValueID {
        switch configuration.pooling {
        case .avg: return try builder.add(PositionPool(.mean), [x], "pool")
        // The official attention pooling computes its map and drops it; what remains is a sum of squares.
        case .attn: return try builder.add(PositionPool(.sumOfSquares), [x], "pool")
        case .null: return try builder.add(Flatten(rows: configuration.tokenCount), [x], "pool")
        case .conv:
            var y = x
            for (index, output) in [(0, 64), (2, 32)] {
                let width = builder.graph.type(y).columns.upperBound
                let weight = builder.graph.constant(
                    .reshaped(builder.recipe("pooling_layers.\(index).weight", [output, width, 1, 1]), [output, width]))
                y = try builder.add(
                    Linear(hasBias: true), [y, weight, builder.parameter("pooling_layers.\(index).bias", [output])], "pooling_layers.\(index)")
                if index == 0 { y = try builder.add(Activation(.relu), [y], "pooling_layers.1") }
            }
            // Flattened channel by channel, as the official NCHW map is.
            let positions = try builder.add(Flatten(rows: configuration.size / 32 * configuration.size / 32), [y], "pool.positions")
            let channels = try builder.add(Transpose(), [positions], "pool.channels")
            return try builder.add(Flatten(rows: 1), [channels], "pool")
        }
    }
}
