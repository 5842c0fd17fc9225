import LEOWorld

/// Small scenes built by hand, where the right answers can be told by looking.
enum SimScenes {
    static let paint = Material(name: "wood", colorName: "brown", color: SIMD3(0.5, 0.4, 0.3))

    /// A solid box; `top` makes its upper side a place to put things.
    static func box(
        _ name: String, _ size: SIMD3<Double>, isInteractable: Bool = false, hasTop: Bool = false
    ) -> ObjectModel {
        let half = SIMD3<Float>(size) / 2
        var mesh = Mesh(materials: [paint])
        for axis in 0..<3 {
            for sign in [Float(-1), 1] {
                var normal = SIMD3<Float>.zero
                normal[axis] = sign
                let (u, v) = ((axis + 1) % 3, (axis + 2) % 3)
                let base = Int32(mesh.positions.count)
                for (a, b) in [(-1, -1), (1, -1), (1, 1), (-1, 1)] as [(Float, Float)] {
                    var point = normal * half
                    point[u] = a * half[u]
                    point[v] = b * half[v]
                    mesh.positions.append(point)
                    mesh.normals.append(normal)
                }
                let corners: [Int32] = sign > 0 ? [0, 1, 2, 3] : [3, 2, 1, 0]
                mesh.triangles.append(.init(base + corners[0], base + corners[1], base + corners[2], material: 0))
                mesh.triangles.append(.init(base + corners[0], base + corners[2], base + corners[3], material: 0))
            }
        }
        let surfaces = hasTop
            ? [Surface(center: SIMD3(0, size.y / 2, 0), halfExtents: SIMD2(size.x, size.z) / 2)] : []
        return ObjectModel(
            prefab: "LEO_\(name)_0", name: name.lowercased(), colorName: "brown", materialName: "wood", mesh: mesh, size: size,
            colliders: [Box(center: .zero, size: size)], surfaces: surfaces, isInteractable: isInteractable)
    }

    /// An instance whose bottom is at `bottom`.
    static func put(
        _ model: ObjectModel, x: Double, z: Double, bottom: Double = 0, yaw: Double = 0, parent: Int? = nil
    ) -> Instance {
        Instance(
            model: model,
            transform: Transform(position: SIMD3(x, bottom + model.size.y / 2, z), rotation: SIMD3(0, yaw, 0)),
            parent: parent, parentSurface: parent.map { _ in 0 })
    }

    static func wall(x: Double, z: Double, length: Double, alongX: Bool, holes: [Wall.Hole] = []) -> Wall {
        Wall(
            transform: Transform(position: SIMD3(x, 1.25, z), rotation: SIMD3(0, alongX ? 0 : 90, 0)),
            size: SIMD3(length, 2.5, 0.1), material: paint, holes: holes)
    }

    /// A room from (-half, -half) to (half, half) within walls.
    static func room(half: SIMD2<Double>, instances: [Instance] = []) -> WorldScene {
        let outer = half + SIMD2(repeating: 0.05)
        return WorldScene(
            rooms: [Room(id: 0, kind: "room", minimum: -half, maximum: half)],
            walls: [
                wall(x: 0, z: outer.y, length: 2 * half.x + 0.2, alongX: true),
                wall(x: 0, z: -outer.y, length: 2 * half.x + 0.2, alongX: true),
                wall(x: outer.x, z: 0, length: 2 * half.y + 0.2, alongX: false),
                wall(x: -outer.x, z: 0, length: 2 * half.y + 0.2, alongX: false),
            ],
            floors: [
                Floor(
                    transform: Transform(position: SIMD3(0, -0.05, 0)), size: SIMD3(2 * half.x, 0.1, 2 * half.y), material: paint)
            ],
            instances: instances, agent: Transform(position: SIMD3(0, 0, -half.y + 1)),
            player: Transform(position: SIMD3(-half.x + 0.5, 0, half.y - 0.5)))
    }

    /// Two rooms of 4 x 4 m side by side; the wall between them, at x = 0, has a doorway of 0.9 m at z = 1.
    static func twoRooms(instances: [Instance] = []) -> WorldScene {
        var scene = room(half: SIMD2(4, 2), instances: instances)
        // The wall's own x axis points along -z when it is turned right by a quarter.
        scene.walls.append(wall(
            x: 0, z: 0, length: 4, alongX: false,
            holes: [.init(center: SIMD2(-1, -0.25), size: SIMD2(0.9, 2))]))
        scene.rooms = [
            Room(id: 0, kind: "kitchen", minimum: SIMD2(-4, -2), maximum: SIMD2(-0.05, 2)),
            Room(id: 1, kind: "bedroom", minimum: SIMD2(0.05, -2), maximum: SIMD2(4, 2)),
        ]
        scene.agent.position = SIMD3(-2, 0, -1)
        scene.player.position = SIMD3(3, 0, -1)
        return scene
    }

    /// A table with an apple and a cup on it, a shelf against the wall, a stool.
    static func furnished() -> WorldScene {
        let table = box("Table", SIMD3(1.2, 0.75, 0.8), hasTop: true)
        let apple = box("Apple", SIMD3(0.08, 0.08, 0.08), isInteractable: true)
        let cup = box("Cup", SIMD3(0.08, 0.1, 0.08), isInteractable: true)
        let shelf = box("Shelf", SIMD3(1, 1.8, 0.3))
        let stool = box("Stool", SIMD3(0.4, 0.45, 0.4), hasTop: true)
        return twoRooms(instances: [
            put(table, x: 2, z: 0.6),
            put(apple, x: 2, z: 0.3, bottom: 0.75, parent: 0),
            put(cup, x: 2.3, z: 0.4, bottom: 0.75, parent: 0),
            put(shelf, x: -2, z: 1.85),
            put(stool, x: -1.2, z: -0.2, yaw: 30),
        ])
    }
}
