import ExecutionPlan
import Foundation
import LEO
import LEOAction
import LEOImageIO
import LEOScene
import LEOTensor
import LEOWorld

extension Episode {
    /// A task in words, in a scene: what it means, as far as success is defined for it.
    ///
    /// LEGENT's wordings are understood: "Come here.", "Go to the X.", "Find the X.", "Take the X.", "Bring the X.", "Put the
    /// X on the Y.". X and Y are names of things, as they stand in the scene, whatever their case.
    ///
    /// - Returns: the episode, and whether success can be told; it cannot for other words, and where nothing has the name
    /// - Errors: those of the scene
    public static func task(_ text: String, in scene: WorldScene) throws(SimulationError) -> (episode: Episode, isScored: Bool) {
        let wording = Wording(text)
        var scene = scene
        scene.prompt = text
        func named(_ name: String) -> [Int] {
            scene.instances.indices.filter { scene.instances[$0].model.name.lowercased() == name }
        }
        var episode = Episode(kind: wording.kind ?? .goto, seed: scene.seed ?? 0, scene: scene, instruction: text, shortestPath: 0)
        episode.goals = named(wording.goal)
        episode.destinations = named(wording.destination)
        if episode.kind == .take || episode.kind == .bring || episode.kind == .put {
            episode.goals = episode.goals.filter { scene.instances[$0].isInteractable }
        }
        var world = try World(scene)
        switch wording.kind {
        case nil, .whereIs, .exist: return (episode, false)
        case .come:
            episode.shortestPath = World.length(of: world.pathToUser())
            return (episode, true)
        case .put where episode.destinations.isEmpty: return (episode, false)
        case .objectNavigation, .goto, .take, .bring, .put:
            episode.shortestPath = episode.goals.map { World.length(of: world.pathToObject($0)) }.min() ?? 0
            return (episode, !episode.goals.isEmpty)
        }
    }

    private struct Wording {
        var kind: EpisodeKind?
        var goal = ""
        var destination = ""

        init(_ text: String) {
            let words = text.lowercased().split(whereSeparator: { $0.isWhitespace || $0 == "." || $0 == "?" || $0 == "!" }).map(String.init)
            func rest(after start: [String]) -> [String]? { words.starts(with: start) ? Array(words.dropFirst(start.count)) : nil }
            func thing(_ words: some Collection<String>) -> String {
                let noun = ["the", "a", "an"].contains(words.first ?? "") ? Array(words.dropFirst()) : Array(words)
                return noun.joined(separator: " ")
            }
            switch words.first {
            case "come": kind = .come
            case "where": kind = .whereIs
            case "is", "are": kind = .exist
            default: break
            }
            let starts: [([String], EpisodeKind)] = [
                (["go", "to"], .goto), (["find"], .objectNavigation), (["take"], .take), (["bring"], .bring), (["put"], .put),
            ]
            for (start, kind) in starts {
                guard let rest = rest(after: start) else { continue }
                self.kind = kind
                guard kind == .put, let on = rest.firstIndex(where: { $0 == "on" || $0 == "in" }) else {
                    goal = thing(rest)
                    continue
                }
                goal = thing(rest[..<on])
                destination = thing(rest[(on + 1)...])
            }
        }
    }
}

/// One step of an agent, for whoever watches.
public struct AgentStep: Sendable, Encodable {
    public let index: Int
    /// Habitat's name, or LEGENT's code.
    public let action: String
    public let code: String
    /// Where the agent stood when it decided: metres and degrees in the world's frame.
    public let position: [Double]
    public let yaw: Double
    public let pitch: Double
    /// Seconds of drawing and deciding.
    public let seconds: Double
}

/// What an agent did in a world.
public struct AgentRunReport: Sendable, Encodable {
    public let task: String
    public let world: String
    public let space: String
    public let model: String
    /// Nil where success is not defined for the task.
    public let success: Bool?
    public let spl: Double?
    /// Whether the agent itself ended it.
    public let finished: Bool
    public let interrupted: Bool
    public let pathLength: Double
    public let shortestPath: Double?
    public let steps: [AgentStep]
    /// Folder of the trajectory.
    public let record: String?
}

/// Lets a model act in a world until it finishes, succeeds, or has no steps left.
public struct AgentRun: Sendable {
    public var episode: Episode
    public var isScored: Bool
    public var space: EpisodeSpace
    public var maximumSteps: Int?
    public var options = AgentOptions()
    /// Name of the world in reports.
    public var world: String
    /// Data set's folder that gets the trajectory; nil records nothing.
    public var recordFolder: String?

