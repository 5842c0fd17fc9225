/// All pieces of a vocabulary in one block of bytes, found by id or by their bytes.
///
/// Bytes, not `String`, are the key: Swift strings compare by canonical equivalence and would merge pieces that a
/// vocabulary keeps apart.
struct PieceStore: Sendable {
    private var blob: [UInt8] = []
    /// Piece `i` is `blob[starts[i]..<starts[i + 1]]`.
    private var starts: [Int] = [0]
    /// Open addressing, a power of two: upper half the hash's upper half, lower half id + 1, 0 is empty.
    private var slots: [UInt64]
    /// Drawn per store, so that no file can be made whose pieces all collide.
    private let seed = UInt64.random(in: .min ... .max)
    private(set) var longest = 0

    /// Room for `count` pieces of `byteCount` bytes together, so that adding them never moves those that are there.
    init(count: Int = 0, byteCount: Int = 0) {
        var capacity = 64
        while capacity < count * 2 { capacity *= 2 }
        slots = Array(repeating: 0, count: capacity)
        starts.reserveCapacity(count + 1)
        blob.reserveCapacity(byteCount)
    }

    var count: Int { starts.count - 1 }

    func range(of id: Int) -> Range<Int> { starts[id]..<starts[id + 1] }

    func bytes(of id: Int) -> ArraySlice<UInt8> { blob[range(of: id)] }

    /// Appends a piece and returns nil, or returns the id of the equal piece that is there already.
    mutating func append(_ piece: UnsafeBufferPointer<UInt8>) -> Int? {
        if (count + 1) * 2 > slots.count { rebuild(capacity: slots.count * 2) }
        let hash = Self.hash(piece, seed)
        let place = place(of: piece, hash)
        if let known = place.id { return known }
        blob.append(contentsOf: piece)
        starts.append(blob.count)
        longest = max(longest, piece.count)
        slots[place.slot] = Self.entry(hash, id: count - 1)
        return nil
    }

    /// Id of the piece with exactly these bytes.
    @inline(__always)
    func find(_ key: UnsafeBufferPointer<UInt8>) -> Int? {
        guard key.count <= longest, key.baseAddress != nil else { return nil }
        return place(of: key, Self.hash(key, seed)).id
    }

    /// The slot of the piece with these bytes and its id, or the free slot where it would go.
    @inline(__always)
    private func place(of key: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> (slot: Int, id: Int?) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let entry = slots[slot]
            if entry == 0 { return (slot, nil) }
            if entry >> 32 == hash >> 32 {
                let id = Int(entry & 0xffff_ffff) - 1
                if matches(id, key) { return (slot, id) }
            }
            slot = (slot + 1) & mask
        }
    }

    private func matches(_ id: Int, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = starts[id]
        guard starts[id + 1] - start == key.count else { return false }
        for offset in 0..<key.count where blob[start + offset] != key[offset] { return false }
        return true
    }

    private mutating func rebuild(capacity: Int) {
        slots = Array(repeating: 0, count: capacity)
        let mask = capacity - 1
        for id in 0..<count {
            let hash = bytes(of: id).withUnsafeBufferPointer { Self.hash($0, seed) }
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = Self.entry(hash, id: id)
        }
    }

    private static func entry(_ hash: UInt64, id: Int) -> UInt64 { hash & 0xffff_ffff_0000_0000 | UInt64(id + 1) }

    /// A multiply-and-fold hash, eight bytes at a time.
    @inline(__always)
    private static func hash(_ key: UnsafeBufferPointer<UInt8>, _ seed: UInt64) -> UInt64 {
        let count = key.count
        var hash = seed ^ UInt64(truncatingIfNeeded: count)
        guard let base = UnsafeRawPointer(key.baseAddress) else { return hash }
        var offset = 0
        while offset + 8 <= count {
            hash = fold(hash ^ base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < count {
            tail = tail << 8 | UInt64(base.load(fromByteOffset: offset, as: UInt8.self))
            offset += 1
        }
        return fold(fold(hash ^ tail) ^ seed)
    }

    @inline(__always)
    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }
}
