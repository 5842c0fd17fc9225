internal import CLEOKernels

/// Functions applied element by element behind a linear layer.
package enum ActivationFunction: String, Sendable, Hashable {
    case none, relu
    /// The exact form with erf.
    case gelu
    case silu

    var code: Int32 {
        switch self {
        case .none: Int32(CK_ACT_NONE.rawValue)
        case .relu: Int32(CK_ACT_RELU.rawValue)
        case .gelu: Int32(CK_ACT_GELU.rawValue)
        case .silu: Int32(CK_ACT_SILU.rawValue)
        }
    }
}

/// y = residual + channel scale · activation(x Wᵀ + bias + scale · (t Bᵀ)), with t = x Aᵀ computed by another node.
///
/// - Inputs, in order: x [..., k], weight [n, k], then those that are on: bias [n], t [..., rank], B [n, rank],
///   channel scale [n], residual [..., n].
package struct Linear: Operation {
    package var hasBias: Bool
    /// alpha / rank of the adapter, or nil without one.
    package var loraScale: Float?
    package var activation = ActivationFunction.none
    package var hasChannelScale = false
    package var hasResidual = false

    package init(hasBias: Bool = false, loraScale: Float? = nil) {
        self.hasBias = hasBias
        self.loraScale = loraScale
    }

    /// Nothing stands behind the sum yet.
    package var isBare: Bool { activation == .none && !hasChannelScale && !hasResidual }
    /// What the fused set-abstraction kernel can do.
    package var isReLULayer: Bool { hasBias && loraScale == nil && activation == .relu && !hasChannelScale && !hasResidual }

    package var name: String {
        var parts = ["linear"]
        if hasBias { parts.append("bias") }
        if loraScale != nil { parts.append("lora") }
        if activation != .none { parts.append(activation.rawValue) }
        if hasChannelScale { parts.append("scale") }
        if hasResidual { parts.append("residual") }
        return parts.joined(separator: "+")
    }

    /// Positions of the optional inputs.
    struct Layout {
        var bias: Int?, loraX: Int?, loraB: Int?, channelScale: Int?, residual: Int?
        var count = 2
        init(_ linear: Linear) {
            func take() -> Int {
                count += 1
                return count - 1
            }
            if linear.hasBias { bias = take() }
            if linear.loraScale != nil { (loraX, loraB) = (take(), take()) }
            if linear.hasChannelScale { channelScale = take() }
            if linear.hasResidual { residual = take() }
        }
    }

    package var packedInputs: [Int] { [1] + (Layout(self).loraB.map { [$0] } ?? []) }
    package var inPlaceInput: Int? { Layout(self).residual }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        let layout = Layout(self)
        try require(inputs.count == layout.count, "\(layout.count) inputs", inputs)
        let x = inputs[0], weight = inputs[1]
        try require(
            weight.shape.count == 2 && !x.shape.isEmpty && x.columns == weight.columns && inputs.allSatisfy { $0.elementType == .f32 },
            "real x [..., k] and weight [n, k]", inputs)
        let n = weight.shape[0]
        let output = ValueType(.f32, x.shape.dropLast() + [n])
        for position in [layout.bias, layout.channelScale] {
            if let position { try require(inputs[position].shape == [n], "a vector [\(n)]", [inputs[position]]) }
        }
        if let loraX = layout.loraX, let loraB = layout.loraB {
            try require(
                inputs[loraX].rows == x.rows && inputs[loraB].shape == [n, inputs[loraX].columns],
                "adapter [..., rank] and [\(n), rank]", [inputs[loraX], inputs[loraB]])
        }
        if let residual = layout.residual {
            try require(inputs[residual].rows == output.rows && inputs[residual].columns == n, "\(output)", [inputs[residual]])
        }
        return [output]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent {
        let rank: Extent = Layout(self).loraX.map { inputs[$0].columns } ?? 0
        return .fixed(2) * outputs[0].count * (inputs[0].columns + rank)
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let layout = Layout(self)
        let x = lowering.operand(node.inputs[0]), weight = try lowering.packed(node.inputs[1])
        func optional(_ position: Int?) -> Operand? { position.map { lowering.operand(node.inputs[$0]) } }
        let bias = optional(layout.bias), loraX = optional(layout.loraX)
        var loraB: Operand?
        if let position = layout.loraB { loraB = try lowering.packed(node.inputs[position]) }
        let channelScale = optional(layout.channelScale), residual = optional(layout.residual)
        let y = lowering.operand(node.outputs[0])
        let variants: ck_variants
        switch lowering.constant(node.inputs[1])?.precision {
        case .f32: variants = ck_linear_f32_f32_nk16_variants()
        case .f16: variants = ck_linear_f32_f16_nk16_variants()
        case .bf16:
            let pairs = ck_linear_bf16_bf16_nk16_variants()
            variants = ck_select(pairs).pointee.isa == CK_ISA_REF ? ck_linear_f32_bf16_nk16_variants() : pairs
        case let other:
            throw .constant(
                name: lowering.graph[node.inputs[1]].name, expected: "f32, f16 or bf16", found: other?.rawValue ?? "another form")
        }
        try lowering.requireFloat(layout.loraB.map { node.inputs[$0] })
        let rank = Int64(loraX?.type.columns.upperBound ?? 0)
        let rows = x.type.rows, n = Int64(y.type.columns.upperBound), k = Int64(x.type.columns.upperBound)
        let scale = loraScale ?? 0, code = activation.code, adapter = loraB
        try lowering.call(variants, check: ck_linear_check, zero: ck_linear_args()) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.f32(x))
            arguments.weight = UnsafeRawPointer(bindings.raw(weight))
            arguments.bias = UnsafePointer(bindings.f32(bias))
            arguments.lora_x = UnsafePointer(bindings.f32(loraX))
            arguments.lora_b = UnsafePointer(bindings.f32(adapter))
            arguments.channel_scale = UnsafePointer(bindings.f32(channelScale))
            arguments.residual = UnsafePointer(bindings.f32(residual))
            arguments.y = bindings.f32(y)
            arguments.m = bindings[rows]
            arguments.n = n
            arguments.k = k
            arguments.x_stride = Int64(x.rowStride)
            arguments.lora_x_stride = Int64(loraX?.rowStride ?? 0)
            arguments.residual_stride = Int64(residual?.rowStride ?? 0)
            arguments.y_stride = Int64(y.rowStride)
            arguments.rank = rank
            arguments.lora_scale = scale
            arguments.activation = code
        }
    }
}

