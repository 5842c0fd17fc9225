import CLEOKernels
import Foundation
import TestSupport
import Testing

/// Rows to quantise, with everything that may stand before.
private struct Source: CustomStringConvertible {
    let kind: QuantizedSource, m: Int, k: Int
    let x: LinearBuffer<Float>, up: LinearBuffer<Float>, weight: LinearBuffer<Float>
    let inputScale: LinearBuffer<Float>?
    let xStride: Int, upStride: Int, vStride: Int
    var eps: Float = 1e-5

    init(_ kind: QuantizedSource, m: Int, k: Int, size: Float = 3, isScaled: Bool = false, seed: UInt64 = 1) {
        var generator = SeededGenerator(seed: seed)
        (self.kind, self.m, self.k) = (kind, m, k)
        (xStride, upStride, vStride) = (k + 3, k + 1, k + 2)
        x = LinearBuffer(generator.floats(m * (k + 3)).map { $0 * size })
        up = LinearBuffer(random: m * (k + 1), &generator)
        weight = LinearBuffer(random: k, &generator)
        inputScale = isScaled ? LinearBuffer(random: k, &generator) : nil
    }

    var description: String { "\(kind) m \(m) k \(k)" + (inputScale == nil ? "" : " scaled") }

    func arguments(y: QuantizedRows, v: LinearBuffer<Float>?) -> ck_q8_rows_args {
        var a = ck_q8_rows_args()
        (a.x, a.y, a.v, a.m, a.k) = (x.constant, y.pointer, v?.pointer, Int64(m), Int64(k))
        (a.up, a.weight, a.eps) = (kind == .silu_mul ? up.constant : nil, kind == .rms_norm ? weight.constant : nil, eps)
        (a.x_stride, a.up_stride, a.v_stride) = (Int64(xStride), Int64(upStride), Int64(vStride))
        a.input_scale = inputScale?.constant
        return a
    }

    func run(
        _ variant: LinearVariant, parts: Int = 1, keepsValues: Bool = true
    ) -> (rows: QuantizedRows, v: LinearBuffer<Float>) {
        let rows = QuantizedRows(m: m, k: k)
        let v = LinearBuffer<Float>(m * vStride, filledWith: 777, canary: -12345.5)
        let a = arguments(y: rows, v: keepsValues ? v : nil)
        #expect(kind.check(a) == CK_OK, "\(self)")
        variant(a, parts: parts)
        return (rows, v)
    }

    /// The value before quantisation in double.
    func expected(_ i: Int, _ j: Int) -> Double {
        let value = Double(x[i * xStride + j])
        switch kind {
        case .quantize: return value
        case .rms_norm:
            let squares = (0..<k).reduce(0.0) { $0 + Double(x[i * xStride + $1]) * Double(x[i * xStride + $1]) }
            return value / (squares / Double(k) + Double(eps)).squareRoot() * Double(weight[j])
        case .silu_mul: return value / (1 + exp(-value)) * Double(up[i * upStride + j])
        }
    }
}

private let depths = [0, 1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 191, 193, 257, 300]

