import ArgumentParser
import Foundation
import LEOWorld

struct WorldDescribe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "List the rooms and things of a world.",
        discussion: """
              leo world describe 7
              leo world describe house.json --json
            """)

    @OptionGroup var source: WorldArgument
    @OptionGroup var format: JSONOption

    func run() throws {
        let report = WorldReport(try source.scene(), name: source.name)
        if format.json { return try StandardOutput.json(report) }
        StandardOutput.line(report.text)
    }
}

/// What `leo world describe` prints.
private struct WorldReport: Encodable {
    struct Room: Encodable {
        let id: Int
        let kind: String
        let minimum: [Double]
        let maximum: [Double]
        let area: Double
        let things: Int
    }
    struct Thing: Encodable {
        let index: Int
        let name: String
        let color: String
        let material: String
        let prefab: String
        let position: [Double]
        let yaw: Double
        let size: [Double]
        let room: Int?
        let parent: Int?
        let interactable: Bool
    }
    struct Figure: Encodable {
        let position: [Double]
        let yaw: Double

        init(_ transform: Transform) {
            position = list(transform.position)
            yaw = transform.rotation.y
        }
    }

    let source: String
    let seed: UInt64?
    let rooms: [Room]
    let walls: Int
    let doors: Int
    let windows: Int
    let lights: Int
    let agent: Figure
    let player: Figure
    let prompt: String
    let instances: [Thing]

    init(_ scene: WorldScene, name: String) {
        source = name
        seed = scene.seed
        rooms = scene.rooms.map { room in
            let size = room.maximum - room.minimum
            return Room(
                id: room.id, kind: room.kind, minimum: [room.minimum.x, room.minimum.y], maximum: [room.maximum.x, room.maximum.y],
                area: size.x * size.y, things: scene.instances.filter { $0.room == room.id }.count)
        }
        walls = scene.walls.count
        let reachFloor = scene.walls.flatMap { wall in
            wall.holes.map { $0.center.y - $0.size.y / 2 <= -wall.size.y / 2 + 0.05 }
        }
        doors = reachFloor.filter { $0 }.count
        windows = reachFloor.count - doors
        lights = scene.lights.count
        agent = Figure(scene.agent)
        player = Figure(scene.player)
        prompt = scene.prompt
        instances = scene.instances.enumerated().map { index, instance in
            Thing(
                index: index, name: instance.model.name, color: instance.model.colorName, material: instance.model.materialName,
                prefab: instance.model.prefab, position: list(instance.transform.position), yaw: instance.transform.rotation.y,
                size: list(instance.model.size * instance.transform.scale), room: instance.room, parent: instance.parent,
                interactable: instance.isInteractable)
        }
    }

    var text: String {
        var lines = ["\(source): \(rooms.count) rooms, \(doors) doors, \(windows) windows, \(instances.count) things"]
        let places = rooms.map { room in
            ["\(room.id)", room.kind, String(format: "%.1f x %.1f m", room.maximum[0] - room.minimum[0], room.maximum[1] - room.minimum[1]), "\(room.things)"]
        }
        lines += ["", Table(["room", "kind", "size", "things"], places, right: [0, 3]).text, ""]
        let rows = instances.map { thing in
            [
                "\(thing.index)", "\(thing.color) \(thing.name)", thing.room.map(String.init) ?? "-",
                thing.position.map { String(format: "%.2f", $0) }.joined(separator: ","), String(format: "%.0f", thing.yaw),
                thing.parent.map { "on \($0) \(instances.indices.contains($0) ? instances[$0].name : "")" } ?? "",
            ]
        }
        lines.append(Table(["index", "thing", "room", "position", "yaw", "stands"], rows, right: [0, 2, 4]).text)
        for (name, figure) in [("agent", agent), ("player", player)] {
            lines.append("  \(name) at \(figure.position.map { String(format: "%.2f", $0) }.joined(separator: ",")), yaw \(String(format: "%.0f", figure.yaw))")
        }
        return lines.joined(separator: "\n")
    }
}

private func list(_ vector: SIMD3<Double>) -> [Double] { [vector.x, vector.y, vector.z] }
