import CLEOKernels
import TestSupport
import Testing

@Suite struct SetAbstractionTests {
    struct Shape: CustomTestStringConvertible {
        var batch: Int, count: Int, centres: Int, limit: Int
        var widths: [Int]
        /// Group all points around the origin, as the last layer does.
        var all = false
        var testDescription: String { "[\(batch), \(count), \(centres), \(limit)] \(widths)\(all ? " all" : "")" }
    }

    static let shapes: [Shape] = [
        Shape(batch: 3, count: 200, centres: 32, limit: 32, widths: [6, 64, 64, 128]),
        Shape(batch: 3, count: 32, centres: 16, limit: 32, widths: [131, 128, 128, 256]),
        Shape(batch: 5, count: 16, centres: 1, limit: 16, widths: [259, 256, 512, 768], all: true),
        // One layer; four; widths that fill no panel; one neighbour.
        Shape(batch: 2, count: 9, centres: 5, limit: 3, widths: [3, 1]),
        Shape(batch: 2, count: 19, centres: 7, limit: 5, widths: [10, 17, 33, 15, 41]),
        Shape(batch: 1, count: 4, centres: 61, limit: 1, widths: [4, 16, 5]),
        // More neighbours than a block has rows: the maximum is put together from pieces.
        Shape(batch: 2, count: 700, centres: 1, limit: 700, widths: [5, 12, 20], all: true),
        Shape(batch: 1, count: 300, centres: 3, limit: 257, widths: [7, 31, 9]),
        Shape(batch: 2, count: 97, centres: 3, limit: 61, widths: [9, 1500, 40]),
    ]

    /// The memory of one layer: points, chosen neighbours, packed weights.
    struct Layer {
        let shape: Shape
        let xyz: Guarded<Float>, features: Guarded<Float>, centres: Guarded<Float>, indices: Guarded<Int32>
        let weights: [Guarded<Float>], biases: [Guarded<Float>]
        var outputCount: Int { shape.batch * shape.centres * shape.widths.last! }

        init(_ shape: Shape, seed: UInt64, flaw: Float? = nil) {
            self.shape = shape
            var generator = SeededGenerator(seed: seed)
            let points = shape.batch * shape.count, centreCount = shape.batch * shape.centres
            xyz = Guarded(generator.floats(points * 3))
            features = Guarded(generator.floats(points * (shape.widths[0] - 3)))
            centres = Guarded(generator.floats(centreCount * 3))
            indices = Guarded((0..<centreCount * shape.limit).map { _ in
                Int32.random(in: 0..<Int32(shape.count), using: &generator)
            })
            if let flaw { xyz.pointer[3 * (points / 2) + 1] = flaw }
            var weights: [Guarded<Float>] = [], biases: [Guarded<Float>] = []
            for (k, n) in zip(shape.widths, shape.widths.dropFirst()) {
                let packed = Guarded<Float>(count: (n + 15) / 16 * 16 * k)
                let status = ck_pack_nk16_f32(generator.floats(n * k), Int64(n), Int64(k), packed.pointer)
                #expect(status == CK_OK)
                weights.append(packed)
                biases.append(Guarded(generator.floats(n)))
            }
            (self.weights, self.biases) = (weights, biases)
        }

        var group: ck_group_points_args {
            ck_group_points_args(
                xyz: xyz.pointer, features: shape.widths[0] > 3 ? features.pointer : nil,
                centres: shape.all ? nil : centres.pointer, indices: shape.all ? nil : indices.pointer, out: nil,
                batch: Int64(shape.batch), n_points: Int64(shape.count), xyz_stride: 3,
                feature_stride: Int64(shape.widths[0] - 3), n_features: Int64(shape.widths[0] - 3),
                n_centres: Int64(shape.centres), limit: Int64(shape.limit))
        }

        var arguments: ck_set_abstraction_args {
            var arguments = ck_set_abstraction_args()
            arguments.group = group
            arguments.n_layers = Int64(weights.count)
            withUnsafeMutableBytes(of: &arguments.weights) { bytes in
                let pointers = bytes.bindMemory(to: UnsafePointer<Float>?.self)
                for (index, weight) in weights.enumerated() { pointers[index] = UnsafePointer(weight.pointer) }
            }
            withUnsafeMutableBytes(of: &arguments.biases) { bytes in
                let pointers = bytes.bindMemory(to: UnsafePointer<Float>?.self)
                for (index, bias) in biases.enumerated() { pointers[index] = UnsafePointer(bias.pointer) }
            }
            withUnsafeMutableBytes(of: &arguments.widths) { bytes in
                let widths = bytes.bindMemory(to: Int64.self)
                for (index, width) in shape.widths.enumerated() { widths[index] = Int64(width) }
            }
            return arguments
        }

        func fused(_ variant: ck_variant, parts: Int) -> [UInt32] {
            let y = Guarded<Float>(count: outputCount)
            var arguments = arguments
            let bytes = ck_set_abstraction_f32_scratch_bytes(&arguments, Int32(parts))
            let scratch = Guarded<UInt8>(count: bytes, aligned: true)
            arguments.y = y.pointer
            arguments.scratch = UnsafeMutableRawPointer(scratch.pointer)
            #expect(ck_set_abstraction_f32_check(&arguments) == CK_OK)
            runSlices(variant, arguments, parts: parts)
            let isIntact = y.isIntact && scratch.isIntact
            #expect(isIntact, "\(name(variant)) wrote outside, parts \(parts), \(shape.testDescription)")
            return y.values.map(\.bitPattern)
        }

