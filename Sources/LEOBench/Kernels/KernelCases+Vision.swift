internal import CLEOKernels

extension KernelCase {
    /// ConvNeXt-Base at 224 x 224, and the spatial transformer of 60 objects and the agent.
    static var vision: [KernelCase] {
        [
            depthwise(size: 56, channels: 128), depthwise(size: 14, channels: 512),
            KernelCase(
                "layer_norm/f32", "3136x128", { ck_layer_norm_f32_variants() }, Work(operations: 8 * 3136 * 128, bytes: 2 * 3136 * 128 * 4), tolerance: 1e-5
            ) { memory throws(BenchError) in try norm(memory, rows: 3136, columns: 128, layer: true) },
            KernelCase(
                "patchify/f32", "3x224x224/4", { ck_patchify_f32_variants() }, Work(operations: 0, bytes: 2 * 3 * 224 * 224 * 4)
            ) { memory throws(BenchError) in
                var a = ck_patchify_args()
                a.x = UnsafePointer(try memory.floats(3 * 224 * 224))
                a.y = try memory.zeros(Float.self, 3 * 224 * 224)
                (a.batch, a.height, a.width, a.channels, a.patch, a.channels_first) = (1, 224, 224, 3, 4, 1)
                return try memory.finish(a, ck_patchify_check, output: .floats(a.y, 3 * 224 * 224))
            },
            spatialAttention(CK_FUSION_COND, name: "cond"), spatialAttention(CK_FUSION_NONE, name: "none"),
            KernelCase(
                "pairwise/f32", "61,center", { ck_pairwise_f32_variants() }, Work(operations: 20 * 61 * 61, bytes: (61 * 6 + 61 * 61 * 5) * 4), tolerance: 1e-5
            ) { memory throws(BenchError) in
                var a = ck_pairwise_args()
                a.locations = UnsafePointer(try memory.floats(61 * 6, scale: 4))
                a.y = try memory.zeros(Float.self, 61 * 61 * 5)
                (a.n, a.stride, a.dims, a.normalise, a.eps) = (61, 6, 5, 1, 1e-10)
                return try memory.finish(a, ck_pairwise_check, output: .floats(a.y, 61 * 61 * 5))
            },
        ]
    }

    private static func depthwise(size: Int, channels: Int) -> KernelCase {
        let count = size * size * channels
        return KernelCase(
            "depthwise_conv/f32_nhwc", "\(size)x\(size)x\(channels),7x7", { ck_depthwise_conv_f32_nhwc_variants() },
            Work(operations: 2 * 49 * Double(count), bytes: Double(2 * count + 50 * channels) * 4), tolerance: 1e-4
        ) { memory throws(BenchError) in
            var a = ck_depthwise_conv_args()
            a.x = UnsafePointer(try memory.floats(count))
            a.weight = UnsafePointer(try memory.floats(49 * channels, scale: 0.1))
            a.bias = UnsafePointer(try memory.floats(channels))
            a.y = try memory.zeros(Float.self, count)
            (a.batch, a.height, a.width, a.channels, a.kernel) = (1, Int64(size), Int64(size), Int64(channels), 7)
            return try memory.finish(a, ck_depthwise_conv_check, output: .floats(a.y, count))
        }
    }

    private static func spatialAttention(_ fusion: ck_fusion, name: String) -> KernelCase {
        let (n, heads, d, dims) = (61, 8, 32, 5)
        let width = heads * d, isConditional = fusion == CK_FUSION_COND
        // Scores and values; with a location term, its dimensions and a logarithm for each pair and head.
        let operations = 4 * n * n * width + (isConditional ? n * n * heads * (2 * dims + 4) : 0)
        let numbers = 4 * n * width + (isConditional ? n * n * dims + n * heads * (dims + 1) : 0)
        return KernelCase(
            "spatial_attention/f32", "\(n)x\(heads)x\(d),\(name)", { ck_spatial_attention_f32_variants() },
            Work(operations: Double(operations), bytes: Double(4 * numbers)), tolerance: 1e-4
        ) { memory throws(BenchError) in
            var a = ck_spatial_attention_args()
            a.q = UnsafePointer(try memory.floats(n * width))
            a.k = UnsafePointer(try memory.floats(n * width))
            a.v = UnsafePointer(try memory.floats(n * width))
            if isConditional {
                a.locations = UnsafePointer(try memory.floats(n * n * dims))
                a.condition = UnsafePointer(try memory.floats(n * heads * (dims + 1)))
            }
            a.y = try memory.zeros(Float.self, n * width)
            (a.n, a.heads, a.d, a.dims, a.location_heads) = (Int64(n), Int64(heads), Int64(d), Int64(dims), Int64(heads))
            (a.q_stride, a.k_stride, a.v_stride, a.y_stride) = (Int64(width), Int64(width), Int64(width), Int64(width))
            a.condition_stride = Int64(heads * (dims + 1))
            a.fusion = Int32(fusion.rawValue)
            a.scratch = try memory.scratch(ck_spatial_attention_f32_scratch_bytes(&a, Int32(memory.parts)))
            return try memory.finish(a, ck_spatial_attention_f32_check, output: .floats(a.y, n * width))
        }
    }
}
