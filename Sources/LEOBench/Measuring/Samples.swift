/// Repeated measurements of one thing, and what is told of them: a machine has neighbours, so the median and how far the
/// middle half of the values lies apart.
public struct Samples: Sendable, Equatable {
    /// Ascending.
    public let values: [Double]

    /// NaN counts for nothing.
    public init(_ values: some Sequence<Double>) { self.values = values.filter { !$0.isNaN }.sorted() }

    public var count: Int { values.count }
    public var median: Double { quantile(0.5) }
    public var least: Double { values.first ?? .nan }
    public var largest: Double { values.last ?? .nan }

    /// The value below which this share of the samples lies, interpolated between neighbours; NaN of nothing.
    public func quantile(_ share: Double) -> Double {
        guard let last = values.last else { return .nan }
        let place = min(max(share, 0), 1) * Double(values.count - 1)
        let index = Int(place)
        guard index + 1 < values.count else { return last }
        return values[index] + (values[index + 1] - values[index]) * (place - Double(index))
    }

    /// A rate that the machine reaches in a tenth of the samples: other programs can only slow it down.
    public var peak: Double { quantile(0.9) }

    /// Distance between the quartiles as a share of the median: 0.02 is a quiet machine, 0.3 a busy one.
    public var spread: Double {
        guard median != 0 else { return 0 }
        return (quantile(0.75) - quantile(0.25)) / median
    }
}

/// A quantity of a report: what was measured, and how well.
public struct Measured: Sendable, Equatable, Codable {
    public let median: Double
    public let lowerQuartile: Double
    public let upperQuartile: Double
    /// Below and above which a tenth of the samples lies: the best tenth is what the machine does when it is left alone.
    public let lowerDecile: Double
    public let upperDecile: Double
    public let samples: Int

    public init(_ samples: Samples) {
        median = samples.median
        lowerQuartile = samples.quantile(0.25)
        upperQuartile = samples.quantile(0.75)
        lowerDecile = samples.quantile(0.1)
        upperDecile = samples.quantile(0.9)
        self.samples = samples.count
    }

    /// See `Samples.spread`.
    public var spread: Double { median == 0 ? 0 : (upperQuartile - lowerQuartile) / median }
}

/// Thrown where something cannot be measured.
public enum BenchError: Error, Sendable, Equatable, CustomStringConvertible {
    case option(name: String, reason: String)
    /// A kernel refused the arguments of a benchmark.
    case refused(kernel: String)
    /// A kernel's result is not that of the reference.
    case wrongResult(kernel: String, reference: String, reason: String)
    case instructionSet(name: String, reason: String)
    case file(path: String, reason: String)
    case memory(byteCount: Int)
    case models(String)

    public var description: String {
        switch self {
        case .option(let name, let reason): "\(name): \(reason)"
        case .refused(let kernel): "\(kernel): refuses its arguments"
        case .wrongResult(let kernel, let reference, let reason): "\(kernel): its result is not that of \(reference): \(reason)"
        case .instructionSet(let name, let reason): "instruction set \(name): \(reason)"
        case .file(let path, let reason): "\(path): \(reason)"
        case .memory(let byteCount): "no memory of \(byteCount) bytes"
        case .models(let reason): reason
        }
    }
}
