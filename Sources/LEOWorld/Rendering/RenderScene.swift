/// What the renderer draws: meshes, where they are, and under which id they are seen.
///
/// Lit corners are kept and worked out anew only for what has moved, so a frame costs what is in view. One thread at a
/// time: not `Sendable` on purpose.
public final class RenderScene {
    /// What is drawn of a world besides its instances.
    public struct Options: Sendable {
        /// Ceilings: floors that lie above the walls' middle. A view from above is taken without them.
        public var showsCeilings: Bool
        public var showsPlayer: Bool
        /// Off for the agent's own view.
        public var showsAgent: Bool
        /// sRGB in 0...1, where nothing is seen.
        public var background: SIMD3<Float>

        public init(
            showsCeilings: Bool = true, showsPlayer: Bool = true, showsAgent: Bool = false,
            background: SIMD3<Float> = SIMD3(0.72, 0.83, 0.93)
        ) {
            self.showsCeilings = showsCeilings
            self.showsPlayer = showsPlayer
            self.showsAgent = showsAgent
            self.background = background
        }
    }

    /// One mesh in the scene.
    struct Item {
        var id: Int32
        var vertices: Range<Int>
        var triangles: Range<Int>
        var transform: Transform
        var isVisible: Bool
        /// World positions and light are not those of `transform` yet.
        var isStale = true
        /// Drawn first, to hide what is behind.
        var isOccluder: Bool
        /// Turned inside out by its scale, so its triangles face the other way.
        var isMirrored = false
        /// Box in the world; empty (least above greatest) for what cannot be drawn.
        var minimum = SIMD3<Float>(repeating: .infinity)
        var maximum = SIMD3<Float>(repeating: -.infinity)
    }

    /// Corners as indices into the vertex lists, and what the face looks like.
    struct Face {
        var a: Int32
        var b: Int32
        var c: Int32
        var material: Int32
        /// The axis nearest to the normal in the local frame, for patterns.
        var axis: Int32
    }

    /// Coordinates and angles beyond this are no places: what has them is not drawn.
    static let limit = 1e6

    private(set) var items: [Item] = []
    private(set) var faces: [Face] = []
    private(set) var materials: [ShadingMaterial] = []
    private(set) var sourceMaterials: [Material] = []
    /// Per vertex: position and normal in the local frame, position in the world, light. The fourth values of positions
    /// are 0 and those of lights 1.
    private(set) var localPositions: [SIMD4<Float>] = []
    private var localNormals: [SIMD3<Float>] = []
    private(set) var worldPositions: [SIMD4<Float>] = []
    private(set) var lights: [SIMD4<Float>] = []

    public var background: SIMD3<Float>
    private var lighting = Lighting()
    private var instanceItems: [Int] = []
    private var playerItem: Int?
    private var agentItem: Int?

    /// An empty scene in even light.
    public init(background: SIMD3<Float> = Options().background) { self.background = background }

    /// The scene as it begins. Instances keep their index as id; `SurfaceCode` names the rest.
    public init(_ scene: WorldScene, options: Options = Options()) {
        background = options.background
        lighting = Lighting(scene)
        for (index, floor) in scene.floors.enumerated() {
            let isCeiling = Self.isCeiling(floor)
            guard !isCeiling || options.showsCeilings else { continue }
            add(
                StaticGeometry.mesh(of: floor), at: floor.transform,
                id: (isCeiling ? SurfaceCode.firstCeiling : SurfaceCode.firstFloor) - Int32(clamping: index), isOccluder: true)
        }
        for (index, wall) in scene.walls.enumerated() {
            add(
                StaticGeometry.mesh(of: wall), at: wall.transform, id: SurfaceCode.firstWall - Int32(clamping: index),
                isOccluder: true)
        }
        for (index, instance) in scene.instances.enumerated() {
            instanceItems.append(items.count)
            add(instance.model.mesh, at: instance.transform, id: Int32(clamping: index))
        }
        if options.showsPlayer {
            playerItem = items.count
            let figure = StaticGeometry.figure(shirt: SIMD3(0.78, 0.22, 0.20), shirtName: "red")
            add(figure, at: scene.player, id: SurfaceCode.player)
        }
        if options.showsAgent {
            agentItem = items.count
            let figure = StaticGeometry.figure(shirt: SIMD3(0.20, 0.55, 0.35), shirtName: "green")
            add(figure, at: scene.agent, id: SurfaceCode.agent)
        }
    }

    /// A floor above head height is a ceiling.
    static func isCeiling(_ floor: Floor) -> Bool { floor.transform.position.y > 1.5 }

