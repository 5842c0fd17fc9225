/// What the agent side asks of the game when a session begins: `json_actions` of INIT.
///
/// - Source: LEGENT toolkit, `legent/environment/env.py`, `Environment`
public struct LEGENTSettings: Sendable, Equatable {
    public var usesAnimation = true
    /// Pixels.
    public var width = 448
    public var height = 448
    /// Vertical, in degrees.
    public var fieldOfView = 120.0
    public var background = 1
    public var usesShadows = 1
    public var usesDefaultLight = 1
    public var style = 1
    /// 0 controls the agent, 1 offers options.
    public var actionMode = 0

    /// Larger views than this are taken for a mistake.
    public static let maximumSide = 16384

    public init() {}

    /// What is missing keeps its default.
    ///
    /// - Errors: `.malformedJSON`; `.invalidValue` for sizes outside 1...16384 and fields of view outside 1..<180 degrees
    public init(json: String) throws(LEGENTMessageError) {
        if json.isEmpty { return }
        let top = JSONReader(try JSONText(parsing: json, field: "settings"), path: "settings")
        usesAnimation = try top.optional("use_animation")?.bool ?? usesAnimation
        width = try Self.side(top, "camera_resolution_width") ?? width
        height = try Self.side(top, "camera_resolution_height") ?? height
        if let angle = try top.optional("camera_field_of_view") {
            fieldOfView = try angle.finite
            guard (1..<180).contains(fieldOfView) else {
                throw .invalidValue(field: angle.path, expected: "degrees in [1, 180)", found: angle.value.kind)
            }
        }
        background = try Self.number(top, "background") ?? background
        usesShadows = try Self.number(top, "use_shadows") ?? usesShadows
        usesDefaultLight = try Self.number(top, "use_default_light") ?? usesDefaultLight
        style = try Self.number(top, "style") ?? style
        actionMode = try Self.number(top, "action_mode") ?? actionMode
    }

    private static func side(_ top: JSONReader, _ key: String) throws(LEGENTMessageError) -> Int? {
        guard let value = try top.optional(key) else { return nil }
        let side = try value.integer
        guard (1...maximumSide).contains(side) else {
            throw .invalidValue(field: value.path, expected: "1 to \(maximumSide) pixels", found: "\(side)")
        }
        return side
    }

    /// A whole number, or a switch.
    private static func number(_ top: JSONReader, _ key: String) throws(LEGENTMessageError) -> Int? {
        guard let value = try top.optional(key) else { return nil }
        if case .bool(let flag) = value.value { return flag ? 1 : 0 }
        return try value.integer
    }

    /// Byte for byte as the toolkit writes it.
    public var json: String {
        JSONText.object([
            JSONText.Member("use_animation", .bool(usesAnimation)),
            JSONText.Member("camera_resolution_width", .integer(width)),
            JSONText.Member("camera_resolution_height", .integer(height)),
            JSONText.Member("camera_field_of_view", .shortest(fieldOfView)),
            JSONText.Member("background", .integer(background)),
            JSONText.Member("use_shadows", .integer(usesShadows)),
            JSONText.Member("use_default_light", .integer(usesDefaultLight)),
            JSONText.Member("style", .integer(style)),
            JSONText.Member("action_mode", .integer(actionMode)),
        ]).line
    }
}
