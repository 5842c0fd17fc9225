internal import CLEOKernels

extension KernelCase {
    /// LLaMA-7B's projections for a prompt, a token and five beams; ConvNeXt's for a picture.
    static var linear: [KernelCase] {
        var cases: [KernelCase] = []
        for type in Weights.allCases where type.isComputed {
            for rows in [192, 5, 1] { cases.append(product(type, m: rows, n: 4096, k: 4096)) }
        }
        cases += [
            product(.f32, m: 3136, n: 512, k: 128, activation: CK_ACT_GELU), product(.f32, m: 196, n: 2048, k: 512, activation: CK_ACT_GELU),
        ]
        for bits in [8, 4] {
            for rows in [192, 5, 1] { cases.append(integerProduct(bits: bits, m: rows, n: 4096, k: 4096)) }
            cases += [
                integerProduct(bits: bits, m: 192, n: 11008, k: 4096), integerProduct(bits: bits, m: 192, n: 4096, k: 11008),
                integerProduct(bits: bits, m: 192, n: 4096, k: 4096, rank: 16), integerProduct(bits: bits, m: 1, n: 4096, k: 4096, rank: 16),
            ]
        }
        return cases
    }

    private enum Weights: String, CaseIterable {
        case f32, f16, bf16
        /// bfloat16 weights, and rows rounded to it.
        case bf16Rows

        var name: String { self == .bf16Rows ? "bf16_bf16" : "f32_" + rawValue }
        var bytes: Double { self == .f32 ? 4 : 2 }
        var element: Roofline.Element { self == .bf16Rows ? .bf16 : .f32 }

        /// Whether this CPU has more than the reference; else nothing takes this product.
        var isComputed: Bool { self != .bf16Rows || ck_select(variants()).pointee.isa != CK_ISA_REF }

        var variants: @Sendable () -> ck_variants {
            switch self {
            case .f32: { ck_linear_f32_f32_nk16_variants() }
            case .f16: { ck_linear_f32_f16_nk16_variants() }
            case .bf16: { ck_linear_f32_bf16_nk16_variants() }
            case .bf16Rows: { ck_linear_bf16_bf16_nk16_variants() }
            }
        }
    }

    /// Where activations are float32, that is the arithmetic, whatever the weights are stored as.
    private static func product(_ type: Weights, m: Int, n: Int, k: Int, rank: Int = 0, activation: ck_activation = CK_ACT_NONE) -> KernelCase {
        let operations = 2 * Double(m) * Double(n) * Double(k + rank)
        let bytes = Double(n * k) * type.bytes + Double(n * rank + m * (k + n + rank)) * 4
        let extra = (rank > 0 ? ",lora=\(rank)" : "") + (activation == CK_ACT_GELU ? ",gelu" : "")
        return KernelCase(
            "linear/\(type.name)_nk16", "\(m)x\(n)x\(k)\(extra)", type.variants,
            Work(operations: operations, bytes: bytes, element: type.element), tolerance: 1e-4
        ) { memory throws(BenchError) in
            var a = ck_linear_args()
            let source = try memory.floats(n * k, scale: 0.1)
            let rows = Int64(n), columns = Int64(k), panels = (n + 15) / 16 * 16
            let status: ck_status
            switch type {
            case .f32:
                let packed = try memory.zeros(Float.self, panels * k)
                status = ck_pack_nk16_f32(source, rows, columns, packed)
                a.weight = UnsafeRawPointer(packed)
            case .f16, .bf16, .bf16Rows:
                let packed = try memory.zeros(UInt16.self, panels * k)
                status = type == .f16 ? ck_pack_nk16_f16(source, rows, columns, packed) : ck_pack_nk16_bf16(source, rows, columns, packed)
                a.weight = UnsafeRawPointer(packed)
            }
            guard status == CK_OK else { throw .refused(kernel: "ck_pack_nk16_\(type == .bf16Rows ? "bf16" : type.rawValue)") }
            memory.release(source)
            a.x = UnsafePointer(try memory.floats(m * k))
            a.y = try memory.zeros(Float.self, m * n)
            (a.m, a.n, a.k, a.x_stride, a.y_stride) = (Int64(m), rows, columns, columns, rows)
            a.activation = Int32(activation.rawValue)
            if rank > 0 {
                a.lora_x = UnsafePointer(try memory.floats(m * rank))
                a.lora_b = UnsafePointer(try memory.floats(panels * rank, scale: 0.1))
                (a.rank, a.lora_x_stride, a.lora_scale) = (Int64(rank), Int64(rank), 1)
            }
            return try memory.finish(a, ck_linear_check, output: .floats(a.y, m * n))
        }
    }

