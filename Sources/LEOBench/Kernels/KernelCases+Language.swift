internal import CLEOKernels

extension KernelCase {
    /// LLaMA-7B beside its matrices: 32 heads of 128, a prompt of 192 tokens.
    static var language: [KernelCase] {
        CacheElement.allCases.flatMap { type in
            [
                attention(type, m: 192, visible: 192, name: "prefill,192"), attention(type, m: 1, visible: 256, name: "decode,1x256"),
                attention(type, m: 5, visible: 256, name: "decode,5x256"),
            ]
        } + [
            KernelCase(
                "rms_norm/f32", "192x4096", { ck_rms_norm_f32_variants() }, Work(operations: 4 * 192 * 4096, bytes: 2 * 192 * 4096 * 4), tolerance: 1e-5
            ) { memory throws(BenchError) in try norm(memory, rows: 192, columns: 4096, layer: false) },
            KernelCase(
                "silu_mul/f32", "192x11008", { ck_silu_mul_f32_variants() }, Work(operations: 4 * 192 * 11008, bytes: 3 * 192 * 11008 * 4), tolerance: 1e-5
            ) { memory throws(BenchError) in
                var a = ck_silu_mul_args()
                let (m, n) = (192, 11008)
                (a.gate, a.up) = (UnsafePointer(try memory.floats(m * n, scale: 4)), UnsafePointer(try memory.floats(m * n)))
                a.y = try memory.zeros(Float.self, m * n)
                (a.m, a.n, a.gate_stride, a.up_stride, a.y_stride) = (Int64(m), Int64(n), Int64(n), Int64(n), Int64(n))
                return try memory.finish(a, ck_silu_mul_check, output: .floats(a.y, m * n))
            },
            KernelCase(
                "rope_append/f32", "192x32x128", { ck_rope_append_f32_variants() }, Work(operations: 12 * 192 * 32 * 64, bytes: 6 * 192 * 4096 * 4),
                tolerance: 1e-5
            ) { memory throws(BenchError) in
                var a = ck_rope_append_args()
                let (m, heads, d) = (192, 32, 128)
                let width = heads * d
                a.q = try memory.floats(m * width)
                (a.k, a.v) = (UnsafePointer(try memory.floats(m * width)), UnsafePointer(try memory.floats(m * width)))
                let cells = try memory.zeros(Int32.self, m)
                for index in 0..<m { cells[index] = Int32(index) }
                (a.positions, a.cells) = (UnsafePointer(cells), UnsafePointer(cells))
                // No rotation: a query that is rotated in place, time after time, keeps its size.
                let cosines = try memory.zeros(Float.self, m * d / 2)
                for index in 0..<m * d / 2 { cosines[index] = 1 }
                (a.cosines, a.sines) = (UnsafePointer(cosines), UnsafePointer(try memory.zeros(Float.self, m * d / 2)))
                let keys = try memory.zeros(Float.self, m * width)
                (a.k_cache, a.v_cache) = (UnsafeMutableRawPointer(keys), UnsafeMutableRawPointer(try memory.zeros(Float.self, m * width)))
                (a.cell_stride, a.head_stride) = (Int64(d), Int64(m * d))
                (a.m, a.heads, a.kv_heads, a.d) = (Int64(m), Int64(heads), Int64(heads), Int64(d))
                (a.q_stride, a.k_stride, a.v_stride) = (Int64(width), Int64(width), Int64(width))
                return try memory.finish(a, ck_rope_append_f32_check, output: .floats(keys, m * width))
            },
            KernelCase(
                "log_softmax/f32", "5x32001", { ck_log_softmax_f32_variants() }, Work(operations: 4 * 5 * 32001, bytes: 2 * 5 * 32001 * 4), tolerance: 1e-5
            ) { memory throws(BenchError) in
                var a = ck_log_softmax_args()
                let (m, n) = (5, 32001)
                a.x = UnsafePointer(try memory.floats(m * n, scale: 8))
                a.y = try memory.zeros(Float.self, m * n)
                (a.m, a.n, a.x_stride, a.y_stride) = (Int64(m), Int64(n), Int64(n), Int64(n))
                return try memory.finish(a, ck_log_softmax_check, output: .floats(a.y, m * n))
            },
        ]
    }

    /// How keys and values are held: as the plan does with weights in f32, with others, and in 8 bits if asked to.
    private enum CacheElement: String, CaseIterable {
        case f32, f16, i8

