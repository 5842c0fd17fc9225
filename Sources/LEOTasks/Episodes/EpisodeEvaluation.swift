import Dispatch
import ExecutionPlan
import Foundation
import LEO
import LEOEval
import LEOWorld
import Synchronization

/// Who acts in episodes.
public enum EpisodePolicyKind: String, Sendable, CaseIterable {
    /// Knows the scene and the shortest way.
    case oracle
    /// Draws its actions; the least that a policy must beat.
    case random
    case model
}

/// Runs many episodes of one kind and reports how they went.
///
/// Episode i has the seed `seed + i`, which alone decides about its scene, its task and what random policies do, so results
/// do not depend on how many threads there are.
public struct EpisodeEvaluation: Sendable {
    public var kind: EpisodeKind
    public var space: EpisodeSpace
    public var seed: UInt64
    public var count: Int
    /// Steps of an episode at most; nil takes those of the space.
    public var maximumSteps: Int?
    /// Scenes in which episodes take place.
    public var scenes = WorldGenerator.Options.standard

    public static let largestCount = 1_000_000
    public static let largestSteps = 100_000

    /// - Throws: `TaskError.invalidOption`
    public init(kind: EpisodeKind, space: EpisodeSpace, seed: UInt64, count: Int, maximumSteps: Int? = nil) throws(TaskError) {
        guard (1...Self.largestCount).contains(count) else {
            throw .invalidOption(name: "count", expected: "1...\(Self.largestCount)", found: "\(count)")
        }
        if let maximumSteps, !(1...Self.largestSteps).contains(maximumSteps) {
            throw .invalidOption(name: "steps", expected: "1...\(Self.largestSteps)", found: "\(maximumSteps)")
        }
        (self.kind, self.space, self.seed, self.count, self.maximumSteps) = (kind, space, seed, count, maximumSteps)
    }

    /// How far a run is: episodes done, and all.
    public typealias Progress = @Sendable (_ done: Int, _ total: Int, _ last: EpisodeResult) -> Void

    private var generator: EpisodeGenerator { EpisodeGenerator(kind: kind, options: scenes) }

    /// Runs the episodes with a policy of each seed, on all cores.
    ///
    /// - Throws: `CancellationError` if the task is cancelled, `EvaluationError`
    public func run<Policy: EpisodePolicy>(
        _ name: EpisodePolicyKind, progress: Progress? = nil, policy: @escaping @Sendable (_ seed: UInt64) -> Policy
    ) async throws -> EpisodeReport {
        let results = try await Self.blocking { cancellation in
            let results = Results(count)
            let shapes = RayShapeStore()
            DispatchQueue.concurrentPerform(iterations: count) { index in
                if cancellation.isCancelled { return }
                let result = result(at: index, shapes, policy)
                let done = results.set(result, at: index)
                progress?(done, count, result)
            }
            return results.all
        }
        return try report(name, results)
    }

    private func result<Policy: EpisodePolicy>(
        at index: Int, _ shapes: RayShapeStore, _ makePolicy: (UInt64) throws -> Policy
    ) -> EpisodeResult {
        let seed = seed &+ UInt64(index)
        do {
            let episode = try generator.episode(seed: seed, shapes: shapes)
            var policy = try makePolicy(seed)
            return try EpisodeRunner.run(&policy, episode, space: space, maximumSteps: maximumSteps, shapes: shapes)
        } catch {
            return EpisodeResult(seed: seed, isSuccess: false, pathLength: 0, shortestPath: 0, steps: 0, failure: "\(error)")
        }
    }

    /// Runs the episodes with a model, one after the other: each decision takes all cores.
    ///
    /// - Throws: `CancellationError`, `EvaluationError`; what keeps the model from answering at all
    public func run(model engine: Engine, options: AgentOptions = AgentOptions(), progress: Progress? = nil) async throws -> EpisodeReport {
        let session = try engine.makeSession()
        let results = try await Self.blocking { cancellation in
            let shapes = RayShapeStore()
            var results: [EpisodeResult] = []
            for index in 0..<count where !cancellation.isCancelled {
                let errors = FirstError()
                let result = result(at: index, shapes) { _ in
                    WatchedPolicy(ModelAgent(engine: engine, session: session, options: options, cancellation: cancellation), errors)
                }
                // A request that a model cannot answer fails in every episode: that is no result.
                if let error = errors.first { throw error }
                results.append(result)
                progress?(results.count, count, result)
            }
            return results
        }
        return try report(.model, results, model: engine.name(with: options.adapter))
    }

