/// What the game knows about its world: `game_states` of an observation.
///
/// The frame is Unity's: left-handed, y up, metres and degrees. Reading is tolerant: what is missing or null is nil or
/// empty, unknown keys are passed over, vectors may be objects or arrays. Writing is the game's form.
public struct LEGENTGameState: Sendable, Equatable {
    /// Where a thing is and how it is turned.
    public struct Placement: Sendable, Equatable {
        public var position: SIMD3<Double>
        /// Degrees about x, y and z.
        public var rotation: SIMD3<Double>?
        /// Unit vector.
        public var forward: SIMD3<Double>?

        public init(position: SIMD3<Double>, rotation: SIMD3<Double>? = nil, forward: SIMD3<Double>? = nil) {
            self.position = position
            self.rotation = rotation
            self.forward = forward
        }
    }

    public struct Instance: Sendable, Equatable {
        public var prefab: String
        public var placement: Placement

        public init(prefab: String, placement: Placement) {
            self.prefab = prefab
            self.placement = placement
        }
    }

    /// In the order of the scene; calls name them by their index.
    public var instances: [Instance] = []
    public var player: Placement?
    public var agent: Placement?
    public var playerCamera: Placement?
    public var agentCamera: Placement?
    /// Index of the instance held; -1 on the wire where this is nil.
    public var playerGrabbedInstance: Int?
    public var agentGrabbedInstance: Int?

    public init() {}

    // MARK: Reading

    /// - Errors: `.malformedJSON`; `.invalidValue` with the path of the value
    public init(json: String) throws(LEGENTMessageError) {
        let field = "game_states"
        let top = JSONReader(try JSONText(parsing: json, field: field), path: field)
        if let list = try top.optional("instances") {
            for item in try list.elements {
                let prefab = try item.optional("prefab")?.string ?? ""
                instances.append(Instance(prefab: prefab, placement: try Placement(item)))
            }
        }
        player = try Self.placement(top, "player")
        agent = try Self.placement(top, "agent")
        playerCamera = try Self.placement(top, "player_camera")
        agentCamera = try Self.placement(top, "agent_camera")
        playerGrabbedInstance = try grabbed(top, "player_grab_instance")
        agentGrabbedInstance = try grabbed(top, "agent_grab_instance")
    }

    private static func placement(_ top: JSONReader, _ key: String) throws(LEGENTMessageError) -> Placement? {
        guard let value = try top.optional(key) else { return nil }
        return try Placement(value)
    }

    private func grabbed(_ top: JSONReader, _ key: String) throws(LEGENTMessageError) -> Int? {
        guard let value = try top.optional(key) else { return nil }
        let index = try value.integer
        if index == -1 { return nil }
        guard instances.indices.contains(index) else {
            throw .invalidValue(
                field: value.path, expected: "-1 or the index of one of \(instances.count) instances", found: "\(index)")
        }
        return index
    }

    // MARK: Writing

    /// As the game writes it: vectors as objects, -1 for an empty hand.
    public var json: String { value.line }

    private var value: JSONText {
        var members = [
            JSONText.Member("instances", .array(instances.map {
                .object([JSONText.Member("prefab", .string($0.prefab))] + $0.placement.members)
            }))
        ]
        for (key, placement) in [
            ("player", player), ("agent", agent), ("player_camera", playerCamera), ("agent_camera", agentCamera),
        ] {
            if let placement { members.append(JSONText.Member(key, .object(placement.members))) }
        }
        members.append(JSONText.Member("player_grab_instance", .integer(playerGrabbedInstance ?? -1)))
        members.append(JSONText.Member("agent_grab_instance", .integer(agentGrabbedInstance ?? -1)))
        return .object(members)
    }
}

extension LEGENTGameState.Placement {
    fileprivate init(_ value: JSONReader) throws(LEGENTMessageError) {
        position = try value.required("position").vector
        rotation = try value.optional("rotation")?.vector
        forward = try value.optional("forward")?.vector
    }

    fileprivate var members: [JSONText.Member] {
        var members = [JSONText.Member("position", .xyz(position))]
        if let rotation { members.append(JSONText.Member("rotation", .xyz(rotation))) }
        if let forward { members.append(JSONText.Member("forward", .xyz(forward))) }
        return members
    }
}
