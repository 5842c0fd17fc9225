internal import CLEOKernels

/// a + b; b may be one row for all.
package struct Add: Operation {
    package init() {}
    package var name: String { "add" }
    package var inPlaceInput: Int? { 0 }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 2 && inputs[0].columns == inputs[1].columns && inputs.allSatisfy { $0.elementType == .f32 }, "real a [..., c] and b [..., c] or [c]", inputs)
        try require(inputs[1].shape == inputs[0].shape || inputs[1].count == inputs[0].columns, "b like a, or one row", inputs)
        return [ValueType(.f32, inputs[0].shape)]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent { outputs[0].count }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let a = lowering.operand(node.inputs[0]), b = lowering.operand(node.inputs[1]), y = lowering.operand(node.outputs[0])
        let rows = a.type.rows, columns = Int64(a.type.columns.upperBound)
        let broadcasts = b.type.shape != a.type.shape
        try lowering.call(ck_add_f32_variants(), check: ck_add_check, zero: ck_add_args()) { arguments, bindings in
            arguments.a = UnsafePointer(bindings.f32(a))
            arguments.b = UnsafePointer(bindings.f32(b))
            arguments.y = bindings.f32(y)
            arguments.rows = bindings[rows]
            arguments.columns = columns
            arguments.a_stride = Int64(a.rowStride)
            arguments.b_stride = broadcasts ? 0 : Int64(b.rowStride)
            arguments.y_stride = Int64(y.rowStride)
        }
    }
}

/// silu(gate) · up.
package struct SiLUGate: Operation {
    package init() {}
    package var name: String { "silu gate" }
    package var inPlaceInput: Int? { 0 }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 2 && inputs[0] == inputs[1], "two values of one shape", inputs)
        return [inputs[0]]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent { .fixed(5) * outputs[0].count }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let gate = lowering.operand(node.inputs[0]), up = lowering.operand(node.inputs[1]), y = lowering.operand(node.outputs[0])
        let rows = gate.type.rows, columns = Int64(gate.type.columns.upperBound)
        try lowering.call(ck_silu_mul_f32_variants(), check: ck_silu_mul_check, zero: ck_silu_mul_args()) { arguments, bindings in
            arguments.gate = UnsafePointer(bindings.f32(gate))
            arguments.up = UnsafePointer(bindings.f32(up))
            arguments.y = bindings.f32(y)
            arguments.m = bindings[rows]
            arguments.n = columns
            arguments.gate_stride = Int64(gate.rowStride)
            arguments.up_stride = Int64(up.rowStride)
            arguments.y_stride = Int64(y.rowStride)
        }
    }
}

/// Exchanges the last two axes: [..., r, c] -> [..., c, r].
package struct Transpose: Operation {
    package init() {}
    package var name: String { "transpose" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 1 && inputs[0].shape.count >= 2, "[..., rows, columns]", inputs)
        let shape = inputs[0].shape
        return [ValueType(.f32, shape.dropLast(2) + [shape[shape.count - 1], shape[shape.count - 2]])]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let x = try lowering.contiguous(node.inputs[0]), y = lowering.operand(node.outputs[0])
        let shape = x.type.shape
        let batch = shape.dropLast(2).product, rows = shape[shape.count - 2], columns = shape[shape.count - 1]
        try lowering.call(ck_transpose_f32_variants(), check: ck_transpose_check, zero: ck_transpose_args()) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.f32(x))
            arguments.y = bindings.f32(y)
            arguments.batch = bindings[batch]
            arguments.rows = bindings[rows]
            arguments.columns = bindings[columns]
        }
    }
}

/// Rows of several values behind each other. Costs nothing: the parts are computed in place.
package struct ConcatenateRows: Operation {
    package init() {}
    package var name: String { "concatenate" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(!inputs.isEmpty, "at least one input", inputs)
        for part in inputs { try require(part.shape.count == 2 && part.columns == inputs[0].columns, "parts [rows, c]", inputs) }
        for part in inputs.dropLast() { try require(part.rows.fixedValue != nil, "a fixed number of rows in all parts but the last", inputs) }
        return [ValueType(inputs[0].elementType, [inputs.dropFirst().reduce(inputs[0].rows) { $0 + $1.rows }, inputs[0].columns])]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let whole = lowering.operand(node.outputs[0])
        var offset = whole.byteOffset
        for input in node.inputs {
            func refusal(_ reason: String) -> GraphError {
                .notLowered(node: lowering.name(of: node), operation: name, reason: "\(lowering.graph[input].name) \(reason)")
            }
            guard case .intermediate = lowering.graph[input].kind else { throw refusal("is not computed by this graph") }
            let part = lowering.operand(input)
            guard part.slot == whole.slot, part.byteOffset == offset else { throw refusal("is needed at two places") }
            offset += lowering.graph.type(input).upperByteCount
        }
    }
}

/// The same elements as `rows` rows. Costs nothing.
package struct Flatten: Operation {
    package let rows: Int
    package init(rows: Int) { self.rows = rows }
    package var name: String { "flatten" }
    package var sharesInput: Bool { true }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        guard inputs.count == 1, let count = inputs[0].count.fixedValue, rows > 0, count % rows == 0 else {
            throw ShapeMismatch(expected: "a fixed number of elements divisible by \(rows)", found: inputs)
        }
        return [ValueType(inputs[0].elementType, [.fixed(rows), .fixed(count / rows)])]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let x = try lowering.contiguous(node.inputs[0]), y = lowering.operand(node.outputs[0])
        guard x.slot == y.slot, x.byteOffset == y.byteOffset else {
            throw .notLowered(node: lowering.name(of: node), operation: name, reason: "its result is a part of another value")
        }
    }
}
