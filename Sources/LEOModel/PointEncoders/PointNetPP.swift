package import ExecutionPlan

/// Turns the cloud of an object into one vector.
package protocol PointEncoder: Sendable {
    /// Width of the result.
    var outputWidth: Int { get }
    /// - Shapes: clouds [n, points, 3 + features] -> [n, outputWidth]
    func build(_ builder: inout GraphBuilder, clouds: ValueID, traces: Bool) throws(GraphError) -> ValueID
}

/// PointNet++ with single-scale grouping.
///
/// - Numerics: batch normalisation epsilon 1e-5, folded into the layers; coordinates relative to the centre and not
///   divided by the radius, absolute in the last layer; xyz before features
/// - Source: Qi et al. 2017; official `pointnetpp.py`, `PointNetPP`
package struct PointNetPP: PointEncoder {
    package let configuration: PointEncoderConfiguration
    package init(_ configuration: PointEncoderConfiguration) { self.configuration = configuration }
    package var outputWidth: Int { configuration.outputWidth }

    package func build(_ builder: inout GraphBuilder, clouds: ValueID, traces: Bool) throws(GraphError) -> ValueID {
        var xyz = clouds
        var features = builder.graph.columns(of: clouds, offset: 3, count: configuration.featureCount)
        for (index, layer) in configuration.layers.enumerated() {
            var inputs = [xyz, features]
            var centres: ValueID?
            if let samples = layer.samples, let neighbours = layer.neighbours, let radius = layer.radius {
                let chosen = try builder.add(FarthestPointSampling(samples: samples), [xyz], "sa\(index).fps")
                let points = try builder.add(GatherPoints(), [xyz, chosen], "sa\(index).centres")
                let ball = try builder.add(BallQuery(radius: Float(radius), limit: neighbours), [xyz, points], "sa\(index).ball")
                inputs += [points, ball]
                centres = points
                if traces {
                    builder.graph.output("sa\(index)_fps", chosen)
                    builder.graph.output("sa\(index)_ball", ball)
                    builder.graph.output("sa\(index)_xyz", points)
                }
            }
            var y = try builder.add(GroupPoints(all: centres == nil), inputs, "sa\(index).group")
            for (step, width) in layer.widths.enumerated() {
                let name = "sa\(index).layer\(step)"
                let input = builder.graph.type(y).columns.upperBound
                let weight = builder.graph.constant(.reshaped(builder.recipe(name + ".conv.weight", [width, input, 1, 1]), [width, input]))
                y = try builder.add(Linear(), [y, weight], name + ".conv")
                let statistics = ["weight", "bias", "running_mean", "running_var"].map { builder.parameter("\(name).bn.\($0)", [width]) }
                y = try builder.add(BatchNorm(epsilon: 1e-5), [y] + statistics, name + ".bn")
                y = try builder.add(Activation(.relu), [y], name + ".relu")
            }
            features = try builder.add(MaxPool(), [y], "sa\(index)")
            if traces { builder.graph.output("sa\(index)_feat", features) }
            if let centres { xyz = centres }
        }
        return try builder.linear(features, "fc", configuration.outputWidth)
    }

    /// - Shapes: clouds [n ≤ maximumObjects, points, 3 + features] -> embeddings [n, 1, outputWidth]
    package func graph(maximumObjects: Int, traces: Bool = false) throws(GraphError) -> Graph {
        var builder = GraphBuilder("points", prefix: "points.")
        let objects = builder.graph.symbol("objects", upperBound: maximumObjects)
        let clouds = builder.graph.input(
            "clouds", ValueType(.f32, [.symbol(objects), .fixed(configuration.pointsPerObject), .fixed(3 + configuration.featureCount)]))
        let embeddings = try build(&builder, clouds: clouds, traces: traces)
        builder.graph.output("embeddings", embeddings)
        return builder.graph
    }
}
