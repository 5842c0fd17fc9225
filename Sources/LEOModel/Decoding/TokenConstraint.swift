/// Decides which tokens may follow, for instance those that continue a valid action.
///
/// All decoders ask before they select, and treat every other token as impossible. The set rules end of sequence too:
/// leave it out and the sequence goes on, return nothing but it and the sequence ends. Where no token is allowed (an
/// empty set, or only tokens whose score is minus infinity) a single sequence stops with `.deadEnd`, and a beam is
/// dropped: the search goes on with fewer rows, until none is left.
public protocol TokenConstraint: Sendable {
    /// - Parameter generated: the new tokens so far, neither the prompt nor the seed BOS
    /// - Returns: what may come next, nil for everything. Called once per row and step: keep sets, do not rebuild them.
    func allowedTokens(after generated: ArraySlice<Int32>) -> TokenSet?
}

/// A set of token ids as sorted ranges: action tokens are few runs of ids, and so is "everything but one id".
public struct TokenSet: Sendable, Equatable {
    /// Ascending, not empty, with a gap between neighbours.
    public let ranges: [ClosedRange<Int32>]

    public init(ranges: some Sequence<ClosedRange<Int32>>) {
        var merged: [ClosedRange<Int32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    public init(_ ids: some Sequence<Int32>) { self.init(ranges: ids.lazy.map { $0...$0 }) }

    public static var empty: TokenSet { TokenSet(ranges: []) }

    public var isEmpty: Bool { ranges.isEmpty }

    public func contains(_ id: Int32) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(id)
    }

    public func union(_ other: TokenSet) -> TokenSet { TokenSet(ranges: ranges + other.ranges) }

    /// The ids of `0..<vocabulary` that are not in this set.
    public func complement(vocabulary: Int) -> TokenSet {
        var gaps: [ClosedRange<Int32>] = []
        forEachGap(vocabulary: vocabulary) { gaps.append(Int32($0.lowerBound)...Int32($0.upperBound - 1)) }
        return TokenSet(ranges: gaps)
    }

    /// Calls `body` with every maximal run of ids of `0..<vocabulary` outside this set, ascending.
    func forEachGap(vocabulary: Int, _ body: (Range<Int>) -> Void) {
        let limit = min(vocabulary, Int(Int32.max) + 1)
        var next = 0
        for range in ranges where range.upperBound >= 0 {
            let lower = min(Int(range.lowerBound), limit)
            if lower > next { body(next..<lower) }
            next = max(next, Int(range.upperBound) + 1)
            if next >= limit { return }
        }
        if next < limit { body(next..<limit) }
    }
}
