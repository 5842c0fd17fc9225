internal import CLEOKernels

/// Fourier features of an orientation [rows, components] -> [rows, components · (1 + 2 · bands)].
package struct FourierFeatures: Operation {
    package let bands: Int
    package let maximumFrequency: Float
    package init(bands: Int = 10, maximumFrequency: Float = 15) {
        self.bands = bands
        self.maximumFrequency = maximumFrequency
    }
    package var name: String { "fourier features \(bands)" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 1 && inputs[0].shape.count == 2, "[rows, components]", inputs)
        return [ValueType(.f32, [inputs[0].shape[0], inputs[0].columns * .fixed(1 + 2 * bands)])]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let x = try lowering.contiguous(node.inputs[0]), y = lowering.operand(node.outputs[0])
        let rows = x.type.rows, components = x.type.columns, bands = Int64(bands), maximum = maximumFrequency
        try lowering.call(ck_fourier_f32_variants(), check: ck_fourier_check, zero: ck_fourier_args()) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.f32(x))
            arguments.y = bindings.f32(y)
            arguments.rows = bindings[rows]
            arguments.components = bindings[components]
            arguments.bands = bands
            arguments.max_frequency = maximum
        }
    }
}

/// How two boxes relate; see `ck_pairwise_args`.
public enum PairwiseRelation: String, Sendable, Hashable, Codable {
    case center
    case verticalBottom = "vertical_bottom"
    case mlp

    var code: Int32 {
        switch self {
        case .center: 0
        case .verticalBottom: 1
        case .mlp: 2
        }
    }
}

/// Pairwise geometry of boxes [n, 6] (centre, extent) -> [n, n, dims].
///
/// - Parameter padding: number of absent slots at the origin that take part in the maximum.
package struct PairwiseGeometry: Operation {
    package let relation: PairwiseRelation
    package let dims: Int
    package let normalises: Bool
    package let padding: Extent
    package init(relation: PairwiseRelation, dims: Int, normalises: Bool, padding: Extent) {
        self.relation = relation
        self.dims = dims
        self.normalises = normalises
        self.padding = padding
    }
    package var name: String { "pairwise geometry \(relation.rawValue) \(dims)" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 1 && inputs[0].shape.count == 2 && inputs[0].columns == 6, "boxes [n, 6]", inputs)
        return [ValueType(.f32, [inputs[0].shape[0], inputs[0].shape[0], .fixed(dims)])]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent { .fixed(4) * outputs[0].count }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let x = lowering.operand(node.inputs[0]), y = lowering.operand(node.outputs[0])
        let n = x.type.rows, padding = padding, dims = Int64(dims), relation = relation.code, normalise: Int32 = normalises ? 1 : 0
        try lowering.call(ck_pairwise_f32_variants(), check: ck_pairwise_check, zero: ck_pairwise_args()) { arguments, bindings in
            arguments.locations = UnsafePointer(bindings.f32(x))
            arguments.y = bindings.f32(y)
            arguments.n = bindings[n]
            arguments.stride = Int64(x.rowStride)
            arguments.dims = dims
            arguments.n_padding = bindings[padding]
            arguments.relation = relation
            arguments.normalise = normalise
            arguments.eps = 1e-10
        }
    }
}

/// How the location term enters spatial attention.
public enum SpatialFusion: String, Sendable, Hashable, Codable {
    /// No location term.
    case none
    case cond, mul, bias, ctx, add

    var code: Int32 {
        switch self {
        case .none: Int32(CK_FUSION_NONE.rawValue)
        case .cond: Int32(CK_FUSION_COND.rawValue)
        case .mul: Int32(CK_FUSION_MUL.rawValue)
        case .bias: Int32(CK_FUSION_BIAS.rawValue)
        case .ctx: Int32(CK_FUSION_CTX.rawValue)
        case .add: Int32(CK_FUSION_ADD.rawValue)
        }
    }
}

