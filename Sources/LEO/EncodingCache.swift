import Foundation

/// What the encoders made of recent images, objects and scenes, found by what they were made from.
///
/// Nothing is trusted to a hash: an entry counts only where its whole content is the same to the last bit, so an answer is
/// the same with and without. Entries leave when the limit is reached, those that were not used longest first.
final class EncodingCache: Sendable {
    enum Kind: UInt64, Sendable {
        /// Pixels -> image tokens.
        case image
        /// One object's cloud -> its embedding.
        case object
        /// Pose, locations and embeddings -> object tokens.
        case scene
    }

    private final class Entry {
        let kind: Kind
        let model: Int
        let content: [Float]
        let value: [Float]
        var lastUse: UInt64 = 0

        init(_ kind: Kind, _ model: Int, _ content: [Float], _ value: [Float]) {
            (self.kind, self.model, self.content, self.value) = (kind, model, content, value)
        }

        var byteCount: Int { (content.count + value.count) * MemoryLayout<Float>.stride + 256 }

        func isMade(_ kind: Kind, _ model: Int, from other: UnsafeBufferPointer<Float>) -> Bool {
            guard self.kind == kind, self.model == model, content.count == other.count else { return false }
            guard let base = other.baseAddress else { return true }
            return content.withUnsafeBytes { $0.baseAddress.map { memcmp($0, base, other.count * MemoryLayout<Float>.stride) == 0 } ?? true }
        }
    }

    let byteLimit: Int
    private let lock = NSLock()
    nonisolated(unsafe) private var entries: [UInt64: [Entry]] = [:]
    nonisolated(unsafe) private var bytes = 0
    nonisolated(unsafe) private var clock: UInt64 = 0

    /// - Parameter byteLimit: 0 keeps nothing.
    init(byteLimit: Int) { self.byteLimit = max(byteLimit, 0) }

    /// Bytes of all entries.
    var byteCount: Int { lock.withLock { bytes } }

    /// - Parameter model: tells models apart whose encoders differ.
    func value(_ kind: Kind, model: Int, madeFrom content: UnsafeBufferPointer<Float>) -> [Float]? {
        if byteLimit == 0 { return nil }
        let hash = Self.hash(kind, model, content)
        return lock.withLock {
            guard let entry = entries[hash]?.first(where: { $0.isMade(kind, model, from: content) }) else { return nil }
            clock += 1
            entry.lastUse = clock
            return entry.value
        }
    }

    func store(_ value: [Float], _ kind: Kind, model: Int, madeFrom content: UnsafeBufferPointer<Float>) {
        let entry = Entry(kind, model, Array(content), value)
        // One entry must leave room for others.
        guard entry.byteCount <= byteLimit / 2 else { return }
        let hash = Self.hash(kind, model, content)
        lock.withLock {
            if entries[hash]?.contains(where: { $0.isMade(kind, model, from: content) }) == true { return }
            clock += 1
            entry.lastUse = clock
            entries[hash, default: []].append(entry)
            bytes += entry.byteCount
            if bytes > byteLimit { evict() }
        }
    }

    /// Makes room for more than one entry, so that it is rarely done.
    private func evict() {
        let target = byteLimit / 8 * 7
        for (hash, entry) in entries.flatMap({ hash, list in list.map { (hash, $0) } }).sorted(by: { $0.1.lastUse < $1.1.lastUse }) {
            if bytes <= target { return }
            entries[hash]?.removeAll { $0 === entry }
            if entries[hash]?.isEmpty == true { entries[hash] = nil }
            bytes -= entry.byteCount
        }
    }

    /// Of some of the numbers: enough to tell contents apart, and the whole content is compared anyway.
    private static func hash(_ kind: Kind, _ model: Int, _ content: UnsafeBufferPointer<Float>) -> UInt64 {
        var hash = 0xcbf2_9ce4_8422_2325 ^ kind.rawValue ^ UInt64(truncatingIfNeeded: model) << 8 ^ UInt64(content.count) << 32
        func add(_ index: Int) {
            hash = (hash ^ UInt64(content[index].bitPattern)) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
        }
        let start = min(content.count, 64)
        for index in 0..<start { add(index) }
        for index in stride(from: start, to: content.count, by: max(content.count / 256, 1)) { add(index) }
        return hash
    }
}
