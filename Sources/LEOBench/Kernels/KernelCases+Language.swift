internal import CLEOKernels

extension KernelCase {
    /// LLaMA-7B beside its matrices: 32 heads of 128, a prompt of 192 tokens.
    static var language: [KernelCase] {
        [
            attention(m: 192, visible: 192, name: "prefill,192"), attention(m: 1, visible: 256, name: "decode,1x256"),
            attention(m: 5, visible: 256, name: "decode,5x256"), attention(m: 192, visible: 192, name: "prefill,192", half: true),
            attention(m: 1, visible: 256, name: "decode,1x256", half: true), attention(m: 5, visible: 256, name: "decode,5x256", half: true),
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

    /// - Parameter visible: cells the last row sees; the rows before see one less each in a prefill, as many in a step
    /// - Parameter half: keys and values in f16
    private static func attention(m: Int, visible: Int, name: String, half: Bool = false) -> KernelCase {
        let (heads, d) = (32, 128)
        let isPrefill = m == visible
        let seen = isPrefill ? m * (m + 1) / 2 : m * visible
        return KernelCase(
            half ? "attention/f16_cells" : "attention/f32_cells", name,
            { half ? ck_attention_f16_cells_variants() : ck_attention_f32_cells_variants() },
            Work(operations: 4 * Double(heads * d) * Double(seen), bytes: Double((2 * m * 4 + 2 * visible * (half ? 2 : 4)) * heads * d)),
            tolerance: 1e-4
        ) { memory throws(BenchError) in
            var a = ck_attention_args()
            let width = heads * d
            a.q = UnsafePointer(try memory.floats(m * width))
            func cache() throws(BenchError) -> UnsafeRawPointer {
                let values = try memory.floats(visible * width)
                guard half else { return UnsafeRawPointer(values) }
                let halves = try memory.zeros(UInt16.self, visible * width)
                ck_f16_from_f32(values, halves, Int64(visible * width))
                memory.release(values)
                return UnsafeRawPointer(halves)
            }
            (a.k_cache, a.v_cache) = (try cache(), try cache())
            (a.cell_stride, a.head_stride) = (Int64(d), Int64(visible * d))
            a.y = try memory.zeros(Float.self, m * width)
            let counts = try memory.zeros(Int32.self, m)
            for row in 0..<m { counts[row] = Int32(isPrefill ? row + 1 : visible) }
            a.prefix_counts = UnsafePointer(counts)
            (a.m, a.heads, a.kv_heads, a.d) = (Int64(m), Int64(heads), Int64(heads), Int64(d))
            (a.q_stride, a.y_stride) = (Int64(width), Int64(width))
            let parts = Int32(memory.parts)
            a.scratch = try memory.scratch(half ? ck_attention_f16_cells_scratch_bytes(&a, parts) : ck_attention_f32_cells_scratch_bytes(&a, parts))
            return try memory.finish(a, half ? ck_attention_f16_cells_check : ck_attention_f32_cells_check, output: .floats(a.y, m * width))
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
