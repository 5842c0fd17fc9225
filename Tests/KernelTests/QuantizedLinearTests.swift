import CLEOKernels
import Foundation
import TestSupport
import Testing

/// One quantised product with all its operands.
private struct Problem: CustomStringConvertible {
    struct Adapter {
        let b: LinearWeight?, rank: Int, offset: Int, scale: Float
    }

    let m: Int, n: Int, k: Int
    let x: LinearBuffer<Float>, rows: QuantizedRows, weight: QuantizedWeight
    var adapters: [Adapter] = []
    /// Adapter of every row; nil: the first adapter, if there is one, for all.
    var ids: [Int32]?
    let loraX: LinearBuffer<Float>, loraStride: Int
    var bias: LinearBuffer<Float>?, channelScale: LinearBuffer<Float>?
    var activation = CK_ACT_NONE
    enum Residual: CaseIterable { case none, separate, inPlace }
    var residual = Residual.none
    let residualValues: LinearBuffer<Float>
    var yStride: Int { n + 5 }
    var residualStride: Int { n + 1 }

    init(
        m: Int, n: Int, k: Int, ranks: [Int] = [], ids: [Int32]? = nil, type: QuantizedWeightType, seed: UInt64 = 1,
        x: [Float]? = nil, weights: [Float]? = nil
    ) {
        var generator = SeededGenerator(seed: seed)
        (self.m, self.n, self.k, self.ids) = (m, n, k, ids)
        // Some channels stand out, as in a language model.
        let channels = (0..<k).map { $0 % 37 == 5 ? Float(30) : 1 }
        let values = x ?? generator.floats(m * k).enumerated().map { $0.element * channels[$0.offset % max(k, 1)] }
        self.x = LinearBuffer(values)
        rows = QuantizedRows(self.x, m: m, k: k, xStride: k)
        weight = QuantizedWeight(weights ?? generator.floats(n * k), n: n, k: k, type: type)
        var offset = 1
        for (index, rank) in ranks.enumerated() {
            let b = rank > 0 ? LinearWeight(generator.floats(n * rank), n: n, k: rank, type: .f32) : nil
            adapters.append(Adapter(b: b, rank: rank, offset: offset, scale: 0.5 + Float(index)))
            offset += rank
        }
        loraStride = offset + 2
        loraX = LinearBuffer(random: m * loraStride, &generator)
        bias = LinearBuffer(random: n, &generator)
        channelScale = LinearBuffer(random: n, &generator)
        residualValues = LinearBuffer(random: m * (n + 1), &generator)
    }

    var description: String {
        "m \(m) n \(n) k \(k) ranks \(adapters.map(\.rank)) activation \(activation.rawValue) residual \(residual)"
    }

    private func native(_ adapter: Adapter) -> ck_lora {
        ck_lora(
            b: adapter.b?.pointer?.assumingMemoryBound(to: Float.self), rank: Int64(adapter.rank),
            x_offset: Int64(adapter.offset), scale: adapter.scale)
    }

    func withArguments<Result>(y: LinearBuffer<Float>, _ body: (ck_linear_q8_args) -> Result) -> Result {
        let list = adapters.map(native)
        let ids = ids ?? []
        return list.withUnsafeBufferPointer { list in
            ids.withUnsafeBufferPointer { ids in
                var a = ck_linear_q8_args()
                (a.x, a.weight) = (UnsafePointer(rows.pointer), UnsafeRawPointer(weight.values.pointer))
                a.weight_scale = UnsafeRawPointer(weight.words.pointer)
                (a.bias, a.channel_scale, a.y) = (bias?.constant, channelScale?.constant, y.pointer)
                a.residual = residual == .none ? nil : residual == .inPlace ? y.constant : residualValues.constant
                (a.m, a.n, a.k) = (Int64(m), Int64(n), Int64(k))
                a.y_stride = Int64(yStride)
                a.residual_stride = Int64(residual == .inPlace ? yStride : residualStride)
                a.activation = Int32(activation.rawValue)
                if !list.isEmpty {
                    (a.lora_x, a.lora_x_stride) = (loraX.constant, Int64(loraStride))
                    if self.ids != nil {
                        (a.adapters, a.adapter_ids) = (list.baseAddress, ids.baseAddress)
                        a.adapter_count = Int64(list.count)
                    } else {
                        a.lora = list[0]
                    }
                }
                return body(a)
            }
        }
    }

