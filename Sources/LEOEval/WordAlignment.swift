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
        var rank = Rank()
    }

    /// What makes one partial alignment worse than another.
    private struct Rank: Comparable {
        var chunks = 0
        var inexact = 0
        var distance = 0

        static func < (a: Rank, b: Rank) -> Bool {
            (a.chunks, a.inexact, a.distance) < (b.chunks, b.inexact, b.distance)
        }
    }

    /// A partial alignment with the next word at `place`, or passed over.
    private struct Candidate {
        let source: Int
        let place: Int?
        let rank: Rank
    }

    init(_ prediction: [String], _ reference: [String]) {
        let stems = prediction.map { PorterStemmer.stem($0) }
        let places = Dictionary(grouping: reference.indices) { PorterStemmer.stem(reference[$0]) }
        // Equal words have equal stems, so that words match if stems do, and as many of a stem as the rarer side has.
        var remaining: [String: Int] = [:]
        for stem in stems { remaining[stem, default: 0] += 1 }

        var beam = [Partial(isUsed: [Bool](repeating: false, count: reference.count))]
        for (index, stem) in stems.enumerated() {
            remaining[stem, default: 1] -= 1
            guard let places = places[stem] else { continue }
            let isExact = places.map { prediction[index].utf8.elementsEqual(reference[$0].utf8) }
            var candidates: [Candidate] = []
            for (source, partial) in beam.enumerated() {
                let last = partial.pairs.last
                var free = 0
                for (place, isExact) in zip(places, isExact) where !partial.isUsed[place] {
                    free += 1
                    let goesOn = last.map { $0.prediction == index - 1 && $0.reference == place - 1 } ?? false
                    var rank = partial.rank
                    rank.chunks += goesOn ? 0 : 1
                    rank.inexact += isExact ? 0 : 1
                    rank.distance += abs(index - place)
                    candidates.append(Candidate(source: source, place: place, rank: rank))
                }
                // A word may be passed over only where those behind it still suffice.
                if remaining[stem, default: 0] >= free {
                    candidates.append(Candidate(source: source, place: nil, rank: partial.rank))
                }
            }
            candidates.sort { $0.rank < $1.rank }
            beam = candidates.prefix(Self.beamWidth).map { candidate in
                var partial = beam[candidate.source]
                partial.rank = candidate.rank
                if let place = candidate.place {
                    let isExact = prediction[index].utf8.elementsEqual(reference[place].utf8)
                    partial.pairs.append(Pair(prediction: index, reference: place, isExact: isExact))
                    partial.isUsed[place] = true
                }
                return partial
            }
        }
        pairs = beam.first?.pairs ?? []
    }
}
