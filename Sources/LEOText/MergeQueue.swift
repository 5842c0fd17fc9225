/// A candidate merge of two neighbouring symbols.
struct Merge {
    /// The merged piece's rank; less goes first.
    let rank: UInt32
    /// Bytes of the merged piece; a candidate whose symbols have changed since is told by it.
    let length: Int32
    /// The merged piece's id.
    let piece: Int32
    let left: Int
    let right: Int

    /// Best score first, leftmost among equals.
    @inline(__always)
    func precedes(_ other: Merge) -> Bool {
        rank != other.rank ? rank < other.rank : left < other.left
    }
}

/// A binary heap of merges, best on top. Keeps its storage from word to word.
struct MergeQueue {
    private var heap: [Merge] = []

    mutating func push(_ merge: Merge) {
        heap.append(merge)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard merge.precedes(heap[parent]) else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = merge
    }

    mutating func pop() -> Merge? {
        guard let last = heap.popLast() else { return nil }
        guard let top = heap.first else { return last }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(last) else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = last
        return top
    }
}
