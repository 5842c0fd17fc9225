/// The measures and rules of the embedded world that LEGENT leaves to the game.
public enum WorldRules {
    /// Radius of the upright cylinder that is the agent when it walks; metres, as all here.
    public static let agentRadius = AgentBody.radius
    /// The player is slimmer, so that an agent whose path ends at the player comes as near as the toolkit's path follower
    /// wants to, 0.48 m.
    public static let playerRadius = 0.2
    public static let agentHeight = AgentBody.height
    public static let playerHeight = 1.75
    /// Eyes above the feet.
    public static let agentEyes = AgentBody.agentCameraHeight
    public static let playerEyes = AgentBody.playerCameraHeight
    /// What reaches no higher above the feet than this is stepped over: rugs, sills.
    public static let stepHeight = AgentBody.stepHeight
    /// One game frame, at 2 m/s and 30 frames a second.
    public static let frameMove = 2.0 / 30
    /// How near a walker comes to what stops it.
    public static let skin = 0.001
    /// Greatest pitch of the camera, up or down, in degrees.
    public static let pitchLimit = 89.0
    /// From the eyes to the farthest point that can be grabbed or put on.
    public static let reach = 3.0
    /// Degrees from the middle of the view within which an object is taken when nothing that can be is right there.
    public static let aimTolerance = 3.0
    /// Where a held object is, from the eyes: forward and down.
    public static let heldForward = 0.3
    public static let heldDown = 0.35
    /// Greatest distance of one step of teleport_forward; a longer one is cut.
    public static let teleportLimit = 1000.0
    /// Clearance that paths keep, wide enough to walk them with the heading a degree off.
    public static let pathClearance = 0.29
    /// Edge of the cells in which paths are searched, and the clearance of the cells that are free.
    public static let cell = 0.05
    public static let cellClearance = 0.30
}

/// Why the world refused something. It is as it was before.
public enum SimulationError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidAction(reason: String)
    /// INIT, RESET and CLOSE concern the session that holds the world, not the world.
    case notAStep(kind: String)
    case unknownCall(name: String)
    case invalidArguments(call: String, expected: String, found: String)
    case unknownInstance(call: String, index: Int, count: Int)
    /// A call that writes a file, in a world that runs without somebody to write it.
    case unsupportedCall(name: String)
    /// Writing the file failed.
    case callFailed(name: String, reason: String)
    case invalidScene(field: String, expected: String, found: String)
    /// There is no way for the agent.
    case unreachable(what: String)
    /// No scene has a task of this kind.
    case noEpisode(kind: String, seed: UInt64)

    public var description: String {
        switch self {
        case .invalidAction(let reason): reason
        case .notAStep(let kind): "message \(kind): the world takes steps only"
        case .unknownCall(let name): "API call \(name.debugDescription): the world knows none of that name"
        case .invalidArguments(let call, let expected, let found):
            "API call \(call): args: expected \(expected), found \(found.debugDescription)"
        case .unknownInstance(let call, let index, let count):
            "API call \(call): object \(index): the scene has objects 0..<\(count)"
        case .unsupportedCall(let name): "API call \(name): this world runs without a photographer"
        case .callFailed(let name, let reason): "API call \(name): \(reason)"
        case .invalidScene(let field, let expected, let found): "scene: \(field): expected \(expected), found \(found)"
        case .unreachable(let what): "no way leads to the \(what)"
        case .noEpisode(let kind, let seed): "episode \(seed) of \(kind): no scene with these options has such a task"
        }
    }
}
