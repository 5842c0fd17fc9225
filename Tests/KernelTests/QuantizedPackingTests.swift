import CLEOKernels
import TestSupport
import Testing

@Suite struct QuantizedPackingTests {
    @Test func int8HoldsEveryValueAndPadsWithZeros() {
        for (n, k) in [(1, 1), (3, 4), (63, 5), (64, 128), (65, 129), (130, 259)] {
            var generator = SeededGenerator(seed: UInt64(n * 1000 + k))
            let source = generator.floats(n * k)
            let weight = QuantizedWeight(source, n: n, k: k, type: .i8g128)
            for row in 0..<(n + 63) / 64 * 64 {
                for j in 0..<(k + 3) / 4 * 4 where row >= n || j >= k { #expect(weight.integer(row, j) == 0) }
                for group in 0..<(k + 127) / 128 {
                    let range = group * 128..<min(k, group * 128 + 128)
                    let largest = row < n ? range.map { abs(source[row * k + $0]) }.max() ?? 0 : 0
                    #expect(weight.scale(row, group) == largest / 127, "n \(n) k \(k)")
                    for j in range where row < n {
                        let q = (source[row * k + j] / weight.scale(row, group)).rounded(.toNearestOrEven)
                        #expect(weight.integer(row, j) == Int(q), "n \(n) k \(k) (\(row), \(j))")
                    }
                }
            }
        }
    }

    @Test func int8RoundsHalfToEven() {
        // The largest gives scale 1.
        let weight = QuantizedWeight([127, 0.5, 1.5, -0.5, -2.5, 3.49, -126.5, 0], n: 1, k: 8, type: .i8g128)
        #expect(weight.scale(0, 0) == 1 && (0..<8).map { weight.integer(0, $0) } == [127, 0, 2, 0, -2, 3, -126, 0])
    }

    /// No nibble is further from its weight than half a step, unless the best scale cuts the largest off.
    @Test func int4RoundsToTheNearestStep() {
        for (n, k) in [(1, 1), (3, 8), (63, 33), (65, 129), (130, 259)] {
            var generator = SeededGenerator(seed: UInt64(n * 1000 + k))
            let source = generator.floats(n * k).map { $0 * $0 * $0 }
            let weight = QuantizedWeight(source, n: n, k: k, type: .i4g32)
            for row in 0..<(n + 63) / 64 * 64 {
                for group in 0..<(k + 127) / 128 where row >= n { #expect(weight.scale(row, group) == 0) }
                for j in 0..<(k + 7) / 8 * 8 where row >= n || j >= k {
                    #expect(weight.integer(row, j) == 0, "n \(n) k \(k) (\(row), \(j))")
                }
                for first in stride(from: 0, to: row < n ? k : 0, by: 32) {
                    let range = first..<min(k, first + 32)
                    let largest = range.map { abs(source[row * k + $0]) }.max() ?? 0
                    // The scale of 128 k is up to the largest of four parts / 15, its bf16 rounding 1/256.
                    let group = first / 128 * 128..<min(k, first / 128 * 128 + 128)
                    let wide = group.map { abs(source[row * k + $0]) }.max() ?? 0
                    for j in range {
                        let value = weight.scale(row, j / 128) * Float(weight.integer(row, j))
                        let bound = max(largest / 7 * 0.75, wide / 7 / 15 * 4.5, largest * (1 - 7 / 9.5) * 1.1)
                        #expect(abs(value - source[row * k + j]) <= bound, "n \(n) k \(k) (\(row), \(j))")
                    }
                }
            }
        }
    }

    /// The root mean square error on normal weights: better than one scale per 32 k without a search, in fewer bits.
    @Test func int4IsMoreAccurateThanPlainGroupsOf32() {
        var generator = SeededGenerator(seed: 9)
        let (n, k) = (64, 1024)
        let source = (0..<n * k).map { _ in generator.floats(12).reduce(0, +) * 0.01 }
        let weight = QuantizedWeight(source, n: n, k: k, type: .i4g32)
        var found = 0.0
        var plain = 0.0
        for row in 0..<n {
            for first in stride(from: 0, to: k, by: 32) {
                let scale = ((first..<first + 32).map { abs(source[row * k + $0]) }.max() ?? 0) / 7
                for j in first..<first + 32 {
                    let value = source[row * k + j]
                    let error = weight.scale(row, j / 128) * Float(weight.integer(row, j)) - value
                    let plainError = (value / scale).rounded() * scale - value
                    found += Double(error * error)
                    plain += Double(plainError * plainError)
                }
            }
        }
        #expect(found.squareRoot() < 0.95 * plain.squareRoot())
    }

    /// A large matrix may be packed piece by piece, as the converter does.
    @Test(arguments: QuantizedWeightType.allCases)
    func piecesEqualTheWhole(_ type: QuantizedWeightType) {
        var generator = SeededGenerator(seed: 5)
        let (n, k) = (200, 131)
        let source = generator.floats(n * k)
        let whole = QuantizedWeight(source, n: n, k: k, type: type)
        let pieces = QuantizedWeight([Float](repeating: 1, count: n * k), n: n, k: k, type: type)
        let bytesOf = type == .i8g128 ? ck_n64_i8g128_bytes : ck_n64_i4g32_bytes
        for first in stride(from: 0, to: n, by: 64) {
            let rows = min(64, n - first)
            let status = QuantizedWeight.pack(
                Array(source[(first * k)..<((first + rows) * k)]), rows, k, type, pieces.values.pointer + Int(bytesOf(Int64(first), Int64(k))),
                pieces.words.pointer + Int(ck_n64_scale_bytes(Int64(first), Int64(k))) / 4)
            #expect(status == CK_OK)
        }
        let isSame = pieces.values.values == whole.values.values && pieces.words.values == whole.words.values
        #expect(isSame)
    }

    @Test(arguments: QuantizedWeightType.allCases)
    func survivesExtremesAndRefusesWhatHasNoScale(_ type: QuantizedWeightType) {
        let tiny = Float.leastNonzeroMagnitude
        let limit = type == .i8g128 ? 127 : 120
        for values in [
            [tiny, -200 * tiny, 300 * tiny, -tiny], [0, -0.0, 0, 0],
            [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, 0],
            [700 * tiny, -21_000 * tiny, 140_000 * tiny, -700_000 * tiny],
        ] as [[Float]] {
            let weight = QuantizedWeight(values, n: 1, k: 4, type: type)
            #expect((0..<4).allSatisfy { abs(weight.integer(0, $0)) <= limit } && weight.scale(0, 0).isFinite, "\(values)")
        }
        let values = LinearBuffer<UInt8>(256, filledWith: 0, canary: 0x99)
        let words = LinearBuffer<UInt32>(64, filledWith: 0, canary: 0x99)
        for value in [Float.nan, .infinity, -.infinity] {
            let status = QuantizedWeight.pack([0, value, 1, 2], 1, 4, type, values.pointer, words.pointer)
            #expect(status == CK_INVALID_ARGUMENT)
        }
        #expect(QuantizedWeight.pack([1], -1, 1, type, values.pointer, words.pointer) == CK_INVALID_ARGUMENT)
        #expect(QuantizedWeight.pack([1], 1, -1, type, values.pointer, words.pointer) == CK_INVALID_ARGUMENT)
        #expect(QuantizedWeight.pack([1], .max, .max, type, values.pointer, words.pointer) == CK_INVALID_ARGUMENT)
        #expect(QuantizedWeight.pack([1], .max, 4, type, values.pointer, words.pointer) == CK_INVALID_ARGUMENT)
        #expect(QuantizedWeight.pack([1], 1, 1, type, nil, words.pointer) == CK_INVALID_ARGUMENT)
        #expect(QuantizedWeight.pack([1], 1, 1, type, values.pointer, nil) == CK_INVALID_ARGUMENT)
        #expect(QuantizedWeight.pack([], 0, 5, type, nil, nil) == CK_OK)
    }
}