/// Batch normalisation with running statistics. Always folded into the linear layer before it.
///
/// - Inputs: x, then gamma, beta, mean, variance [columns].
package struct BatchNorm: Operation {
    package let epsilon: Double
    package init(epsilon: Double) { self.epsilon = epsilon }
    package var name: String { "batch norm" }
    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 5, "5 inputs", inputs)
        for vector in inputs.dropFirst() { try require(vector.shape == [inputs[0].columns], "vectors [\(inputs[0].columns)]", inputs) }
        return [inputs[0]]
    }
    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        throw .notLowered(node: lowering.name(of: node), operation: name, reason: "it does not follow a linear layer it could be folded into")
    }
}

/// An activation. Always merged into the linear layer before it.
package struct Activation: Operation {
    package let function: ActivationFunction
    package init(_ function: ActivationFunction) { self.function = function }
    package var name: String { function.rawValue }
    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 1, "1 input", inputs)
        return inputs
    }
    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        throw .notLowered(node: lowering.name(of: node), operation: name, reason: "it does not follow a linear layer")
    }
}

/// y = x · scale, one factor per column (ConvNeXt's layer scale). Always merged into the linear layer before it.
package struct ScaleChannels: Operation {
    package init() {}
    package var name: String { "scale" }
    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 2 && inputs[1].shape == [inputs[0].columns], "x and one factor per column", inputs)
        return [inputs[0]]
    }
    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        throw .notLowered(node: lowering.name(of: node), operation: name, reason: "it does not follow a linear layer")
    }
}
