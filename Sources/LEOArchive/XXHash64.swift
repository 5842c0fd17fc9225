/// XXH64, a fast non-cryptographic checksum, fed in chunks of any size.
///
/// It finds damage, not malice: whoever can change a file can change its checksums.
///
/// - Source: xxHash specification 0.1.1 (Collet), section "XXH64 algorithm".
package struct XXHash64: Sendable {
    private static let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
    private static let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
    private static let prime3: UInt64 = 0x1656_67b1_9e37_79f9
    private static let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
    private static let prime5: UInt64 = 0x27d4_eb2f_1656_67c5

    private let seed: UInt64
    private var lanes: (UInt64, UInt64, UInt64, UInt64)
    /// The bytes after the last full stripe of 32.
    private var tail: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var tailCount = 0
    private var total: UInt64 = 0

    package init(seed: UInt64 = 0) {
        self.seed = seed
        lanes = (seed &+ Self.prime1 &+ Self.prime2, seed &+ Self.prime2, seed, seed &- Self.prime1)
    }

    package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        var state = XXHash64(seed: seed)
        state.update(bytes)
        return state.value
    }

    package static func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        bytes.withUnsafeBytes { hash($0, seed: seed) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard var source = bytes.baseAddress, !bytes.isEmpty else { return }
        var left = bytes.count
        total &+= UInt64(left)
        if tailCount > 0 {
            let taken = min(32 - tailCount, left)
            let start = tailCount
            withUnsafeMutableBytes(of: &tail) { ($0.baseAddress! + start).copyMemory(from: source, byteCount: taken) }
            source += taken
            left -= taken
            tailCount += taken
            guard tailCount == 32 else { return }
            let full = tail
            withUnsafeBytes(of: full) { consume($0.baseAddress!, stripes: 1) }
            tailCount = 0
        }
        let stripes = left / 32
        consume(source, stripes: stripes)
        left -= stripes * 32
        if left > 0 {
            withUnsafeMutableBytes(of: &tail) { $0.baseAddress!.copyMemory(from: source + stripes * 32, byteCount: left) }
            tailCount = left
        }
    }

    /// The checksum of all bytes so far; more may follow.
    package var value: UInt64 {
        var hash: UInt64
        if total >= 32 {
            hash = Self.rotate(lanes.0, 1) &+ Self.rotate(lanes.1, 7) &+ Self.rotate(lanes.2, 12) &+ Self.rotate(lanes.3, 18)
            for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
                hash = (hash ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
            }
        } else {
            hash = seed &+ Self.prime5
        }
        hash &+= total
        withUnsafeBytes(of: tail) { bytes in
            var index = 0
            while index + 8 <= tailCount {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                hash = Self.rotate(hash ^ Self.round(0, word), 27) &* Self.prime1 &+ Self.prime4
                index += 8
            }
            if index + 4 <= tailCount {
                let word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
                hash = Self.rotate(hash ^ (UInt64(word) &* Self.prime1), 23) &* Self.prime2 &+ Self.prime3
                index += 4
            }
            while index < tailCount {
                hash = Self.rotate(hash ^ (UInt64(bytes[index]) &* Self.prime5), 11) &* Self.prime1
                index += 1
            }
        }
        hash = (hash ^ (hash >> 33)) &* Self.prime2
        hash = (hash ^ (hash >> 29)) &* Self.prime3
        return hash ^ (hash >> 32)
    }

    private mutating func consume(_ source: UnsafeRawPointer, stripes: Int) {
        // Locals, so that the four lanes stay in registers.
        var (a, b, c, d) = lanes
        var place = source
        for _ in 0..<stripes {
            a = Self.round(a, UInt64(littleEndian: place.loadUnaligned(as: UInt64.self)))
            b = Self.round(b, UInt64(littleEndian: place.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            c = Self.round(c, UInt64(littleEndian: place.loadUnaligned(fromByteOffset: 16, as: UInt64.self)))
            d = Self.round(d, UInt64(littleEndian: place.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
            place += 32
        }
        lanes = (a, b, c, d)
    }

    @inline(__always) private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotate(lane &+ word &* prime2, 31) &* prime1
    }

    @inline(__always) private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value &<< count | value &>> (64 &- count)
    }
}

/// A checksum as it stands in the file: 16 lower-case hexadecimal digits.
package func checksumText(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

/// XXH64 with seed 0 of the UTF-8 of `text`, as it stands in a file.
package func checksumText(of text: String) -> String { checksumText(XXHash64.hash(Array(text.utf8))) }

/// The inverse of `checksumText`, or nil for anything else.
package func checksum(fromText text: String) -> UInt64? {
    guard text.utf8.count == 16 else { return nil }
    var value: UInt64 = 0
    for digit in text.utf8 {
        switch digit {
        case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
        case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
        default: return nil
        }
    }
    return value
}