    private func report(_ policy: EpisodePolicyKind, _ results: [EpisodeResult], model: String? = nil) throws -> EpisodeReport {
        var evaluator = NavigationEvaluator()
        for result in results {
            try evaluator.add(.init(isSuccess: result.isSuccess, shortestPath: result.shortestPath, path: result.pathLength))
        }
        let scores = try evaluator.scores()
        return EpisodeReport(
            task: kind.rawValue, policy: policy.rawValue, space: space.rawValue, model: model, seed: seed, count: results.count,
            maximumSteps: maximumSteps ?? space.maximumSteps, success: scores.success, spl: scores.spl,
            meanSteps: Double(results.reduce(0) { $0 + $1.steps }) / Double(results.count), episodes: results.map(EpisodeReport.Episode.init))
    }

    /// Runs work that blocks on a thread of its own, and tells it when the task is cancelled.
    ///
    /// - Throws: what `body` throws; `CancellationError` if the task was cancelled
    static func blocking<Value: Sendable>(_ body: @escaping @Sendable (Cancellation) throws -> Value) async throws -> Value {
        let cancellation = Cancellation()
        let value = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(with: Result { try body(cancellation) })
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        try Task.checkCancellation()
        return value
    }

    private final class Results: Sendable {
        private let values: Mutex<(list: [EpisodeResult?], done: Int)>
        init(_ count: Int) { values = Mutex((Array(repeating: nil, count: count), 0)) }

        /// - Returns: how many are done
        func set(_ result: EpisodeResult, at index: Int) -> Int {
            values.withLock { values in
                values.list[index] = result
                values.done += 1
                return values.done
            }
        }

        var all: [EpisodeResult] { values.withLock { $0.list.compactMap(\.self) } }
    }
}

/// The first error of a policy, which an episode's result has as text only.
final class FirstError: Sendable {
    private let error = Mutex<(any Error)?>(nil)
    var first: (any Error)? { error.withLock { $0 } }
    func set(_ new: any Error) { error.withLock { $0 = $0 ?? new } }
}

/// A policy whose errors are kept.
struct WatchedPolicy<Policy: EpisodePolicy>: EpisodePolicy {
    private var policy: Policy
    private let errors: FirstError

    init(_ policy: Policy, _ errors: FirstError) {
        self.policy = policy
        self.errors = errors
    }

    mutating func action(
        in world: inout World, _ observation: WorldObservation, _ episode: Episode, _ space: EpisodeSpace
    ) throws -> EpisodeAction {
        do { return try policy.action(in: &world, observation, episode, space) } catch {
            errors.set(error)
            throw error
        }
    }
}

/// What many episodes came to.
public struct EpisodeReport: Sendable, Equatable, Encodable {
    public struct Episode: Sendable, Equatable, Encodable {
        public let seed: UInt64
        public let success: Bool
        public let spl: Double
        public let steps: Int
        /// Metres.
        public let pathLength: Double
        public let shortestPath: Double
        /// Why it was cut short.
        public let failure: String?

        init(_ result: EpisodeResult) {
            seed = result.seed
            success = result.isSuccess
            spl = result.spl
            steps = result.steps
            pathLength = result.pathLength
            shortestPath = result.shortestPath
            failure = result.failure
        }
    }

    public let task: String
    public let policy: String
    public let space: String
    public let model: String?
    public let seed: UInt64
    public let count: Int
    public let maximumSteps: Int
    /// Share of successes.
    public let success: Double
    /// Mean success weighted by path length.
    public let spl: Double
    public let meanSteps: Double
    public let episodes: [Episode]
}
