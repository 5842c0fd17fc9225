/// The best scores seen, descending; of equals the one offered first.
struct CandidateList: Sendable {
    private(set) var scores: [Float]
    /// Index in the rows laid end to end.
    private(set) var positions: [Int]
    private(set) var count = 0
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        scores = [Float](repeating: 0, count: capacity)
        positions = [Int](repeating: 0, count: capacity)
    }

    mutating func removeAll() { count = 0 }

    /// Offers every `values[i] + added` at position `firstPosition + i`; minus infinity is not taken.
    mutating func offer(_ values: UnsafeBufferPointer<Float>, added: Float, firstPosition: Int) {
        guard let base = values.baseAddress else { return }
        let lanes = LogSumExp.Lanes.scalarCount
        let block = 4 * lanes
        var threshold = count == capacity ? scores[capacity - 1] : -.infinity
        var index = 0
        while index < values.count {
            let end = min(index + block, values.count)
            if end - index == block {
                var greatest = LogSumExp.load(base + index)
                var offset = lanes
                while offset < block {
                    let other = LogSumExp.load(base + index + offset)
                    greatest.replace(with: other, where: other .> greatest)
                    offset += lanes
                }
                // Rounding keeps order, so the sum of the greatest is the greatest sum.
                if !(LogSumExp.greatest(greatest) + added > threshold) {
                    index = end
                    continue
                }
            }
            while index < end {
                let score = base[index] + added
                if score > threshold {
                    insert(score, at: firstPosition + index)
                    if count == capacity { threshold = scores[capacity - 1] }
                }
                index += 1
            }
        }
    }

    private mutating func insert(_ score: Float, at position: Int) {
        var slot = min(count, capacity - 1)
        while slot > 0, scores[slot - 1] < score {
            scores[slot] = scores[slot - 1]
            positions[slot] = positions[slot - 1]
            slot -= 1
        }
        scores[slot] = score
        positions[slot] = position
        count = min(count + 1, capacity)
    }
}
