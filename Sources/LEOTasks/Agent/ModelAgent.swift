import ExecutionPlan
import Foundation
import LEO
import LEOAction
import LEOModel
import LEOScene
import LEOWorld

/// How a model acts in a world.
public struct AgentOptions: Sendable {
    /// The strategy; how many tokens an action has is the action space's business.
    public var decoding = DecodingOptions()
    /// Chooses the points of objects.
    public var seed: UInt64 = 0
    /// Decides with this adapter of the engine.
    public var adapter: Adapter?
    /// What LEGENT actions may hold. Speech ends an episode, so it is left out unless it answers a question.
    public var speech: LEGENTActionSpace.SpeechRule?

    public init() {}
}

/// What an agent decided, and with what before its eyes.
public struct AgentDecision: Sendable {
    public let action: EpisodeAction
    /// The action in LEGENT's code form.
    public let code: String
    /// What it saw.
    public let view: Image
    public let instruction: String
    public let timings: Timings
    /// Seconds of drawing and deciding.
    public let seconds: Double
}

/// LEO in an embedded world: perceives, decides, remembers what it did.
///
/// The picture is the agent's view; the objects are those of the scene as LEO's scans have them, in LEO's frame; the anchor
/// is the agent's feet and heading; the prompt is LEO's for navigation. What the model may answer is held to the action
/// space. The same model, world and options give the same steps.
///
/// For one episode, used by one thread at a time; a class, because it draws with memory that it keeps.
public final class ModelAgent: EpisodePolicy, @unchecked Sendable {
    private let engine: Engine
    private let session: Session
    private let options: AgentOptions
    private let cancellation: Cancellation
    private var eyes: WorldEyes?
    private var pastSteps: [HabitatAction] = []
    private var pastCode: [String] = []
    /// The last decision.
    public private(set) var decision: AgentDecision?

    public convenience init(engine: Engine, options: AgentOptions = AgentOptions()) throws {
        try self.init(engine: engine, session: engine.makeSession(), options: options, cancellation: Cancellation())
    }

    /// - Parameters:
    ///   - session: may serve the agents of many episodes, one after the other
    ///   - cancellation: ends a computation under way
    init(engine: Engine, session: Session, options: AgentOptions, cancellation: Cancellation) {
        self.engine = engine
        self.session = session
        self.options = options
        self.cancellation = cancellation
    }

    /// Ends a computation that is under way, with `CancellationError`.
    public func cancel() { cancellation.cancel() }

    public func action(
        in world: inout World, _ observation: WorldObservation, _ episode: Episode, _ space: EpisodeSpace
    ) throws -> EpisodeAction {
        let clock = ContinuousClock(), start = clock.now
        let eyes = eyes ?? WorldEyes(world, maximumObjects: engine.configuration.maximumObjects, seed: options.seed)
        self.eyes = eyes
        let view = try eyes.view(of: world)
        let request = try request(world, view, eyes, episode, space)
        let answer = try session.answer(to: request, cancellation: cancellation)
        let action: EpisodeAction
        switch answer.action {
        case .habitat(let step):
            pastSteps.append(step)
            action = .habitat(step)
        case .legent(let step):
            pastCode.append(answer.text)
            action = .legent(step)
        case .cliport, nil: throw TaskError.episode("the model answered with no action of \(space.rawValue)")
        }
        decision = AgentDecision(
            action: action, code: action.code, view: view, instruction: request.instruction, timings: answer.timings,
            seconds: (clock.now - start) / .seconds(1))
        return action
    }

    private func request(_ world: World, _ view: Image, _ eyes: WorldEyes, _ episode: Episode, _ space: EpisodeSpace) throws -> Request {
        var request: Request
        switch space {
        case .habitat:
            request = Request(AgentPrompt.navigation(episode.instruction, past: pastSteps))
            request.actionSpace = .habitat
        case .legent:
            request = Request(AgentPrompt.legent(episode.instruction, past: pastCode))
            var grammar = LEGENTActionSpace.Options()
            grammar.speech = options.speech ?? (episode.kind == .whereIs || episode.kind == .exist ? .safe : .none)
            request.actionSpace = .legent(grammar)
        }
        let objects = try eyes.objects(of: world)
        request.scene = objects.objects.isEmpty ? nil : objects
        request.image = view
        request.pose = Request.Pose(
            position: SIMD3<Float>(LEOFrame.point(world.agent.position)),
            orientation: SIMD4<Float>(LEOFrame.orientation(yaw: world.agent.yaw)))
        request.seed = options.seed
        request.adapter = options.adapter
        request.decoding = options.decoding
        return request
    }
}

extension EpisodeAction {
    /// LEGENT's code form; Habitat's steps by what they do, stop as finish.
    public var code: String {
        switch self {
        case .legent(let action):
            // The model's constraint writes nothing that cannot be written again.
            (try? LEGENTCode.write(action)) ?? ""
        case .habitat(let action):
            switch action {
            case .stop: "finish()"
            case .moveForward: "move_forward(\(World.habitatMove))"
            case .moveBackward: "move_forward(\(-World.habitatMove))"
            case .turnLeft: "rotate_right(\(Int(-World.habitatTurn)))"
            case .turnRight: "rotate_right(\(Int(World.habitatTurn)))"
            case .lookUp: "rotate_down(\(Int(-World.habitatTurn)))"
            case .lookDown: "rotate_down(\(Int(World.habitatTurn)))"
            case .grabRelease: "grab()"
            }
        }
    }

    /// The name people know it by: Habitat's name, or LEGENT's code.
    public var name: String {
        switch self {
        case .legent: code
        case .habitat(let action): action.name
        }
    }
}
