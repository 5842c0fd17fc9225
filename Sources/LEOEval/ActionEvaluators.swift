/// Accuracy of predicted action strings: equal or not, nothing between.
///
/// - Source: official `evaluator/eai_eval.py`, `ObjNavEvaluator`
public struct ActionAccuracyEvaluator: Sendable {
    public private(set) var count = 0
    public private(set) var correct = 0

    public init() {}

    /// - Errors: `.emptyBatch`, `.countMismatch`
    public mutating func add(predictions: [String], references: [String]) throws(EvaluationError) {
        try BatchCheck.check(predictions.count, [("references", references.count)])
        count += predictions.count
        for (prediction, reference) in zip(predictions, references) where Words.equal(prediction, reference) {
            correct += 1
        }
    }

    /// - Errors: `.nothingToEvaluate`
    public func accuracy() throws(EvaluationError) -> Double {
        guard count > 0 else { throw .nothingToEvaluate(metric: "accuracy") }
        return Double(correct) / Double(count)
    }
}

/// CLIPort: accuracy of the strings, and how far from each other the poses lie that they mean.
///
/// - Source: official `evaluator/eai_eval.py`, `CLIPortEvaluator`
public struct CLIPortEvaluator: Sendable {
    /// x and y of both poses of an action, in metres.
    public struct Positions: Sendable, Equatable {
        public var pick: SIMD2<Double>
        public var place: SIMD2<Double>

        public init(pick: SIMD2<Double>, place: SIMD2<Double>) {
            self.pick = pick
            self.place = place
        }
    }

    public struct Scores: Sendable, Equatable {
        public let accuracy: Double
        /// Mean distance in the table's plane, metres.
        public let pickError: Double
        public let placeError: Double
    }

    private let positions: @Sendable (String) -> Positions
    private var strings = ActionAccuracyEvaluator()
    private var pickError = 0.0
    private var placeError = 0.0

    /// - Parameter positions: reads an answer; the reference takes the dummy pose, (0.25, -0.5), for what it cannot read
    public init(positions: @escaping @Sendable (String) -> Positions) { self.positions = positions }

    /// - Errors: `.emptyBatch`, `.countMismatch`
    public mutating func add(predictions: [String], references: [String]) throws(EvaluationError) {
        try strings.add(predictions: predictions, references: references)
        for (prediction, reference) in zip(predictions, references) {
            let (found, expected) = (positions(prediction), positions(reference))
            pickError += Self.distance(found.pick, expected.pick)
            placeError += Self.distance(found.place, expected.place)
        }
    }

    /// - Errors: `.nothingToEvaluate`
    public func scores() throws(EvaluationError) -> Scores {
        let accuracy = try strings.accuracy()
        let count = Double(strings.count)
        return Scores(accuracy: accuracy, pickError: pickError / count, placeError: placeError / count)
    }

    private static func distance(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double {
        let difference = a - b
        return (difference * difference).sum().squareRoot()
    }
}

/// Navigation episodes that were run: success rate and success weighted by path length.
///
/// - Source: Anderson et al. 2018, "On Evaluation of Embodied Navigation Agents"
public struct NavigationEvaluator: Sendable {
    public struct Episode: Sendable, Equatable {
        public var isSuccess: Bool
        /// Metres of the shortest way from the start to the goal.
        public var shortestPath: Double
        /// Metres that the agent went.
        public var path: Double

        public init(isSuccess: Bool, shortestPath: Double, path: Double) {
            self.isSuccess = isSuccess
            self.shortestPath = shortestPath
            self.path = path
        }

        /// Shortest over taken path of a success, at most 1, else 0; 1 for a success that started at its goal and stayed.
        public var weightedSuccess: Double {
            guard isSuccess else { return 0 }
            let longer = max(path, shortestPath)
            return longer > 0 ? shortestPath / longer : 1
        }
    }

    public struct Scores: Sendable, Equatable {
        public let success: Double
        public let spl: Double
    }

    private var count = 0
    private var successes = 0
    private var weighted = 0.0

    public init() {}

    /// - Errors: `.invalidValue` for a length that is negative or not finite
    public mutating func add(_ episode: Episode) throws(EvaluationError) {
        for (field, length) in [("shortest path", episode.shortestPath), ("path", episode.path)] {
            guard length.isFinite, length >= 0 else {
                throw .invalidValue(field: field, expected: "a length from 0 up", found: "\(length)")
            }
        }
        count += 1
        successes += episode.isSuccess ? 1 : 0
        weighted += episode.weightedSuccess
    }

    /// - Errors: `.nothingToEvaluate`
    public func scores() throws(EvaluationError) -> Scores {
        guard count > 0 else { throw .nothingToEvaluate(metric: "success") }
        return Scores(success: Double(successes) / Double(count), spl: weighted / Double(count))
    }
}
