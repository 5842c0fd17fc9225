import LEOWorld
import TestSupport

/// Small scenes of plain boxes, so that truth can be tested without the catalogue: names repeat, things stack, names
/// contain other names.
enum MadeScenes {
    private static let furniture: [(String, SIMD3<Double>, Bool)] = [
        ("table", SIMD3(1.2, 0.75, 0.8), true), ("kitchen table", SIMD3(1.6, 0.8, 0.9), true),
        ("chair", SIMD3(0.5, 0.9, 0.5), true),
        ("bookshelf", SIMD3(0.9, 1.8, 0.35), true), ("sofa", SIMD3(1.9, 0.8, 0.9), true),
        ("curtains", SIMD3(1, 2, 0.1), false),
        ("cactus", SIMD3(0.3, 0.6, 0.3), false),
    ]
    private static let small: [(String, SIMD3<Double>)] = [
        ("mug", SIMD3(0.09, 0.1, 0.09)), ("apple", SIMD3(0.08, 0.08, 0.08)), ("book", SIMD3(0.15, 0.03, 0.22)),
        ("scissors", SIMD3(0.08, 0.02, 0.18)), ("tray", SIMD3(0.4, 0.03, 0.3)),
    ]
    private static let colors: [(String, SIMD3<Float>)] = [
        ("red", SIMD3(0.8, 0.1, 0.1)), ("blue", SIMD3(0.1, 0.1, 0.8)), ("brown", SIMD3(0.5, 0.3, 0.1)),
        ("orange", SIMD3(0.9, 0.5, 0)),
    ]
    private static let materials = ["oak", "steel", "plastic"]

    static func box(
        _ name: String, _ size: SIMD3<Double>, color: (String, SIMD3<Float>), material: String, surface: Bool,
        movable: Bool
    ) -> ObjectModel {
        let half = SIMD3<Float>(size) / 2
        var mesh = Mesh(materials: [Material(name: material, colorName: color.0, color: color.1)])
        for axis in 0..<3 {
            for sign: Float in [-1, 1] {
                let base = Int32(mesh.positions.count)
                for (u, v): (Float, Float) in [(-1, -1), (1, -1), (1, 1), (-1, 1)] {
                    var corner = SIMD3<Float>.zero
                    corner[axis] = sign
                    corner[(axis + 1) % 3] = u
                    corner[(axis + 2) % 3] = v
                    var normal = SIMD3<Float>.zero
                    normal[axis] = sign
                    mesh.positions.append(corner * half)
                    mesh.normals.append(normal)
                }
                let (b, c, d) = sign > 0 ? (base + 1, base + 2, base + 3) : (base + 3, base + 2, base + 1)
                mesh.triangles += [.init(base, b, c, material: 0), .init(base, c, d, material: 0)]
            }
        }
        let top = Surface(center: SIMD3(0, size.y / 2, 0), halfExtents: SIMD2(size.x, size.z) / 2)
        return ObjectModel(
            prefab: "Test_\(name)_\(color.0)", name: name, colorName: color.0, materialName: material, mesh: mesh,
            size: size,
            colliders: [Box(center: .zero, size: size)], surfaces: surface ? [top] : [], isInteractable: movable)
    }

    static func scene(seed: UInt64) -> WorldScene {
        var random = SeededGenerator(seed: seed)
        func real(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &random) }
        let rooms = [
            Room(id: 3, kind: "kitchen", minimum: SIMD2(0, 0), maximum: SIMD2(5, 4)),
            Room(id: 7, kind: "bedroom", minimum: SIMD2(5.2, 0), maximum: SIMD2(9, 4)),
            Room(id: 8, kind: seed % 3 == 0 ? "bedroom" : "office", minimum: SIMD2(0, 4.2), maximum: SIMD2(4, 9)),
        ]
        var scene = WorldScene(seed: seed, rooms: rooms)
        for room in rooms {
            var taken: [Box] = []
            for _ in 0..<Int.random(in: 3...7, using: &random) {
                let (name, size, surface) = furniture.randomElement(using: &random)!
                let color = colors.randomElement(using: &random)!
                let model = box(
                    name, size, color: color, material: materials.randomElement(using: &random)!, surface: surface,
                    movable: false)
                let yaw = [0.0, 90, 180, 270, 33].randomElement(using: &random)!
                let reach = (size.x * size.x + size.z * size.z).squareRoot() / 2
                let spot = SIMD3(
                    real(room.minimum.x...room.maximum.x), size.y / 2, real(room.minimum.y...room.maximum.y))
                let around = Box(center: spot, size: SIMD3(2 * reach, size.y, 2 * reach))
                guard !taken.contains(where: { SceneDistance.overlaps($0, around) }) else { continue }
                taken.append(around)
                let parent = scene.instances.count
                scene.instances.append(
                    Instance(
                        model: model, transform: Transform(position: spot, rotation: SIMD3(0, yaw, 0)), room: room.id))
                guard surface else { continue }
                for place in 0..<Int.random(in: 0...3, using: &random) {
                    let (name, size) = small.randomElement(using: &random)!
                    let item = box(
                        name, size, color: colors.randomElement(using: &random)!,
                        material: materials.randomElement(using: &random)!, surface: name == "tray", movable: true)
                    let offset = Transform(rotation: SIMD3(0, yaw, 0)).apply(
                        to: SIMD3(model.size.x * (Double(place) - 1) * 0.25, model.size.y / 2 + size.y / 2, 0))
                    scene.instances.append(
                        Instance(
                            model: item, transform: Transform(position: spot + offset), parent: parent,
                            parentSurface: 0, room: room.id))
                }
            }
        }
        return scene
    }
}

enum SceneDistance {
    static func overlaps(_ a: Box, _ b: Box) -> Bool {
        a.minimum.x < b.maximum.x && b.minimum.x < a.maximum.x && a.minimum.z < b.maximum.z && b.minimum.z < a.maximum.z
    }
}
