import CLEOKernels
import Foundation
import TestSupport
import Testing

/// One product with all its operands.
private struct Problem: CustomStringConvertible {
    enum Residual: CaseIterable { case none, separate, inPlace }

    let m: Int, n: Int, k: Int, rank: Int
    var activation = CK_ACT_NONE
    var residual = Residual.none
    let loraScale: Float = 1.75
    let x: LinearBuffer<Float>, weight: LinearWeight
    let type: LinearWeightType
    var bias: LinearBuffer<Float>?, channelScale: LinearBuffer<Float>?
    let loraX: LinearBuffer<Float>?, loraB: LinearWeight?
    let residualValues: LinearBuffer<Float>
    let xStride: Int, yStride: Int, residualStride: Int

    init(m: Int, n: Int, k: Int, rank: Int = 0, type: LinearWeightType, gaps: Bool = true, seed: UInt64 = 1) {
        var generator = SeededGenerator(seed: seed)
        (self.m, self.n, self.k, self.rank, self.type) = (m, n, k, rank, type)
        (xStride, yStride, residualStride) = gaps ? (k + 3, n + 5, n + 1) : (k, n, n)
        x = LinearBuffer(random: m * xStride, &generator)
        weight = LinearWeight(generator.floats(n * k), n: n, k: k, type: type)
        loraX = rank > 0 ? LinearBuffer(random: m * rank, &generator) : nil
        loraB = rank > 0 ? LinearWeight(generator.floats(n * rank), n: n, k: rank, type: .f32) : nil
        bias = LinearBuffer(random: n, &generator)
        channelScale = LinearBuffer(random: n, &generator)
        residualValues = LinearBuffer(random: m * residualStride, &generator)
    }

    var description: String {
        "m \(m) n \(n) k \(k) rank \(rank) activation \(activation.rawValue) bias \(bias != nil) channel scale "
            + "\(channelScale != nil) residual \(residual)"
    }

    func arguments(y: LinearBuffer<Float>) -> ck_linear_args {
        var a = ck_linear_args()
        a.x = x.constant
        a.weight = weight.pointer
        a.bias = bias?.constant
        a.lora_x = loraX?.constant
        a.lora_b = loraB?.pointer?.assumingMemoryBound(to: Float.self)
        a.channel_scale = channelScale?.constant
        a.residual = residual == .none ? nil : residual == .inPlace ? y.constant : residualValues.constant
        a.y = y.pointer
        (a.m, a.n, a.k, a.rank) = (Int64(m), Int64(n), Int64(k), Int64(rank))
        (a.x_stride, a.y_stride, a.lora_x_stride) = (Int64(xStride), Int64(yStride), Int64(rank))
        a.residual_stride = Int64(residual == .inPlace ? yStride : residualStride)
        a.lora_scale = loraScale
        a.activation = Int32(activation.rawValue)
        return a
    }

    /// y before the call: marks in the gaps, the residual in the matrix if it is added in place.
    func freshOutput() -> LinearBuffer<Float> {
        let y = LinearBuffer<Float>(m * yStride, filledWith: 777, canary: -12345.5)
        if residual == .inPlace {
            for i in 0..<m { for j in 0..<n { y[i * yStride + j] = residualValues[i * residualStride + j] } }
        }
        return y
    }

    func run(_ variant: LinearVariant, parts: Int = 1) -> LinearBuffer<Float> {
        let y = freshOutput()
        var a = arguments(y: y)
        #expect(ck_linear_check(&a) == CK_OK, "\(self)")
        variant(a, parts: parts)
        return y
    }

    /// What the values of a row of x count for.
    private func multipliedRow(_ i: Int) -> [Double] {
        let row = UnsafeBufferPointer(start: x.pointer + i * xStride, count: k)
        guard type == .bf16Rows else { return row.map(Double.init) }
        var rounded = [UInt16](repeating: 0, count: k)
        ck_bf16_from_f32(row.baseAddress, &rounded, Int64(k))
        return rounded.map { Double(Float(bitPattern: UInt32($0) << 16)) }
    }

