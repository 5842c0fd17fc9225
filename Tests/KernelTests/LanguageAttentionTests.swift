import CLEOKernels
import Foundation
import TestSupport
import Testing

/// Query rows over a cache, with prefixes and tails.
private struct AttentionProblem: CustomStringConvertible {
    let m: Int, heads: Int, kvHeads: Int, d: Int, cells: Int
    let q: LinearBuffer<Float>
    /// Before rounding to the cache's type, [cells, kvHeads, d].
    let keys: LinearBuffer<Float>, values: LinearBuffer<Float>
    var type = CacheElement.f32
    /// Whether the cache is [kvHeads, cells, d].
    var headsFirst = true
    var prefixes: [Int32]
    var tails: [[Int32]]
    let qStride: Int, yStride: Int

    init(
        m: Int, heads: Int, kvHeads: Int, d: Int, cells: Int, prefixes: [Int32], tails: [[Int32]] = [], size: Float = 1,
        seed: UInt64 = 1
    ) {
        var generator = SeededGenerator(seed: seed)
        (self.m, self.heads, self.kvHeads, self.d, self.cells) = (m, heads, kvHeads, d, cells)
        (qStride, yStride) = (heads * d + 3, heads * d + 5)
        q = LinearBuffer(generator.floats(m * qStride).map { $0 * size })
        keys = LinearBuffer(random: cells * kvHeads * d, &generator)
        values = LinearBuffer(random: cells * kvHeads * d, &generator)
        self.prefixes = prefixes
        self.tails = tails
    }

    var description: String {
        "\(type) \(headsFirst ? "heads" : "cells") first m \(m) heads \(heads)/\(kvHeads) d \(d) prefixes \(prefixes) tails \(tails.map(\.count))"
    }

    func visible(_ row: Int) -> [Int] {
        (0..<Int(max(prefixes[row], 0))).map { $0 } + (tails.isEmpty ? [] : tails[row].map(Int.init))
    }

