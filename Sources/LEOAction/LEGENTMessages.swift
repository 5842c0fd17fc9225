/// The fields of an `ActionProto`, as they travel.
///
/// - Source: LEGENT toolkit, `legent/protobuf/communicator.proto`
public struct LEGENTActionMessage: Sendable, Equatable {
    public var type = ""
    public var text = ""
    public var jsonActions = ""
    public var floatActions: [Float] = []
    public var intActions: [Int32] = []
    public var apiCalls = ""

    public init() {}

    /// The message as the toolkit builds it: settings go with INIT, scene and calls with RESET, all but those with STEP,
    /// and CLOSE is bare.
    public init(_ action: LEGENTAction) {
        type = action.kind.rawValue
        switch action.kind {
        case .initialize:
            jsonActions = action.jsonActions
        case .reset:
            jsonActions = action.jsonActions
            apiCalls = action.callsJSON
        case .step:
            text = action.text
            jsonActions = action.jsonActions
            floatActions = action.floatActions
            intActions = action.intActions
            apiCalls = action.callsJSON
        case .close: break
        }
    }

    /// What the message asks of the game. Numbers that are missing have their defaults, more than the known are ignored.
    ///
    /// - Errors: `.invalidValue` for an unknown type and numbers that mean nothing; `.malformedJSON` for the calls
    public func action() throws(LEGENTMessageError) -> LEGENTAction {
        guard let kind = LEGENTAction.Kind(rawValue: type) else {
            throw .invalidValue(field: "type", expected: "INIT, RESET, STEP or CLOSE", found: String(type.prefix(40)).debugDescription)
        }
        var action = LEGENTAction()
        action.kind = kind
        action.text = text
        action.jsonActions = jsonActions

        func number(_ index: Int, _ name: String, default value: Double = 0) throws(LEGENTMessageError) -> Double {
            guard index < floatActions.count else { return value }
            guard floatActions[index].isFinite else {
                throw .invalidValue(
                    field: "float_actions[\(index)] (\(name))", expected: "a finite number", found: "\(floatActions[index])")
            }
            return Double(floatActions[index])
        }
        action.moveRight = try number(0, "move_right")
        action.moveForward = try number(1, "move_forward")
        action.rotateRight = try number(2, "rotate_right")
        action.rotateDown = try number(3, "rotate_down")
        action.jumps = try number(4, "jump") != 0
        action.grabs = try number(5, "grab") != 0
        action.teleportForward = try number(6, "teleport_forward")
        action.lookX = try number(7, "look_x")
        action.lookY = try number(8, "look_y")
        let choice = try number(9, "action_choice", default: -1)
        guard let choice = Int(exactly: choice) else {
            throw .invalidValue(field: "float_actions[9] (action_choice)", expected: "a whole number", found: "\(choice)")
        }
        action.choice = choice
        action.usesTeleport = intActions.first.map { $0 != 0 } ?? false
        action.looksAtPoint = intActions.dropFirst().first.map { $0 != 0 } ?? false
        action.calls = try LEGENTCall.list(json: apiCalls)
        return action
    }
}

/// The fields of an `ObservationProto`, as they travel.
public struct LEGENTObservationMessage: Sendable, Equatable {
    public var type = ""
    /// An encoded image, or frames that each follow their length.
    public var image: [UInt8] = []
    public var text = ""
    public var gameStates = ""
    public var floatObservations: [Float] = []
    public var intObservations: [Int32] = []
    public var apiReturns = ""

    public init() {}

    public init(_ observation: LEGENTObservation) {
        type = observation.type
        image = observation.image
        text = observation.text
        gameStates = observation.gameState.json
        apiReturns = observation.apiReturns?.json ?? ""
    }
}

/// What the game shows after an action.
///
/// - Source: LEGENT toolkit, `legent/action/observation.py`
public struct LEGENTObservation: Sendable, Equatable {
    /// `STEP`, or `EXITED` when the game ends.
    public var type = "STEP"
    /// The image field as it came: one encoded image or a frame sequence.
    public var image: [UInt8] = []
    /// What the player just wrote; no history is kept.
    public var text = ""
    /// For training and evaluation; an agent that plays may look at image and text only.
    public var gameState = LEGENTGameState()
    /// Results of the calls in the action before; nil where there were none.
    public var apiReturns: LEGENTAPIReturns?

    public init() {}

    /// Reads a message. The image is looked at when it is needed.
    ///
    /// - Errors: `.malformedJSON`, `.invalidValue`, with the field's path
    public init(_ message: LEGENTObservationMessage) throws(LEGENTMessageError) {
        type = message.type
        image = message.image
        text = message.text
        gameState = try LEGENTGameState(json: message.gameStates)
        apiReturns = message.apiReturns.isEmpty ? nil : try LEGENTAPIReturns(json: message.apiReturns)
    }

    public var hasExited: Bool { type == "EXITED" }
}