@Suite struct QuantizedRowsTests {
    /// The reference against the definition in double: values, scales, roundings, sums, padding.
    @Test(arguments: QuantizedSource.allCases)
    func referenceFollowsTheDefinition(_ kind: QuantizedSource) {
        for (turn, k) in depths.enumerated() {
            let source = Source(kind, m: 3, k: k, isScaled: turn % 3 == 1, seed: UInt64(k))
            guard let reference = LinearVariant.runnable(kind.table).last else { return }
            let (rows, v) = source.run(reference)
            for i in 0..<3 {
                for j in 0..<k {
                    let value = source.expected(i, j)
                    // Three roundings, and up to 300 / 32 + 5 roundings of half of the sum of squares.
                    let error = abs(Double(v[i * source.vStride + j]) - value)
                    #expect(error <= 2e-6 * abs(value) + 1e-37, "\(source) (\(i), \(j))")
                }
                for group in 0..<rows.groups {
                    let range = group * 128..<min(k, group * 128 + 128)
                    let stored = range.map { v[i * source.vStride + $0] * (source.inputScale?[$0] ?? 1) }
                    let neighbours = stride(from: 0, to: stored.count - 1, by: 2).map { stored[$0] + stored[$0 + 1] }
                    let largest = (stored + neighbours).map(abs).max() ?? 0
                    let scale = rows.scale(i, group)
                    #expect(scale == largest / 127, "\(source)")
                    for (j, value) in zip(range, stored) {
                        #expect(rows.q(i, j) == Int((value / scale).rounded(.toNearestOrEven)), "\(source) (\(i), \(j))")
                        #expect(abs(rows.q(i, j & ~1) + rows.q(i, j | 1)) <= 128, "\(source) (\(i), \(j))")
                    }
                    #expect(rows.sum(i, group) == range.reduce(0) { $0 + rows.q(i, $1) })
                    for part in 0..<4 {
                        let sum = range.filter { $0 % 128 / 32 == part }.reduce(0) { $0 + rows.q(i, $1) }
                        #expect(rows.partSum(i, group, part) == sum)
                    }
                }
                for j in k..<rows.groups * 128 { #expect(rows.q(i, j) == 0) }
            }
        }
    }

    @Test(arguments: QuantizedSource.allCases)
    func variantsEqualTheReferenceBitForBit(_ kind: QuantizedSource) {
        let variants = LinearVariant.runnable(kind.table)
        guard let reference = variants.last else { return }
        for k in depths + [1000] {
            for (m, size) in [(0, 1), (1, 1e-3), (2, 1), (5, 100), (3, 1e-38)] as [(Int, Float)] {
                let source = Source(kind, m: m, k: k, size: size, isScaled: (k + m) % 2 == 0, seed: UInt64(k * 7 + m))
                let expected = source.run(reference)
                for variant in variants {
                    for parts in [1, 2, 7] {
                        let found = source.run(variant, parts: parts)
                        let rowsAgree = (0..<m).allSatisfy { found.rows.parts($0) == expected.rows.parts($0) }
                        #expect(rowsAgree, "\(variant.name): \(source), \(parts) parts")
                        let valuesAgree = found.v.bits == expected.v.bits
                        #expect(valuesAgree, "\(variant.name): \(source)")
                        #expect(found.rows.memory.isIntact && found.v.isIntact, "\(variant.name): \(source)")
                    }
                    let alone = source.run(variant, keepsValues: false)
                    #expect((0..<m).allSatisfy { alone.rows.parts($0) == expected.rows.parts($0) }, "\(variant.name)")
                    #expect(alone.v.values.allSatisfy { $0 == 777 })
                }
            }
        }
    }

    @Test func whatIsNotFiniteMarksItsGroupAlone() {
        for variant in LinearVariant.runnable(ck_q8_quantize_f32_variants()) {
            for bad in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
                for at in [0, 5, 130, 299] {
                    let source = Source(.quantize, m: 2, k: 300)
                    source.x[source.xStride + at] = bad
                    if bad == .greatestFiniteMagnitude { source.x[source.xStride + (at ^ 1)] = bad }  // the sum overflows
                    let rows = source.run(variant).rows
                    for group in 0..<3 {
                        let isHit = group == at / 128
                        #expect(rows.scale(1, group).isNaN == isHit && rows.scale(0, group).isFinite, "\(variant.name)")
                        if isHit {
                            let range = group * 128..<min(300, group * 128 + 128)
                            #expect(rows.sum(1, group) == 0 && range.allSatisfy { rows.q(1, $0) == 0 })
                        }
                    }
                }
            }
        }
    }

