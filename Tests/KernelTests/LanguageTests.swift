import CLEOKernels
import Foundation
import TestSupport
import Testing

@Suite struct LanguageTests {
    // MARK: assemble_rows

    @Test func rowsComeFromTableAndExtraExactly() {
        for d in [0, 1, 7, 8, 9, 31, 97] {
            var generator = SeededGenerator(seed: UInt64(d))
            let values = generator.floats(6 * d)
            let extraStride = d + 3
            let extra = LinearBuffer(random: 3 * extraStride, &generator)
            var f16 = [UInt16](repeating: 0, count: 6 * d)
            var bf16 = f16
            ck_f16_from_f32(values, &f16, Int64(values.count))
            ck_bf16_from_f32(values, &bf16, Int64(values.count))
            let tables: [(ck_variants, LinearBuffer<UInt16>?, (Int) -> Float)] = [
                (ck_assemble_rows_f32_variants(), nil, { values[$0] }),
                (ck_assemble_rows_f16_variants(), LinearBuffer(f16, canary: 0x7fff), { linearFloat(half: f16[$0]) }),
                (
                    ck_assemble_rows_bf16_variants(), LinearBuffer(bf16, canary: 0x7fff),
                    { Float(bitPattern: UInt32(bf16[$0]) << 16) }
                ),
            ]
            let f32 = LinearBuffer(values)
            for (table, half, value) in tables {
                for variant in LinearVariant.runnable(table) {
                    for sources in [[], [2], [-1], [0, 5, -3, -1, 5, 1, -2]] as [[Int32]] {
                        for parts in [1, 2, 3, 9] {
                            let y = LinearBuffer<Float>(sources.count * (d + 2), filledWith: 777, canary: -12345.5)
                            let list = LinearBuffer(sources, canary: 99)
                            var a = ck_assemble_rows_args()
                            (a.sources, a.extra, a.y) = (list.constant, extra.constant, y.pointer)
                            a.table = half.map { UnsafeRawPointer($0.pointer) } ?? UnsafeRawPointer(f32.pointer)
                            (a.m, a.d, a.y_stride, a.extra_stride) = (
                                Int64(sources.count), Int64(d), Int64(d + 2), Int64(extraStride)
                            )
                            #expect(ck_assemble_rows_check(&a) == CK_OK)
                            variant(a, parts: parts)
                            for (i, source) in sources.enumerated() {
                                for j in 0..<(d + 2) {
                                    let expected =
                                        j >= d
                                        ? 777
                                        : source < 0
                                            ? extra[-(Int(source) + 1) * extraStride + j] : value(Int(source) * d + j)
                                    #expect(
                                        y[i * (d + 2) + j].bitPattern == expected.bitPattern,
                                        "\(variant.name) d \(d) (\(i), \(j)), \(parts) parts")
                                }
                            }
                            #expect(y.isIntact)
                        }
                    }
                }
            }
        }
    }

    // MARK: rope_append

    /// Against the formula of the source with separately rounded products, so bit for bit.
    @Test func ropeRotatesHalvesAndFillsItsCells() {
        for (m, heads, kvHeads, d) in [
            (0, 2, 2, 8), (1, 1, 1, 2), (3, 2, 1, 6), (2, 4, 2, 16), (5, 3, 3, 18), (4, 2, 2, 64), (2, 2, 1, 128),
            (3, 2, 2, 34),
        ] {
            var generator = SeededGenerator(seed: UInt64(d))
            let (qStride, kStride, vStride, half) = (heads * d + 1, kvHeads * d + 2, kvHeads * d + 3, d / 2)
            let q0 = generator.floats(m * qStride)
            let k = LinearBuffer(random: m * kStride, &generator)
            let v = LinearBuffer(random: m * vStride, &generator)
            let cosines = LinearBuffer(random: 9 * half, &generator)
            let sines = LinearBuffer(random: 9 * half, &generator)
            let positions = LinearBuffer((0..<m).map { Int32($0 * 5 % 9) }, canary: 99)
            let cells = LinearBuffer((0..<m).map { Int32(6 - $0) }, canary: 99)
            for (type, headsFirst) in CacheElement.allCases.flatMap({ [($0, true), ($0, false)] }) {
                // Caches of 7 cells with gaps.
                let headStride = type.stride(headsFirst ? 7 * type.stride(d + 1, d: d) + 2 : d, d: d)
                let cellStride = type.stride(headsFirst ? d + 1 : kvHeads * d, d: d)
                let cacheCount = kvHeads * headStride + 7 * cellStride
                for (variant, parts) in LinearVariant.runnable(type.rope).flatMap({ v in [1, 2, 3, 5, 7, 40].map { (v, $0) } }) {
                    let q = LinearBuffer(q0)
                    let kCache = CacheBuffer(type, count: cacheCount, d: d), vCache = CacheBuffer(type, count: cacheCount, d: d)
                    var a = ck_rope_append_args()
                    (a.q, a.k, a.v) = (q.pointer, k.constant, v.constant)
                    (a.positions, a.cells, a.cosines, a.sines) = (
                        positions.constant, cells.constant, cosines.constant, sines.constant
                    )
                    (a.k_cache, a.v_cache) = (kCache.pointer, vCache.pointer)
                    (a.k_scales, a.v_scales) = (kCache.scales, vCache.scales)
                    (a.m, a.heads, a.kv_heads, a.d) = (Int64(m), Int64(heads), Int64(kvHeads), Int64(d))
                    (a.q_stride, a.k_stride, a.v_stride) = (Int64(qStride), Int64(kStride), Int64(vStride))
                    (a.cell_stride, a.head_stride) = (Int64(cellStride), Int64(headStride))
                    #expect(type.checkRope(&a) == CK_OK)
                    variant(a, parts: parts)

                    func rotated(_ x: (Int) -> Float, _ row: Int, _ j: Int) -> Float {
                        let at = Int(positions[row]) * half + j % half
                        let turned = (j < half ? -x(j + half) : x(j - half)) * sines[at]
                        return x(j) * cosines[at] + turned
                    }
                    var expectedQ = q0
                    let expectedK = CacheBuffer(type, count: cacheCount, d: d), expectedV = CacheBuffer(type, count: cacheCount, d: d)
                    for i in 0..<m {
                        for head in 0..<heads {
                            let base = i * qStride + head * d
                            for j in 0..<d { expectedQ[base + j] = rotated({ q0[base + $0] }, i, j) }
                        }
                        for head in 0..<kvHeads {
                            let cell = Int(cells[i]) * cellStride + head * headStride
                            expectedK.store((0..<d).map { j in rotated({ k[i * kStride + head * d + $0] }, i, j) }, at: cell)
                            expectedV.store((0..<d).map { v[i * vStride + head * d + $0] }, at: cell)
                        }
                    }
                    let equal = q.values == expectedQ && kCache.bits == expectedK.bits && vCache.bits == expectedV.bits
                    #expect(
                        equal && q.isIntact && kCache.isIntact && vCache.isIntact,
                        "\(variant.name) m \(m) heads \(heads)/\(kvHeads) d \(d), \(parts) parts")
                }
            }
        }
    }

    /// Ties go to even, subnormal halves stay, what f16 cannot hold becomes infinity, NaN stays NaN.
    @Test func cachesRoundAsTheStandardSays() {
        let small = Float(0x1p-24)
        let numbers: [Float] = [
            0, -0.0, 1, 1 + 0x1p-11, 1 + 0x3p-11, 1 + 0x1p-11 + 0x1p-23, 1 + 0x1p-8, 1 + 0x3p-8, -1 - 0x1p-8 - 0x1p-23, 65_504, 65_519.996,
            65_520, -65_520, 65_536, 1e30, -3.4e38, .greatestFiniteMagnitude, .infinity, -.infinity, small, small / 2, small / 2 + 0x1p-40,
            small * 1.5, small * 2.5, -small * 3.5, 0x1p-14, 0x1p-14 - 0x1p-26, 0x1p-126, 0x1p-133, 0x1p-134, 0x1.8p-133, .nan, -.nan,
            Float(bitPattern: 0x7f80_0001), Float(bitPattern: 0xffff_ffff), 3,
        ]
        let d = numbers.count
        let v = LinearBuffer(numbers), q = LinearBuffer<Float>(zeros: d)
        let one = LinearBuffer([Float](repeating: 1, count: d)), zero = LinearBuffer<Float>(zeros: d)
        let index = LinearBuffer<Int32>([0], canary: 9)
        for type in [CacheElement.f32, .f16, .bf16] {
            let expected = type.stored(numbers).elements
            for variant in LinearVariant.runnable(type.rope) {
                let kCache = CacheBuffer(type, count: d, d: d), vCache = CacheBuffer(type, count: d, d: d)
                var a = ck_rope_append_args()
                (a.q, a.k, a.v, a.positions, a.cells) = (q.pointer, zero.constant, v.constant, index.constant, index.constant)
                (a.cosines, a.sines, a.k_cache, a.v_cache) = (one.constant, zero.constant, kCache.pointer, vCache.pointer)
                (a.m, a.heads, a.kv_heads, a.d, a.cell_stride) = (1, 1, 1, Int64(d), Int64(d))
                #expect(type.checkRope(&a) == CK_OK)
                variant(a)
                for (j, number) in numbers.enumerated() {
                    let held = vCache[j], expected = expected[j]
                    #expect(
                        number.isNaN ? held.isNaN : held == expected && held.sign == expected.sign,
                        "\(variant.name): \(number) became \(held)")
                }
                #expect((0..<d).allSatisfy { kCache[$0] == 0 } && vCache.isIntact && kCache.isIntact, "\(variant.name)")
            }
        }
    }

    /// In 8 bits the largest number of a head's row fixes its scale: ties go to even, rows of nothing and of less than the normal
    /// numbers are zeros, one number that is not finite makes the whole row NaN.
    @Test func eightBitRowsHaveTheScaleOfTheirLargest() {
        let d = 38
        var rows: [[Float]] = [
            .init(repeating: 0, count: d), .init(repeating: -0.0, count: d), (0..<d).map { Float($0) - 127 }, (0..<d).map { Float($0) * 0.5 + 108.5 },
            (0..<d).map { Float($0) * 0x1p-149 }, (0..<d).map { Float($0 - 19) * 0x1p-126 },
            (0..<d).map { Float($0 - 19) * Float.greatestFiniteMagnitude / 20 }, .init(repeating: .greatestFiniteMagnitude, count: d),
        ]
        for value in [Float.nan, -.nan, .infinity, -.infinity] {
            for place in [0, 7, 18, 19, 31, 37] { rows.append((0..<d).map { $0 == place ? value : Float($0) }) }
        }
        let m = rows.count
        let v = LinearBuffer(rows.flatMap { $0 }), k = LinearBuffer(rows.reversed().flatMap { $0 }), q = LinearBuffer<Float>(zeros: m * d)
        let one = LinearBuffer([Float](repeating: 1, count: d)), zero = LinearBuffer<Float>(zeros: d)
        let places = LinearBuffer<Int32>(m, filledWith: 0, canary: 9), cells = LinearBuffer((0..<m).map { Int32($0) }, canary: 9)
        for variant in LinearVariant.runnable(ck_rope_append_i8_variants()) {
            let kCache = CacheBuffer(.i8, count: m * d, d: d), vCache = CacheBuffer(.i8, count: m * d, d: d)
            var a = ck_rope_append_args()
            (a.q, a.k, a.v, a.positions, a.cells) = (q.pointer, k.constant, v.constant, places.constant, cells.constant)
            (a.cosines, a.sines) = (one.constant, zero.constant)
            (a.k_cache, a.v_cache, a.k_scales, a.v_scales) = (kCache.pointer, vCache.pointer, kCache.scales, vCache.scales)
            (a.m, a.heads, a.kv_heads, a.d, a.cell_stride) = (Int64(m), 1, 1, Int64(d), Int64(d))
            (a.q_stride, a.k_stride, a.v_stride) = (Int64(d), Int64(d), Int64(d))
            #expect(ck_rope_append_i8_check(&a) == CK_OK)
            variant(a, parts: 3)
            for i in 0..<m {
                for (name, cache, row) in [("values", vCache, rows[i]), ("keys", kCache, rows[m - 1 - i])] {
                    let (elements, scale) = CacheElement.i8.stored(row)
                    let held = cache.scales?[i] ?? 0
                    #expect(held == scale || held.isNaN && scale.isNaN, "\(variant.name): \(name) \(i): scale \(held)")
                    #expect(
                        (0..<d).allSatisfy { cache[i * d + $0] == elements[$0] * scale || scale.isNaN }, "\(variant.name): \(name) \(i)")
                }
            }
            #expect(kCache.isIntact && vCache.isIntact, "\(variant.name)")
        }
    }

    // MARK: silu_mul

    @Test func gatingMatchesDoubleInAndOutOfPlace() {
        for (m, n) in [(0, 5), (1, 0), (1, 1), (3, 7), (2, 8), (5, 17), (1, 255), (2, 257), (1, 600)] {
            var generator = SeededGenerator(seed: UInt64(n))
            let stride = n + 3
            let gate0 = generator.floats(m * stride).map { $0 * 30 }
            let up0 = generator.floats(m * stride)
            for variant in LinearVariant.runnable(ck_silu_mul_f32_variants()) {
                var first: [UInt32]?
                for (place, parts) in [(0, 1), (1, 1), (2, 1), (0, 2), (0, 3), (1, 5)] {
                    let gate = LinearBuffer(gate0)
                    let up = LinearBuffer(up0)
                    let separate = LinearBuffer<Float>(zeros: m * stride)
                    let y = place == 0 ? separate : place == 1 ? gate : up
                    var a = ck_silu_mul_args()
                    (a.gate, a.up, a.y, a.m, a.n) = (gate.constant, up.constant, y.pointer, Int64(m), Int64(n))
                    (a.gate_stride, a.up_stride, a.y_stride) = (Int64(stride), Int64(stride), Int64(stride))
                    #expect(ck_silu_mul_check(&a) == CK_OK)
                    variant(a, parts: parts)
                    let before = place == 0 ? [Float](repeating: 0, count: m * stride) : place == 1 ? gate0 : up0
                    var bits: [UInt32] = []
                    for i in 0..<(m * stride) {
                        if i % stride >= n {
                            #expect(y[i] == before[i], "\(variant.name): wrote between rows")
                            continue
                        }
                        let g = Double(gate0[i])
                        let expected = g / (1 + exp(-g)) * Double(up0[i])
                        // exp within 1 ulp, then a sum, a quotient and a product
                        #expect(
                            abs(Double(y[i]) - expected) <= 4e-7 * abs(expected), "\(variant.name) n \(n) gate \(g)")
                        bits.append(y[i].bitPattern)
                    }
                    #expect(
                        first == nil || first == bits, "\(variant.name) n \(n): place \(place), \(parts) parts differ")
                    first = bits
                    #expect(gate.isIntact && up.isIntact && separate.isIntact)
                }
            }
        }
    }

    @Test func gatingHasTheRightLimits() {
        for variant in LinearVariant.runnable(ck_silu_mul_f32_variants()) {
            let gate = LinearBuffer<Float>([.infinity, -200, 200, .nan, 0, 1, -1e30, 1e30, -0.0])
            let up = LinearBuffer<Float>([Float](repeating: 1, count: 8) + [.nan])
            var a = ck_silu_mul_args()
            let y = LinearBuffer<Float>(zeros: 9)
            (a.gate, a.up, a.y, a.m, a.n) = (gate.constant, up.constant, y.pointer, 1, 9)
            variant(a)
            #expect(
                y[0] == .infinity && y[1] == 0 && y[2] == 200 && y[3].isNaN && y[4] == 0, "\(variant.name) \(y.values)")
            #expect(
                abs(y[5] - 0.7310586) < 1e-6 && y[6] == 0 && y[7] == 1e30 && y[8].isNaN, "\(variant.name) \(y.values)")
        }
    }

    // MARK: log_softmax

    @Test func logSoftmaxMatchesDoubleInAndOutOfPlace() {
        for (m, n, size) in [
            (0, 3, 1), (1, 1, 1), (3, 2, 5), (2, 7, 50), (5, 8, 1), (4, 9, 1e4), (2, 31, 1e30), (3, 97, 10),
            (1, 5000, 3),
        ] as [(Int, Int, Float)] {
            var generator = SeededGenerator(seed: UInt64(n))
            let stride = n + 2
            let x0 = generator.floats(m * stride).map { $0 * size }
            for variant in LinearVariant.runnable(ck_log_softmax_f32_variants()) {
                for (inPlace, parts) in [(false, 1), (true, 1), (true, 2), (false, 3), (false, 9)] {
                    let x = LinearBuffer(x0)
                    let y = inPlace ? x : LinearBuffer(x0)
                    var a = ck_log_softmax_args()
                    (a.x, a.y, a.m, a.n, a.x_stride, a.y_stride) = (
                        x.constant, y.pointer, Int64(m), Int64(n), Int64(stride), Int64(stride)
                    )
                    #expect(ck_log_softmax_check(&a) == CK_OK)
                    variant(a, parts: parts)
                    for i in 0..<m {
                        let row = x0[(i * stride)..<(i * stride + n)].map(Double.init)
                        let top = row.max() ?? 0
                        let shift = top + log(row.reduce(0) { $0 + exp($1 - top) })
                        for j in 0..<n {
                            let expected = row[j] - shift
                            // Each exp has a relative error of a few 1e-7, which the sum keeps; the result is rounded once.
                            let tolerance = 3e-7 + abs(expected) * 6e-8
                            #expect(
                                abs(Double(y[i * stride + j]) - expected) <= tolerance,
                                "\(variant.name) n \(n) size \(size) (\(i), \(j))")
                        }
                        #expect(y[i * stride + n] == x0[i * stride + n])
                    }
                    #expect(x.isIntact && y.isIntact)
                }
            }
        }
    }

    @Test func logSoftmaxMasksAndPropagates() {
        for variant in LinearVariant.runnable(ck_log_softmax_f32_variants()) {
            let n = 11
            func run(_ change: (inout [Float]) -> Void) -> [Float] {
                var row = [Float](repeating: 2, count: n)
                change(&row)
                let x = LinearBuffer(row)
                var a = ck_log_softmax_args()
                (a.x, a.y, a.m, a.n) = (x.constant, x.pointer, 1, Int64(n))
                variant(a)
                return x.values
            }
            let masked = run { for j in 1..<n { $0[j] = -.infinity } }
            #expect(masked[0] == 0 && masked[1...].allSatisfy { $0 == -.infinity }, "\(variant.name)")
            for at in [0, 7, 8, 10] {
                #expect(run { $0[at] = .nan }.allSatisfy { $0.isNaN }, "\(variant.name) NaN at \(at)")
                #expect(run { $0[at] = .infinity }.allSatisfy { $0.isNaN }, "\(variant.name) inf at \(at)")
            }
            #expect(run { $0 = [Float](repeating: -.infinity, count: n) }.allSatisfy { $0.isNaN }, "\(variant.name)")
        }
    }

    // MARK: Checks and tables

    @Test func checksRejectBrokenArguments() {
        let f = LinearBuffer<Float>(zeros: 64)
        let i = LinearBuffer<Int32>([0, 0], canary: 5)
        func rows(_ change: (inout ck_assemble_rows_args) -> Void) -> ck_status {
            var a = ck_assemble_rows_args()
            (a.sources, a.table, a.y, a.m, a.d, a.y_stride) = (
                i.constant, UnsafeRawPointer(f.pointer), f.pointer + 32, 2, 4, 4
            )
            change(&a)
            return ck_assemble_rows_check(&a)
        }
        #expect(
            rows { _ in } == CK_OK
                && rows {
                    $0.m = 0
                    $0.y = nil
                } == CK_OK)
        for change: (inout ck_assemble_rows_args) -> Void in [
            { $0.m = -1 }, { $0.d = -1 }, { $0.sources = nil }, { $0.table = nil }, { $0.y = nil }, { $0.y_stride = 3 },
            { $0.y_stride = .max },
        ] { #expect(rows(change) == CK_INVALID_ARGUMENT) }

        func rope(_ type: CacheElement = .f32, _ change: (inout ck_rope_append_args) -> Void) -> ck_status {
            var a = ck_rope_append_args()
            (a.q, a.k, a.v, a.positions, a.cells) = (f.pointer, f.constant, f.constant, i.constant, i.constant)
            (a.cosines, a.sines) = (f.constant, f.constant)
            (a.k_cache, a.v_cache) = (UnsafeMutableRawPointer(f.pointer + 32), UnsafeMutableRawPointer(f.pointer + 40))
            (a.k_scales, a.v_scales) = (f.pointer + 48, f.pointer + 56)
            (a.m, a.heads, a.kv_heads, a.d, a.q_stride, a.k_stride, a.v_stride) = (2, 2, 1, 4, 8, 4, 4)
            a.cell_stride = 4
            change(&a)
            return type.checkRope(&a)
        }
        for type in CacheElement.allCases { #expect(rope(type) { _ in } == CK_OK && type.checkRope(nil) == CK_INVALID_ARGUMENT) }
        for change: (inout ck_rope_append_args) -> Void in [
            { $0.d = 3 }, { $0.m = -1 }, { $0.heads = -1 }, { $0.heads = .max }, { $0.kv_heads = .max }, { $0.q = nil },
            { $0.k = nil }, { $0.v = nil },
            { $0.positions = nil }, { $0.cells = nil }, { $0.cosines = nil }, { $0.sines = nil }, { $0.k_cache = nil },
            { $0.v_cache = nil },
            { $0.q_stride = 7 }, { $0.k_stride = 3 }, { $0.v_stride = 3 }, { $0.cell_stride = 3 }, { $0.cell_stride = .max },
            {
                ($0.kv_heads, $0.k_stride, $0.v_stride) = (2, 8, 8)
                $0.head_stride = 3
            },
        ] { for type in CacheElement.allCases { #expect(rope(type, change) == CK_INVALID_ARGUMENT, "\(type)") } }
        // Each type has its own alignment; scales and whole heads are a matter of 8 bits.
        for (type, bytes) in [(CacheElement.f32, 4), (.f16, 2), (.bf16, 2), (.i8, 1)] {
            for offset in 1...3 {
                let expected = offset % bytes == 0 ? CK_OK : CK_INVALID_ARGUMENT
                #expect(rope(type) { $0.k_cache = $0.k_cache + offset } == expected && rope(type) { $0.v_cache = $0.v_cache + offset } == expected)
            }
            let expected = type == .i8 ? CK_INVALID_ARGUMENT : CK_OK
            for change: (inout ck_rope_append_args) -> Void in [
                { $0.k_scales = nil }, { $0.v_scales = nil }, { $0.cell_stride = 6 },
                {
                    ($0.kv_heads, $0.k_stride, $0.v_stride) = (2, 8, 8)
                    $0.head_stride = 5
                },
            ] { #expect(rope(type, change) == expected, "\(type)") }
        }

        func silu(_ change: (inout ck_silu_mul_args) -> Void) -> ck_status {
            var a = ck_silu_mul_args()
            (a.gate, a.up, a.y, a.m, a.n, a.gate_stride, a.up_stride, a.y_stride) = (
                f.constant, f.constant + 8, f.pointer + 16, 2, 4, 4, 4, 4
            )
            change(&a)
            return ck_silu_mul_check(&a)
        }
        #expect(silu { _ in } == CK_OK)
        for change: (inout ck_silu_mul_args) -> Void in [
            { $0.m = -1 }, { $0.n = -1 }, { $0.gate = nil }, { $0.up = nil }, { $0.y = nil }, { $0.y_stride = 3 },
            {
                $0.gate = UnsafePointer($0.y)
                $0.gate_stride = 5
            },
            {
                $0.up = UnsafePointer($0.y)
                $0.up_stride = 5
            },
        ] { #expect(silu(change) == CK_INVALID_ARGUMENT) }

        func softmax(_ change: (inout ck_log_softmax_args) -> Void) -> ck_status {
            var a = ck_log_softmax_args()
            (a.x, a.y, a.m, a.n, a.x_stride, a.y_stride) = (f.constant, f.pointer + 16, 2, 4, 4, 4)
            change(&a)
            return ck_log_softmax_check(&a)
        }
        #expect(softmax { _ in } == CK_OK)
        for change: (inout ck_log_softmax_args) -> Void in [
            { $0.m = -1 }, { $0.n = -1 }, { $0.x = nil }, { $0.y = nil }, { $0.x_stride = 3 }, { $0.y_stride = 3 },
            {
                $0.x = UnsafePointer($0.y)
                $0.x_stride = 5
            },
        ] { #expect(softmax(change) == CK_INVALID_ARGUMENT) }
        #expect(ck_assemble_rows_check(nil) == CK_INVALID_ARGUMENT)
        #expect(ck_silu_mul_check(nil) == CK_INVALID_ARGUMENT && ck_log_softmax_check(nil) == CK_INVALID_ARGUMENT)
    }

    @Test func tablesEndWithTheReference() {
        let tables: [(String, ck_variants)] = [
            ("ck_assemble_rows_f32", ck_assemble_rows_f32_variants()),
            ("ck_assemble_rows_f16", ck_assemble_rows_f16_variants()),
            ("ck_assemble_rows_bf16", ck_assemble_rows_bf16_variants()),
            ("ck_rope_append_f32", ck_rope_append_f32_variants()), ("ck_rope_append_f16", ck_rope_append_f16_variants()),
            ("ck_rope_append_bf16", ck_rope_append_bf16_variants()), ("ck_rope_append_i8", ck_rope_append_i8_variants()),
            ("ck_silu_mul_f32", ck_silu_mul_f32_variants()), ("ck_log_softmax_f32", ck_log_softmax_f32_variants()),
            ("ck_attention_f32_cells", ck_attention_f32_cells_variants()),
            ("ck_attention_f16_cells", ck_attention_f16_cells_variants()),
            ("ck_attention_bf16_cells", ck_attention_bf16_cells_variants()), ("ck_attention_i8_cells", ck_attention_i8_cells_variants()),
        ]
        for (family, table) in tables {
            for i in 0..<Int(table.count) {
                let row = table.rows[i]
                #expect(String(cString: row.name) == family + "_" + String(cString: ck_isa_name(row.isa)))
                #expect((row.isa == CK_ISA_REF) == (i == Int(table.count) - 1), "\(family)")
            }
        }
    }
}