    func run(_ variant: LinearVariant, rows: Range<Int>? = nil, parts: Int = 1) -> LinearBuffer<Float> {
        let rows = rows ?? 0..<m
        let y = LinearBuffer<Float>(rows.count * yStride, filledWith: 777, canary: -12345.5)
        let tailStride = (tails.map(\.count).max() ?? 0) + 2
        // Numbers beyond a row's count are no cells.
        let list = tails[safe: rows].flatMap { $0 + [Int32](repeating: .max, count: tailStride - $0.count) }
        let counts = tails[safe: rows].map { Int32($0.count) }
        // Gaps between heads and between cells, which hold NaN.
        let cellStride = type.stride(headsFirst ? d + 5 : kvHeads * type.stride(d + 2, d: d) + 1, d: d)
        let headStride = type.stride(headsFirst ? cells * cellStride + 3 : d + 2, d: d)
        let count = cells * cellStride + kvHeads * headStride
        let cacheKeys = CacheBuffer(type, count: count, d: d), cacheValues = CacheBuffer(type, count: count, d: d)
        for cell in 0..<cells {
            for head in 0..<kvHeads {
                let from = (cell * kvHeads + head) * d, at = cell * cellStride + head * headStride
                cacheKeys.store((0..<d).map { keys[from + $0] }, at: at)
                cacheValues.store((0..<d).map { values[from + $0] }, at: at)
            }
        }
        var a = ck_attention_args()
        (a.q, a.y) = (q.constant + rows.lowerBound * qStride, y.pointer)
        (a.k_cache, a.v_cache) = (UnsafeRawPointer(cacheKeys.pointer), UnsafeRawPointer(cacheValues.pointer))
        (a.k_scales, a.v_scales) = (UnsafePointer(cacheKeys.scales), UnsafePointer(cacheValues.scales))
        (a.cell_stride, a.head_stride) = (Int64(cellStride), Int64(headStride))
        (a.m, a.heads, a.kv_heads, a.d) = (Int64(rows.count), Int64(heads), Int64(kvHeads), Int64(d))
        (a.q_stride, a.y_stride, a.tail_stride) = (Int64(qStride), Int64(yStride), Int64(tailStride))
        let bytes = type.scratchBytes(&a, parts)
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: bytes + 64, alignment: 64)
        defer { scratch.deallocate() }
        // Scratch holds whatever was there before; NaN shows a read before a write.
        scratch.initializeMemory(as: UInt8.self, repeating: 0xff, count: bytes)
        scratch.advanced(by: bytes).initializeMemory(as: UInt8.self, repeating: 0xa5, count: 64)
        a.scratch = scratch
        Array(prefixes[rows]).withUnsafeBufferPointer { prefixes in
            list.withUnsafeBufferPointer { list in
                counts.withUnsafeBufferPointer { counts in
                    a.prefix_counts = prefixes.baseAddress
                    a.tail_cells = tails.isEmpty ? nil : list.baseAddress
                    a.tail_counts = tails.isEmpty ? nil : counts.baseAddress
                    #expect(type.checkAttention(&a) == CK_OK, "\(self)")
                    variant(a, parts: parts)
                }
            }
        }
        let end = scratch.advanced(by: bytes).assumingMemoryBound(to: UInt8.self)
        #expect((0..<64).allSatisfy { end[$0] == 0xa5 }, "\(variant.name): \(self): wrote past the scratch memory")
        return y
    }

    /// Softmax attention of one row and head in double.
    func oracle(_ row: Int, _ head: Int) -> [Double] {
        let cells = visible(row).map { ($0 * kvHeads + head / (heads / kvHeads)) * d }
        let base = row * qStride + head * d
        func held(_ cache: LinearBuffer<Float>, _ cell: Int) -> [Double] {
            let (elements, scale) = type.stored((0..<d).map { cache.pointer[cell + $0] })
            return elements.map { Double($0) * Double(scale) }
        }
        let scores = cells.map { cell in
            let key = held(keys, cell)
            return (0..<d).reduce(0.0) { $0 + Double(q.pointer[base + $1]) * key[$1] } / Double(d).squareRoot()
        }
        let top = scores.max() ?? 0
        let weights = scores.map { exp($0 - top) }
        let total = weights.reduce(0, +)
        var result = [Double](repeating: 0, count: d)
        for (weight, cell) in zip(weights, cells) {
            for (j, value) in held(values, cell).enumerated() { result[j] += weight * value }
        }
        return result.map { cells.isEmpty ? 0 : $0 / total }
    }

    /// Compares every variant of every type of cache, in both orders, with the oracle.
    func verify(_ types: [CacheElement] = CacheElement.allCases, tolerance: Double) {
        for type in types {
            for headsFirst in [true, false] {
                var problem = self
                (problem.type, problem.headsFirst) = (type, headsFirst)
                problem.verify(LinearVariant.runnable(type.attention), tolerance: tolerance)
            }
        }
    }

    private func verify(_ variants: [LinearVariant], tolerance: Double) {
        let expected = (0..<m).map { row in (0..<heads).flatMap { oracle(row, $0) } }
        for variant in variants {
            let y = run(variant, parts: 1 + m % 3)
            var worst = 0.0
            for row in 0..<m {
                for j in 0..<(heads * d) {
                    let error = abs(Double(y[row * yStride + j]) - expected[row][j])
                    worst = error <= worst ? worst : error.isNaN ? .infinity : error
                }
            }
            #expect(worst <= tolerance, "\(variant.name): \(self): \(worst)")
            let untouched = (0..<m).allSatisfy { i in (heads * d..<yStride).allSatisfy { y[i * yStride + $0] == 777 } }
            #expect(untouched && y.isIntact, "\(variant.name): \(self): wrote outside y")
        }
    }
}

extension Array {
    /// The elements of `range`, none if the array is empty.
    fileprivate subscript(safe range: Range<Int>) -> ArraySlice<Element> { isEmpty ? [] : self[range] }
}

@Suite struct LanguageAttentionTests {
    private func each(_ problem: AttentionProblem, _ body: (AttentionProblem, LinearVariant) -> Void) {
        for type in CacheElement.allCases {
            var problem = problem
            problem.type = type
            for variant in LinearVariant.runnable(type.attention) { body(problem, variant) }
        }
    }

    /// Scores of a few units, values below 1: errors of scores (d products) pass through exp almost unchanged.
    private func tolerance(_ d: Int) -> Double { 4e-7 * (2 + Double(d).squareRoot() / 4) }

    @Test func causalPrefillMatchesDouble() {
        for (m, d) in [
            (1, 32), (2, 1), (3, 2), (5, 7), (6, 8), (7, 9), (15, 33), (31, 64), (33, 128), (34, 40), (67, 24),
            (4, 256), (3, 131),
        ] {
            AttentionProblem(
                m: m, heads: 2, kvHeads: 2, d: d, cells: m, prefixes: (0..<m).map { Int32($0 + 1) }, size: 3
            )
            .verify(tolerance: tolerance(d))
        }
    }

