import LEOAction

/// One step of an agent.
public enum EpisodeAction: Sendable, Equatable {
    case legent(LEGENTAction)
    case habitat(HabitatAction)
}

/// What decides about an agent's steps. A fresh one serves each episode.
public protocol EpisodePolicy: Sendable {
    /// The next step.
    ///
    /// - Parameters:
    ///   - world: as it is; asking it for paths and views keeps what it found out, so it is passed for writing
    ///   - observation: what the last step brought, or what the player says at the beginning
    mutating func action(in world: inout World, _ observation: WorldObservation, _ episode: Episode, _ space: EpisodeSpace) throws -> EpisodeAction
}

/// What came of an episode.
public struct EpisodeResult: Sendable, Equatable {
    public var seed: UInt64
    public var isSuccess: Bool
    /// Metres walked.
    public var pathLength: Double
    /// Metres of the shortest way.
    public var shortestPath: Double
    public var steps: Int
    /// Why it was cut short, nil if it ran its course.
    public var failure: String?

    public init(seed: UInt64, isSuccess: Bool, pathLength: Double, shortestPath: Double, steps: Int, failure: String? = nil) {
        (self.seed, self.isSuccess, self.pathLength) = (seed, isSuccess, pathLength)
        (self.shortestPath, self.steps, self.failure) = (shortestPath, steps, failure)
    }

    /// Success weighted by path length: shortest / max(shortest, walked), 0 without success.
    ///
    /// - Source: Anderson et al. 2018, "On Evaluation of Embodied Navigation Agents"
    public var spl: Double {
        guard isSuccess else { return 0 }
        let longer = max(shortestPath, pathLength)
        return longer > 0 ? shortestPath / longer : 1
    }
}

extension Collection where Element == EpisodeResult {
    /// Share of successes, 0 for no episodes.
    public var successRate: Double { isEmpty ? 0 : Double(filter(\.isSuccess).count) / Double(count) }
    /// Mean success weighted by path length, 0 for no episodes.
    public var spl: Double { isEmpty ? 0 : map(\.spl).reduce(0, +) / Double(count) }
    public var meanSteps: Double { isEmpty ? 0 : Double(map(\.steps).reduce(0, +)) / Double(count) }
}

/// Runs episodes.
public enum EpisodeRunner {
    /// Runs one episode to its end: success where that ends it, finishing, speech, or the last step.
    ///
    /// - Errors: those of the scene and of actions the world refuses; errors of the policy end the episode as a failure
    ///   with a reason
    public static func run(
        _ policy: inout some EpisodePolicy, _ episode: Episode, space: EpisodeSpace, maximumSteps: Int? = nil,
        shapes: RayShapeStore = RayShapeStore(), onStep: ((World, EpisodeAction) throws -> Void)? = nil
    ) throws(SimulationError) -> EpisodeResult {
        var world = try World(episode.scene, shapes: shapes)
        var observation = world.observe()
        let limit = maximumSteps ?? space.maximumSteps
        func result(_ isSuccess: Bool, _ failure: String? = nil) -> EpisodeResult {
            EpisodeResult(
                seed: episode.seed, isSuccess: isSuccess, pathLength: world.pathLength, shortestPath: episode.shortestPath,
                steps: world.stepCount, failure: failure)
        }
        while world.stepCount < limit {
            let action: EpisodeAction
            do {
                action = try policy.action(in: &world, observation, episode, space)
                // Tells who watches before anything changes, as trajectories record it.
                try onStep?(world, action)
            } catch {
                return result(false, "\(error)")
            }
            var claim = Episode.Claim()
            switch action {
            case .legent(let step):
                claim = .init(isFinished: step.isFinish, speech: step.text)
                observation = try world.step(step)
            case .habitat(let step):
                claim.isFinished = step == .stop
                observation = world.step(step)
            }
            if episode.isSuccess(in: &world, after: claim) { return result(true) }
            if claim.ends { return result(false) }
        }
        return result(false)
    }

    /// Runs the episodes of many seeds on all cores. Results are in the order of the seeds and the same on any number of
    /// cores.
    ///
    /// - Parameter policy: makes the policy of one seed
    public static func run<Policy: EpisodePolicy>(
        _ generator: EpisodeGenerator, seeds: some Sequence<UInt64>, space: EpisodeSpace, maximumSteps: Int? = nil,
        policy: @escaping @Sendable (UInt64) -> Policy
    ) -> [EpisodeResult] {
        let seeds = Array(seeds)
        let shapes = RayShapeStore()
        return parallelMap(count: seeds.count) { index in
            do {
                let episode = try generator.episode(seed: seeds[index], shapes: shapes)
                var policy = policy(seeds[index])
                return try run(&policy, episode, space: space, maximumSteps: maximumSteps, shapes: shapes)
            } catch {
                return EpisodeResult(
                    seed: seeds[index], isSuccess: false, pathLength: 0, shortestPath: 0, steps: 0, failure: "\(error)")
            }
        }
    }
}
