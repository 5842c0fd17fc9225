/// Finds the longest of a set of byte strings that stands at a place in a text: sentencepiece's user-defined symbols.
struct PrefixMatcher: Sendable {
    /// In byte order, so that all entries that share a prefix are neighbours.
    private let entries: [[UInt8]]

    init(_ entries: [[UInt8]]) {
        self.entries = entries.sorted { $0.lexicographicallyPrecedes($1) }
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Length of the longest entry at `position`, or nil.
    func longestMatch(_ text: UnsafeBufferPointer<UInt8>, at position: Int, end: Int) -> Int? {
        var candidates = 0..<entries.count
        var depth = 0
        var longest: Int?
        while !candidates.isEmpty, position + depth < end {
            let byte = text[position + depth]
            // Entries of just this length come first among their prefix's neighbours and match already.
            let start = lowerBound(of: Int(byte), at: depth, in: candidates)
            candidates = start..<lowerBound(of: Int(byte) + 1, at: depth, in: start..<candidates.upperBound)
            depth += 1
            if let first = candidates.first, entries[first].count == depth { longest = depth }
        }
        return longest
    }

    /// The first of `candidates` whose byte at `depth` is at least `byte`; an entry that ends there counts as below all.
    private func lowerBound(of byte: Int, at depth: Int, in candidates: Range<Int>) -> Int {
        var low = candidates.lowerBound
        var high = candidates.upperBound
        while low < high {
            let middle = low + (high - low) / 2
            let entry = entries[middle]
            if (depth < entry.count ? Int(entry[depth]) : -1) < byte { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
