import LEOArchive
import TestSupport
import Testing

@Suite struct XXHash64Tests {
    /// Published values: the xxHash specification's reference implementation and its bindings' test suites.
    @Test(arguments: [
        ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b), ("as", 0x1c33_0fb2_d66b_e179), ("asd", 0x631c_37ce_72a9_7393),
        ("asdf", 0x4158_72f5_99ce_a71e), ("abc", 0x44bc_2cf5_ad77_0999),
        ("Call me Ishmael. Some years ago--never mind how long precisely-", 0x02a2_e854_70d6_fd96),
    ] as [(String, UInt64)])
    func matchesPublishedValues(text: String, expected: UInt64) {
        #expect(XXHash64.hash(Array(text.utf8)) == expected)
    }

    /// The self-test of the reference implementation: prefixes of a generated buffer, with and without a seed.
    @Test(arguments: [
        (1, 0, 0xe934_a84a_db05_2768), (4, 0, 0x9136_a0dc_a574_57ee), (14, 0, 0x8282_dcc4_994e_35c8),
        (14, 2_654_435_761, 0xc3bd_6bf6_3deb_6df0), (222, 0, 0xb641_ae8c_b691_c174), (222, 2_654_435_761, 0x20cb_8ab7_ae10_c14a),
    ] as [(Int, UInt64, UInt64)])
    func matchesReferenceSelfTest(length: Int, seed: UInt64, expected: UInt64) {
        var generator: UInt64 = 2_654_435_761
        let buffer: [UInt8] = (0..<length).map { _ in
            defer { generator &*= 11_400_714_785_074_694_797 }
            return UInt8(generator >> 56)
        }
        #expect(XXHash64.hash(buffer, seed: seed) == expected)
    }

    @Test func chunksOfAnySizeGiveTheSameValue() {
        var generator = SeededGenerator(seed: 1)
        let bytes = (0..<1000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for length in Array(0..<100) + [1000] {
            let whole = XXHash64.hash(Array(bytes.prefix(length)))
            for _ in 0..<10 {
                var state = XXHash64()
                var place = 0
                while place < length {
                    let next = min(length, place + Int.random(in: 0...70, using: &generator))
                    bytes.withUnsafeBytes { state.update(UnsafeRawBufferPointer(rebasing: $0[place..<next])) }
                    place = next
                }
                #expect(state.value == whole, "length \(length)")
            }
        }
    }

    @Test func textIsSixteenDigits() {
        #expect(checksumText(0x1a) == "000000000000001a")
        #expect(checksum(fromText: "000000000000001a") == 0x1a)
        #expect(checksum(fromText: checksumText(.max)) == .max)
        for bad in ["", "1a", "000000000000001A", "00000000000000001a", "+00000000000001a", "00000000000000é"] {
            #expect(checksum(fromText: bad) == nil, "\(bad)")
        }
    }
}
