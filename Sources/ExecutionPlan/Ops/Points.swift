internal import CLEOKernels

/// Farthest-point sampling of each cloud [b, n, c] (xyz first) -> indices [b, samples], int32.
package struct FarthestPointSampling: Operation {
    package let samples: Int
    /// The official kernel never chooses points within about 3 cm of the origin.
    package let skipsNearOrigin: Bool
    package init(samples: Int, skipsNearOrigin: Bool = true) {
        self.samples = samples
        self.skipsNearOrigin = skipsNearOrigin
    }
    package var name: String { "farthest points \(samples)" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 1 && inputs[0].shape.count == 3 && inputs[0].columns.upperBound >= 3, "a cloud [b, n, 3...]", inputs)
        return [ValueType(.i32, [inputs[0].shape[0], .fixed(samples)])]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent {
        .fixed(9) * outputs[0].count * inputs[0].shape[1]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let points = lowering.operand(node.inputs[0]), indices = lowering.operand(node.outputs[0])
        let shape = points.type.shape, samples = Int64(samples), skips: Int32 = skipsNearOrigin ? 1 : 0
        try lowering.call(
            ck_fps_f32_pc_variants(), check: ck_fps_f32_pc_check, scratch: ck_fps_f32_pc_scratch_bytes, zero: ck_fps_args()
        ) { arguments, bindings in
            arguments.points = UnsafePointer(bindings.f32(points))
            arguments.indices = bindings.i32(indices)
            arguments.scratch = bindings.scratch
            arguments.batch = bindings[shape[0]]
            arguments.n_points = bindings[shape[1]]
            arguments.point_stride = Int64(points.rowStride)
            arguments.n_samples = samples
            arguments.skip_near_origin = skips
        }
    }
}

/// Coordinates of chosen points: cloud [b, n, c], indices [b, m] -> [b, m, 3].
package struct GatherPoints: Operation {
    package init() {}
    package var name: String { "gather points" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(
            inputs.count == 2 && inputs[0].shape.count == 3 && inputs[1].shape.count == 2 && inputs[1].elementType == .i32
                && inputs[0].shape[0] == inputs[1].shape[0] && inputs[0].columns.upperBound >= 3, "a cloud [b, n, 3...] and indices [b, m]", inputs)
        return [ValueType(.f32, inputs[1].shape + [3])]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let points = lowering.operand(node.inputs[0]), indices = lowering.operand(node.inputs[1])
        let out = lowering.operand(node.outputs[0])
        let shape = points.type.shape, samples = indices.type.shape[1]
        try lowering.call(ck_gather_points_f32_variants(), check: ck_gather_points_f32_check, zero: ck_gather_points_args()) { arguments, bindings in
            arguments.points = UnsafePointer(bindings.f32(points))
            arguments.indices = UnsafePointer(bindings.i32(indices))
            arguments.out = bindings.f32(out)
            arguments.batch = bindings[shape[0]]
            arguments.n_points = bindings[shape[1]]
            arguments.point_stride = Int64(points.rowStride)
            arguments.n_samples = bindings[samples]
            arguments.columns = 3
        }
    }
}

/// Up to `limit` points closer than `radius` (metres) to each centre: cloud [b, n, c], centres [b, m, 3] -> [b, m, limit].
package struct BallQuery: Operation {
    package let radius: Float
    package let limit: Int
    package init(radius: Float, limit: Int) {
        self.radius = radius
        self.limit = limit
    }
    package var name: String { "ball query r=\(radius) k=\(limit)" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(
            inputs.count == 2 && inputs[0].shape.count == 3 && inputs[1].shape.count == 3 && inputs[1].columns == 3
                && inputs[0].shape[0] == inputs[1].shape[0] && inputs[0].columns.upperBound >= 3,
            "a cloud [b, n, 3...] and centres [b, m, 3]", inputs)
        return [ValueType(.i32, [inputs[0].shape[0], inputs[1].shape[1], .fixed(limit)])]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent {
        .fixed(9) * inputs[0].shape[0] * inputs[0].shape[1] * inputs[1].shape[1]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let points = lowering.operand(node.inputs[0]), centres = try lowering.contiguous(node.inputs[1])
        let indices = lowering.operand(node.outputs[0])
        let shape = points.type.shape, count = centres.type.shape[1], limit = Int64(limit), radius = radius
        try lowering.call(ck_ball_query_f32_variants(), check: ck_ball_query_f32_check, zero: ck_ball_query_args()) { arguments, bindings in
            arguments.points = UnsafePointer(bindings.f32(points))
            arguments.centres = UnsafePointer(bindings.f32(centres))
            arguments.indices = bindings.i32(indices)
            arguments.batch = bindings[shape[0]]
            arguments.n_points = bindings[shape[1]]
            arguments.point_stride = Int64(points.rowStride)
            arguments.n_centres = bindings[count]
            arguments.limit = limit
            arguments.radius = radius
        }
    }
}

/// Rows [neighbour - centre, features] for every neighbour of every centre.
///
/// - Inputs: xyz [b, n, c], features [b, n, f], then centres [b, m, 3] and indices [b, m, k]; without them all points
///   are one group with absolute coordinates.
/// - Output: [b, m, k, 3 + f]
package struct GroupPoints: Operation {
    package let all: Bool
    package init(all: Bool) { self.all = all }
    package var name: String { all ? "group all points" : "group points" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == (all ? 2 : 4), all ? "xyz, features" : "xyz, features, centres, indices", inputs)
        try require(inputs[0].shape.count == 3 && inputs[1].shape.count == 3 && inputs[0].rows == inputs[1].rows && inputs[0].columns.upperBound >= 3, "xyz and features of one cloud", inputs)
        let width: Extent = .fixed(3) + inputs[1].columns
        if all { return [ValueType(.f32, [inputs[0].shape[0], 1, inputs[0].shape[1], width])] }
        try require(
            inputs[2].shape.count == 3 && inputs[3].shape.count == 3 && inputs[3].elementType == .i32
                && inputs[2].shape == inputs[3].shape.dropLast() + [3] && inputs[3].shape[0] == inputs[0].shape[0],
            "centres [b, m, 3] and indices [b, m, k]", inputs)
        return [ValueType(.f32, inputs[3].shape + [width])]
    }

    /// Closure that fills in the kernel's arguments, shared with the fused kernel.
    func binder(_ node: Node, _ lowering: Lowering) throws(GraphError) -> @Sendable (inout ck_group_points_args, Bindings) -> Void {
        let xyz = lowering.operand(node.inputs[0]), features = lowering.operand(node.inputs[1])
        let centres = all ? nil : try lowering.contiguous(node.inputs[2]), indices = all ? nil : lowering.operand(node.inputs[3])
        let shape = xyz.type.shape, featureCount = Int64(features.type.columns.upperBound)
        let count = indices?.type.shape[1] ?? 1, limit = indices?.type.shape[2] ?? shape[1]
        return { arguments, bindings in
            arguments.xyz = UnsafePointer(bindings.f32(xyz))
            arguments.features = UnsafePointer(bindings.f32(features))
            arguments.centres = UnsafePointer(bindings.f32(centres))
            arguments.indices = indices.map { UnsafePointer(bindings.i32($0)) }
            arguments.batch = bindings[shape[0]]
            arguments.n_points = bindings[shape[1]]
            arguments.xyz_stride = Int64(xyz.rowStride)
            arguments.feature_stride = Int64(features.rowStride)
            arguments.n_features = featureCount
            arguments.n_centres = bindings[count]
            arguments.limit = bindings[limit]
        }
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let bind = try binder(node, lowering), out = lowering.operand(node.outputs[0])
        try lowering.call(ck_group_points_f32_variants(), check: ck_group_points_f32_check, zero: ck_group_points_args()) { arguments, bindings in
            bind(&arguments, bindings)
            arguments.out = bindings.f32(out)
        }
    }
}

