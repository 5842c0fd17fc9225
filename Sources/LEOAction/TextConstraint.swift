import LEOModel
import LEOText

/// Lets through every way in which a vocabulary's tokens can spell a text of a language, then end of sequence.
///
/// All answers are prepared when it is made: for each state of the language's automaton the tokens that lead on, found
/// in one pass over a tree of the vocabulary, and how many tokens the shortest way to an end takes. Tokens after which
/// the rest of the budget would not suffice are left out, so what is decoded is always complete. A step replays the
/// tokens so far (bytes of text, not vocabulary) and looks its set up.
///
/// The decoder's own budget must be at least `maximumNewTokens`.
public struct TextConstraint: TokenConstraint {
    /// Tokens at most, end of sequence included.
    public let maximumNewTokens: Int

    private let automaton: TextAutomaton
    private let trie: TokenTrie
    private let start: Int32
    private let end: TokenSet
    /// [state][tokens left before end of sequence], the last entry for that many or more; no entries for states that no
    /// token ends in.
    private let sets: [[TokenSet]]

    /// - Parameter space: names the language in errors
    /// - Errors: `.unsuitableVocabulary` if no text fits into the budget
    init(
        _ automaton: TextAutomaton, start: Int32, tokenizer: Tokenizer, maximumNewTokens: Int, space: String
    ) throws(ActionError) {
        let trie = TokenTrie(tokenizer)
        let edges = Self.edges(of: automaton, trie, start: start)
        let distances = Self.distances(edges, automaton)
        guard let least = distances[Int(start)] else {
            throw .unsuitableVocabulary(space: space, reason: "no tokens lead from the start to an end")
        }
        guard least < maximumNewTokens else {
            throw .unsuitableVocabulary(
                space: space, reason: "the shortest takes \(least + 1) tokens, \(maximumNewTokens) are allowed")
        }
        let end = TokenSet(CollectionOfOne(tokenizer.eosID))
        self.automaton = automaton
        self.trie = trie
        self.start = start
        self.end = end
        self.maximumNewTokens = maximumNewTokens
        sets = edges.indices.map { state in
            Self.sets(
                edges[state], distances, vocabulary: trie.vocabulary,
                eosID: automaton.isAccepting[state] ? tokenizer.eosID : nil)
        }
    }

    public func allowedTokens(after generated: ArraySlice<Int32>) -> TokenSet? {
        var state = start
        for id in generated {
            let text = trie.text(of: id)
            // Only a caller that did not ask before it chose can be here with a token that was not allowed.
            guard !text.isEmpty else { return .empty }
            for byte in text {
                state = automaton.next(state, byte)
                guard state >= 0 else { return .empty }
            }
        }
        let left = maximumNewTokens - 1 - generated.count
        guard left >= 0, let last = sets[Int(state)].indices.last else { return .empty }
        return sets[Int(state)][min(left, last)]
    }

    // MARK: Preparation

    private typealias Edge = (id: Int32, target: Int32)

    /// The tokens that lead on, for each state that tokens can end in.
    private static func edges(of automaton: TextAutomaton, _ trie: TokenTrie, start: Int32) -> [[Edge]] {
        var edges = [[Edge]](repeating: [], count: automaton.count)
        var isKnown = [Bool](repeating: false, count: automaton.count)
        var open = [start]
        isKnown[Int(start)] = true
        while let state = open.popLast() {
            var found: [Edge] = []
            trie.walk(automaton, from: state) { id, target in
                found.append((id, target))
                if !isKnown[Int(target)] {
                    isKnown[Int(target)] = true
                    open.append(target)
                }
            }
            edges[Int(state)] = found
        }
        return edges
    }

    /// Tokens of the shortest way to an accepting state, nil where there is none.
    private static func distances(_ edges: [[Edge]], _ automaton: TextAutomaton) -> [Int?] {
        var sources = [[Int]](repeating: [], count: edges.count)
        for (state, list) in edges.enumerated() {
            for target in Set(list.map(\.target)) { sources[Int(target)].append(state) }
        }
        var distances = automaton.isAccepting.map { $0 ? Optional(0) : nil }
        var level = distances.indices.filter { distances[$0] != nil }
        var distance = 0
        while !level.isEmpty {
            distance += 1
            var next: [Int] = []
            for state in level.flatMap({ sources[$0] }) where distances[state] == nil {
                distances[state] = distance
                next.append(state)
            }
            level = next
        }
        return distances
    }

    /// The sets of one state by the number of tokens left.
    private static func sets(_ edges: [Edge], _ distances: [Int?], vocabulary: Int, eosID: Int32?) -> [TokenSet] {
        let needed = edges.compactMap { edge in distances[Int(edge.target)].map { (edge.id, $0 + 1) } }
        guard !needed.isEmpty || eosID != nil else { return [] }
        let longest = needed.lazy.map(\.1).max() ?? 0
        var isAllowed = [Bool](repeating: false, count: max(vocabulary, Int(eosID ?? 0) + 1))
        if let eosID { isAllowed[Int(eosID)] = true }
        var byNeed = [[Int32]](repeating: [], count: longest + 1)
        for (id, need) in needed { byNeed[need].append(id) }
        // Small sets are many and large ones few: build each the way that is cheaper for it.
        let isSmall = needed.count < 1000
        var listed: [Int32] = eosID.map { [$0] } ?? []
        return byNeed.map { ids in
            if isSmall {
                listed += ids
                return TokenSet(listed)
            }
            for id in ids { isAllowed[Int(id)] = true }
            return TokenSet(ranges: runs(of: isAllowed))
        }
    }

    private static func runs(of isAllowed: [Bool]) -> [ClosedRange<Int32>] {
        var runs: [ClosedRange<Int32>] = []
        var first: Int?
        for (id, allowed) in isAllowed.enumerated() {
            if allowed {
                first = first ?? id
            } else if let start = first {
                runs.append(Int32(start)...Int32(id - 1))
                first = nil
            }
        }
        if let start = first { runs.append(Int32(start)...Int32(isAllowed.count - 1)) }
        return runs
    }
}