    @Test func prefixesAndTailsMatchDouble() {
        var generator = SeededGenerator(seed: 3)
        for (m, d, prefix) in [
            (1, 64, 70), (5, 128, 33), (5, 12, 0), (3, 16, 64), (2, 5, 1), (6, 96, 31), (25, 32, 40),
        ] {
            let tails = (0..<m).map { row in
                (0..<(row * 17 % 71)).map { _ in Int32.random(in: 0..<150, using: &generator) }
            }
            let prefixes = (0..<m).map { Int32(prefix + ($0 % 3 == 2 ? -min(prefix, 9) : 0)) }
            for (heads, kvHeads) in [(1, 1), (4, 2), (3, 1)] {
                AttentionProblem(
                    m: m, heads: heads, kvHeads: kvHeads, d: d, cells: 150, prefixes: prefixes, tails: tails, size: 3
                )
                .verify(tolerance: tolerance(d))
            }
        }
    }

    @Test func rowsThatSeeNothingAreZero() {
        let problem = AttentionProblem(
            m: 6, heads: 2, kvHeads: 1, d: 20, cells: 40, prefixes: [0, 3, -1, 40, 0, 0],
            tails: [[], [], [], [], [7], []])
        problem.verify(tolerance: tolerance(20))
        each(problem) { problem, variant in
            let y = problem.run(variant)
            for row in [0, 2, 5] {
                for j in 0..<40 { #expect(y[row * problem.yStride + j] == 0, "\(variant.name) row \(row)") }
            }
        }
    }

    @Test func hugeScoresPickTheirMaximum() {
        for size in [1e4, 1e18, 1e30, 1e37] as [Float] {
            let problem = AttentionProblem(
                m: 5, heads: 2, kvHeads: 2, d: 16, cells: 100, prefixes: [100, 33, 1, 64, 99], size: size)
            each(problem) { problem, variant in
                // The largest query times integers up to 127 is beyond float32.
                if problem.type == .i8 && size > 1e30 { return }
                let y = problem.run(variant)
                for row in 0..<5 {
                    for head in 0..<2 {
                        // With gaps of thousands the softmax is one cell; compare where double says so.
                        let expected = problem.oracle(row, head)
                        for j in 0..<16 {
                            let value = Double(y[row * problem.yStride + head * 16 + j])
                            #expect(
                                abs(value - expected[j]) <= (size < 1e5 ? 2e-3 : 1e-6),
                                "\(variant.name) size \(size) row \(row)")
                        }
                    }
                }
            }
        }
    }

    /// Cells with score -inf have weight 0, also when a whole tile is so.
    @Test func negativeInfinityIsAMask() {
        let problem = AttentionProblem(m: 2, heads: 1, kvHeads: 1, d: 8, cells: 80, prefixes: [80, 60])
        for j in 0..<8 { for row in 0..<2 { problem.q[row * problem.qStride + j] = 1 } }
        for cell in 0..<80 where cell != 45 && cell != 70 { problem.keys[cell * 8] = -.infinity }
        // In 8 bits such a cell would be NaN.
        problem.verify([.f32, .f16, .bf16], tolerance: tolerance(8))
    }

    @Test func invisibleCellsAreNeverUsed() {
        let problem = AttentionProblem(
            m: 5, heads: 1, kvHeads: 1, d: 32, cells: 50, prefixes: [10, 12, 33, 3, 40],
            tails: [[45], [], [], [46, 45], []])
        for cell in [40, 41, 42, 43, 44, 47, 48, 49] {
            for j in 0..<32 { (problem.keys[cell * 32 + j], problem.values[cell * 32 + j]) = (.nan, .infinity) }
        }
        // Seen by the last row only.
        for j in 0..<32 { problem.values[39 * 32 + j] = .infinity }
        each(problem) { problem, variant in
            let y = problem.run(variant)
            for row in 0..<5 {
                for j in 0..<32 {
                    #expect(y[row * problem.yStride + j].isFinite == (row < 4), "\(variant.name) row \(row)")
                }
            }
        }
    }

