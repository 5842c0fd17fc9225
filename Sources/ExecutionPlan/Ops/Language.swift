internal import CLEOKernels

/// Copies rows of a table, or of extra rows where a source is negative.
///
/// - Inputs: sources [m] int32, table [n, d], then extra [r, d] if `hasExtra`; source s < 0 takes extra row -(s + 1). Without extra
///   rows the table may be of int32, [n, d] or [n], and so is the output.
package struct AssembleRows: Operation {
    package let hasExtra: Bool
    package init(hasExtra: Bool) { self.hasExtra = hasExtra }
    package var name: String { hasExtra ? "assemble rows" : "gather rows" }
    package var narrowInputs: [Int] { [1] }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == (hasExtra ? 3 : 2) && inputs[0].elementType == .i32 && inputs[0].shape.count == 1, "sources [m] int32 and a table", inputs)
        let isInteger = inputs[1].elementType == .i32
        try require(!(isInteger && hasExtra), "a table of numbers beside extra rows", inputs)
        try require(inputs[1].shape.count == 2 || isInteger && inputs[1].shape.count == 1, "a table [n, d]", inputs)
        if hasExtra { try require(inputs[2].columns == inputs[1].columns, "extra [r, d]", inputs) }
        return [ValueType(isInteger ? .i32 : .f32, [inputs[0].shape[0]] + inputs[1].shape.dropFirst())]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let sources = lowering.operand(node.inputs[0]), table = try lowering.contiguous(node.inputs[1])
        let extra = hasExtra ? lowering.operand(node.inputs[2]) : nil, y = lowering.operand(node.outputs[0])
        let variants: ck_variants
        switch table.elementType {
        // It copies bits.
        case .f32, .i32: variants = ck_assemble_rows_f32_variants()
        case .f16: variants = ck_assemble_rows_f16_variants()
        case .bf16: variants = ck_assemble_rows_bf16_variants()
        default:
            throw .constant(name: lowering.graph[node.inputs[1]].name, expected: "f32, f16 or bf16", found: table.elementType.rawValue)
        }
        let rows = sources.type.count, d = table.type.shape.count == 1 ? 1 : table.rowStride
        try lowering.call(variants, check: ck_assemble_rows_check, zero: ck_assemble_rows_args()) { arguments, bindings in
            arguments.sources = UnsafePointer(bindings.i32(sources))
            arguments.table = UnsafeRawPointer(bindings.raw(table))
            arguments.extra = UnsafePointer(bindings.f32(extra))
            arguments.y = bindings.f32(y)
            arguments.m = bindings[rows]
            arguments.d = Int64(d)
            arguments.y_stride = Int64(table.type.shape.count == 1 ? 1 : y.rowStride)
            arguments.extra_stride = Int64(extra?.rowStride ?? 0)
        }
    }
}

