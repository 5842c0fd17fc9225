import LEOModel
import LEOText

/// Navigation in Habitat: one discrete step.
///
/// The raw value is the official action id and the index in `ActionVocabulary`.
///
/// - Source: official `data/eai.py`, `HABITAT_ACTION_SPACE`
public enum HabitatAction: Int, Sendable, Equatable, CaseIterable {
    case stop, moveForward, moveBackward, turnLeft, turnRight, lookUp, lookDown, grabRelease

    /// The official name: `move_forward`.
    public var name: String {
        switch self {
        case .stop: "stop"
        case .moveForward: "move_forward"
        case .moveBackward: "move_backward"
        case .turnLeft: "turn_left"
        case .turnRight: "turn_right"
        case .lookUp: "look_up"
        case .lookDown: "look_down"
        case .grabRelease: "grab_release"
        }
    }

    public init?(name: String) {
        guard let action = HabitatAction.allCases.first(where: { $0.name == name }) else { return nil }
        self = action
    }

    /// The character that spells the action.
    public var token: String { ActionVocabulary.string(at: rawValue) }

    public var id: Int32 { ActionVocabulary.id(at: rawValue) }

    public init?(id: Int32) {
        guard let index = ActionVocabulary.index(of: id) else { return nil }
        self.init(rawValue: index)
    }
}

/// One token of the eight of `HabitatAction`. A history is padded with stop.
public struct HabitatActionSpace: ActionSpace {
    private static let name = "Habitat"
    public let layout: ActionTokenLayout

    public init(layout: ActionTokenLayout = ActionTokenLayout()) { self.layout = layout }

    public var padding: HabitatAction { .stop }
    public var maximumNewTokens: Int { layout.longest(1) }

    public func text(for action: HabitatAction) -> String { action.token }

    public func action(in text: String) throws(ActionError) -> HabitatAction {
        let scalars = Array(text.strippedLikePython.unicodeScalars)
        guard scalars.count == 1 else {
            throw .tokenCount(space: Self.name, expected: 1, found: scalars.count)
        }
        for action in HabitatAction.allCases where ActionVocabulary.pieces[action.rawValue] == scalars[0] { return action }
        throw unexpected("\(String(scalars[0]).debugDescription)")
    }

    public func ids(for action: HabitatAction) -> [Int32] { [action.id] }

    public func action(from ids: some Sequence<Int32>) throws(ActionError) -> HabitatAction {
        let body = layout.body(of: ids)
        guard body.count == 1, let id = body.first else {
            throw .tokenCount(space: Self.name, expected: 1, found: body.count)
        }
        guard let action = HabitatAction(id: id) else { throw unexpected("id \(id)") }
        return action
    }

    public func makeConstraint() -> FixedLengthConstraint {
        FixedLengthConstraint([TokenSet(HabitatAction.allCases.map(\.id))], layout: layout)
    }

    private func unexpected(_ found: String) -> ActionError {
        .unexpectedToken(space: Self.name, position: 0, expected: "one of the eight actions", found: found)
    }
}
