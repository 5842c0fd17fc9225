/// A stretch of steps during which a buffer must keep its contents.
package struct Lifetime: Sendable, Hashable {
    /// First step that writes it; -1 when the caller writes it before the run.
    package var first: Int
    /// Last step that needs it; the number of steps when the caller reads it after the run.
    package var last: Int

    package init(first: Int, last: Int) {
        self.first = first
        self.last = last
    }

    package func overlaps(_ other: Lifetime) -> Bool { first <= other.last && other.first <= last }
}

/// Places buffers in one arena so that those alive at the same time never overlap.
///
/// Greedy by size: the largest buffers are placed first, each at the lowest offset where it fits.
package struct ArenaPlanner {
    package static let alignment = 64

    package struct Buffer: Sendable {
        package let byteCount: Int
        package let lifetime: Lifetime
        package init(byteCount: Int, lifetime: Lifetime) {
            self.byteCount = byteCount
            self.lifetime = lifetime
        }
    }

    package private(set) var offsets: [Int]
    package private(set) var byteCount = 0

    package init(_ buffers: [Buffer]) {
        offsets = Array(repeating: 0, count: buffers.count)
        var placed: [(range: Range<Int>, lifetime: Lifetime)] = []
        let order = buffers.indices.sorted {
            (buffers[$1].byteCount, $0) < (buffers[$0].byteCount, $1)
        }
        for index in order {
            let size = (buffers[index].byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
            if size == 0 { continue }
            let busy = placed.filter { $0.lifetime.overlaps(buffers[index].lifetime) }.map(\.range)
                .sorted { $0.lowerBound < $1.lowerBound }
            var offset = 0
            for range in busy where range.lowerBound < offset + size && range.upperBound > offset { offset = range.upperBound }
            offsets[index] = offset
            placed.append((offset..<offset + size, buffers[index].lifetime))
            byteCount = max(byteCount, offset + size)
        }
    }
}