/// Rotates queries and keys by their positions and stores keys and values in the cache.
///
/// - Inputs: q [m, heads · d] (rotated in place), k, v [m, kvHeads · d], positions, cells [m] int32,
///   cosines, sines [positions, d/2], key cache, value cache [cells, kvHeads, d] in f32, f16, bf16 or i8; i8 has scales of keys and
///   of values behind, [cells, kvHeads] f32.
/// - Output: q, rotated.
package struct RotateAndStore: Operation {
    package let heads: Int
    package let keyValueHeads: Int
    package init(heads: Int, keyValueHeads: Int) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
    }
    package var name: String { "rotary + cache" }
    package var inPlaceInput: Int? { 0 }
    package var writesState: Bool { true }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count >= 9, "9 or 11 inputs", inputs)
        let d = try headWidth(inputs[0], heads: heads, inputs)
        try require(d % 2 == 0, "heads of even size", inputs)
        let rows = inputs[0].rows
        try require(
            inputs[1] == inputs[2] && inputs[1].shape == [rows, .fixed(d * keyValueHeads)], "k, v [m, \(d * keyValueHeads)]", inputs)
        try require(inputs[3] == ValueType(.i32, [rows]) && inputs[4] == inputs[3], "positions and cells [m] int32", inputs)
        try require(inputs[5] == inputs[6] && inputs[5].columns == .fixed(d / 2), "cosines and sines [positions, \(d / 2)]", inputs)
        try requireCaches(inputs[7], inputs[8], scales: inputs.dropFirst(9), keyValueHeads: keyValueHeads, width: d, inputs)
        return [inputs[0]]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent { .fixed(3) * (inputs[0].count + inputs[1].count) }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let o = node.inputs.map { lowering.operand($0) }
        let out = lowering.operand(node.outputs[0])
        guard out.slot == o[0].slot, out.byteOffset == o[0].byteOffset else {
            throw .notLowered(node: lowering.name(of: node), operation: name, reason: "the queries are needed unrotated elsewhere")
        }
        let m = o[0].type.rows, heads = Int64(heads), keyValueHeads = Int64(keyValueHeads)
        let d = Int64(o[0].type.columns.upperBound) / heads
        let variants: ck_variants, check: (UnsafePointer<ck_rope_append_args>?) -> ck_status
        switch o[7].elementType {
        case .f16: (variants, check) = (ck_rope_append_f16_variants(), ck_rope_append_f16_check)
        case .bf16: (variants, check) = (ck_rope_append_bf16_variants(), ck_rope_append_bf16_check)
        case .i8: (variants, check) = (ck_rope_append_i8_variants(), ck_rope_append_i8_check)
        default: (variants, check) = (ck_rope_append_f32_variants(), ck_rope_append_f32_check)
        }
        try lowering.call(variants, check: check, zero: ck_rope_append_args()) { arguments, bindings in
            arguments.q = bindings.f32(o[0])
            arguments.k = UnsafePointer(bindings.f32(o[1]))
            arguments.v = UnsafePointer(bindings.f32(o[2]))
            arguments.positions = UnsafePointer(bindings.i32(o[3]))
            arguments.cells = UnsafePointer(bindings.i32(o[4]))
            arguments.cosines = UnsafePointer(bindings.f32(o[5]))
            arguments.sines = UnsafePointer(bindings.f32(o[6]))
            arguments.k_cache = bindings.raw(o[7])
            arguments.v_cache = bindings.raw(o[8])
            arguments.k_scales = bindings.f32(o.count > 9 ? o[9] : nil)
            arguments.v_scales = bindings.f32(o.count > 9 ? o[10] : nil)
            arguments.m = bindings[m]
            arguments.heads = heads
            arguments.kv_heads = keyValueHeads
            arguments.d = d
            arguments.q_stride = Int64(o[0].rowStride)
            arguments.k_stride = Int64(o[1].rowStride)
            arguments.v_stride = Int64(o[2].rowStride)
            arguments.cell_stride = keyValueHeads * d
            arguments.head_stride = d
        }
    }
}

