import Foundation

/// The scripted agent with which LEGENT's toolkit makes data: it walks along paths, looks at things, grabs and speaks.
///
/// Pure functions of what the game says about the world. Ground vectors are (x, z); positions and directions are in
/// Unity's frame, angles in degrees, right and down positive. An action that is nil means that there is nothing left to do.
///
/// - Source: LEGENT toolkit, `legent/dataset/controller.py` and `legent/dataset/task.py`
public enum LEGENTController {
    /// Angles up to this count as none when looking at things, and paths are walked with the heading as much off.
    public static let tolerance = 1.0
    /// Steps of one trajectory at most, `finish()` not counted.
    public static let maximumSteps = 40
    /// Metres within which the player counts as reached, strictly.
    public static let comeDistance = 2.0
    /// Metres, on the ground, within which a thing that is in view counts as found, strictly.
    public static let findDistance = 3.0
    private static let mostTurn = 90.0

    // MARK: Angles

    /// How far to turn right from one direction to another, in (-180, 180].
    public static func signedAngle(from source: SIMD2<Double>, to target: SIMD2<Double>) -> Double {
        let sine = target.x * source.y - target.y * source.x
        return atan2(sine, (target * source).sum()) * 180 / .pi
    }

    /// How far a direction leads down from the horizon.
    private static func pitch(of direction: SIMD3<Double>) -> Double {
        -atan2(direction.y, (direction.x * direction.x + direction.z * direction.z).squareRoot()) * 180 / .pi
    }

    private static func ground(_ vector: SIMD3<Double>) -> SIMD2<Double> { SIMD2(vector.x, vector.z) }