    @Test func zerosAndExtremesKeepTheirPlace() {
        let tiny = Float.leastNonzeroMagnitude, normal = Float.leastNormalMagnitude
        let cases: [([Float], Float, [Int])] = [
            ([0, -0.0, 0], 0, [0, 0, 0]),
            ([.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0], .greatestFiniteMagnitude / 127, [127, -127, 0]),
            ([127, -0.5, 1.5, -0.5, -2.5], 1, [127, 0, 2, 0, -2]),
            ([1, 1, -1, -1], 2 / 127, [64, 64, -64, -64]),  // neighbours share the range
            ([126.5, 0.5, -126.5, -0.5], 1, [126, 0, -126, 0]),
            ([tiny, -50 * tiny], 0, [0, 0]),  // the scale underflows
            ([180 * tiny, -180 * tiny, 2 * tiny], 0, [0, 0, 0]),  // and would be coarse here
            ([126 * normal, 0], 0, [0, 0]), ([128 * normal, 0], 128 * normal / 127, [127, 0]),
        ]
        for variant in LinearVariant.runnable(ck_q8_quantize_f32_variants()) {
            for (values, scale, expected) in cases {
                let source = Source(.quantize, m: 1, k: values.count)
                for (j, value) in values.enumerated() { source.x[j] = value }
                let rows = source.run(variant).rows
                #expect(rows.scale(0, 0) == scale, "\(variant.name): \(values)")
                #expect(values.indices.map { rows.q(0, $0) } == expected, "\(variant.name): \(values)")
            }
        }
    }

    /// The float values may replace the input.
    @Test func valuesMayGoBackToTheirSource() {
        for kind in QuantizedSource.allCases {
            for variant in LinearVariant.runnable(kind.table) {
                let source = Source(kind, m: 3, k: 141)
                let expected = source.run(variant)
                let rows = QuantizedRows(m: 3, k: 141)
                var a = source.arguments(y: rows, v: source.x)
                a.v_stride = a.x_stride
                #expect(kind.check(a) == CK_OK)
                variant(a)
                for i in 0..<3 {
                    let isSame = rows.parts(i) == expected.rows.parts(i)
                    #expect(isSame, "\(variant.name)")
                    for j in 0..<141 { #expect(source.x[i * source.xStride + j] == expected.v[i * source.vStride + j]) }
                }
            }
        }
    }

    @Test func rejectsBrokenArguments() {
        let broken: [(String, (inout ck_q8_rows_args) -> Void)] = [
            ("m", { $0.m = -1 }), ("k", { $0.k = -1 }), ("huge k", { $0.k = .max }), ("x", { $0.x = nil }), ("y", { $0.y = nil }),
            ("x_stride", { $0.x_stride = $0.k - 1 }),
            ("v_stride", { $0.v_stride = $0.k - 1 }), ("y alignment", { $0.y += 1 }), ("huge m", { $0.m = .max }),
            (
                "v is x",
                {
                    $0.v = UnsafeMutablePointer(mutating: $0.x)
                    $0.v_stride = $0.x_stride + 1
                }
            ),
        ]
        for kind in QuantizedSource.allCases {
            let source = Source(kind, m: 3, k: 20)
            let rows = QuantizedRows(m: 3, k: 20)
            let v = LinearBuffer<Float>(zeros: 3 * source.vStride)
            #expect(kind.check(source.arguments(y: rows, v: v)) == CK_OK)
            var extra: [(String, (inout ck_q8_rows_args) -> Void)] = []
            if kind == .rms_norm {
                extra = [("weight", { $0.weight = nil }), ("eps", { $0.eps = -1 }), ("eps", { $0.eps = .nan })]
            }
            if kind == .silu_mul { extra = [("up", { $0.up = nil }), ("up_stride", { $0.up_stride = 19 })] }
            for (field, change) in broken + extra {
                var a = source.arguments(y: rows, v: v)
                change(&a)
                #expect(kind.check(a) == CK_INVALID_ARGUMENT, "\(kind): \(field)")
            }
        }
        #expect(ck_q8_quantize_check(nil) == CK_INVALID_ARGUMENT)
        #expect(ck_q8_row_bytes(-1) == 0 && ck_q8_row_bytes(.max) == 0 && ck_q8_row_bytes(0) == 0)
        #expect(ck_q8_row_bytes(1) == 144 && ck_q8_row_bytes(128) == 144 && ck_q8_row_bytes(4096) == 4096 + 32 * 16)
    }
}
