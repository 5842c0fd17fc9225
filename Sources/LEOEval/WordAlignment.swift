/// A one-to-one alignment of two sentences' words by equal words or equal stems.
///
/// As many words as possible are aligned; of these alignments the one with the fewest chunks (runs that stand side by
/// side in both sentences) is looked for, then that with the most exact matches, then that which moves words least. The
/// search keeps the best `beamWidth` partial alignments, as meteor-1.5 does: exact for captions, an approximation where
/// the same words recur dozens of times.
struct WordAlignment {
    struct Pair: Equatable {
        let prediction: Int
        let reference: Int
        let isExact: Bool
    }

    static let beamWidth = 40

    /// In the order of the prediction.
    let pairs: [Pair]

    /// Runs that stand side by side in both sentences.
    var chunks: Int {
        var count = 0
        var last: Pair?
        for pair in pairs {
            let goes = last.map { pair.prediction == $0.prediction + 1 && pair.reference == $0.reference + 1 } ?? false
            if !goes { count += 1 }
            last = pair
        }
        return count
    }

    private struct Partial {
        var pairs: [Pair] = []
        var isUsed: [Bool]
        var chunks = 0
        var inexact = 0
        var distance = 0

        var rank: (Int, Int, Int) { (chunks, inexact, distance) }
    }

    init(_ prediction: [String], _ reference: [String]) {
        let stems = prediction.map { PorterStemmer.stem($0) }
        let places = Dictionary(grouping: reference.indices) { PorterStemmer.stem(reference[$0]) }
        // Equal words have equal stems, so that words match exactly if stems do, and as many as the rarer side has.
        var remaining: [String: Int] = [:]
        for stem in stems { remaining[stem, default: 0] += 1 }

        var beam = [Partial(isUsed: [Bool](repeating: false, count: reference.count))]
        for (index, stem) in stems.enumerated() {
            remaining[stem, default: 1] -= 1
            guard let places = places[stem] else { continue }
            var next: [Partial] = []
            for partial in beam {
                let free = places.filter { !partial.isUsed[$0] }
                for place in free {
                    var longer = partial
                    let goesOn = partial.pairs.last.map { $0.prediction == index - 1 && $0.reference == place - 1 } ?? false
                    let isExact = prediction[index].utf8.elementsEqual(reference[place].utf8)
                    longer.pairs.append(Pair(prediction: index, reference: place, isExact: isExact))
                    longer.isUsed[place] = true
                    longer.chunks += goesOn ? 0 : 1
                    longer.inexact += isExact ? 0 : 1
                    longer.distance += abs(index - place)
                    next.append(longer)
                }
                // A word may be passed over only where those behind it still suffice.
                if remaining[stem, default: 0] >= free.count { next.append(partial) }
            }
            beam = Array(next.sorted { $0.rank < $1.rank }.prefix(Self.beamWidth))
        }
        pairs = beam.first?.pairs ?? []
    }
}