    /// Rows and weights in integers: 8-bit rows, weights of 8 or 4 bits.
    private static func integerProduct(bits: Int, m: Int, n: Int, k: Int, rank: Int = 0) -> KernelCase {
        let operations = 2 * Double(m) * Double(n) * Double(k + rank)
        let bytes = Double(n * k) * (Double(bits) / 8 + 4.0 / 128) + Double(n * rank + m * (n + rank)) * 4 + Double(m * k)
        return KernelCase(
            bits == 8 ? "linear/q8_i8g128_n64" : "linear/q8_i4g32_n64", "\(m)x\(n)x\(k)\(rank > 0 ? ",lora=\(rank)" : "")",
            { bits == 8 ? ck_linear_q8_i8g128_n64_variants() : ck_linear_q8_i4g32_n64_variants() },
            Work(operations: operations, bytes: bytes, element: bits == 8 ? .i8 : .i4)
        ) { memory throws(BenchError) in
            var a = ck_linear_q8_args()
            let rows = Int64(n), columns = Int64(k)
            let source = try memory.floats(n * k, scale: 0.1)
            let packed = try memory.zeros(UInt8.self, Int(bits == 8 ? ck_n64_i8g128_bytes(rows, columns) : ck_n64_i4g32_bytes(rows, columns)))
            let words = try memory.zeros(UInt32.self, Int(ck_n64_scale_bytes(rows, columns)) / 4)
            let status =
                bits == 8
                ? words.withMemoryRebound(to: Float.self, capacity: 1) { ck_pack_n64_i8g128(source, rows, columns, packed, $0) }
                : ck_pack_n64_i4g32(source, rows, columns, packed, words)
            guard status == CK_OK else { throw .refused(kernel: "ck_pack_n64") }
            memory.release(source)
            (a.weight, a.weight_scale) = (UnsafeRawPointer(packed), UnsafeRawPointer(words))
            let quantised = try memory.zeros(UInt8.self, m * Int(ck_q8_row_bytes(columns)))
            var q = ck_q8_rows_args()
            (q.x, q.y) = (UnsafePointer(try memory.floats(m * k)), quantised)
            (q.m, q.k, q.x_stride) = (Int64(m), columns, columns)
            guard ck_q8_quantize_check(&q) == CK_OK else { throw .refused(kernel: "ck_q8_quantize_f32") }
            ck_select(ck_q8_quantize_f32_variants()).pointee.run(&q, 0, 1)
            a.x = UnsafePointer(quantised)
            a.y = try memory.zeros(Float.self, m * n)
            (a.m, a.n, a.k, a.y_stride) = (Int64(m), rows, columns, rows)
            if rank > 0 {
                a.lora_x = UnsafePointer(try memory.floats(m * rank))
                a.lora_x_stride = Int64(rank)
                a.lora.b = UnsafePointer(try memory.floats((n + 15) / 16 * 16 * rank, scale: 0.1))
                (a.lora.rank, a.lora.scale) = (Int64(rank), 1)
            }
            return try memory.finish(a, ck_linear_q8_check, parts: ck_linear_q8_parts, output: .floats(a.y, m * n))
        }
    }
}