/// Attention of query rows over cache cells; see `ck_attention_args` for which cells a row sees.
///
/// - Inputs: q [m, heads · d], key cache, value cache [cells, kvHeads, d] in f32, f16, bf16 or i8, prefix counts [m], tail cells [m, limit],
///   tail counts [m], all int32; i8 has scales of keys and of values behind, [cells, kvHeads] f32.
package struct CellAttention: Operation {
    package let heads: Int
    package let keyValueHeads: Int
    package init(heads: Int, keyValueHeads: Int) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
    }
    package var name: String { "attention" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count >= 6, "6 or 8 inputs", inputs)
        let d = try headWidth(inputs[0], heads: heads, inputs)
        try requireCaches(inputs[1], inputs[2], scales: inputs.dropFirst(6), keyValueHeads: keyValueHeads, width: d, inputs)
        let counts = ValueType(.i32, [inputs[0].rows])
        try require(
            inputs[3] == counts && inputs[5] == counts && inputs[4].elementType == .i32 && inputs[4].shape.count == 2
                && inputs[4].shape[0] == inputs[0].rows, "counts [m] and tail cells [m, limit], all int32", inputs)
        return [inputs[0]]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent {
        .fixed(4) * outputs[0].count * inputs[0].rows
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let o = node.inputs.map { lowering.operand($0) }
        let y = lowering.operand(node.outputs[0])
        let m = o[0].type.rows, heads = Int64(heads), keyValueHeads = Int64(keyValueHeads)
        let d = Int64(o[0].type.columns.upperBound) / heads
        let variants: ck_variants, check: (UnsafePointer<ck_attention_args>?) -> ck_status
        let scratch: (UnsafePointer<ck_attention_args>?, Int32) -> Int
        switch o[1].elementType {
        case .f16:
            (variants, check) = (ck_attention_f16_cells_variants(), ck_attention_f16_cells_check)
            scratch = ck_attention_f16_cells_scratch_bytes
        case .bf16:
            (variants, check) = (ck_attention_bf16_cells_variants(), ck_attention_bf16_cells_check)
            scratch = ck_attention_bf16_cells_scratch_bytes
        case .i8:
            (variants, check) = (ck_attention_i8_cells_variants(), ck_attention_i8_cells_check)
            scratch = ck_attention_i8_cells_scratch_bytes
        default:
            (variants, check) = (ck_attention_f32_cells_variants(), ck_attention_f32_cells_check)
            scratch = ck_attention_f32_cells_scratch_bytes
        }
        try lowering.call(variants, check: check, scratch: scratch, zero: ck_attention_args()) { arguments, bindings in
            arguments.q = UnsafePointer(bindings.f32(o[0]))
            arguments.k_cache = UnsafeRawPointer(bindings.raw(o[1]))
            arguments.v_cache = UnsafeRawPointer(bindings.raw(o[2]))
            arguments.k_scales = UnsafePointer(bindings.f32(o.count > 6 ? o[6] : nil))
            arguments.v_scales = UnsafePointer(bindings.f32(o.count > 6 ? o[7] : nil))
            arguments.y = bindings.f32(y)
            arguments.prefix_counts = UnsafePointer(bindings.i32(o[3]))
            arguments.tail_cells = UnsafePointer(bindings.i32(o[4]))
            arguments.tail_counts = UnsafePointer(bindings.i32(o[5]))
            arguments.scratch = bindings.scratch
            arguments.m = bindings[m]
            arguments.heads = heads
            arguments.kv_heads = keyValueHeads
            arguments.d = d
            arguments.q_stride = Int64(o[0].rowStride)
            arguments.y_stride = Int64(y.rowStride)
            arguments.tail_stride = Int64(o[4].rowStride)
            arguments.cell_stride = keyValueHeads * d
            arguments.head_stride = d
        }
    }
}

/// Width of one of `heads` heads of queries [m, heads · d].
private func headWidth(_ queries: ValueType, heads: Int, _ inputs: [ValueType]) throws(ShapeMismatch) -> Int {
    guard queries.shape.count == 2, let width = queries.columns.fixedValue, heads > 0, width % heads == 0 else {
        throw ShapeMismatch(expected: "queries [m, a multiple of \(heads) heads]", found: inputs)
    }
    return width / heads
}

private func requireCaches(
    _ keys: ValueType, _ values: ValueType, scales: ArraySlice<ValueType>, keyValueHeads: Int, width: Int, _ inputs: [ValueType]
) throws(ShapeMismatch) {
    try require(
        keys == values && [.f32, .f16, .bf16, .i8].contains(keys.elementType) && keys.shape.count == 3 && keys.shape.dropFirst() == [.fixed(keyValueHeads), .fixed(width)],
        "caches [cells, \(keyValueHeads), \(width)] in f32, f16, bf16 or i8", inputs)
    let scale = ValueType(.f32, Array(keys.shape.prefix(2)))
    try require(
        Array(scales) == (keys.elementType == .i8 ? [scale, scale] : []),
        "scales [cells, \(keyValueHeads)] of keys and of values for i8, and only there", inputs)
}
