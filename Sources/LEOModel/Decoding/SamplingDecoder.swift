import Foundation

/// Draws every token at random from what the filters leave.
///
/// Order: repetition penalty on raw logits, minimum length, exclusions and constraint, temperature, top-k, top-p,
/// softmax. Top-k keeps everything equal to the k-th score. Top-p keeps the most probable tokens as long as those before them
/// hold less than `topP` of the mass, and at least one; of equal scores lower ids count as more probable.
///
/// - Source: `sample` and the logits warpers of transformers 4.28.1. The random numbers are our own (SplitMix64), so a
///   seed repeats here and on every machine, and not what PyTorch draws.
package struct SamplingDecoder: TokenDecoder {
    private var sequence: SingleSequence
    private var sampler: Sampler
    private let seed: UInt64

    /// - Errors: every `TokenDecodingError` of options; `.invalidOption` if the strategy is not sampling
    package init(
        _ options: DecodingOptions, vocabulary: Int, promptLength: Int, constraint: (any TokenConstraint)? = nil
    ) throws(TokenDecodingError) {
        guard case .sampling(let temperature, let topK, let topP, let seed) = options.strategy else {
            throw .invalidOption(name: "strategy", expected: "sampling", found: "\(options.strategy)")
        }
        sequence = SingleSequence(
            try ScoreRules(options, vocabulary: vocabulary, promptLength: promptLength, constraint: constraint))
        sampler = Sampler(temperature: temperature, topK: topK, topP: topP, vocabulary: vocabulary)
        self.seed = seed
        start()
    }

    package var isFinished: Bool { sequence.isFinished }
    package var result: DecodingResult { sequence.result }

    /// Begins anew with the seed of the options.
    package mutating func start() {
        sequence.start()
        sampler.generator = SplitMix64(seed: seed)
    }

    package mutating func advance(
        logits: UnsafeBufferPointer<Float>, rows: Int, stopLengthOffset: Int
    ) -> DecodingStep {
        sequence.advance(logits: logits, rows: rows) { row in
            row.values.withUnsafeBufferPointer { sampler.draw($0) }
        }
    }
}

/// Temperature, top-k, top-p and the draw.
private struct Sampler: Sendable {
    private let temperature: Double
    private let topK: Int
    private let topP: Double
    /// Ids still possible; a heap whose root is the most probable, from which they are taken in order.
    private var heap: [Int32] = []
    /// Ids that passed the filters, and their weights relative to the most probable one.
    private var kept: [Int32] = []
    private var weights: [Double] = []
    var generator = SplitMix64(seed: 0)

    init(temperature: Double, topK: Int, topP: Double, vocabulary: Int) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        heap.reserveCapacity(vocabulary)
        kept.reserveCapacity(vocabulary)
        weights.reserveCapacity(vocabulary)
    }

    /// - Returns: an id with the probability of the filtered softmax, nil if no id is possible
    mutating func draw(_ scores: UnsafeBufferPointer<Float>) -> Int32? {
        heap.removeAll(keepingCapacity: true)
        kept.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        var maximum = -Float.infinity
        for index in scores.indices where scores[index] > -.infinity {
            heap.append(Int32(index))
            maximum = max(maximum, scores[index])
        }
        guard !heap.isEmpty else { return nil }

        let limitsCount = topK > 0 && topK < heap.count
        if limitsCount || topP < 1 {
            heapify(scores)
            // Without a top-k, top-p still needs the mass of everything.
            let everything = limitsCount ? 0 : heap.reduce(0) { $0 + weight(scores[Int($1)], maximum) }
            takeBest(scores, maximum: maximum, mass: limitsCount ? .infinity : everything * topP)
            if limitsCount && topP < 1 { cutMass() }
        } else {
            swap(&heap, &kept)
            for id in kept { weights.append(weight(scores[Int(id)], maximum)) }
        }

        var remaining = generator.unit() * weights.reduce(0, +)
        for (id, weight) in zip(kept, weights) {
            remaining -= weight
            if remaining < 0 { return id }
        }
        // Rounding may leave a crumb: it belongs to the last id that has any weight.
        return weights.lastIndex { $0 > 0 }.map { kept[$0] }
    }

    private func weight(_ score: Float, _ maximum: Float) -> Double {
        exp((Double(score) - Double(maximum)) / temperature)
    }

    /// Moves ids from the heap to `kept`, best first: `topK` of them and those equal to the last, or until those
    /// moved hold `mass`.
    private mutating func takeBest(_ scores: UnsafeBufferPointer<Float>, maximum: Float, mass: Double) {
        var sum = 0.0
        while let id = heap.first, sum < mass {
            let score = scores[Int(id)]
            if mass == .infinity, kept.count >= topK, let last = kept.last, score != scores[Int(last)] { return }
            removeRoot(scores)
            kept.append(id)
            weights.append(weight(score, maximum))
            sum += weights[weights.count - 1]
        }
    }

    /// Drops what follows the tokens that hold `topP` of the kept mass.
    private mutating func cutMass() {
        let limit = weights.reduce(0, +) * topP
        var sum = 0.0
        var count = 0
        while count < weights.count, sum < limit {
            sum += weights[count]
            count += 1
        }
        kept.removeLast(kept.count - count)
        weights.removeLast(weights.count - count)
    }

    private mutating func heapify(_ scores: UnsafeBufferPointer<Float>) {
        var parent = heap.count / 2
        while parent > 0 {
            parent -= 1
            sink(parent, scores)
        }
    }

    private mutating func removeRoot(_ scores: UnsafeBufferPointer<Float>) {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        sink(0, scores)
    }

    private mutating func sink(_ start: Int, _ scores: UnsafeBufferPointer<Float>) {
        heap.withUnsafeMutableBufferPointer { heap in
            func precedes(_ a: Int32, _ b: Int32) -> Bool {
                let (first, second) = (scores[Int(a)], scores[Int(b)])
                return first > second || (first == second && a < b)
            }
            var parent = start
            let moving = heap[parent]
            while true {
                var child = 2 * parent + 1
                guard child < heap.count else { break }
                if child + 1 < heap.count, precedes(heap[child + 1], heap[child]) { child += 1 }
                guard precedes(heap[child], moving) else { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = moving
        }
    }
}

/// A generator whose numbers follow from its seed alone.
///
/// - Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014
private struct SplitMix64: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Uniform in [0, 1), a multiple of 2^-53.
    mutating func unit() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }
}