    /// Adds a mesh. Triangles with a corner that is not there or no number are left out.
    ///
    /// - Parameter isOccluder: large and likely to hide other things: drawn first
    /// - Returns: its position in the list of items, for `setTransform(_:ofItem:)`
    @discardableResult
    public func add(_ mesh: Mesh, at transform: Transform, id: Int32, isOccluder: Bool = false) -> Int {
        let firstVertex = localPositions.count, firstFace = faces.count, firstMaterial = materials.count
        for (position, normal) in zip(mesh.positions, mesh.normals) {
            localPositions.append(SIMD4(position, 0))
            localNormals.append(normal)
        }
        worldPositions.append(contentsOf: repeatElement(.zero, count: mesh.positions.count))
        lights.append(contentsOf: repeatElement(.one, count: mesh.positions.count))
        sourceMaterials += mesh.materials
        materials += mesh.materials.map(ShadingMaterial.init)
        let vertexIndices = 0..<Int32(clamping: mesh.positions.count)
        let limit = Float(Self.limit)
        for triangle in mesh.triangles {
            let corners = [triangle.a, triangle.b, triangle.c]
            guard corners.allSatisfy(vertexIndices.contains), mesh.materials.indices.contains(Int(triangle.material)) else {
                continue
            }
            let points = corners.map { mesh.positions[Int($0)] }
            guard points.allSatisfy({ abs($0.x) < limit && abs($0.y) < limit && abs($0.z) < limit }) else { continue }
            let normal = crossProduct(points[1] - points[0], points[2] - points[0])
            let size = SIMD3(abs(normal.x), abs(normal.y), abs(normal.z))
            let axis: Int32 = size.x > size.y && size.x > size.z ? 0 : size.y >= size.z ? 1 : 2
            let first = Int32(firstVertex)
            faces.append(
                Face(
                    a: first + triangle.a, b: first + triangle.b, c: first + triangle.c,
                    material: Int32(firstMaterial) + triangle.material, axis: axis))
        }
        items.append(
            Item(
                id: id, vertices: firstVertex..<localPositions.count, triangles: firstFace..<faces.count, transform: transform,
                isVisible: true, isOccluder: isOccluder))
        return items.count - 1
    }

    // MARK: What moves

    public var instanceCount: Int { instanceItems.count }

    /// Moves an instance; also how a held one comes into the hand.
    public func setTransform(_ transform: Transform, ofInstance index: Int) { setTransform(transform, ofItem: instanceItems[index]) }

    /// Shows or hides an instance.
    public func setVisible(_ isVisible: Bool, instance index: Int) { items[instanceItems[index]].isVisible = isVisible }

    /// Feet of the player's figure, if it is drawn.
    public func setPlayer(_ transform: Transform) {
        if let playerItem { setTransform(transform, ofItem: playerItem) }
    }

    /// Feet of the agent's figure, if it is drawn.
    public func setAgent(_ transform: Transform) {
        if let agentItem { setTransform(transform, ofItem: agentItem) }
    }

    public func setTransform(_ transform: Transform, ofItem index: Int) {
        guard items[index].transform != transform else { return }
        items[index].transform = transform
        items[index].isStale = true
    }

    /// Brings world positions and lights up to date.
    func prepare() {
        for index in items.indices where items[index].isStale && items[index].isVisible { bake(index) }
    }

    private func bake(_ index: Int) {
        items[index].isStale = false
        items[index].minimum = SIMD3(repeating: .infinity)
        items[index].maximum = SIMD3(repeating: -.infinity)
        let transform = items[index].transform
        let limit = Self.limit
        for value in [transform.position, transform.rotation, transform.scale]
        where !(abs(value.x) <= limit && abs(value.y) <= limit && abs(value.z) <= limit) { return }
        let scale = transform.scale
        guard abs(scale.x) > 1e-9, abs(scale.y) > 1e-9, abs(scale.z) > 1e-9 else { return }
        items[index].isMirrored = scale.x * scale.y * scale.z < 0
        let orientation = transform.orientation
        let x = SIMD3<Float>(orientation.x * scale.x), y = SIMD3<Float>(orientation.y * scale.y)
        let z = SIMD3<Float>(orientation.z * scale.z), origin = SIMD3<Float>(transform.position)
        let nx = SIMD3<Float>(orientation.x / scale.x), ny = SIMD3<Float>(orientation.y / scale.y)
        let nz = SIMD3<Float>(orientation.z / scale.z)
        var minimum = SIMD3<Float>(repeating: .infinity), maximum = -minimum
        for vertex in items[index].vertices {
            let local = localPositions[vertex]
            let world = x * local.x + y * local.y + z * local.z + origin
            worldPositions[vertex] = SIMD4(world, 0)
            // Vertices that no triangle uses may be anything.
            guard abs(world.x) <= Float(limit), abs(world.y) <= Float(limit), abs(world.z) <= Float(limit) else { continue }
            minimum = pointwiseMin(minimum, world)
            maximum = pointwiseMax(maximum, world)
            let given = localNormals[vertex]
            let normal = nx * given.x + ny * given.y + nz * given.z
            let length = (normal * normal).sum().squareRoot()
            lights[vertex] = lighting.light(
                at: world, normal: length > 0 && length.isFinite ? normal / length : SIMD3(0, 1, 0))
        }
        items[index].minimum = minimum
        items[index].maximum = maximum
    }
}