/// Multi-head attention among the objects of one scene, with a term for where they are.
///
/// - Inputs: q, k, v [n, heads · d]; then for `cond`: geometry [n, n, dims], condition [n, locationHeads · (dims + 1)];
///   for the others but `none`: geometry, weight [rows, dims], bias [rows]. If `hasPadding`, last key padding [n] int32.
/// - Outputs: [n, heads · d], and probabilities [heads, n, n] if `keepsProbabilities`.
package struct SpatialAttention: Operation {
    package let fusion: SpatialFusion
    package let heads: Int
    package let locationHeads: Int
    package let dims: Int
    package let hasPadding: Bool
    package let keepsProbabilities: Bool

    package init(
        fusion: SpatialFusion, heads: Int, locationHeads: Int, dims: Int, hasPadding: Bool = false, keepsProbabilities: Bool = false
    ) {
        self.fusion = fusion
        self.heads = heads
        self.locationHeads = locationHeads
        self.dims = dims
        self.hasPadding = hasPadding
        self.keepsProbabilities = keepsProbabilities
    }

    package var name: String { "spatial attention \(fusion.rawValue)" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        let extra = switch fusion {
        case .none: 0
        case .cond: 2
        default: 3
        }
        try require(inputs.count == 3 + extra + (hasPadding ? 1 : 0), "\(3 + extra) inputs", inputs)
        try require(inputs[0] == inputs[1] && inputs[0] == inputs[2] && inputs[0].shape.count == 2, "q, k, v [n, heads · d]", inputs)
        guard let width = inputs[0].columns.fixedValue, heads > 0, width % heads == 0 else {
            throw ShapeMismatch(expected: "a width divisible by \(heads) heads", found: inputs)
        }
        let n = inputs[0].rows
        if extra > 0 { try require(inputs[3].shape == [n, n, .fixed(dims)], "geometry [n, n, \(dims)]", [inputs[3]]) }
        switch fusion {
        case .none: break
        case .cond: try require(inputs[4].shape == [n, .fixed(locationHeads * (dims + 1))], "condition [n, \(locationHeads * (dims + 1))]", [inputs[4]])
        case .ctx: try require(inputs[4].shape == [.fixed(width), .fixed(dims)], "weight [\(width), \(dims)]", [inputs[4]])
        default: try require(inputs[4].shape == [.fixed(locationHeads), .fixed(dims)], "weight [\(locationHeads), \(dims)]", [inputs[4]])
        }
        if extra == 3 { try require(inputs[5].shape == [inputs[4].shape[0]], "a bias [\(inputs[4].shape[0])]", [inputs[5]]) }
        if hasPadding, let padding = inputs.last { try require(padding == ValueType(.i32, [n]), "padding [n] int32", [padding]) }
        return [inputs[0]] + (keepsProbabilities ? [ValueType(.f32, [.fixed(heads), n, n])] : [])
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent {
        .fixed(4) * outputs[0].count * inputs[0].rows + .fixed(2 * (dims + 4) * heads) * inputs[0].rows * inputs[0].rows
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let q = lowering.operand(node.inputs[0]), k = lowering.operand(node.inputs[1]), v = lowering.operand(node.inputs[2])
        let geometry = fusion == .none ? nil : try lowering.contiguous(node.inputs[3])
        let condition = fusion == .cond ? lowering.operand(node.inputs[4]) : nil
        let usesWeight = fusion != .none && fusion != .cond
        let weight = usesWeight ? try lowering.contiguous(node.inputs[4]) : nil, bias = usesWeight ? lowering.operand(node.inputs[5]) : nil
        let padding = hasPadding ? lowering.operand(node.inputs[node.inputs.count - 1]) : nil
        let y = lowering.operand(node.outputs[0]), probabilities = keepsProbabilities ? lowering.operand(node.outputs[1]) : nil
        let n = q.type.rows, heads = Int64(heads), d = Int64(q.type.columns.upperBound) / heads
        let dims = Int64(dims), locationHeads = Int64(locationHeads), code = fusion.code
        try lowering.call(
            ck_spatial_attention_f32_variants(), check: ck_spatial_attention_f32_check,
            scratch: ck_spatial_attention_f32_scratch_bytes, zero: ck_spatial_attention_args()
        ) { arguments, bindings in
            arguments.q = UnsafePointer(bindings.f32(q))
            arguments.k = UnsafePointer(bindings.f32(k))
            arguments.v = UnsafePointer(bindings.f32(v))
            arguments.locations = UnsafePointer(bindings.f32(geometry))
            arguments.condition = UnsafePointer(bindings.f32(condition))
            arguments.location_weight = UnsafePointer(bindings.f32(weight))
            arguments.location_bias = UnsafePointer(bindings.f32(bias))
            arguments.key_padding = padding.map { UnsafePointer(bindings.i32($0)) }
            arguments.y = bindings.f32(y)
            arguments.probabilities = bindings.f32(probabilities)
            arguments.scratch = bindings.scratch
            arguments.n = bindings[n]
            arguments.heads = heads
            arguments.d = d
            arguments.dims = dims
            arguments.location_heads = locationHeads
            arguments.q_stride = Int64(q.rowStride)
            arguments.k_stride = Int64(k.rowStride)
            arguments.v_stride = Int64(v.rowStride)
            arguments.y_stride = Int64(y.rowStride)
            arguments.condition_stride = Int64(condition?.rowStride ?? 0)
            arguments.fusion = code
        }
    }
}
