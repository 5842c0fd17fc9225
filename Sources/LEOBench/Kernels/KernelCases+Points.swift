internal import CLEOKernels

extension KernelCase {
    /// Sampling, neighbours and PointNet++ stages: 60 objects of 1024 points, and scans of a whole room.
    static var points: [KernelCase] {
        [
            sampling(batch: 60, count: 1024, samples: 32), sampling(batch: 1, count: 20_000, samples: 1024),
            sampling(batch: 1, count: 200_000, samples: 4096),
            ballQuery(batch: 60, count: 1024, centres: 32, radius: 0.2, limit: 32),
            gathering(batch: 60, count: 1024, samples: 32),
            // The three layers of LEO's PointNet++.
            setAbstraction(batch: 60, count: 1024, centres: 32, limit: 32, widths: [6, 64, 64, 128]),
            setAbstraction(batch: 60, count: 32, centres: 16, limit: 32, widths: [131, 128, 128, 256]),
            setAbstraction(batch: 60, count: 16, centres: nil, limit: 16, widths: [259, 256, 512, 768]),
        ]
    }

    private static func sampling(batch: Int, count: Int, samples: Int) -> KernelCase {
        // A distance is three differences, three products, two sums; then a minimum and a comparison.
        let operations = 10.0 * Double(batch) * Double(count) * Double(samples)
        return KernelCase(
            "fps/f32_pc", "\(batch)x\(count)->\(samples)", { ck_fps_f32_pc_variants() },
            Work(operations: operations, bytes: Double(batch * (count * 12 + samples * 4)))
        ) { memory throws(BenchError) in
            var a = ck_fps_args()
            a.points = UnsafePointer(try memory.floats(batch * count * 3))
            a.indices = try memory.zeros(Int32.self, batch * samples)
            (a.batch, a.n_points, a.point_stride, a.n_samples) = (Int64(batch), Int64(count), 3, Int64(samples))
            a.scratch = try memory.scratch(ck_fps_f32_pc_scratch_bytes(&a, Int32(memory.parts)))
            return try memory.finish(a, ck_fps_f32_pc_check, output: .integers(a.indices, batch * samples))
        }
    }

    private static func ballQuery(batch: Int, count: Int, centres: Int, radius: Float, limit: Int) -> KernelCase {
        KernelCase(
            "ball_query/f32", "\(batch)x\(count),m=\(centres),r=\(radius),k=\(limit)", { ck_ball_query_f32_variants() },
            Work(operations: 9.0 * Double(batch * count * centres), bytes: Double(batch * (count * 12 + centres * (12 + limit * 4))))
        ) { memory throws(BenchError) in
            var a = ck_ball_query_args()
            let points = try memory.floats(batch * count * 3)
            let middles = try memory.zeros(Float.self, batch * centres * 3)
            for item in 0..<batch {
                for index in 0..<centres * 3 { middles[item * centres * 3 + index] = points[item * count * 3 + index] }
            }
            (a.points, a.centres) = (UnsafePointer(points), UnsafePointer(middles))
            a.indices = try memory.zeros(Int32.self, batch * centres * limit)
            (a.batch, a.n_points, a.point_stride) = (Int64(batch), Int64(count), 3)
            (a.n_centres, a.limit, a.radius) = (Int64(centres), Int64(limit), radius)
            return try memory.finish(a, ck_ball_query_f32_check, output: .integers(a.indices, batch * centres * limit))
        }
    }

    private static func gathering(batch: Int, count: Int, samples: Int) -> KernelCase {
        KernelCase(
            "gather_points/f32", "\(batch)x\(count)->\(samples)", { ck_gather_points_f32_variants() },
            Work(operations: 0, bytes: Double(batch * samples * (4 + 2 * 12)))
        ) { memory throws(BenchError) in
            var a = ck_gather_points_args()
            a.points = UnsafePointer(try memory.floats(batch * count * 6))
            a.indices = UnsafePointer(try memory.integers(batch * samples, below: count))
            a.out = try memory.zeros(Float.self, batch * samples * 3)
            (a.batch, a.n_points, a.point_stride) = (Int64(batch), Int64(count), 6)
            (a.n_samples, a.columns) = (Int64(samples), 3)
            return try memory.finish(a, ck_gather_points_f32_check, output: .floats(a.out, batch * samples * 3))
        }
    }

    /// - Parameter centres: nil groups all points, as the last layer does
    private static func setAbstraction(batch: Int, count: Int, centres: Int?, limit: Int, widths: [Int]) -> KernelCase {
        let middles = centres ?? 1, rows = batch * middles * limit, features = widths[0] - 3, last = widths[widths.count - 1]
        let products = zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
        let bytes = batch * count * widths[0] * 4 + batch * middles * (limit * 4 + 12 + last * 4) + products * 4
        let chain = widths.dropFirst().map(String.init).joined(separator: ",")
        return KernelCase(
            "set_abstraction/f32", "\(batch)x\(count)," + (centres.map { "m=\($0)," } ?? "all,") + "k=\(limit),[\(chain)]",
            { ck_set_abstraction_f32_variants() }, Work(operations: 2 * Double(rows) * Double(products), bytes: Double(bytes)), tolerance: 1e-4
        ) { memory throws(BenchError) in
            var a = ck_set_abstraction_args()
            a.group.xyz = UnsafePointer(try memory.floats(batch * count * 3))
            a.group.features = UnsafePointer(try memory.floats(batch * count * features))
            if centres != nil {
                a.group.centres = UnsafePointer(try memory.floats(batch * middles * 3))
                a.group.indices = UnsafePointer(try memory.integers(batch * middles * limit, below: count))
            }
            (a.group.batch, a.group.n_points, a.group.xyz_stride) = (Int64(batch), Int64(count), 3)
            (a.group.feature_stride, a.group.n_features) = (Int64(features), Int64(features))
            (a.group.n_centres, a.group.limit) = (Int64(middles), Int64(limit))
            var weights: [UnsafePointer<Float>?] = [], biases: [UnsafePointer<Float>?] = []
            for (k, n) in zip(widths, widths.dropFirst()) {
                weights.append(UnsafePointer(try memory.floats((n + 15) / 16 * 16 * k, scale: 0.1)))
                biases.append(UnsafePointer(try memory.floats(n, scale: 0.1)))
            }
            withUnsafeMutableBytes(of: &a.weights) { $0.withMemoryRebound(to: UnsafePointer<Float>?.self) { _ = $0.update(fromContentsOf: weights) } }
            withUnsafeMutableBytes(of: &a.biases) { $0.withMemoryRebound(to: UnsafePointer<Float>?.self) { _ = $0.update(fromContentsOf: biases) } }
            withUnsafeMutableBytes(of: &a.widths) { $0.withMemoryRebound(to: Int64.self) { _ = $0.update(fromContentsOf: widths.map { Int64($0) }) } }
            a.n_layers = Int64(widths.count - 1)
            a.y = try memory.zeros(Float.self, batch * middles * last)
            a.scratch = try memory.scratch(ck_set_abstraction_f32_scratch_bytes(&a, Int32(memory.parts)))
            return try memory.finish(a, ck_set_abstraction_f32_check, output: .floats(a.y, batch * middles * last))
        }
    }
}
