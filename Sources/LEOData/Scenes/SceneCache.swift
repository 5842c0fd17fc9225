import Foundation

/// The last few scenes that were read, for samples that come scene by scene.
final class SceneCache<Value: Sendable>: @unchecked Sendable {
    private let limit: Int
    private let lock = NSLock()
    /// The most recent last.
    private var entries: [(key: String, value: Value)] = []

    init(limit: Int) { self.limit = max(limit, 0) }

    /// Reads outside the lock: two threads that miss at once may both read.
    func value(_ key: String, read: () throws(DataError) -> Value) throws(DataError) -> Value {
        if let known = lock.withLock({ taken(key) }) { return known }
        let value = try read()
        lock.withLock {
            entries.removeAll { $0.key == key }
            entries.append((key, value))
            if entries.count > limit { entries.removeFirst(entries.count - limit) }
        }
        return value
    }

    private func taken(_ key: String) -> Value? {
        guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
        let entry = entries.remove(at: index)
        entries.append(entry)
        return entry.value
    }
}

/// Quarter turns that each object of each scene has made.
final class TurnTable: @unchecked Sendable {
    private struct Key: Hashable {
        let scene: String
        let object: Int
    }

    private let lock = NSLock()
    private var turns: [Key: Int] = [:]

    /// Adds some and returns how many there are now, 0...3.
    func add(_ count: Int, scene: String, object: Int) -> Int {
        lock.withLock {
            let key = Key(scene: scene, object: object)
            let total = ((turns[key, default: 0] + count) % 4 + 4) % 4
            turns[key] = total
            return total
        }
    }
}