    func run(_ variant: LinearVariant, parts: Int = 1) -> LinearBuffer<Float> {
        let y = LinearBuffer<Float>(m * yStride, filledWith: 777, canary: -12345.5)
        if residual == .inPlace {
            for i in 0..<m { for j in 0..<n { y[i * yStride + j] = residualValues[i * residualStride + j] } }
        }
        withArguments(y: y) { arguments in
            var a = arguments
            #expect(ck_linear_q8_check(&a) == CK_OK, "\(self)")
            variant(a, parts: parts)
        }
        return y
    }

    /// Bits with all NaNs alike.
    static func bits(_ y: LinearBuffer<Float>) -> [UInt32] { y.values.map { $0.isNaN ? .max : $0.bitPattern } }

    /// Value in double and the error float32 arithmetic may make.
    func oracle(_ i: Int, _ j: Int) -> (value: Double, tolerance: Double) {
        let eps = Double(Float.ulpOfOne) / 2
        var sum = 0.0
        var size = 0.0
        for group in 0..<rows.groups {
            var exact = 0
            for l in group * 128..<min(k, group * 128 + 128) { exact += rows.q(i, l) * weight.integer(j, l) }
            let product = Double(exact) * Double(rows.scale(i, group)) * Double(weight.scale(j, group))
            sum += product
            size += abs(product)
        }
        var terms = rows.groups
        let id = ids.map { Int($0[i]) } ?? 0
        if id >= 0 && id < adapters.count, let b = adapters[id].b {
            for r in 0..<adapters[id].rank {
                let low = Double(adapters[id].scale) * Double(loraX[i * loraStride + adapters[id].offset + r])
                let product = low * Double(b.stored[j * adapters[id].rank + r])
                sum += product
                size += abs(product)
            }
            terms += adapters[id].rank
        }
        if let bias { sum += Double(bias[j]) }
        size += abs(sum) + 1
        // Two roundings per term and one per sum.
        var tolerance = Double(3 * terms + 4) * eps * size
        switch activation {
        case CK_ACT_RELU: sum = max(sum, 0)
        case CK_ACT_GELU: sum = 0.5 * sum * (1 + erf(sum / 2.0.squareRoot()))
        case CK_ACT_SILU: sum = sum / (1 + exp(-sum))
        default: break
        }
        // No activation is steeper than 1.13; its own arithmetic adds a few roundings.
        if activation != CK_ACT_NONE { tolerance = 1.13 * tolerance + 8 * eps * size }
        if let channelScale {
            sum *= Double(channelScale[j])
            tolerance = tolerance * abs(Double(channelScale[j])) + eps * abs(sum)
        }
        if residual != .none { sum += Double(residualValues[i * residualStride + j]) }
        return (sum, tolerance + 2 * eps * (abs(sum) + 1))
    }

    /// The reference against the oracle, the variants against the reference, the gaps against what was there.
    func verify(_ variants: [LinearVariant], parts: [Int] = [1, 3]) {
        guard let reference = variants.last else { return }
        let expected = run(reference)
        var worst = 0.0
        for i in 0..<m {
            for j in 0..<n {
                let (value, tolerance) = oracle(i, j)
                let error = abs(Double(expected[i * yStride + j]) - value) / tolerance
                worst = error.isNaN ? .infinity : max(worst, error)
            }
        }
        #expect(worst <= 1, "\(reference.name): \(self): \(worst) of the tolerance")
        for variant in variants {
            for count in parts {
                let y = run(variant, parts: count)
                let isSame = Self.bits(y) == Self.bits(expected)
                #expect(isSame, "\(variant.name): \(self), \(count) parts")
                #expect(y.isIntact, "\(variant.name): \(self): wrote outside y")
            }
        }
    }
}