    /// Value in double and the error float32 arithmetic may make; `row`: multipliedRow(i).
    func oracle(_ i: Int, _ j: Int, _ row: [Double]) -> (value: Double, tolerance: Double) {
        let eps = Double(Float.ulpOfOne) / 2
        var sum = 0.0
        var size = 0.0
        weight.stored.withUnsafeBufferPointer { w in
            for l in 0..<k {
                let product = row[l] * Double(w[j * k + l])
                sum += product
                size += abs(product)
            }
        }
        if let loraX, let loraB {
            for r in 0..<rank {
                let product = Double(loraScale) * Double(loraX[i * rank + r]) * Double(loraB.stored[j * rank + r])
                sum += product
                size += abs(product)
            }
        }
        if let bias { sum += Double(bias[j]) }
        size += abs(sum) + 1
        // One rounding per product and per sum, in any order (Higham 2002, section 3.1).
        var tolerance = Double(2 * (k + rank) + 4) * eps * size
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

    /// Compares with the oracle, and looks at the bytes between and around the rows.
    func verify(_ variants: [LinearVariant]) {
        let expected = (0..<m).map { i in
            let row = multipliedRow(i)
            return (0..<n).map { oracle(i, $0, row) }
        }
        for variant in variants {
            let y = run(variant, parts: 1 + (m + n) % 3)
            var worst = 0.0
            var place = ""
            for i in 0..<m {
                for j in 0..<n {
                    let error = abs(Double(y[i * yStride + j]) - expected[i][j].value) / expected[i][j].tolerance
                    if !(error <= worst) { (worst, place) = (error.isNaN ? .infinity : error, "(\(i), \(j))") }
                }
            }
            #expect(worst <= 1, "\(variant.name): \(self): \(worst) of the tolerance at \(place)")
            let gapsUntouched = (0..<m).allSatisfy { i in (n..<yStride).allSatisfy { y[i * yStride + $0] == 777 } }
            #expect(gapsUntouched && y.isIntact, "\(variant.name): \(self): wrote outside y")
        }
    }
}

@Suite struct LinearTests {
    @Test(arguments: LinearWeightType.allCases)
    func matchesDoubleOracle(_ type: LinearWeightType) {
        let variants = LinearVariant.runnable(type.table)
        let rows = [0, 1, 2, 3, 4, 5, 6, 7, 13]
        let columns = [0, 1, 15, 16, 17, 31, 49, 97]
        let depths = [0, 1, 2, 31, 127, 129, 257]
        let ranks = [0, 1, 3, 16]
        var turn = 0
        for m in rows {
            for n in columns {
                // Two depths per shape, so that all pairs are seen over the shapes.
                for k in [depths[turn % depths.count], depths[(turn + 3) % depths.count]] {
                    var problem = Problem(
                        m: m, n: n, k: k, rank: ranks[turn % ranks.count], type: type, gaps: turn % 2 == 0,
                        seed: UInt64(turn))
                    problem.activation = ck_activation(UInt32(turn / 2 % 4))
                    problem.residual = Problem.Residual.allCases[turn % 3]
                    problem.verify(variants)
                    turn += 1
                }
            }
        }
    }

    /// Several blocks of rows, panels and depth, and an adapter beyond one block.
    @Test(arguments: LinearWeightType.allCases)
    func matchesDoubleOracleAcrossBlocks(_ type: LinearWeightType) {
        let variants = LinearVariant.runnable(type.table)
        for (m, n, k, rank) in [
            (97, 17, 257, 64), (7, 289, 511, 3), (5, 81, 769, 300), (8, 5, 511, 300), (1, 97, 511, 64),
        ] {
            var problem = Problem(m: m, n: n, k: k, rank: rank, type: type)
            problem.residual = .inPlace
            problem.verify(variants)
        }
    }

    @Test(arguments: LinearWeightType.allCases)
    func everyEpilogueMatchesDoubleOracle(_ type: LinearWeightType) {
        let variants = LinearVariant.runnable(type.table)
        for (m, rank) in [(3, 0), (3, 3), (8, 0), (8, 3)] {
            let plain = Problem(m: m, n: 21, k: 19, rank: rank, type: type)
            for activation in [CK_ACT_NONE, CK_ACT_RELU, CK_ACT_GELU, CK_ACT_SILU] {
                for residual in Problem.Residual.allCases {
                    for (hasBias, hasScale) in [(false, false), (false, true), (true, false), (true, true)] {
                        var problem = plain
                        problem.activation = activation
                        problem.residual = residual
                        if !hasBias { problem.bias = nil }
                        if !hasScale { problem.channelScale = nil }
                        problem.verify(variants)
                    }
                }
            }
        }
    }

