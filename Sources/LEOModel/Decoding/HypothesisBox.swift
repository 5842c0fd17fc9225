/// The best hypotheses so far.
struct HypothesisBox: Sendable {
    /// In the order they were added.
    private var entries: [Hypothesis] = []
    private let capacity: Int
    private let newestFirst: Bool

    /// - Parameter newestFirst: order of equal scores in `ranked`: 4.28.1 takes the newest from the end of a sorted list
    init(capacity: Int, newestFirst: Bool) {
        self.capacity = capacity
        self.newestFirst = newestFirst
        entries.reserveCapacity(capacity + 1)
    }

    var isFull: Bool { entries.count >= capacity }

    var worst: Double { entries.reduce(.infinity) { min($0, $1.score) } }

    /// Best first.
    var ranked: [Hypothesis] {
        entries.enumerated().sorted { a, b in
            guard a.element.score == b.element.score else { return a.element.score > b.element.score }
            return newestFirst ? a.offset > b.offset : a.offset < b.offset
        }.map(\.element)
    }

    mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

    /// Adds if there is room or `score` beats the worst, which then goes; of equally bad ones the oldest.
    mutating func add(_ ids: [Int32], score: Double, seedCount: Int, eosID: Int32?) {
        guard !isFull || score > worst else { return }
        // A copy of its own: sharing the beam's buffer would make the beam give up its reserve.
        var copy: [Int32] = []
        copy.reserveCapacity(ids.count + 1)
        copy.append(contentsOf: ids)
        if let eosID { copy.append(eosID) }
        entries.append(Hypothesis(
            ids: copy, score: score, finish: eosID == nil ? .budget : .endOfSequence, seedCount: seedCount))
        guard entries.count > capacity else { return }
        var oldest = 0
        for index in entries.indices where entries[index].score < entries[oldest].score { oldest = index }
        entries.remove(at: oldest)
    }
}