/// Maximum over the second last axis: [..., k, c] -> [..., c].
package struct MaxPool: Operation {
    package init() {}
    package var name: String { "max pool" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 1 && inputs[0].shape.count >= 3, "[..., k, c]", inputs)
        return [ValueType(.f32, inputs[0].shape.dropLast(2) + [inputs[0].columns])]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent { inputs[0].count }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let x = try lowering.contiguous(node.inputs[0]), y = lowering.operand(node.outputs[0])
        let shape = x.type.shape, groups = shape.dropLast(2).product, size = shape[shape.count - 2], columns = shape[shape.count - 1]
        try lowering.call(ck_max_pool_f32_variants(), check: ck_max_pool_f32_check, zero: ck_max_pool_args()) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.f32(x))
            arguments.y = bindings.f32(y)
            arguments.groups = bindings[groups]
            arguments.size = bindings[size]
            arguments.columns = bindings[columns]
        }
    }
}

/// Grouping, shared MLP and maximum in one kernel.
///
/// - Inputs: those of `GroupPoints`, then weight [n, k] and bias [n] of each layer.
package struct SetAbstraction: Operation {
    package static let maximumLayers = Int(CK_SET_ABSTRACTION_MAX_LAYERS)
    package let group: GroupPoints
    package let widths: [Int]
    package var name: String { "set abstraction " + widths.map(String.init).joined(separator: "→") }

    private var firstLayer: Int { group.all ? 2 : 4 }
    package var packedInputs: [Int] { (0..<widths.count - 1).map { firstLayer + 2 * $0 } }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        let grouped = try group.outputTypes(Array(inputs.prefix(firstLayer)))[0]
        return [ValueType(.f32, grouped.shape.dropLast(2) + [.fixed(widths[widths.count - 1])])]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent {
        let weights = zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
        let neighbours = group.all ? inputs[0].rows : inputs[3].count
        return .fixed(2 * weights) * neighbours
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let bindGroup = try group.binder(node, lowering), y = lowering.operand(node.outputs[0])
        var layers: [(Operand, Operand)] = []
        for position in packedInputs {
            layers.append((try lowering.packed(node.inputs[position]), lowering.operand(node.inputs[position + 1])))
        }
        for (weight, _) in layers where weight.elementType != .f32 {
            throw .constant(name: lowering.name(of: node), expected: "f32 weights", found: weight.elementType.rawValue)
        }
        let widths = widths, operands = layers
        try lowering.call(
            ck_set_abstraction_f32_variants(), check: ck_set_abstraction_f32_check,
            scratch: ck_set_abstraction_f32_scratch_bytes, zero: ck_set_abstraction_args()
        ) { arguments, bindings in
            bindGroup(&arguments.group, bindings)
            withUnsafeMutableBytes(of: &arguments.weights) { weights in
                withUnsafeMutableBytes(of: &arguments.biases) { biases in
                    let weights = weights.bindMemory(to: UnsafePointer<Float>?.self)
                    let biases = biases.bindMemory(to: UnsafePointer<Float>?.self)
                    for index in operands.indices {
                        weights[index] = UnsafePointer(bindings.f32(operands[index].0))
                        biases[index] = UnsafePointer(bindings.f32(operands[index].1))
                    }
                }
            }
            withUnsafeMutableBytes(of: &arguments.widths) { target in
                let target = target.bindMemory(to: Int64.self)
                for index in widths.indices { target[index] = Int64(widths[index]) }
            }
            arguments.n_layers = Int64(operands.count)
            arguments.y = bindings.f32(y)
            arguments.scratch = bindings.scratch
        }
    }
}
