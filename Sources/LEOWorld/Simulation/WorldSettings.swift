import Foundation

/// What LEGENT's INIT message sets.
public struct WorldSettings: Sendable, Equatable {
    /// Pixels of the agent's camera.
    public var width = 448
    public var height = 448
    /// Degrees, vertical.
    public var fieldOfView = 120.0

    public init() {}

    /// Reads the JSON of an INIT message; what it does not name keeps its default, other keys are the game's business.
    ///
    /// - Errors: `.invalidSetting` for a resolution outside 1...8192 and an angle outside 1...179 degrees
    public init(json: String) throws(SimulationError) {
        guard let fields = (try? JSONSerialization.jsonObject(with: Data(json.utf8))) as? [String: Any] else {
            throw .invalidSetting(name: "json_actions", expected: "a JSON object", found: String(json.prefix(80)))
        }
        func number(_ name: String, _ range: ClosedRange<Double>, _ expected: String) throws(SimulationError) -> Double? {
            guard let value = fields[name] else { return nil }
            guard let number = value as? Double, range.contains(number) else {
                throw .invalidSetting(name: name, expected: expected, found: "\(value)")
            }
            return number
        }
        func whole(_ name: String) throws(SimulationError) -> Int? {
            let expected = "a whole number in 1...8192"
            guard let value = try number(name, 1...8192, expected) else { return nil }
            guard let whole = Int(exactly: value) else {
                throw .invalidSetting(name: name, expected: expected, found: "\(value)")
            }
            return whole
        }
        width = try whole("camera_resolution_width") ?? width
        height = try whole("camera_resolution_height") ?? height
        fieldOfView = try number("camera_field_of_view", 1...179, "degrees in 1...179") ?? fieldOfView
    }
}

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
    case invalidSetting(name: String, expected: String, found: String)
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
    /// No scene has a task of this kind.
    case noEpisode(kind: String, seed: UInt64)

    public var description: String {
        switch self {
        case .invalidSetting(let name, let expected, let found): "setting \(name): expected \(expected), found \(found)"
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
        case .noEpisode(let kind, let seed): "episode \(seed) of \(kind): no scene with these options has such a task"
        }
    }
}
