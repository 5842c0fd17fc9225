internal import CLEOKernels

/// Layer or root-mean-square normalisation of each row, of x or of x + residual.
///
/// - Inputs: x [..., c], weight [c], bias [c] (layer only), residual [..., c] (if on).
package struct Norm: Operation {
    package enum Kind: Sendable { case layer, rootMeanSquare }
    package let kind: Kind
    package let epsilon: Float
    package var hasResidual = false

    package init(_ kind: Kind, epsilon: Float) {
        self.kind = kind
        self.epsilon = epsilon
    }

    package var name: String { (kind == .layer ? "layer norm" : "rms norm") + (hasResidual ? "+residual" : "") }
    package var inPlaceInput: Int? { 0 }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        let vectors = kind == .layer ? 2 : 1
        try require(inputs.count == 1 + vectors + (hasResidual ? 1 : 0), "x and \(vectors) vectors", inputs)
        for vector in inputs[1...vectors] { try require(vector.shape == [inputs[0].columns], "a vector [\(inputs[0].columns)]", [vector]) }
        if hasResidual, let residual = inputs.last { try require(residual == inputs[0], "a residual \(inputs[0])", [residual]) }
        return [ValueType(.f32, inputs[0].shape)]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent { .fixed(8) * outputs[0].count }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let isLayer = kind == .layer
        let x = lowering.operand(node.inputs[0]), weight = lowering.operand(node.inputs[1])
        let bias = isLayer ? lowering.operand(node.inputs[2]) : nil
        let residual = hasResidual ? lowering.operand(node.inputs[isLayer ? 3 : 2]) : nil
        let y = lowering.operand(node.outputs[0])
        let rows = x.type.rows, columns = Int64(x.type.columns.upperBound), epsilon = epsilon
        let variants = isLayer ? ck_layer_norm_f32_variants() : ck_rms_norm_f32_variants()
        try lowering.call(variants, check: ck_norm_check, zero: ck_norm_args()) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.f32(x))
            arguments.residual = UnsafePointer(bindings.f32(residual))
            arguments.weight = UnsafePointer(bindings.f32(weight))
            arguments.bias = UnsafePointer(bindings.f32(bias))
            arguments.y = bindings.f32(y)
            arguments.rows = bindings[rows]
            arguments.columns = columns
            arguments.x_stride = Int64(x.rowStride)
            arguments.residual_stride = Int64(residual?.rowStride ?? 0)
            arguments.y_stride = Int64(y.rowStride)
            arguments.eps = epsilon
        }
    }
}
