internal import CLEOKernels

/// Copies rows of a table, or of extra rows where a source is negative.
///
/// - Inputs: sources [m] int32, table [n, d], then extra [r, d] if `hasExtra`; source s < 0 takes extra row -(s + 1).
package struct AssembleRows: Operation {
    package let hasExtra: Bool
    package init(hasExtra: Bool) { self.hasExtra = hasExtra }
    package var name: String { hasExtra ? "assemble rows" : "gather rows" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == (hasExtra ? 3 : 2) && inputs[0].elementType == .i32 && inputs[0].shape.count == 1, "sources [m] int32 and a table", inputs)
        try require(inputs[1].shape.count == 2, "a table [n, d]", inputs)
        if hasExtra { try require(inputs[2].columns == inputs[1].columns, "extra [r, d]", inputs) }
        return [ValueType(.f32, [inputs[0].shape[0], inputs[1].columns])]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let sources = lowering.operand(node.inputs[0]), table = lowering.operand(node.inputs[1])
        let extra = hasExtra ? lowering.operand(node.inputs[2]) : nil, y = lowering.operand(node.outputs[0])
        let variants: ck_variants
        switch table.elementType {
        case .f32: variants = ck_assemble_rows_f32_variants()
        case .f16: variants = ck_assemble_rows_f16_variants()
        case .bf16: variants = ck_assemble_rows_bf16_variants()
        default:
            throw .constant(name: lowering.graph[node.inputs[1]].name, expected: "f32, f16 or bf16", found: table.elementType.rawValue)
        }
        let rows = sources.type.count, d = Int64(table.type.columns.upperBound)
        try lowering.call(variants, check: ck_assemble_rows_check, zero: ck_assemble_rows_args()) { arguments, bindings in
            arguments.sources = UnsafePointer(bindings.i32(sources))
            arguments.table = UnsafeRawPointer(bindings.raw(table))
            arguments.extra = UnsafePointer(bindings.f32(extra))
            arguments.y = bindings.f32(y)
            arguments.m = bindings[rows]
            arguments.d = d
            arguments.y_stride = Int64(y.rowStride)
            arguments.extra_stride = Int64(extra?.rowStride ?? 0)
        }
    }
}

/// Rotates queries and keys by their positions and stores keys and values in the cache.
///
/// - Inputs: q [m, heads · d] (rotated in place), k, v [m, kvHeads · d], positions, cells [m] int32,
///   cosines, sines [positions, d/2], key cache, value cache [cells, kvHeads, d].
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
        try require(inputs.count == 9, "9 inputs", inputs)
        guard let width = inputs[0].columns.fixedValue, width % heads == 0, (width / heads) % 2 == 0 else {
            throw ShapeMismatch(expected: "a width divisible by \(heads) heads of even size", found: inputs)
        }
        let d = width / heads
        try require(inputs[1] == inputs[2] && inputs[1].columns == .fixed(d * keyValueHeads), "k, v [m, \(d * keyValueHeads)]", inputs)
        try require(inputs[5].columns == .fixed(d / 2) && inputs[7].shape.dropFirst() == [.fixed(keyValueHeads), .fixed(d)], "tables and caches for heads of \(d)", inputs)
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
        try lowering.call(ck_rope_append_f32_variants(), check: ck_rope_append_check, zero: ck_rope_append_args()) { arguments, bindings in
            arguments.q = bindings.f32(o[0])
            arguments.k = UnsafePointer(bindings.f32(o[1]))
            arguments.v = UnsafePointer(bindings.f32(o[2]))
            arguments.positions = UnsafePointer(bindings.i32(o[3]))
            arguments.cells = UnsafePointer(bindings.i32(o[4]))
            arguments.cosines = UnsafePointer(bindings.f32(o[5]))
            arguments.sines = UnsafePointer(bindings.f32(o[6]))
            arguments.k_cache = bindings.f32(o[7])
            arguments.v_cache = bindings.f32(o[8])
            arguments.m = bindings[m]
            arguments.heads = heads
            arguments.kv_heads = keyValueHeads
            arguments.d = d
            arguments.q_stride = Int64(o[0].rowStride)
            arguments.k_stride = Int64(o[1].rowStride)
            arguments.v_stride = Int64(o[2].rowStride)
        }
    }
}

/// Attention of query rows over cache cells; see `ck_attention_args` for which cells a row sees.
///
/// - Inputs: q [m, heads · d], key cache, value cache [cells, kvHeads, d], prefix counts [m], tail cells [m, limit],
///   tail counts [m], all int32.
package struct CellAttention: Operation {
    package let heads: Int
    package let keyValueHeads: Int
    package init(heads: Int, keyValueHeads: Int) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
    }
    package var name: String { "attention" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 6 && inputs[3].count == inputs[0].rows && inputs[4].shape.count == 2, "q, caches and the cells each row sees", inputs)
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
        try lowering.call(
            ck_attention_f32_cells_variants(), check: ck_attention_f32_cells_check,
            scratch: ck_attention_f32_cells_scratch_bytes, zero: ck_attention_args()
        ) { arguments, bindings in
            arguments.q = UnsafePointer(bindings.f32(o[0]))
            arguments.k_cache = UnsafePointer(bindings.f32(o[1]))
            arguments.v_cache = UnsafePointer(bindings.f32(o[2]))
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
        }
    }
}
