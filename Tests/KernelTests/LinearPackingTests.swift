import CLEOKernels
import TestSupport
import Testing

@Suite struct LinearPackingTests {
    @Test func panelsHoldEveryValueAndPadWithZeros() {
        for n in [0, 1, 15, 16, 17, 33] {
            for k in [0, 1, 2, 129] {
                var generator = SeededGenerator(seed: UInt64(n * 1000 + k))
                let source = generator.floats(n * k)
                let padded = (n + 15) / 16 * 16
                let f32 = LinearBuffer<Float>(padded * k, filledWith: .nan, canary: -12345.5)
                let f16 = LinearBuffer<UInt16>(padded * k, filledWith: 0x7fff, canary: 0x7fff)
                let bf16 = LinearBuffer<UInt16>(padded * k, filledWith: 0x7fff, canary: 0x7fff)
                #expect(ck_pack_nk16_f32(source, Int64(n), Int64(k), f32.pointer) == CK_OK)
                #expect(ck_pack_nk16_f16(source, Int64(n), Int64(k), f16.pointer) == CK_OK)
                #expect(ck_pack_nk16_bf16(source, Int64(n), Int64(k), bf16.pointer) == CK_OK)
                for row in 0..<padded {
                    for j in 0..<k {
                        let at = ((row / 16) * k + j) * 16 + row % 16
                        let value = row < n ? source[row * k + j] : 0
                        #expect(f32[at].bitPattern == value.bitPattern, "n \(n) k \(k) (\(row), \(j))")
                        #expect(f16[at] == half(value) && bf16[at] == brain(value), "n \(n) k \(k) (\(row), \(j))")
                    }
                }
                #expect(f32.isIntact && f16.isIntact && bf16.isIntact, "n \(n) k \(k)")
            }
        }
    }

    /// A large matrix may be packed piece by piece, as the converter does.
    @Test func piecesEqualTheWhole() {
        var generator = SeededGenerator(seed: 5)
        let n = 53
        let k = 131
        let source = generator.floats(n * k)
        let whole = LinearBuffer<UInt16>(64 * k, filledWith: 99, canary: 99)
        let pieces = LinearBuffer<UInt16>(64 * k, filledWith: 99, canary: 99)
        for pack in [ck_pack_nk16_f16, ck_pack_nk16_bf16] {
            #expect(pack(source, Int64(n), Int64(k), whole.pointer) == CK_OK)
            for first in stride(from: 0, to: n, by: 32) {
                let rows = min(32, n - first)
                #expect(pack(Array(source[(first * k)...]), Int64(rows), Int64(k), pieces.pointer + first * k) == CK_OK)
            }
            let isSame = pieces.values == whole.values
            #expect(isSame && whole.isIntact && pieces.isIntact)
        }
    }

    @Test func refusesBrokenArguments() {
        let packed = LinearBuffer<Float>(zeros: 16)
        #expect(ck_pack_nk16_f32([1], -1, 1, packed.pointer) == CK_INVALID_ARGUMENT)
        #expect(ck_pack_nk16_f32([1], 1, -1, packed.pointer) == CK_INVALID_ARGUMENT)
        #expect(ck_pack_nk16_f32(nil, 1, 1, packed.pointer) == CK_INVALID_ARGUMENT)
        #expect(ck_pack_nk16_f32([1], 1, 1, nil) == CK_INVALID_ARGUMENT)
        #expect(ck_pack_nk16_f32([1], .max, .max, packed.pointer) == CK_INVALID_ARGUMENT)
    }

    // MARK: Half precision

    @Test func everyHalfWidensExactlyAndComesBack() {
        let all = (0...UInt16.max).map { $0 }
        var f16 = [Float](repeating: 0, count: all.count)
        var bf16 = f16
        ck_f32_from_f16(all, &f16, Int64(all.count))
        ck_f32_from_bf16(all, &bf16, Int64(all.count))
        var wrong: [UInt16] = []
        for bits in all {
            let i = Int(bits)
            let expected = linearFloat(half: bits)
            if expected.isNaN {
                if !f16[i].isNaN { wrong.append(bits) }
            } else if f16[i].bitPattern != expected.bitPattern || half(f16[i]) != bits {
                wrong.append(bits)
            }
            let isNaN = bits & 0x7fff > 0x7f80
            if bf16[i].bitPattern != UInt32(bits) << 16 && !isNaN { wrong.append(bits) }
            if isNaN ? !(bf16[i].isNaN && brain(bf16[i]) & 0x7fff > 0x7f80) : brain(bf16[i]) != bits {
                wrong.append(bits)
            }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(10).map { String($0, radix: 16) })")
    }

    /// Midpoints of neighbours go to the even one, everything else to the nearer one.
    @Test func narrowingRoundsToNearestEven() {
        var wrong: [String] = []
        func check(_ value: Float, _ result: UInt16, _ expected: UInt16, _ type: String) {
            if result != expected { wrong.append("\(type) of \(value): \(result), expected \(expected)") }
        }
        for bits in UInt16(0)..<0x7c00 {
            let low = linearFloat(half: bits)
            let high = bits + 1 == 0x7c00 ? 65536 : linearFloat(half: bits + 1)
            let middle = (low + high) / 2  // exact: two more bits than a half has
            for sign in [Float(1), -1] {
                let mark: UInt16 = sign < 0 ? 0x8000 : 0
                check(sign * middle, half(sign * middle), mark | (bits & 1 == 0 ? bits : bits + 1), "f16")
                check(sign * middle.nextDown, half(sign * middle.nextDown), mark | bits, "f16")
                check(sign * middle.nextUp, half(sign * middle.nextUp), mark | (bits + 1), "f16")
            }
        }
        for bits in UInt16(0)..<0x7f80 {
            let middle = Float(bitPattern: UInt32(bits) << 16 | 0x8000)
            for mark in [UInt16(0), 0x8000] {
                let signed = { (v: Float) in mark == 0 ? v : -v }
                check(signed(middle), brain(signed(middle)), mark | (bits & 1 == 0 ? bits : bits + 1), "bf16")
                check(signed(middle.nextDown), brain(signed(middle.nextDown)), mark | bits, "bf16")
                check(signed(middle.nextUp), brain(signed(middle.nextUp)), mark | (bits + 1), "bf16")
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count), \(wrong.prefix(5))")
    }

    @Test func narrowingKeepsSpecialValues() {
        #expect(half(.infinity) == 0x7c00 && half(-.infinity) == 0xfc00 && half(1e9) == 0x7c00 && half(-1e30) == 0xfc00)
        #expect(brain(.infinity) == 0x7f80 && brain(.greatestFiniteMagnitude) == 0x7f80 && brain(-0.0) == 0x8000)
        #expect(half(-0.0) == 0x8000 && half(.leastNonzeroMagnitude) == 0 && half(-.leastNormalMagnitude) == 0x8000)
        for bits in [0x7f80_0001, 0x7fff_ffff, 0xff80_0001, 0x7fc0_0000, 0x7f80_1fff, 0xffff_ffff] as [UInt32] {
            let value = Float(bitPattern: bits)
            #expect(half(value) & 0x7fff > 0x7c00 && brain(value) & 0x7fff > 0x7f80, "\(String(bits, radix: 16))")
        }
    }

    private func half(_ value: Float) -> UInt16 {
        var result: UInt16 = 0
        withUnsafePointer(to: value) { ck_f16_from_f32($0, &result, 1) }
        return result
    }

    private func brain(_ value: Float) -> UInt16 {
        var result: UInt16 = 0
        withUnsafePointer(to: value) { ck_bf16_from_f32($0, &result, 1) }
        return result
    }
}