@Suite struct QuantizedLinearTests {
    /// Sizes 0, 1, around every width, primes; every epilogue; adapters of awkward ranks.
    @Test(arguments: QuantizedWeightType.allCases)
    func matchesTheOracleAndTheReference(_ type: QuantizedWeightType) {
        let variants = LinearVariant.runnable(type.table)
        let columns = [0, 1, 15, 17, 63, 64, 65, 97, 127, 129, 257]
        let depths = [0, 1, 3, 4, 5, 31, 33, 64, 67, 127, 128, 129, 131, 257]
        let ranks = [[], [0], [1], [15], [16], [17]]
        var turn = 0
        for m in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17] {
            for n in columns {
                let k = depths[turn * 5 % depths.count]
                var problem = Problem(m: m, n: n, k: k, ranks: ranks[turn % ranks.count], type: type, seed: UInt64(turn))
                problem.activation = ck_activation(UInt32(turn / 2 % 4))
                problem.residual = Problem.Residual.allCases[turn % 3]
                if turn % 5 == 1 { problem.bias = nil }
                if turn % 7 < 3 { problem.channelScale = nil }
                problem.verify(variants, parts: [1 + turn % 7])
                turn += 1
            }
        }
    }

    @Test(arguments: QuantizedWeightType.allCases)
    func matchesAcrossBlocks(_ type: QuantizedWeightType) {
        let variants = LinearVariant.runnable(type.table)
        for (m, n, k, rank) in [
            (97, 65, 257, 16), (197, 33, 140, 0), (7, 321, 511, 256), (1, 385, 769, 256), (5, 81, 1030, 3),
        ] {
            var problem = Problem(m: m, n: n, k: k, ranks: [rank], type: type)
            problem.residual = .inPlace
            problem.verify(variants, parts: [1, 2, 3, 4, 5, 6, 7])
        }
    }

    @Test(arguments: QuantizedWeightType.allCases)
    func rowsHaveTheirOwnAdapters(_ type: QuantizedWeightType) {
        let variants = LinearVariant.runnable(type.table)
        for (m, n) in [(1, 64), (5, 97), (9, 130), (17, 65)] {
            let ids = (0..<m).map { [0, 2, -1, 1, 1, 3, 0, -7][$0 % 8] as Int32 }
            Problem(m: m, n: n, k: 70, ranks: [16, 1, 15, 0], ids: ids, type: type).verify(variants)
            Problem(m: m, n: n, k: 0, ranks: [17, 256, 1, 3], ids: ids, type: type).verify(variants)
        }
    }

    /// Row i of a batch has the bits that it has alone, whichever inner loop serves the batch.
    @Test(arguments: QuantizedWeightType.allCases)
    func rowsDoNotDependOnTheBatch(_ type: QuantizedWeightType) {
        for variant in LinearVariant.runnable(type.table) {
            let problem = Problem(m: 99, n: 70, k: 270, ranks: [3], type: type)
            let y = problem.run(variant)
            for (first, count) in [(0, 1), (5, 1), (6, 1), (98, 1), (3, 2), (9, 3), (20, 4), (50, 5), (60, 6), (40, 20)] {
                let part = LinearBuffer<Float>(count * problem.yStride, filledWith: 777, canary: -12345.5)
                let values = Array(problem.x.values[(first * problem.k)..<((first + count) * problem.k)])
                let rows = QuantizedRows(LinearBuffer(values), m: count, k: problem.k, xStride: problem.k)
                problem.withArguments(y: part) { arguments in
                    var a = arguments
                    a.m = Int64(count)
                    a.x = UnsafePointer(rows.pointer)
                    a.lora_x += first * problem.loraStride
                    withExtendedLifetime(rows) { variant(a) }
                }
                let isSame = part.bits == Array(y.bits[(first * problem.yStride)..<((first + count) * problem.yStride)])
                #expect(isSame, "\(variant.name): rows \(first) ..< \(first + count)")
            }
        }
    }

    /// The largest integers of both sides, of one sign and of alternating ones: nothing saturates or wraps.
    @Test(arguments: QuantizedWeightType.allCases)
    func extremesDoNotSaturate(_ type: QuantizedWeightType) {
        let variants = LinearVariant.runnable(type.table)
        let (n, k) = (66, 300)
        let patterns: [(Int) -> Float] = [
            { $0 % 2 == 0 ? 1 : 0 },
            { _ in 1 }, { _ in -1 }, { $0 % 2 == 0 ? 1 : -1 }, { $0 / 2 % 2 == 0 ? 1 : -1 }, { $0 % 4 == 3 ? 1 : -1 },
        ]
        for m in [1, 2, 5, 8, 13] {
            for a in patterns {
                for b in patterns {
                    let x = (0..<m * k).map { a($0 % k) }
                    let w = (0..<n * k).map { b($0 % k) }
                    var problem = Problem(m: m, n: n, k: k, type: type, x: x, weights: w)
                    (problem.bias, problem.channelScale) = (nil, nil)
                    let isShared = x[0] == x[1]  // with a neighbour of the same sign
                    #expect(abs(problem.rows.q(0, 0)) == (isShared ? 64 : 127) && abs(problem.weight.integer(0, 0)) >= 100)
                    problem.verify(variants, parts: [1])
                }
            }
        }
    }

    @Test(arguments: QuantizedWeightType.allCases)
    func notANumberStaysInItsRow(_ type: QuantizedWeightType) {
        for variant in LinearVariant.runnable(type.table) {
            for (m, activation) in [(2, CK_ACT_NONE), (9, CK_ACT_RELU), (3, CK_ACT_GELU), (9, CK_ACT_SILU)] {
                var x = SeededGenerator(seed: 3).floatsCopy(m * 200)
                x[200 + 150] = m == 2 ? .infinity : .nan
                var problem = Problem(m: m, n: 70, k: 200, type: type, x: x)
                problem.activation = activation
                let y = problem.run(variant)
                for i in 0..<m {
                    for j in 0..<70 {
                        #expect(y[i * problem.yStride + j].isNaN == (i == 1), "\(variant.name): (\(i), \(j))")
                    }
                }
            }
        }
    }

    /// Zero rows give the epilogue of 0; scales near and below the smallest normal number are no exception.
    @Test(arguments: QuantizedWeightType.allCases)
    func zeroRowsAndTinyScales(_ type: QuantizedWeightType) {
        let variants = LinearVariant.runnable(type.table)
        for m in [1, 4, 9] {
            var zero = Problem(m: m, n: 66, k: 140, type: type, x: [Float](repeating: 0, count: m * 140))
            zero.residual = .separate
            zero.verify(variants)
            let tiny = Float.leastNonzeroMagnitude
            for size in [1e-38, 7000 * tiny, 20 * tiny] as [Float] {
                var generator = SeededGenerator(seed: 4)
                let x = generator.floats(m * 140).map { $0 * size }
                Problem(m: m, n: 66, k: 140, type: type, x: x).verify(variants)
                let weights = generator.floats(66 * 140).map { $0 * size }
                Problem(m: m, n: 66, k: 140, type: type, weights: weights).verify(variants)
            }
        }
    }

    /// Close to the product of the numbers that were quantised: 8 bits of activations with outliers, 8 or 4 of weights.
    @Test(arguments: QuantizedWeightType.allCases)
    func approximatesTheProductOfTheOriginals(_ type: QuantizedWeightType) {
        var generator = SeededGenerator(seed: 8)
        let (m, n, k) = (4, 64, 1024)
        let x = generator.floats(m * k).enumerated().map { $0.element * ($0.offset % k % 300 == 7 ? 50 : 1) }
        let w = generator.floats(n * k)
        var problem = Problem(m: m, n: n, k: k, type: type, x: x, weights: w)
        (problem.bias, problem.channelScale) = (nil, nil)
        for variant in LinearVariant.runnable(type.table) {
            let y = problem.run(variant)
            var error = 0.0
            var size = 0.0
            for i in 0..<m {
                for j in 0..<n {
                    let exact = (0..<k).reduce(0.0) { $0 + Double(x[i * k + $1]) * Double(w[j * k + $1]) }
                    error += (Double(y[i * problem.yStride + j]) - exact) * (Double(y[i * problem.yStride + j]) - exact)
                    size += exact * exact
                }
            }
            // Uniform weights: rounding errors of 1/127/sqrt(12) and 1/7.5/sqrt(12) steps beside a size of 1/sqrt(3).
            #expect((error / size).squareRoot() < (type == .i8g128 ? 0.03 : 0.1), "\(variant.name)")
        }
    }

    @Test(arguments: [(0, 1), (1, 1), (512, 1), (513, 2), (11008, 22), (.max, Int32(Int16.max))] as [(Int64, Int32)])
    func partsAreWholeBlocks(n: Int64, parts: Int32) {
        var a = ck_linear_q8_args()
        a.n = n
        #expect(ck_linear_q8_parts(&a) == parts)
    }

    @Test func rejectsBrokenArguments() {
        let problem = Problem(m: 3, n: 70, k: 5, ranks: [2], type: .i8g128)
        let mixed = Problem(m: 3, n: 70, k: 5, ranks: [2, 1], ids: [0, 1, -1], type: .i8g128)
        let y = LinearBuffer<Float>(zeros: 3 * problem.yStride)
        func status(_ problem: Problem, _ change: (inout ck_linear_q8_args) -> Void) -> ck_status {
            problem.withArguments(y: y) { arguments in
                var a = arguments
                change(&a)
                return ck_linear_q8_check(&a)
            }
        }
        #expect(ck_linear_q8_check(nil) == CK_INVALID_ARGUMENT)
        #expect(status(problem) { _ in } == CK_OK && status(mixed) { _ in } == CK_OK)
        let broken: [(String, (inout ck_linear_q8_args) -> Void)] = [
            ("m", { $0.m = -1 }), ("n", { $0.n = -1 }), ("k", { $0.k = -1 }), ("huge k", { $0.k = .max }), ("huge n", { $0.n = .max }),
            ("x", { $0.x = nil }), ("y", { $0.y = nil }), ("weight", { $0.weight = nil }), ("scale", { $0.weight_scale = nil }),
            ("huge m", { $0.m = .max }), ("y_stride", { $0.y_stride = 69 }), ("x alignment", { $0.x += 1 }),
            ("lora.b", { $0.lora.b = nil }), ("lora.rank", { $0.lora.rank = -1 }),
            ("lora.offset", { $0.lora.x_offset = -1 }), ("lora.offset", { $0.lora.x_offset = .max }),
            ("lora_x_stride", { $0.lora_x_stride = 2 }), ("activation", { $0.activation = 4 }), ("activation", { $0.activation = -1 }),
            ("huge stride", { $0.y_stride = .max }), ("huge rank", { $0.lora.rank = .max }),
            (
                "residual stride",
                {
                    $0.residual = UnsafePointer($0.y)
                    $0.residual_stride = $0.y_stride + 1
                }
            ),
        ]
        for (field, change) in broken { #expect(status(problem, change) == CK_INVALID_ARGUMENT, "\(field)") }
        #expect(status(mixed) { $0.adapters = nil } == CK_INVALID_ARGUMENT)
        #expect(status(mixed) { $0.adapter_count = -1 } == CK_INVALID_ARGUMENT)
        #expect(
            status(problem) {
                $0.m = 0
                $0.x = nil
                $0.y = nil
            } == CK_OK)
    }

    @Test(arguments: QuantizedWeightType.allCases)
    func tableEndsWithTheReference(_ type: QuantizedWeightType) {
        let table = type.table
        for i in 0..<Int(table.count) {
            let row = table.rows[i]
            #expect(String(cString: row.name) == "ck_linear_q8_\(type)_n64_\(String(cString: ck_isa_name(row.isa)))")
            #expect((row.isa == CK_ISA_REF) == (i == Int(table.count) - 1))
        }
    }
}

extension SeededGenerator {
    /// Floats without keeping the generator.
    fileprivate func floatsCopy(_ count: Int) -> [Float] {
        var copy = self
        return copy.floats(count)
    }
}
