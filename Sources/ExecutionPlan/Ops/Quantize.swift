internal import CLEOKernels

/// Rows as integer kernels read them: 8-bit codes with one factor per group of columns; `ck_quantized.h` has the layout. Their value
/// is [..., bytes] of `u8`, in which no row stands by itself: groups of all rows follow each other. What stands in front of the
/// quantisation may be part of it, so that the real row is never stored.
///
/// - Inputs: x [..., k]; for `rmsNorm` x [..., k] and weight [k]; for `siluGate` gate and up [..., k]; then, if `hasInputScale`,
///   factors [k] of what is quantised.
/// - Outputs: the rows of the result as integers; with `keepsFloat` first the result itself, in float32.
package struct QuantizeRows: Operation {
    package enum Source: Sendable, Equatable {
        case plain
        case rmsNorm(epsilon: Float)
        case siluGate
    }

    package let source: Source
    package let keepsFloat: Bool
    package let hasInputScale: Bool

    package init(_ source: Source, keepsFloat: Bool = false, hasInputScale: Bool = false) {
        self.source = source
        self.hasInputScale = hasInputScale
        // Without an operation in front the input is the result.
        self.keepsFloat = keepsFloat && source != .plain
    }

    /// Bytes that a quantised row of `columns` numbers adds.
    package static func rowByteCount(columns: Int) -> Int {
        // Beyond any machine: stay there instead of overflowing.
        (0...(1 << 40)).contains(columns) ? Int(ck_q8_row_bytes(Int64(columns))) : .max
    }

    package var name: String {
        let first =
            switch source {
            case .plain: "quantize"
            case .rmsNorm: "rms norm+quantize"
            case .siluGate: "silu gate+quantize"
            }
        return first + (keepsFloat ? "+keep" : "") + (hasInputScale ? "+scale" : "")
    }

    /// The gated rows may replace the gates.
    package var inPlaceInput: Int? { source == .siluGate && keepsFloat ? 0 : nil }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        let count = (source == .plain ? 1 : 2) + (hasInputScale ? 1 : 0)
        try require(inputs.count == count && inputs.allSatisfy { $0.elementType == .f32 }, "real rows", inputs)
        if hasInputScale {
            try require(inputs[count - 1].shape == [inputs[0].columns], "a vector [\(inputs[0].columns)]", [inputs[count - 1]])
        }
        switch source {
        case .plain: break
        case .rmsNorm: try require(inputs[1].shape == [inputs[0].columns], "a vector [\(inputs[0].columns)]", [inputs[1]])
        case .siluGate: try require(inputs[0] == inputs[1], "two values of one shape", inputs)
        }
        guard !inputs[0].shape.isEmpty, let columns = inputs[0].columns.fixedValue else {
            throw ShapeMismatch(expected: "rows of fixed width", found: inputs)
        }
        let quantized = ValueType(.u8, inputs[0].shape.dropLast() + [.fixed(Self.rowByteCount(columns: columns))])
        return keepsFloat ? [inputs[0], quantized] : [quantized]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent {
        let before =
            switch source {
            case .plain: 0
            case .rmsNorm: 8
            case .siluGate: 5
            }
        // Magnitude, product, rounding, sum.
        return .fixed(before + 4 + (hasInputScale ? 1 : 0)) * inputs[0].count
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let x = lowering.operand(node.inputs[0]), other = source == .plain ? nil : lowering.operand(node.inputs[1])
        let inputScale = hasInputScale ? node.inputs.last.map { lowering.operand($0) } : nil
        let values = keepsFloat ? lowering.operand(node.outputs[0]) : nil
        let y = lowering.operand(node.outputs[node.outputs.count - 1])
        let rows = x.type.rows, columns = Int64(x.type.columns.upperBound), source = source
        let (variants, check) =
            switch source {
            case .plain: (ck_q8_quantize_f32_variants(), ck_q8_quantize_check)
            case .rmsNorm: (ck_q8_rms_norm_f32_variants(), ck_q8_rms_norm_check)
            case .siluGate: (ck_q8_silu_mul_f32_variants(), ck_q8_silu_mul_check)
            }
        try lowering.call(variants, check: check, zero: ck_q8_rows_args()) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.f32(x))
            switch source {
            case .plain: break
            case .rmsNorm(let epsilon):
                arguments.weight = UnsafePointer(bindings.f32(other))
                arguments.eps = epsilon
            case .siluGate:
                arguments.up = UnsafePointer(bindings.f32(other))
                arguments.up_stride = Int64(other?.rowStride ?? 0)
            }
            arguments.input_scale = UnsafePointer(bindings.f32(inputScale))
            arguments.v = bindings.f32(values)
            arguments.y = bindings.raw(y).assumingMemoryBound(to: UInt8.self)
            arguments.m = bindings[rows]
            arguments.k = columns
            arguments.x_stride = Int64(x.rowStride)
            arguments.v_stride = Int64(values?.rowStride ?? 0)
        }
    }
}