        var byteCount: Int {
            switch self {
            case .f32: 4
            case .f16: 2
            case .i8: 1
            }
        }

        var variants: ck_variants {
            switch self {
            case .f32: ck_attention_f32_cells_variants()
            case .f16: ck_attention_f16_cells_variants()
            case .i8: ck_attention_i8_cells_variants()
            }
        }

        var check: (UnsafePointer<ck_attention_args>?) -> ck_status {
            switch self {
            case .f32: ck_attention_f32_cells_check
            case .f16: ck_attention_f16_cells_check
            case .i8: ck_attention_i8_cells_check
            }
        }

        func scratchBytes(_ a: UnsafePointer<ck_attention_args>?, _ parts: Int32) -> Int {
            switch self {
            case .f32: ck_attention_f32_cells_scratch_bytes(a, parts)
            case .f16: ck_attention_f16_cells_scratch_bytes(a, parts)
            case .i8: ck_attention_i8_cells_scratch_bytes(a, parts)
            }
        }

        /// Random numbers of at most 1, and the scales of `count / d` heads where the type has them.
        func cache(_ memory: KernelMemory, _ count: Int, d: Int) throws(BenchError) -> (elements: UnsafeRawPointer, scales: UnsafePointer<Float>?) {
            let values = try memory.floats(count)
            switch self {
            case .f32: return (UnsafeRawPointer(values), nil)
            case .f16:
                let halves = try memory.zeros(UInt16.self, count)
                ck_f16_from_f32(values, halves, Int64(count))
                memory.release(values)
                return (UnsafeRawPointer(halves), nil)
            case .i8:
                let bytes = try memory.zeros(Int8.self, count), scales = try memory.zeros(Float.self, count / d)
                for index in 0..<count { bytes[index] = Int8(max(-127, min(127, values[index] * 127))) }
                for index in 0..<count / d { scales[index] = 1.0 / 127 }
                memory.release(values)
                return (UnsafeRawPointer(bytes), UnsafePointer(scales))
            }
        }
    }

    /// - Parameter visible: cells the last row sees; the rows before see one less each in a prefill, as many in a step
    private static func attention(_ type: CacheElement, m: Int, visible: Int, name: String) -> KernelCase {
        let (heads, d) = (32, 128)
        let isPrefill = m == visible
        let seen = isPrefill ? m * (m + 1) / 2 : m * visible
        return KernelCase(
            "attention/\(type.rawValue)_cells", name, { type.variants },
            Work(operations: 4 * Double(heads * d) * Double(seen), bytes: Double((2 * m * 4 + 2 * visible * type.byteCount) * heads * d)),
            tolerance: 1e-4
        ) { memory throws(BenchError) in
            var a = ck_attention_args()
            let width = heads * d
            a.q = UnsafePointer(try memory.floats(m * width))
            (a.k_cache, a.k_scales) = try type.cache(memory, visible * width, d: d)
            (a.v_cache, a.v_scales) = try type.cache(memory, visible * width, d: d)
            (a.cell_stride, a.head_stride) = (Int64(d), Int64(visible * d))
            a.y = try memory.zeros(Float.self, m * width)
            let counts = try memory.zeros(Int32.self, m)
            for row in 0..<m { counts[row] = Int32(isPrefill ? row + 1 : visible) }
            a.prefix_counts = UnsafePointer(counts)
            (a.m, a.heads, a.kv_heads, a.d) = (Int64(m), Int64(heads), Int64(heads), Int64(d))
            (a.q_stride, a.y_stride) = (Int64(width), Int64(width))
            a.scratch = try memory.scratch(type.scratchBytes(&a, Int32(memory.parts)))
            return try memory.finish(a, type.check, output: .floats(a.y, m * width))
        }
    }

    static func norm(_ memory: KernelMemory, rows: Int, columns: Int, layer: Bool) throws(BenchError) -> PreparedKernel {
        var a = ck_norm_args()
        a.x = UnsafePointer(try memory.floats(rows * columns))
        a.weight = UnsafePointer(try memory.floats(columns))
        if layer { a.bias = UnsafePointer(try memory.floats(columns)) }
        a.y = try memory.zeros(Float.self, rows * columns)
        (a.rows, a.columns, a.x_stride, a.y_stride) = (Int64(rows), Int64(columns), Int64(columns), Int64(columns))
        a.eps = 1e-6
        return try memory.finish(a, ck_norm_check, output: .floats(a.y, rows * columns))
    }
}
