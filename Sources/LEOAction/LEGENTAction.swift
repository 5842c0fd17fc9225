/// One step of a LEGENT agent, with every field that its toolkit sends to the game.
///
/// - Source: LEGENT toolkit, `legent/action/action.py`, `Action` and `ActionFinish`
public struct LEGENTAction: Sendable, Equatable {
    /// What the message asks of the game.
    public enum Kind: String, Sendable, Equatable {
        case initialize = "INIT"
        case reset = "RESET"
        case step = "STEP"
        case close = "CLOSE"
    }

    public var kind = Kind.step
    /// The agent has finished; the written form is then `finish()` whatever else is set.
    public var isFinish = false
    /// Speech to the player, empty for none.
    public var text = ""
    /// Settings or scene that go with `initialize` and `reset`, as JSON.
    public var jsonActions = ""
    /// -1, 0 or 1 for one frame, right positive; heeded without `usesTeleport`.
    public var moveRight = 0.0
    /// -1, 0 or 1 for one frame; heeded without `usesTeleport`.
    public var moveForward = 0.0
    /// Degrees in [-180, 180), right positive.
    public var rotateRight = 0.0
    /// Degrees in [-90, 90), down positive.
    public var rotateDown = 0.0
    public var jumps = false
    /// Takes the object in the middle of the view, or puts the one held on the surface there.
    public var grabs = false
    /// Metres at once; heeded with `usesTeleport`.
    public var teleportForward = 0.0
    public var usesTeleport = false
    /// The image point to look at; heeded with `looksAtPoint`.
    public var lookX = 0.0
    public var lookY = 0.0
    public var looksAtPoint = false
    /// Option number where the environment offers options, -1 for none.
    public var choice = -1
    /// Calls of the game's own functions; they run after the actions.
    public var calls: [LEGENTCall] = []

    public init() {}

    /// An agent's ordinary step: teleport mode, nothing set.
    public static var step: LEGENTAction {
        var action = LEGENTAction()
        action.usesTeleport = true
        return action
    }

    /// An agent's last step.
    public static var finish: LEGENTAction {
        var action = LEGENTAction()
        action.isFinish = true
        return action
    }

    /// The message's `float_actions`.
    public var floatActions: [Float] {
        [
            moveRight, moveForward, rotateRight, rotateDown, jumps ? 1 : 0, grabs ? 1 : 0, teleportForward, lookX, lookY,
            Double(choice),
        ].map { Float($0) }
    }

    /// The message's `int_actions`.
    public var intActions: [Int32] { [usesTeleport ? 1 : 0, looksAtPoint ? 1 : 0] }

    /// The message's `api_calls`, byte for byte as Python's `json.dumps` writes it.
    public var callsJSON: String {
        let list = calls.map { "{\"api\": \(PythonJSON.string($0.name)), \"args\": \(PythonJSON.string($0.arguments))}" }
        return "{\"calls\": [\(list.joined(separator: ", "))]}"
    }

    /// Checks every field that has a range. The toolkit itself sends anything.
    ///
    /// - Errors: `.invalidValue`
    public func validate() throws(ActionError) {
        func check(_ isValid: Bool, _ field: String, _ expected: String, _ found: Double) throws(ActionError) {
            guard isValid else { throw .invalidValue(field: "LEGENT \(field)", expected: expected, found: "\(found)") }
        }
        try check([-1, 0, 1].contains(moveRight), "move_right", "-1, 0 or 1", moveRight)
        try check([-1, 0, 1].contains(moveForward), "move_forward", "-1, 0 or 1", moveForward)
        try check(Self.rotateRightRange.contains(rotateRight), "rotate_right", "degrees in [-180, 180)", rotateRight)
        try check(Self.rotateDownRange.contains(rotateDown), "rotate_down", "degrees in [-90, 90)", rotateDown)
        try check(teleportForward.isFinite, "teleport_forward", "a finite number of metres", teleportForward)
        try check(lookX.isFinite, "look_x", "a finite number", lookX)
        try check(lookY.isFinite, "look_y", "a finite number", lookY)
        try check(choice >= -1, "action_choice", "at least -1", Double(choice))
    }

    static let rotateRightRange = -180.0..<180.0
    static let rotateDownRange = -90.0..<90.0
}

/// A call of one of the game's own functions, such as `PathToUser`.
public struct LEGENTCall: Sendable, Equatable {
    public var name: String
    /// Empty, a number as text, or JSON.
    public var arguments: String

    public init(name: String, arguments: String = "") {
        self.name = name
        self.arguments = arguments
    }
}

/// JSON as Python's `json.dumps` writes it.
enum PythonJSON {
    /// A string in quotes, all ASCII.
    static func string(_ text: String) -> String {
        var json = "\""
        for unit in text.utf16 {
            if let escape = escape(unit) {
                json += escape
            } else if (0x20...0x7f).contains(unit) {
                json.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            } else {
                json += hexadecimal(unit)
            }
        }
        return json + "\""
    }

    /// A string in quotes that keeps what is not ASCII: `ensure_ascii=False`.
    static func unicodeString(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            let unit = UInt16(exactly: scalar.value) ?? 0xfffd
            if let escape = escape(unit) {
                json += escape
            } else if unit < 0x20 {
                json += hexadecimal(unit)
            } else {
                json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }

    private static func escape(_ unit: UInt16) -> String? {
        switch unit {
        case 0x22: "\\\""
        case 0x5c: "\\\\"
        case 0x0a: "\\n"
        case 0x0d: "\\r"
        case 0x09: "\\t"
        case 0x08: "\\b"
        case 0x0c: "\\f"
        default: nil
        }
    }

    private static func hexadecimal(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
