/// What a prefab name stands for: shape, look, and how things stand on it. Immutable, shared by all its instances.
///
/// The local frame has its origin in the middle of the bounding box, y up and the front towards +z.
public final class ObjectModel: Sendable {
    /// The name in scene files: "LEO_KitchenTable_…". The second part, split at "_", is LEGENT's name of the object.
    public let prefab: String
    /// What people call it, in lower-case words: "kitchen table".
    public let name: String
    /// The colour that stands out, "brown", and the material that has it, "oak".
    public let colorName: String
    public let materialName: String
    public let mesh: Mesh
    /// Extents of the bounding box, in metres.
    public let size: SIMD3<Double>
    /// Boxes that stop walking, falling and grabbing; they cover the shape closely enough that a lamp can stand
    /// under a shelf board and a chair's legs fit under a table.
    public let colliders: [Box]
    /// Places where other things can stand; empty for most small things.
    public let surfaces: [Surface]
    /// Can be grabbed.
    public let isInteractable: Bool

    public init(
        prefab: String, name: String, colorName: String, materialName: String, mesh: Mesh, size: SIMD3<Double>,
        colliders: [Box], surfaces: [Surface], isInteractable: Bool
    ) {
        self.prefab = prefab
        self.name = name
        self.colorName = colorName
        self.materialName = materialName
        self.mesh = mesh
        self.size = size
        self.colliders = colliders
        self.surfaces = surfaces
        self.isInteractable = isInteractable
    }
}

/// An axis-aligned box in some frame, in metres.
public struct Box: Sendable, Equatable {
    public var minimum: SIMD3<Double>
    public var maximum: SIMD3<Double>

    public init(minimum: SIMD3<Double>, maximum: SIMD3<Double>) {
        self.minimum = minimum
        self.maximum = maximum
    }

    public init(center: SIMD3<Double>, size: SIMD3<Double>) {
        self.init(minimum: center - size / 2, maximum: center + size / 2)
    }

    public var center: SIMD3<Double> { (minimum + maximum) / 2 }
    public var size: SIMD3<Double> { maximum - minimum }
}

/// A horizontal rectangle on or in a model where things can stand.
public struct Surface: Sendable, Equatable {
    /// Middle of the rectangle, in the model's frame.
    public var center: SIMD3<Double>
    /// Half its extents along the model's x and z.
    public var halfExtents: SIMD2<Double>
    /// Free height above it, in metres; infinite where nothing is above.
    public var clearance: Double
    /// Things here are in the model, not on it: the boards of a closed shelf, a basket, a sink.
    public var isInside: Bool

    public init(center: SIMD3<Double>, halfExtents: SIMD2<Double>, clearance: Double = .infinity, isInside: Bool = false) {
        (self.center, self.halfExtents, self.clearance, self.isInside) = (center, halfExtents, clearance, isInside)
    }
}