    public init(_ task: String, in scene: WorldScene, world: String, space: EpisodeSpace) throws(SimulationError) {
        (episode, isScored) = try Episode.task(task, in: scene)
        self.world = world
        self.space = space
    }

    /// Runs to the end, or until the task is cancelled; what was done until then is recorded and reported.
    ///
    /// - Throws: what keeps the model from answering; `LEGENTMessageError`, `ImageFileError`, `TaskError` of recording
    public func run(_ engine: Engine, onStep: @escaping @Sendable (AgentStep) -> Void = { _ in }) async throws -> AgentRunReport {
        let session = try engine.makeSession()
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(with: Result { try run(engine, session, cancellation, onStep) })
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func run(
        _ engine: Engine, _ session: Session, _ cancellation: Cancellation, _ onStep: @escaping (AgentStep) -> Void
    ) throws -> AgentRunReport {
        let errors = FirstError()
        let agent = ModelAgent(engine: engine, session: session, options: options, cancellation: cancellation)
        var policy = WatchedPolicy(agent, errors)
        var steps: [AgentStep] = []
        var path: [SIMD2<Double>] = [episode.scene.agent.position.ground]
        var recorder = try recordFolder.map { folder in
            let setting = try LEGENTTaskSetting(task: episode.instruction, sceneJSON: SceneJSON.text(of: episode.scene))
            return try LEGENTTrajectoryRecorder(folder: folder, setting: setting)
        }
        var last: World?
        let result: EpisodeResult
        do {
            result = try EpisodeRunner.run(&policy, episode, space: space, maximumSteps: maximumSteps) { world, action in
                guard let decision = agent.decision else { return }
                let place = world.agent
                let step = AgentStep(
                    index: steps.count, action: action.name, code: decision.code,
                    position: [place.position.x, place.position.y, place.position.z], yaw: place.yaw, pitch: place.pitch,
                    seconds: decision.seconds)
                steps.append(step)
                if path.last != place.ground { path.append(place.ground) }
                last = world
                do { try recorder?.add(image: Data(decision.view.pngBytes()), action: decision.code) } catch {
                    errors.set(error)
                    throw error
                }
                onStep(step)
            }
            if let error = errors.first, !(cancellation.isCancelled && error is CancellationError) { throw error }
        } catch {
            recorder?.discard()
            throw error
        }
        var end = try last ?? World(episode.scene)
        // The world is seen before each step; where the last one led is computed again.
        if !steps.isEmpty, let decision = agent.decision {
            switch decision.action {
            case .legent(let step): try end.step(step)
            case .habitat(let step): end.step(step)
            }
        }
        if path.last != end.agent.ground { path.append(end.agent.ground) }
        let trajectory = try recorder?.finish()
        var record: String?
        if let folder = recordFolder, let trajectory {
            let place = "\(folder)/\(trajectory.id)"
            try WorldPictures(end, path: path).write(to: place)
            try LEGENTTrajectoryRecorder.writeIndex(of: folder)
            record = place
        }
        return AgentRunReport(
            task: episode.instruction, world: world, space: space.rawValue, model: engine.name(with: options.adapter),
            success: isScored ? result.isSuccess : nil, spl: isScored ? result.spl : nil,
            finished: agent.decision.map { $0.code == "finish()" } ?? false, interrupted: cancellation.isCancelled,
            pathLength: end.pathLength, shortestPath: isScored ? episode.shortestPath : nil, steps: steps, record: record)
    }
}

extension SIMD3<Double> {
    /// (x, z) of a point of the world.
    fileprivate var ground: SIMD2<Double> { SIMD2(x, z) }
}

/// Pictures from above of where an agent went: `path.png` and `path.svg`.
struct WorldPictures {
    private let world: World
    private let path: [SIMD2<Double>]

    init(_ world: World, path: [SIMD2<Double>]) {
        self.world = world
        self.path = path
    }

    func write(to folder: String) throws {
        let drawing = RenderScene(world, options: .init(showsCeilings: false, showsAgent: true, background: .one))
        let view = TopDownView(of: world.scene)
        try view.drawing(path: path, on: try view.render(drawing).image).writePNG(to: folder + "/path.png")
        var plan = FloorPlan(
            transforms: world.transforms, hidden: Set(world.hidden.indices.filter { world.hidden[$0] }), path: path,
            agent: Transform(position: world.agent.position, rotation: SIMD3(0, world.agent.yaw, 0)),
            player: Transform(position: world.player.position, rotation: SIMD3(0, world.player.yaw, 0)))
        plan.showsLabels = true
        let svg = folder + "/path.svg"
        do { try writeAtomically(Array(plan.svg(of: world.scene).utf8), to: svg) } catch {
            throw TaskError.file(path: svg, reason: error.explanation)
        }
    }
}