    @Test(arguments: LinearWeightType.allCases)
    func partsGiveTheSameBits(_ type: LinearWeightType) {
        for variant in LinearVariant.runnable(type.table) {
            for m in [1, 2, 3, 5, 8, 13] {
                var problem = Problem(m: m, n: 16 * 9 + 5, k: 300, rank: 3, type: type)
                problem.activation = CK_ACT_GELU
                let whole = problem.run(variant).bits
                for parts in [2, 3, 5, 13] {
                    #expect(
                        problem.run(variant, parts: parts).bits == whole, "\(variant.name): \(problem), \(parts) parts")
                }
            }
            // Parts of many rows and few panels may share rows.
            for (m, n) in [(121, 37), (250, 16), (97, 5)] {
                let problem = Problem(m: m, n: n, k: 33, rank: 3, type: type)
                let whole = problem.run(variant).bits
                for parts in [2, 3, 4, 11] {
                    #expect(
                        problem.run(variant, parts: parts).bits == whole, "\(variant.name): \(problem), \(parts) parts")
                }
            }
        }
    }

    /// Row i of a batch has the bits that it has alone, whichever inner loop serves the batch.
    @Test(arguments: LinearWeightType.allCases)
    func rowsDoNotDependOnTheBatch(_ type: LinearWeightType) {
        for variant in LinearVariant.runnable(type.table) {
            for rank in [0, 3, 260] {
                var problem = Problem(m: 99, n: 37, k: 270, rank: rank, type: type)
                problem.activation = CK_ACT_SILU
                problem.residual = .separate
                let y = problem.run(variant)
                for (first, count) in [
                    (0, 1), (5, 1), (6, 1), (97, 1), (98, 1), (3, 2), (9, 3), (20, 4), (50, 5), (60, 6), (40, 20),
                    (30, 7), (31, 8), (32, 9), (33, 10), (34, 11), (35, 12), (36, 13), (37, 14), (38, 15),
                ] {
                    let part = LinearBuffer<Float>(count * problem.yStride, filledWith: 777, canary: -12345.5)
                    var a = problem.arguments(y: part)
                    a.m = Int64(count)
                    a.x += first * problem.xStride
                    if rank > 0 { a.lora_x += first * rank }
                    a.residual += first * problem.residualStride
                    variant(a)
                    let expected = Array(y.bits[(first * problem.yStride)..<((first + count) * problem.yStride)])
                    #expect(part.bits == expected, "\(variant.name): rows \(first) ..< \(first + count), rank \(rank)")
                }
            }
        }
    }

    /// Wider vectors change the tiles, not the order of any sum; and the activations are the same operations.
    @Test func avx512HasTheBitsOfAVX2() {
        let variants = LinearVariant.runnable(LinearWeightType.f32.table).filter { $0.name.contains("_avx") }
        guard variants.count > 1, let narrow = variants.last else { return } // `runnable` has named what is missing
        for (m, n, k, rank) in [(1, 300, 70, 3), (3, 65, 9, 0), (5, 49, 300, 5), (61, 275, 300, 0), (113, 33, 17, 9)] {
            for activation in [CK_ACT_NONE, CK_ACT_RELU, CK_ACT_GELU, CK_ACT_SILU] {
                var problem = Problem(m: m, n: n, k: k, rank: rank, type: .f32)
                problem.activation = activation
                let expected = problem.run(narrow).bits
                for variant in variants.dropLast() {
                    #expect(problem.run(variant).bits == expected, "\(variant.name): \(problem)")
                }
            }
        }
    }

    @Test(arguments: LinearWeightType.allCases)
    func notANumberAndInfinityStayInTheirRow(_ type: LinearWeightType) {
        for variant in LinearVariant.runnable(type.table) {
            for (m, activation) in [(2, CK_ACT_NONE), (9, CK_ACT_RELU), (3, CK_ACT_GELU), (9, CK_ACT_SILU)] {
                var problem = Problem(m: m, n: 19, k: 33, type: type)
                (problem.activation, problem.channelScale, problem.bias) = (activation, nil, nil)
                problem.x[problem.xStride + 32] = .nan
                let y = problem.run(variant)
                for i in 0..<m {
                    for j in 0..<19 {
                        #expect(
                            y[i * problem.yStride + j].isNaN == (i == 1), "\(variant.name): \(problem) (\(i), \(j))")
                    }
                }
            }
            var problem = Problem(m: 7, n: 3, k: 1, type: type)
            (problem.channelScale, problem.bias) = (nil, nil)
            problem.x[0] = .infinity
            let y = problem.run(variant)
            for j in 0..<3 {
                #expect(y[j] == (problem.weight.stored[j] < 0 ? -.infinity : .infinity), "\(variant.name)")
            }
            #expect(y[problem.yStride].isFinite)
        }
    }

    /// The vector activations over a wide range, through a product with the 1 x 1 identity.
    @Test func activationsAreAccurate() {
        let n = 16
        let scales: [Float] = (0..<n).map { Float(0.01) * Float(exp(0.6 * Double($0))) }
        let weight = LinearWeight(scales, n: n, k: 1, type: .f32)
        let x = LinearBuffer<Float>((-400...400).map { Float($0) / 37 })
        let formulas: [(ck_activation, (Double) -> Double)] = [
            (CK_ACT_RELU, { max($0, 0) }), (CK_ACT_GELU, { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
            (CK_ACT_SILU, { $0 / (1 + exp(-$0)) }),
        ]
        for variant in LinearVariant.runnable(LinearWeightType.f32.table) {
            for (activation, formula) in formulas {
                let y = LinearBuffer<Float>(zeros: x.count * n)
                var a = ck_linear_args()
                (a.x, a.weight, a.y) = (x.constant, weight.pointer, y.pointer)
                (a.m, a.n, a.k, a.x_stride, a.y_stride) = (Int64(x.count), Int64(n), 1, 1, Int64(n))
                a.activation = Int32(activation.rawValue)
                variant(a)
                for i in 0..<x.count {
                    for j in 0..<n {
                        let value = x[i] * scales[j]
                        let expected = formula(Double(value))
                        // erf and exp within 1.2 ulp and three more roundings; gelu's 1 + erf cancels, so relative to v;
                        // silu is 0 where exp(-v) overflows, below -88.7, though it should be -4e-37 there.
                        let isGELU = activation == CK_ACT_GELU
                        let size = isGELU ? max(abs(expected), min(abs(Double(value)), 6)) : abs(expected)
                        let tolerance = (isGELU ? 2.4e-7 : 3e-7) * size + 4e-37
                        #expect(
                            abs(Double(y[i * n + j]) - expected) <= tolerance,
                            "\(variant.name): \(activation) of \(value)")
                    }
                }
            }
        }
    }

    @Test func rejectsBrokenArguments() {
        let problem = Problem(m: 3, n: 17, k: 5, rank: 2, type: .f32)
        let y = problem.freshOutput()
        func status(_ change: (inout ck_linear_args) -> Void) -> ck_status {
            var a = problem.arguments(y: y)
            change(&a)
            return ck_linear_check(&a)
        }
        #expect(ck_linear_check(nil) == CK_INVALID_ARGUMENT)
        #expect(status { _ in } == CK_OK)
        let broken: [(String, (inout ck_linear_args) -> Void)] = [
            ("m", { $0.m = -1 }), ("n", { $0.n = -1 }), ("k", { $0.k = -1 }), ("rank", { $0.rank = -1 }),
            ("x", { $0.x = nil }), ("y", { $0.y = nil }), ("weight", { $0.weight = nil }),
            ("x_stride", { $0.x_stride = 4 }), ("y_stride", { $0.y_stride = 16 }), ("lora_b", { $0.lora_b = nil }),
            ("lora_x_stride", { $0.lora_x_stride = 1 }), ("activation", { $0.activation = 4 }),
            ("activation", { $0.activation = -1 }), ("huge n", { $0.n = .max }),
            (
                "huge k",
                {
                    $0.k = .max
                    $0.x_stride = .max
                }
            ),
            ("huge stride", { $0.y_stride = .max }), ("y is x", { $0.x = UnsafePointer($0.y) }),
            (
                "residual stride",
                {
                    $0.residual = UnsafePointer($0.y)
                    $0.residual_stride = $0.y_stride + 1
                }
            ),
            ("alignment", { $0.x = UnsafeRawPointer(bitPattern: 4099)?.assumingMemoryBound(to: Float.self) }),
        ]
        for (field, change) in broken { #expect(status(change) == CK_INVALID_ARGUMENT, "\(field)") }
        #expect(
            status {
                $0.m = 0
                $0.x = nil
                $0.y = nil
            } == CK_OK)
        #expect(
            status {
                $0.k = 0
                $0.x = nil
                $0.weight = nil
            } == CK_OK)
    }

    @Test(arguments: LinearWeightType.allCases)
    func tableEndsWithTheReference(_ type: LinearWeightType) {
        let table = type.table
        #expect(table.count >= 1)
        for i in 0..<Int(table.count) {
            let row = table.rows[i]
            let isa = String(cString: ck_isa_name(row.isa))
            #expect(String(cString: row.name) == "ck_linear_\(type == .bf16Rows ? "bf16_bf16" : "f32_\(type)")_nk16_\(isa)")
            #expect((row.isa == CK_ISA_REF) == (i == Int(table.count) - 1))
        }
    }
}