        /// group_points, linear with ReLU, max_pool, each a whole array, by the kernels of one instruction set.
        func unfused(_ isa: ck_isa) -> [UInt32] {
            func kernel(_ variants: ck_variants) -> ck_variant {
                ck_find_variant(variants, isa)?.pointee ?? variants.rows[Int(variants.count) - 1]
            }
            let rows = shape.batch * shape.centres * shape.limit
            var x = Guarded<Float>(count: rows * shape.widths[0])
            var group = group
            group.out = x.pointer
            runSlices(kernel(ck_group_points_f32_variants()), group, parts: 1)
            for index in weights.indices {
                let (k, n) = (shape.widths[index], shape.widths[index + 1])
                let y = Guarded<Float>(count: rows * n)
                var linear = ck_linear_args()
                linear.x = UnsafePointer(x.pointer)
                linear.weight = UnsafeRawPointer(weights[index].pointer)
                linear.bias = UnsafePointer(biases[index].pointer)
                linear.y = y.pointer
                (linear.m, linear.n, linear.k) = (Int64(rows), Int64(n), Int64(k))
                (linear.x_stride, linear.y_stride) = (Int64(k), Int64(n))
                linear.activation = Int32(CK_ACT_RELU.rawValue)
                #expect(ck_linear_check(&linear) == CK_OK)
                runSlices(kernel(ck_linear_f32_f32_nk16_variants()), linear, parts: 1)
                x = y
            }
            let pooled = Guarded<Float>(count: outputCount)
            let pool = ck_max_pool_args(
                x: x.pointer, y: pooled.pointer, groups: Int64(shape.batch * shape.centres), size: Int64(shape.limit),
                columns: Int64(shape.widths.last!))
            runSlices(kernel(ck_max_pool_f32_variants()), pool, parts: 1)
            return pooled.values.map(\.bitPattern)
        }
    }

    @Test func tableIsWellFormed() { expectWellFormed(ck_set_abstraction_f32_variants(), family: "ck_set_abstraction_f32") }

    @Test(arguments: shapes)
    func fusedMatchesUnfused(shape: Shape) {
        let seed = UInt64(shape.widths.reduce(shape.count, +))
        let layer = Layer(shape, seed: seed)
        for variant in runnable(ck_set_abstraction_f32_variants()) {
            let expected = layer.unfused(variant.isa)
            #expect(Set(expected).count > 1, "all outputs equal: the comparison would prove nothing")
            for parts in partCounts {
                let result = layer.fused(variant, parts: parts)
                #expect(result == expected, "\(name(variant)), \(shape.testDescription), parts \(parts), seed \(seed)")
            }
        }
    }

    @Test(arguments: [Float.nan, .infinity])
    func flawedPointsGoTheUnfusedWay(flaw: Float) {
        for shape in [Self.shapes[4], Self.shapes[6]] {
            let layer = Layer(shape, seed: 5, flaw: flaw)
            for variant in runnable(ck_set_abstraction_f32_variants()) {
                let result = layer.fused(variant, parts: 2), expected = layer.unfused(variant.isa)
                #expect(result == expected, "\(name(variant)), \(shape.testDescription)")
            }
        }
    }

    @Test func emptyRequestsWriteNothing() {
        var shape = Self.shapes[3]
        shape.batch = 0
        for variant in runnable(ck_set_abstraction_f32_variants()) {
            #expect(Layer(shape, seed: 1).fused(variant, parts: 3).isEmpty)
        }
    }

    @Test func checkRefusesInvalidArguments() {
        let layer = Layer(Self.shapes[4], seed: 1)
        let y = Guarded<Float>(count: layer.outputCount), scratch = Guarded<UInt8>(count: 256, aligned: true)
        func status(_ change: (inout ck_set_abstraction_args) -> Void) -> ck_status {
            var arguments = layer.arguments
            arguments.y = y.pointer
            arguments.scratch = UnsafeMutableRawPointer(scratch.pointer)
            change(&arguments)
            return ck_set_abstraction_f32_check(&arguments)
        }
        #expect(status { _ in } == CK_OK)
        #expect(ck_set_abstraction_f32_check(nil) == CK_INVALID_ARGUMENT)
        #expect(status { $0.n_layers = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.n_layers = 5 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.widths.0 = 11 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.widths.2 = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.widths.2 = .max } == CK_INVALID_ARGUMENT)
        #expect(status { $0.weights.1 = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.biases.3 = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.scratch = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.scratch += 4 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.group.xyz = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.group.indices = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.group.limit = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.group.batch = .max } == CK_INVALID_ARGUMENT)
        var broken = layer.arguments
        broken.n_layers = 9
        #expect(ck_set_abstraction_f32_scratch_bytes(&broken, 2) == 0)
    }
}