    private static func distance(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double {
        ((a - b) * (a - b)).sum().squareRoot()
    }

    /// At most a quarter turn, nothing for what is small; one degree a step without teleport.
    private static func turn(_ angle: Double, usesTeleport: Bool) -> Double {
        guard abs(angle) > tolerance else { return 0 }
        if !usesTeleport { return angle < 0 ? -1 : 1 }
        return min(max(angle, -mostTurn), mostTurn)
    }

    // MARK: Walking

    /// Walks along the corners of a path.
    public struct PathFollower: Sendable, Equatable {
        /// What is left of the path.
        public private(set) var corners: [SIMD3<Double>]
        public let usesTeleport: Bool

        public init(corners: [SIMD3<Double>], usesTeleport: Bool = true) {
            self.corners = corners
            self.usesTeleport = usesTeleport
        }

        /// Where this stops before the last corner, and how much nearer it aims so as to be within.
        private static let goalDistance = 0.5
        private static let goalMargin = 0.02
        private static let longestMove = 2.0

        /// The next step, nil when the last corner is within half a metre. Drops the corners that are reached.
        public mutating func next(position: SIMD3<Double>, forward: SIMD3<Double>) -> LEGENTAction? {
            let here = ground(position), heading = ground(forward)
            let reached = usesTeleport ? 0.01 : 0.05
            while let first = corners.first, distance(ground(first), here) < reached { corners.removeFirst() }
            guard let first = corners.first.map(ground) else { return nil }
            let away = distance(first, here)
            if corners.count == 1, away < Self.goalDistance { return nil }

            var action = LEGENTAction()
            action.usesTeleport = usesTeleport
            let angle = signedAngle(from: heading, to: first - here)
            let turn = abs(angle) > tolerance ? min(max(angle, -mostTurn), mostTurn) : 0
            if !usesTeleport {
                action.moveForward = 1
                action.rotateRight = turn
            } else if turn != 0 {
                action.rotateRight = turn
            } else if corners.count == 1 {
                action.teleportForward = min(Self.longestMove, away - Self.goalDistance + Self.goalMargin)
            } else if away > Self.longestMove {
                action.teleportForward = Self.longestMove
            } else {
                action.teleportForward = away
                corners.removeFirst()
                let next = signedAngle(from: heading, to: ground(corners[0]) - first)
                if abs(next) > tolerance { action.rotateRight = min(max(next, -mostTurn), mostTurn) }
            }
            return action
        }
    }

    // MARK: Looking

    /// Turns towards a point, nil where the view is as good as centred on it.
    public static func lookAt(
        _ target: SIMD3<Double>, cameraPosition: SIMD3<Double>, cameraForward: SIMD3<Double>, horizontalOnly: Bool = false,
        usesTeleport: Bool = true
    ) -> LEGENTAction? {
        let way = target - cameraPosition
        let right = turn(signedAngle(from: ground(cameraForward), to: ground(way)), usesTeleport: usesTeleport)
        let down = horizontalOnly ? 0 : turn(pitch(of: way) - pitch(of: cameraForward), usesTeleport: usesTeleport)
        guard right != 0 || down != 0 else { return nil }
        var action = LEGENTAction()
        action.usesTeleport = usesTeleport
        action.rotateRight = right
        action.rotateDown = down
        return action
    }

    /// Levels the view, nil where it is level.
    public static func lookStraightAhead(cameraForward: SIMD3<Double>, usesTeleport: Bool = true) -> LEGENTAction? {
        let down = turn(-pitch(of: cameraForward), usesTeleport: usesTeleport)
        guard down != 0 else { return nil }
        var action = LEGENTAction()
        action.usesTeleport = usesTeleport
        action.rotateDown = down
        return action
    }

    // MARK: Hands and speech

    /// Grabs, unless something is held.
    public static func grab(held: Int?) -> LEGENTAction? { held == nil ? grabbing : nil }

    /// Lets go, if something is held; to the game that is a grab too.
    public static func release(held: Int?) -> LEGENTAction? { held == nil ? nil : grabbing }

    private static var grabbing: LEGENTAction {
        var action = LEGENTAction()
        action.grabs = true
        return action
    }

    // MARK: Solutions

    /// One thing that the scripted agent does until it is done.
    public enum Step: Sendable, Equatable {
        case lookStraightAhead
        /// Follows the path to an object, nil for the player.
        case followPath(object: Int?)
        case lookAt(object: Int)
        /// Follows the path until the object is near and in view.
        case followPathUntilVisible(object: Int)
        /// Turns until the object is in view; facing it and not seeing it makes the trajectory invalid.
        case turnUntilVisible(object: Int)
        case grab
        case release
        case speak(String)
    }

    /// What a solution, such as `["goto(3)", "grab()", "goto_user()"]`, has the agent do.
    ///
    /// As in the toolkit, every `goto` and `find` goes to the object of the solution's first entry.
    ///
    /// - Errors: `.invalidValue` for an entry that is none of goto_user, goto, find, grab, release, speak, and for a goto or
    ///   find where the first entry does not name an object
    public static func steps(of solution: [String]) throws(ActionError) -> [Step] {
        var steps: [Step] = []
        for (position, entry) in solution.enumerated() {
            let field = "LEGENT solution[\(position)]"
            if entry == "goto_user()" {
                steps += [.lookStraightAhead, .followPath(object: nil)]
            } else if entry.hasPrefix("goto(") {
                let object = try object(of: solution)
                steps += [.lookStraightAhead, .followPath(object: object), .lookAt(object: object)]
            } else if entry.hasPrefix("find(") {
                let object = try object(of: solution)
                steps += [.followPathUntilVisible(object: object), .turnUntilVisible(object: object)]
            } else if entry == "grab()" {
                steps.append(.grab)
            } else if entry == "release()" {
                steps.append(.release)
            } else if entry.hasPrefix("speak("), entry.hasSuffix(")") {
                var text = entry.dropFirst("speak(".count).dropLast()
                while text.first == "\"" { text = text.dropFirst() }
                while text.last == "\"" { text = text.dropLast() }
                steps.append(.speak(String(text)))
            } else {
                throw .invalidValue(
                    field: field, expected: "goto_user(), goto(i), find(i), grab(), release() or speak(\"...\")", found: entry)
            }
        }
        return steps
    }

    private static func object(of solution: [String]) throws(ActionError) -> Int {
        let entry = solution.first ?? ""
        let inner = entry.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first ?? ""
        let digits = inner.prefix { $0 != ")" }.trimmingCharacters(in: .whitespaces)
        guard let object = Int(digits) else {
            throw .invalidValue(field: "LEGENT solution[0]", expected: "the number of an object in brackets", found: entry)
        }
        return object
    }

    /// The call that asks for a path. The toolkit takes object 0 for no object, so its path leads to the player.
    public static func pathCall(to object: Int?) -> LEGENTCall {
        guard let object, object != 0 else { return LEGENTCall(name: "PathToUser") }
        return LEGENTCall(name: "PathToObject", arguments: "\(object)")
    }

    // MARK: Success

    /// Whether the agent has come: the player is nearer than 2 m on the ground.
    public static func hasCome(agent: SIMD3<Double>, player: SIMD3<Double>) -> (isDone: Bool, distance: Double) {
        let away = distance(ground(agent), ground(player))
        return (away < comeDistance, away)
    }

    /// Whether speech answers where something is: it contains the answer, a lower-case word, whatever its own case. An
    /// answer with capitals is never found.
    public static func answers(_ speech: String, answer: String) -> Bool {
        let bytes = Array(speech.lowercased().utf8), word = Array(answer.utf8)
        guard !word.isEmpty else { return true }
        guard bytes.count >= word.count else { return false }
        return (0...(bytes.count - word.count)).contains { bytes[$0...].starts(with: word) }
    }

    /// Whether a task is done. The toolkit says so of come and where alone, by the instruction's first word in lower case.
    ///
    /// - Errors: `.invalidValue` for other tasks
    public static func isDone(
        task: String, agent: SIMD3<Double>, player: SIMD3<Double>, speech: String, answer: String
    ) throws(ActionError) -> Bool {
        switch task {
        case "come": return hasCome(agent: agent, player: player).isDone
        case "where": return answers(speech, answer: answer)
        default: throw .invalidValue(field: "LEGENT task", expected: "come or where", found: task)
        }
    }
}
