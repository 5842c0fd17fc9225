internal import CLEOKernels

/// `Linear` over quantised rows and a weight kept as integers: groups of 128 products are summed exactly in integers, the
/// groups in float32. `QuantizeInputs` makes it of a `Linear`.
///
/// - Inputs: those of `linear`, but x as `QuantizeRows` gives it.
package struct IntegerLinear: Operation {
    package let linear: Linear

    package init(_ linear: Linear) { self.linear = linear }

    package var name: String { "integer " + linear.name }
    package var packedInputs: [Int] { linear.packedInputs }
    package var inPlaceInput: Int? { linear.inPlaceInput }

    /// The inputs with x as `linear` sees it.
    private func real(_ inputs: [ValueType]) -> [ValueType] {
        var inputs = inputs
        inputs[0] = ValueType(.f32, inputs[0].shape.dropLast() + [inputs[1].columns])
        return inputs
    }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count > 1 && inputs[1].shape.count == 2, "quantized rows and weight [n, k]", inputs)
        let bytes = inputs[1].columns.fixedValue.map { QuantizeRows.rowByteCount(columns: $0) } ?? 0
        try require(
            inputs[0].elementType == .u8 && !inputs[0].shape.isEmpty && inputs[0].columns == .fixed(bytes),
            "quantized rows of \(bytes) bytes", [inputs[0]])
        return try linear.outputTypes(real(inputs))
    }

    /// Operations on integers count like those on real numbers.
    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent {
        linear.floatingPointOperations(real(inputs), outputs)
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let layout = Linear.Layout(linear)
        // Groups of all rows follow each other; see `QuantizeRows`.
        let x = try lowering.contiguous(node.inputs[0]), weight = try lowering.packed(node.inputs[1])
        func optional(_ position: Int?) -> Operand? { position.map { lowering.operand(node.inputs[$0]) } }
        let bias = optional(layout.bias), loraX = optional(layout.loraX)
        var loraB: Operand?
        if let position = layout.loraB { loraB = try lowering.packed(node.inputs[position]) }
        try lowering.requireFloat(layout.loraB.map { node.inputs[$0] })
        let channelScale = optional(layout.channelScale), residual = optional(layout.residual)
        let y = lowering.operand(node.outputs[0])
        let variants: ck_variants
        switch lowering.constant(node.inputs[1])?.precision {
        case .int8: variants = ck_linear_q8_i8g128_n64_variants()
        case .int4: variants = ck_linear_q8_i4g32_n64_variants()
        case let other:
            throw .constant(
                name: lowering.graph[node.inputs[1]].name, expected: "int8 or int4", found: other?.rawValue ?? "another form")
        }
        let rank = Int64(loraX?.type.columns.upperBound ?? 0)
        let rows = x.type.rows, n = Int64(y.type.columns.upperBound), k = Int64(weight.type.columns.upperBound)
        let scale = linear.loraScale ?? 0, code = linear.activation.code, adapter = loraB
        try lowering.call(variants, check: ck_linear_q8_check, parts: { ck_linear_q8_parts($0) }, zero: ck_linear_q8_args()) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.raw(x).assumingMemoryBound(to: UInt8.self))
            arguments.weight = UnsafeRawPointer(bindings.raw(weight))
            arguments.weight_scale = UnsafeRawPointer(bindings.scale(weight))
            arguments.bias = UnsafePointer(bindings.f32(bias))
            arguments.lora_x = UnsafePointer(bindings.f32(loraX))
            arguments.lora = ck_lora(b: UnsafePointer(bindings.f32(adapter)), rank: rank, x_offset: 0, scale: scale)
            arguments.channel_scale = UnsafePointer(bindings.f32(channelScale))
            arguments.residual = UnsafePointer(bindings.f32(residual))
            arguments.y = bindings.f32(y)
            arguments.m = bindings[rows]
            arguments.n = n
            arguments.k = k
            arguments.lora_x_stride = Int64(loraX?.rowStride ?? 0)
            arguments.residual_stride = Int64(residual?.rowStride ?? 0)
            arguments.y_stride = Int64(y.rowStride)
            arguments.activation = code
        }
    }
}
