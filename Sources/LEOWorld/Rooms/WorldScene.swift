/// Everything a world starts from: rooms, things, where the agent and the player stand. A value; the running world
/// (`World`) copies what can change.
public struct WorldScene: Sendable {
    /// The seed it was generated from; nil when it was read from a file.
    public var seed: UInt64?
    public var rooms: [Room]
    public var walls: [Wall]
    public var floors: [Floor]
    /// LEGENT's API addresses objects by their index here.
    public var instances: [Instance]
    /// Feet of the agent and of the player; LEGENT's `agent` and `player`.
    public var agent: Transform
    public var player: Transform
    public var lights: [Light]
    /// What the player says when the scene begins; "" for nothing.
    public var prompt: String

    public init(
        seed: UInt64? = nil, rooms: [Room] = [], walls: [Wall] = [], floors: [Floor] = [], instances: [Instance] = [],
        agent: Transform = Transform(), player: Transform = Transform(), lights: [Light] = [], prompt: String = ""
    ) {
        self.seed = seed
        self.rooms = rooms
        self.walls = walls
        self.floors = floors
        self.instances = instances
        self.agent = agent
        self.player = player
        self.lights = lights
        self.prompt = prompt
    }
}

/// One thing in a scene.
public struct Instance: Sendable {
    public var model: ObjectModel
    /// Position of the middle of its bounding box.
    public var transform: Transform
    /// Can be grabbed and falls; others stay where they are. LEGENT's `type`.
    public var isInteractable: Bool
    /// Index of the instance it stands on or in; nil on the floor or on a wall.
    public var parent: Int?
    /// The surface of the parent.
    public var parentSurface: Int?
    /// Id of its room; nil outside all.
    public var room: Int?

    public init(
        model: ObjectModel, transform: Transform, isInteractable: Bool? = nil, parent: Int? = nil, parentSurface: Int? = nil,
        room: Int? = nil
    ) {
        self.model = model
        self.transform = transform
        self.isInteractable = isInteractable ?? model.isInteractable
        self.parent = parent
        self.parentSurface = parentSurface
        self.room = room
    }
}

/// An axis-aligned room on the ground.
public struct Room: Sendable, Equatable {
    public var id: Int
    /// "kitchen", "bedroom".
    public var kind: String
    /// Least and greatest x and z, in metres, between the walls.
    public var minimum: SIMD2<Double>
    public var maximum: SIMD2<Double>

    public init(id: Int, kind: String, minimum: SIMD2<Double>, maximum: SIMD2<Double>) {
        (self.id, self.kind, self.minimum, self.maximum) = (id, kind, minimum, maximum)
    }
}

/// A box-shaped wall: `size` is length (local x), height (y) and thickness (z).
public struct Wall: Sendable, Equatable {
    /// A rectangular opening through the whole thickness: a doorway where it reaches the floor, else a window.
    public struct Hole: Sendable, Equatable {
        /// Middle in the wall's local x and y.
        public var center: SIMD2<Double>
        public var size: SIMD2<Double>

        public init(center: SIMD2<Double>, size: SIMD2<Double>) {
            self.center = center
            self.size = size
        }
    }

    /// Middle of the box.
    public var transform: Transform
    public var size: SIMD3<Double>
    public var material: Material
    public var holes: [Hole]

    public init(transform: Transform, size: SIMD3<Double>, material: Material, holes: [Hole] = []) {
        (self.transform, self.size, self.material, self.holes) = (transform, size, material, holes)
    }
}

/// A box-shaped piece of floor (or ceiling, where it lies above); `size` is its full extents, its top is where one walks.
public struct Floor: Sendable, Equatable {
    public var transform: Transform
    public var size: SIMD3<Double>
    public var material: Material

    public init(transform: Transform, size: SIMD3<Double>, material: Material) {
        (self.transform, self.size, self.material) = (transform, size, material)
    }
}

/// A lamp of the scene; the renderer uses position, colour and intensity.
public struct Light: Sendable, Equatable {
    public var name: String
    public var transform: Transform
    /// sRGB in 0...1.
    public var color: SIMD3<Float>
    public var intensity: Double
    /// Metres at which it has faded away.
    public var range: Double

    public init(name: String, transform: Transform, color: SIMD3<Float> = .one, intensity: Double = 1, range: Double = 10) {
        (self.name, self.transform, self.color, self.intensity, self.range) = (name, transform, color, intensity, range)
    }
}
