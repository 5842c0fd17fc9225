import ExecutionPlan
import LEOModel
import LEOTensor

/// Spatial attention in its encoder layer, every fusion.
enum SpatialAttentionKind: DescribedKind {
    static let kind = "spatial_attention"

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try GoldenCase(folder)
        var layer = try LayerCase(golden)
        let dims = try golden.integer("spatial_dim", 1...64)
        let fusionName: String = try golden.description.value("config.fusion")
        guard let fusion = SpatialFusion(rawValue: fusionName), fusion != .none else {
            throw golden.malformed("config.fusion", "cond, mul, bias, ctx or add, found \(fusionName)")
        }
        layer.configuration.spatialAttnFusion = fusion
        layer.configuration.spatialDim = dims
        layer.configuration.spatialMultihead = try golden.description.value("config.spatial_multihead")
        layer.geometry = try golden.input("pairwise_locs", [layer.batch, layer.rows, layer.rows, dims]).floats()
        let heads = layer.configuration.numAttentionHeads, square = layer.rows * layer.rows
        let attention = try golden.output("attention", [layer.batch, layer.rows, layer.width]).floats()
        let probabilities = try golden.output("probabilities", [heads, layer.batch, layer.rows, layer.rows]).floats()

        let found = try layer.runWithMask(traces: true)
        // A plan has one scene; the recording has heads before scenes.
        let reordered = (0..<heads).flatMap { head in
            found.flatMap { $0.probabilities[head * square..<(head + 1) * square] }
        }
        return [
            Comparison.floats("attention", found.flatMap(\.attention), attention, golden.tolerance),
            Comparison.floats("probabilities", reordered, probabilities, golden.tolerance),
        ] + (try layer.layerChecks(found))
    }
}

/// An encoder layer with plain attention.
enum PlainEncoderLayerKind: DescribedKind {
    static let kind = "plain_encoder_layer"

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        var layer = try LayerCase(try GoldenCase(folder))
        layer.configuration.useSpatialAttn = false
        return try layer.layerChecks(try layer.runWithMask(traces: false))
    }
}

/// One encoder layer, its weights, and a batch of scenes with padded slots.
private struct LayerCase {
    struct Scene {
        let layer: [Float], attention: [Float], probabilities: [Float]
    }

    let golden: GoldenCase
    let batch: Int, rows: Int, width: Int
    var configuration = SpatialConfiguration()
    /// [batch, rows, rows, dims]
    var geometry: [Float]?
    private let x: [Float]
    private let padding: [Int]
    private let layerOut: [Float]
    private let weights: InMemoryParameters

    init(_ golden: GoldenCase) throws {
        self.golden = golden
        width = try golden.integer("d_model", 1...65536)
        let input = try golden.input("x", [nil, nil, width])
        (batch, rows, x) = (input.shape[0], input.shape[1], input.floats())
        padding = try golden.input("pad_mask", [batch, rows], .i32).integers()
        layerOut = try golden.output("layer_out", [batch, rows, width]).floats()
        configuration.hiddenDim = width
        configuration.numAttentionHeads = try golden.integer("heads", 1...width)
        let tensors = try CaseTensors(golden.folder, "weights_file").all()
        guard let first = tensors["linear1.weight"], first.shape.count == 2, first.shape[1] == width else {
            throw golden.malformed("weights_file", "linear1.weight of shape [n, \(width)]")
        }
        configuration.dimFeedforward = first.shape[0]
        weights = InMemoryParameters(tensors)
    }

    /// Every slot, with the mask, as the official code runs it.
    func runWithMask(traces: Bool) throws -> [Scene] {
        let instance = try instance(rows: rows, hasPadding: true, traces: traces)
        return (0..<batch).map { item in
            instance.write(padding[item * rows..<(item + 1) * rows].map { Int32($0 == 0 ? 0 : 1) }, to: "padding")
            return run(instance, item, Array(0..<rows), traces: traces)
        }
    }

    /// `layer_out` with the mask, and with padded slots left out before anything is computed, as products run it.
    func layerChecks(_ found: [Scene]) throws -> [OutputCheck] {
        var checks = [Comparison.floats("layer_out", found.flatMap(\.layer), layerOut, golden.tolerance)]
        var packed: [Float] = [], expected: [Float] = []
        for item in 0..<batch {
            let present = (0..<rows).filter { padding[item * rows + $0] == 0 }
            if present.isEmpty || present.count == rows { continue }
            packed += run(try instance(rows: present.count, hasPadding: false, traces: false), item, present, traces: false).layer
            expected += present.flatMap { layerOut[(item * rows + $0) * width..<(item * rows + $0 + 1) * width] }
        }
        if !packed.isEmpty { checks.append(Comparison.floats("layer_out[padding left out]", packed, expected, golden.tolerance)) }
        return checks
    }

    private func instance(rows: Int, hasPadding: Bool, traces: Bool) throws -> PlanInstance {
        var builder = GraphBuilder("encoder layer", prefix: "")
        let input = builder.graph.input("x", ValueType(.f32, [.fixed(rows), .fixed(width)]))
        let pairs = geometry.map { _ in
            builder.graph.input("geometry", ValueType(.f32, [.fixed(rows), .fixed(rows), .fixed(configuration.spatialDim)]))
        }
        let mask = hasPadding ? builder.graph.input("padding", ValueType(.i32, [.fixed(rows)])) : nil
        let layer = EncoderLayer(configuration, name: "", hasPadding: hasPadding, traces: traces)
        builder.graph.output("layer_out", try layer.build(&builder, input, geometry: pairs, padding: mask))
        return try builder.graph.instance(weights)
    }

    private func run(_ instance: PlanInstance, _ item: Int, _ slots: [Int], traces: Bool) -> Scene {
        instance.write(slots.flatMap { x[(item * rows + $0) * width..<(item * rows + $0 + 1) * width] }, to: "x")
        if let geometry {
            let dims = configuration.spatialDim
            let pairs = slots.flatMap { row in
                slots.flatMap { column in
                    let start = ((item * rows + row) * rows + column) * dims
                    return geometry[start..<start + dims]
                }
            }
            instance.write(pairs, to: "geometry")
        }
        instance.runAll()
        return Scene(
            layer: instance.output("layer_out"), attention: traces ? instance.output("attention") : [],
            probabilities: traces ? instance.output("probabilities") : [])
    }
}
