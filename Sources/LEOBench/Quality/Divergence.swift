import Foundation

/// How two rows of logits differ as distributions.
package struct RowComparison: Sendable, Equatable {
    /// Kullback-Leibler divergence of the second from the first, in nats.
    package let divergence: Double
    package let firstBest: Int
    package let secondBest: Int

    /// - Precondition: as many logits in both, at least one
    /// - Numerics: everything in double; what is minus infinity in the first counts nothing, in the second alone makes the
    ///   divergence infinite. NaN makes it NaN.
    package init(_ first: some Collection<Float>, _ second: some Collection<Float>) {
        precondition(first.count == second.count && !first.isEmpty, "expected two rows of equal length")
        let (a, b) = (Self.normalized(first), Self.normalized(second))
        var sum = 0.0
        for (p, q) in zip(a.logs, b.logs) where p > -.infinity || p.isNaN { sum += exp(p) * (p - q) }
        // Rounding can leave a sum of equal rows a hair below zero.
        divergence = sum < 0 ? 0 : sum
        (firstBest, secondBest) = (a.best, b.best)
    }

    private static func normalized(_ row: some Collection<Float>) -> (logs: [Double], best: Int) {
        var best = 0, maximum = -Float.infinity
        for (index, value) in row.enumerated() where value > maximum { (best, maximum) = (index, value) }
        let shift = maximum > -.infinity ? Double(maximum) : 0
        let logSum = log(row.reduce(0.0) { $0 + exp(Double($1) - shift) }) + shift
        return (row.map { Double($0) - logSum }, best)
    }
}

/// Where two sequences of tokens agree.
package enum SequenceAgreement {
    /// Tokens until the first that differs, as a share of the longer sequence; 1 of two empty ones.
    package static func untilDivergence(_ first: [Int32], _ second: [Int32]) -> Double {
        let longest = max(first.count, second.count)
        guard longest > 0 else { return 1 }
        return Double(zip(first, second).prefix { $0 == $1 }.count) / Double(longest)
    }
}
