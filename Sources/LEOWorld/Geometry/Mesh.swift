/// Triangles with a normal at every corner: what the renderer draws.
public struct Mesh: Sendable, Equatable {
    /// Indices of three vertices, front side where `cross(b - a, c - a)`, computed by the usual formula, points at the
    /// eye, and the index of the material.
    public struct Triangle: Sendable, Equatable {
        public var a: Int32
        public var b: Int32
        public var c: Int32
        public var material: Int32

        public init(_ a: Int32, _ b: Int32, _ c: Int32, material: Int32) {
            (self.a, self.b, self.c, self.material) = (a, b, c, material)
        }
    }

    /// Metres, in the frame of the object.
    public var positions: [SIMD3<Float>]
    /// Unit vectors, one per position. Flat faces have vertices of their own; round ones share them.
    public var normals: [SIMD3<Float>]
    public var triangles: [Triangle]
    public var materials: [Material]

    public init(
        positions: [SIMD3<Float>] = [], normals: [SIMD3<Float>] = [], triangles: [Triangle] = [], materials: [Material] = []
    ) {
        precondition(positions.count == normals.count, "one normal per position")
        self.positions = positions
        self.normals = normals
        self.triangles = triangles
        self.materials = materials
    }
}

/// What a surface looks like.
public struct Material: Sendable, Equatable {
    public enum Pattern: Sendable, Equatable {
        case plain
        /// Squares of this edge, in metres, in the material's colour and in `second`.
        case checker(size: Float, second: SIMD3<Float>)
        /// Boards of this width, in metres, along the local z axis, each a little lighter or darker.
        case planks(width: Float)
    }

    /// "oak", "steel", "fabric".
    public var name: String
    /// What people call its colour: "brown".
    public var colorName: String
    /// sRGB in 0...1.
    public var color: SIMD3<Float>
    public var pattern: Pattern
    /// Gives light of its own and is drawn at full brightness.
    public var isLight: Bool

    public init(
        name: String, colorName: String, color: SIMD3<Float>, pattern: Pattern = .plain, isLight: Bool = false
    ) {
        (self.name, self.colorName, self.color, self.pattern, self.isLight) = (name, colorName, color, pattern, isLight)
    }
}
