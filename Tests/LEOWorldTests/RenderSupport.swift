import Foundation
import LEOScene
import LEOWorld

let plainWhite = Material(name: "paint", colorName: "white", color: SIMD3(0.9, 0.9, 0.9))
let plainRed = Material(name: "paint", colorName: "red", color: SIMD3(0.9, 0.1, 0.1))

/// A box with faces of its own corners, written down independently of the library's builders: each face is listed
/// counter-clockwise seen from outside in a right-handed drawing of the axes, which is the mesh's convention.
func boxMesh(size: SIMD3<Float> = .one, material: Material = plainWhite) -> Mesh {
    var mesh = Mesh(materials: [material])
    let faces: [(normal: SIMD3<Float>, u: SIMD3<Float>, v: SIMD3<Float>)] = [
        (SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1)), (SIMD3(-1, 0, 0), SIMD3(0, 0, 1), SIMD3(0, 1, 0)),
        (SIMD3(0, 1, 0), SIMD3(0, 0, 1), SIMD3(1, 0, 0)), (SIMD3(0, -1, 0), SIMD3(1, 0, 0), SIMD3(0, 0, 1)),
        (SIMD3(0, 0, 1), SIMD3(1, 0, 0), SIMD3(0, 1, 0)), (SIMD3(0, 0, -1), SIMD3(0, 1, 0), SIMD3(1, 0, 0)),
    ]
    for face in faces {
        let first = Int32(mesh.positions.count)
        for (a, b) in [(-1, -1), (1, -1), (1, 1), (-1, 1)] as [(Float, Float)] {
            mesh.positions.append((face.normal + face.u * a + face.v * b) * size / 2)
            mesh.normals.append(face.normal)
        }
        mesh.triangles.append(Mesh.Triangle(first, first + 1, first + 2, material: 0))
        mesh.triangles.append(Mesh.Triangle(first, first + 2, first + 3, material: 0))
    }
    return mesh
}

func boxModel(size: SIMD3<Double> = .one, material: Material = plainWhite, name: String = "box") -> ObjectModel {
    ObjectModel(
        prefab: "LEO_Box_\(name)", name: name, colorName: material.colorName, materialName: material.name,
        mesh: boxMesh(size: SIMD3<Float>(size), material: material), size: size,
        colliders: [Box(center: .zero, size: size)], surfaces: [], isInteractable: true)
}

/// One room, x and z from 0 to 4, with walls 0.1 thick and 2.5 tall, a doorway in the wall at greatest z, floor and ceiling,
/// and a red box of half a metre on the floor in the middle.
func smallRoom() -> WorldScene {
    var scene = WorldScene(rooms: [Room(id: 0, kind: "kitchen", minimum: .zero, maximum: SIMD2(4, 4))])
    func wall(_ x: Double, _ z: Double, yaw: Double, holes: [Wall.Hole] = []) -> Wall {
        Wall(
            transform: Transform(position: SIMD3(x, 1.25, z), rotation: SIMD3(0, yaw, 0)), size: SIMD3(4.2, 2.5, 0.1),
            material: plainWhite, holes: holes)
    }
    let door = Wall.Hole(center: SIMD2(0.5, -0.25), size: SIMD2(1, 2))
    scene.walls = [wall(2, -0.05, yaw: 0), wall(2, 4.05, yaw: 0, holes: [door]), wall(-0.05, 2, yaw: 90), wall(4.05, 2, yaw: 90)]
    scene.floors = [
        Floor(
            transform: Transform(position: SIMD3(2, -0.05, 2)), size: SIMD3(4.2, 0.1, 4.2),
            material: Material(name: "oak", colorName: "brown", color: SIMD3(0.6, 0.4, 0.2), pattern: .planks(width: 0.12))),
        Floor(transform: Transform(position: SIMD3(2, 2.55, 2)), size: SIMD3(4.2, 0.1, 4.2), material: plainWhite),
    ]
    scene.instances = [
        Instance(
            model: boxModel(size: SIMD3(0.5, 0.5, 0.5), material: plainRed), transform: Transform(position: SIMD3(2, 0.25, 2)),
            room: 0)
    ]
    scene.player.position = SIMD3(0.6, 0, 3.4)
    scene.agent.position = SIMD3(3.4, 0, 0.6)
    return scene
}

/// Distance of a point from the surface of an axis-aligned box.
func distance(_ point: SIMD3<Double>, fromSurfaceOf box: Box) -> Double {
    let center = box.center, half = box.size / 2
    let offset = point - center
    let beyond = SIMD3(abs(offset.x), abs(offset.y), abs(offset.z)) - half
    let outside = pointwiseMax(beyond, .zero)
    let away = (outside * outside).sum().squareRoot()
    return away > 0 ? away : abs(beyond.max())
}
