/// What is in a scene, for people and for other programs.
public struct SceneSummary: Codable, Sendable, Equatable {
    public struct Room: Codable, Sendable, Equatable {
        public var id: Int
        public var kind: String
        /// Extents along x and z, in metres.
        public var width: Double
        public var depth: Double
        /// Ids of the rooms behind its doorways.
        public var doors: [Int]
        public var windows: Int
        /// Indices of the things in it.
        public var things: [Int]
    }

    public struct Thing: Codable, Sendable, Equatable {
        public var index: Int
        public var name: String
        public var color: String
        public var material: String
        public var prefab: String
        /// Middle of the thing, x, y and z in metres.
        public var position: [Double]
        /// Degrees about the vertical axis.
        public var yaw: Double
        /// Extents, x, y and z in metres.
        public var size: [Double]
        public var room: Int?
        /// The thing that it stands on, or in.
        public var parent: Int?
        public var isInside: Bool
        public var isInteractable: Bool
    }

    public struct Person: Codable, Sendable, Equatable {
        /// Where the feet are, x, y and z in metres.
        public var position: [Double]
        public var yaw: Double
        public var room: Int?
    }

    /// As text, because it has 64 bits.
    public var seed: String?
    public var rooms: [Room]
    public var things: [Thing]
    public var agent: Person
    public var player: Person
    public var prompt: String
}

extension WorldScene {
    public var summary: SceneSummary {
        let things = instances.enumerated().map { index, instance in
            let inside = instance.parent.flatMap { parent in
                instance.parentSurface.flatMap { surface in
                    instances[parent].model.surfaces.indices.contains(surface)
                        ? instances[parent].model.surfaces[surface].isInside : nil
                }
            }
            return SceneSummary.Thing(
                index: index, name: instance.model.name, color: instance.model.colorName,
                material: instance.model.materialName,
                prefab: instance.model.prefab, position: Self.list(instance.transform.position),
                yaw: instance.transform.rotation.y,
                size: Self.list(instance.model.size * instance.transform.scale), room: instance.room,
                parent: instance.parent,
                isInside: inside ?? false, isInteractable: instance.isInteractable)
        }
        var thingsByRoom: [Int: [Int]] = [:]
        for thing in things {
            if let room = thing.room { thingsByRoom[room, default: []].append(thing.index) }
        }
        var doors: [Int: [Int]] = [:]
        var windows: [Int: Int] = [:]
        for wall in walls {
            for hole in wall.holes {
                let isDoor = hole.center.y - hole.size.y / 2 <= -wall.size.y / 2 + 0.05
                let sides = [-1.0, 1].compactMap { side -> Int? in
                    let point = wall.transform.apply(
                        to: SIMD3(hole.center.x, hole.center.y, side * (wall.size.z / 2 + 0.2)))
                    return room(at: SIMD2(point.x, point.z))
                }
                if isDoor, sides.count == 2 {
                    doors[sides[0], default: []].append(sides[1])
                    doors[sides[1], default: []].append(sides[0])
                } else if !isDoor {
                    for side in sides { windows[side, default: 0] += 1 }
                }
            }
        }
        return SceneSummary(
            seed: seed.map(String.init),
            rooms: rooms.map { room in
                let size = room.maximum - room.minimum
                return SceneSummary.Room(
                    id: room.id, kind: room.kind, width: size.x, depth: size.y, doors: (doors[room.id] ?? []).sorted(),
                    windows: windows[room.id] ?? 0, things: thingsByRoom[room.id] ?? [])
            },
            things: things, agent: person(agent), player: person(player), prompt: prompt)
    }

    /// The scene in plain words: rooms, what is in them, and what stands on what.
    public func describe() -> String {
        let summary = summary
        let seed = summary.seed.map { ", seed \($0)" } ?? ""
        var lines = ["\(Self.counted(rooms.count, "room")), \(Self.counted(instances.count, "thing"))\(seed)"]
        if !prompt.isEmpty { lines.append("the player says: \(prompt)") }
        lines.append("agent \(Self.text(summary.agent, rooms)); player \(Self.text(summary.player, rooms))")
        var children: [Int: [Int]] = [:]
        for thing in summary.things {
            if let parent = thing.parent { children[parent, default: []].append(thing.index) }
        }
        func line(_ index: Int) -> String {
            let thing = summary.things[index]
            let place = "(\(Self.fixed(thing.position[0])), \(Self.fixed(thing.position[2])))"
            return "\(thing.name) \(index): \(thing.color) \(thing.material) at \(place)"
        }
        func addTree(_ index: Int, depth: Int) {
            let indent = String(repeating: "  ", count: depth)
            guard depth > 1 else {
                lines.append(indent + line(index))
                for child in children[index] ?? [] { addTree(child, depth: depth + 1) }
                return
            }
            lines.append(indent + (summary.things[index].isInside ? "in it: " : "on it: ") + line(index))
            // Deeper than any sensible pile, but things in a circle would never end.
            if depth < 64 { for child in children[index] ?? [] { addTree(child, depth: depth + 1) } }
        }
        for room in summary.rooms {
            var title = "\(room.kind) (room \(room.id)), \(Self.fixed(room.width)) m x \(Self.fixed(room.depth)) m"
            if room.windows > 0 { title += ", \(Self.counted(room.windows, "window"))" }
            if !room.doors.isEmpty {
                let names = room.doors.map { id in "\(rooms.first { $0.id == id }?.kind ?? "room") (room \(id))" }
                title += ", \(room.doors.count == 1 ? "door" : "doors") to \(names.joined(separator: ", "))"
            }
            lines.append(title)
            for index in room.things where summary.things[index].parent == nil { addTree(index, depth: 1) }
        }
        let outside = summary.things.filter { $0.room == nil && $0.parent == nil }
        if !outside.isEmpty {
            lines.append("in no room")
            for thing in outside { addTree(thing.index, depth: 1) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Id of the room around a point (x, z).
    public func room(at point: SIMD2<Double>) -> Int? {
        rooms.first { Rectangle(minimum: $0.minimum, maximum: $0.maximum).contains(point) }?.id
    }

    private func person(_ transform: Transform) -> SceneSummary.Person {
        SceneSummary.Person(
            position: Self.list(transform.position), yaw: transform.rotation.y,
            room: room(at: SIMD2(transform.position.x, transform.position.z)))
    }

    private static func list(_ vector: SIMD3<Double>) -> [Double] { [vector.x, vector.y, vector.z] }

    private static func counted(_ count: Int, _ noun: String) -> String {
        count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
    }

    private static func text(_ person: SceneSummary.Person, _ rooms: [Room]) -> String {
        let kind = person.room.flatMap { id in rooms.first { $0.id == id }?.kind }
        let place =
            "at (\(fixed(person.position[0])), \(fixed(person.position[2]))), facing \(fixed(person.yaw)) degrees"
        return kind.map { "in the \($0) \(place)" } ?? place
    }

    /// Two decimals at most, without Foundation's locale.
    private static func fixed(_ value: Double) -> String {
        let text = ((value * 100).rounded() / 100 + 0).description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