    @Test func notANumberPropagates() {
        let problem = AttentionProblem(m: 4, heads: 2, kvHeads: 2, d: 24, cells: 70, prefixes: [70, 70, 70, 70])
        problem.q[problem.qStride + 3] = .nan
        each(problem) { problem, variant in
            let y = problem.run(variant)
            for row in 0..<4 {
                for j in 0..<48 {
                    #expect(
                        y[row * problem.yStride + j].isNaN == (row == 1 && j < 24), "\(variant.name) (\(row), \(j))")
                }
            }
        }
    }

    @Test func partsAndNeighboursGiveTheSameBits() {
        var generator = SeededGenerator(seed: 9)
        for (m, d) in [(1, 128), (5, 64), (7, 17), (29, 20), (51, 32), (97, 8)] {
            let tails = (0..<m).map { row in
                (0..<(row * 13 % 40)).map { _ in Int32.random(in: 0..<90, using: &generator) }
            }
            let problem = AttentionProblem(
                m: m, heads: 3, kvHeads: 3, d: d, cells: 90, prefixes: (0..<m).map { Int32(30 + $0) }, tails: tails,
                size: 4)
            each(problem) { problem, variant in
                let whole = problem.run(variant).bits
                for parts in [2, 3, 4, 5, 6, 7, 200] {
                    #expect(
                        problem.run(variant, parts: parts).bits == whole, "\(variant.name): \(problem), \(parts) parts")
                }
                for rows in [
                    0..<1, (m - 1)..<m, (m / 2)..<(m / 2 + 1), (m / 3)..<(m / 3 + min(2, m - m / 3)), 0..<min(m, 5),
                ] {
                    let expected = Array(
                        whole[(rows.lowerBound * problem.yStride)..<(rows.upperBound * problem.yStride)])
                    #expect(
                        problem.run(variant, rows: rows).bits == expected, "\(variant.name): \(problem) rows \(rows)")
                }
            }
        }
    }

    /// Beams that list the same cells for a while, then part; some join again, some end early. Shared tiles give the bits
    /// of a row alone.
    @Test func beamsShareTailsUpToWhereTheyPart() {
        for (beams, d) in [(2, 16), (5, 128), (7, 24), (50, 8)] {
            let common = (0..<64).map { Int32(40 + $0) }
            let tails = (0..<beams).map { row -> [Int32] in
                let own = (0..<(7 + row % 3)).map { Int32(110 + (row * 11 + $0 * 5) % 80) }
                switch row % 4 {
                case 0: return common + own
                case 1: return Array(common.prefix(32)) + own + common
                case 2: return Array(common.prefix(40))
                default: return common + (own.isEmpty ? [] : [own[0]])
                }
            }
            let problem = AttentionProblem(
                m: beams, heads: 2, kvHeads: 2, d: d, cells: 190, prefixes: .init(repeating: 37, count: beams), tails: tails,
                size: 3)
            problem.verify(tolerance: tolerance(d))
            each(problem) { problem, variant in
                let whole = problem.run(variant).bits
                for row in 0..<beams {
                    let alone = Array(whole[(row * problem.yStride)..<((row + 1) * problem.yStride)])
                    #expect(problem.run(variant, rows: row..<(row + 1)).bits == alone, "\(variant.name): \(problem) row \(row)")
                }
            }
        }
    }

    /// Subnormal halves count as what they are; f16 keeps 2^-24, where f32 arithmetic is far from its own limits.
    @Test func subnormalHalvesAreNotFlushed() {
        let problem = AttentionProblem(m: 6, heads: 1, kvHeads: 1, d: 19, cells: 45, prefixes: [45, 1, 2, 33, 31, 44])
        for at in 0..<(45 * 19) {
            problem.keys[at] = Float(at % 17 - 8) * 0x1p-24
            problem.values[at] = Float(at % 13 - 6) * 0x1p-24
        }
        for at in 0..<problem.q.count { problem.q[at] *= 0x1p20 }
        // Values of 2^-21: what float32 sums leave of them.
        problem.verify(tolerance: tolerance(19) * 0x1p-21)
    }

    /// A number that f16 cannot hold is infinite there, and says so in the result; bf16 and f32 hold it.
    @Test func numbersBeyondHalfShow() {
        let problem = AttentionProblem(m: 2, heads: 1, kvHeads: 1, d: 8, cells: 40, prefixes: [40, 30])
        problem.values[35 * 8 + 2] = 65_536
        each(problem) { problem, variant in
            let y = problem.run(variant)
            for row in 0..<2 {
                for j in 0..<8 {
                    let isInfinite = problem.type == .f16 && row == 0 && j == 2
                    #expect(y[row * problem.yStride + j].isFinite == !isInfinite, "\(variant.name) (\(row), \(j))")
                    if isInfinite { #expect(y[row * problem.yStride + j] == .infinity) }
                }
            }
        }
    }

    @Test func noRowsAreNoWork() {
        let problem = AttentionProblem(m: 0, heads: 2, kvHeads: 2, d: 8, cells: 1, prefixes: [])
        each(problem) { problem, variant in #expect(problem.run(variant, parts: 3).isIntact, "\(variant.name)") }
    }

    @Test func rejectsBrokenArguments() {
        let memory = LinearBuffer<Float>(zeros: 64)
        let counts = LinearBuffer<Int32>([1, 1], canary: 5)
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 64)
        defer { scratch.deallocate() }
        func status(_ change: (inout ck_attention_args) -> Void) -> ck_status {
            var a = ck_attention_args()
            (a.q, a.y) = (memory.constant, memory.pointer + 32)
            (a.k_cache, a.v_cache) = (UnsafeRawPointer(memory.pointer), UnsafeRawPointer(memory.pointer))
            (a.cell_stride, a.head_stride) = (8, 4)
            (a.m, a.heads, a.kv_heads, a.d, a.q_stride, a.y_stride) = (2, 2, 1, 4, 8, 8)
            a.prefix_counts = counts.constant
            a.scratch = scratch
            change(&a)
            return ck_attention_f32_cells_check(&a)
        }
        #expect(ck_attention_f32_cells_check(nil) == CK_INVALID_ARGUMENT)
        #expect(status { _ in } == CK_OK)
        let broken: [(String, (inout ck_attention_args) -> Void)] = [
            ("m", { $0.m = -1 }), ("heads", { $0.heads = -2 }), ("kv_heads", { $0.kv_heads = 0 }),
            (
                "3 heads over 2",
                {
                    $0.heads = 3
                    $0.kv_heads = 2
                }
            ),
            ("d", { $0.d = 0 }), ("huge d", { $0.d = .max }), ("huge m", { $0.m = .max }), ("q", { $0.q = nil }),
            ("y", { $0.y = nil }),
            ("y is q", { $0.q = UnsafePointer($0.y) }), ("keys", { $0.k_cache = nil }),
            ("values", { $0.v_cache = nil }),
            ("prefixes", { $0.prefix_counts = nil }), ("tail without counts", { $0.tail_cells = counts.constant }),
            ("counts without tail", { $0.tail_counts = counts.constant }), ("q_stride", { $0.q_stride = 7 }),
            ("y_stride", { $0.y_stride = 7 }), ("cell_stride", { $0.cell_stride = 3 }),
            ("huge cell_stride", { $0.cell_stride = .max }),
            (
                "head_stride",
                {
                    $0.kv_heads = 2
                    $0.head_stride = 3
                }
            ),
            (
                "huge head_stride",
                {
                    $0.kv_heads = 2
                    $0.head_stride = .max / 2
                }
            ),
            ("odd keys", { $0.k_cache = $0.k_cache + 2 }), ("odd values", { $0.v_cache = $0.v_cache + 2 }),
            ("scratch", { $0.scratch = nil }), ("scratch alignment", { $0.scratch = scratch + 4 }),
        ]
        for (field, change) in broken { #expect(status(change) == CK_INVALID_ARGUMENT, "\(field)") }
        #expect(
            status {
                $0.m = 0
                $0.q = nil
                $0.scratch = nil
            } == CK_OK)
        // Halves need half the alignment, bytes none, but scales and whole heads.
        for type in [CacheElement.f16, .bf16, .i8] {
            for (offset, expected) in [(0, CK_OK), (2, CK_OK), (1, type == .i8 ? CK_OK : CK_INVALID_ARGUMENT)] {
                var a = ck_attention_args()
                (a.q, a.y) = (memory.constant, memory.pointer + 32)
                (a.k_cache, a.v_cache) = (UnsafeRawPointer(memory.pointer) + offset, UnsafeRawPointer(memory.pointer) + offset)
                (a.m, a.heads, a.kv_heads, a.d, a.q_stride, a.y_stride, a.cell_stride) = (2, 2, 1, 4, 8, 8, 4)
                a.prefix_counts = counts.constant
                a.scratch = scratch
                (a.k_scales, a.v_scales) = (memory.constant, memory.constant)
                #expect(type.checkAttention(&a) == expected, "\(type) \(offset)")
                guard type == .i8 else { continue }
                for change: (inout ck_attention_args) -> Void in [
                    { $0.k_scales = nil }, { $0.v_scales = nil }, { $0.cell_stride = 6 }, { ($0.kv_heads, $0.head_stride) = (2, 5) },
                ] {
                    var a = a
                    change(&a)
                    #expect(type.checkAttention(&a) == CK_INVALID_ARGUMENT)
                }
            }
        }
        var a = ck_attention_args()
        #expect(ck_attention_f32_cells_scratch_bytes(&a, 2) == 0 && ck_attention_f32_cells_scratch_bytes(nil, 1) == 0)
        a.d = 128
        #expect(ck_attention_f32_cells_scratch_bytes(&a, 4) == 4 * ck_attention_f32_cells_scratch_bytes(&a, 1))
    }
}
