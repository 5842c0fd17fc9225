import Foundation

/// Writes LEGENT's scene with keys in a fixed order and numbers that read back exactly.
struct SceneWriter {
    func text(of scene: WorldScene) throws(WorldError) -> String {
        var members: [String] = []
        var lines: [String] = []
        for (index, instance) in scene.instances.enumerated() {
            lines.append(try text(instance, "instances[\(index)]"))
        }
        members.append("\"instances\": " + list(lines))
        members.append("\"player\": " + (try person(scene.player, "player")))
        members.append("\"agent\": " + (try person(scene.agent, "agent")))
        members.append("\"center\": " + (try vector(center(scene), "center")))
        members.append("\"prompt\": " + quoted(scene.prompt))
        lines = []
        for (index, room) in scene.rooms.enumerated() { lines.append(try text(room, "room_polygon[\(index)]")) }
        members.append("\"room_polygon\": " + list(lines))
        lines = []
        for (index, wall) in scene.walls.enumerated() { lines.append(try text(wall, "walls[\(index)]")) }
        members.append("\"walls\": " + list(lines))
        lines = []
        for (index, floor) in scene.floors.enumerated() {
            let field = "floors[\(index)]"
            lines.append(
                "{" + (try place(floor.transform, field)) + ", \"size\": " + (try vector(floor.size, field)) + ", "
                    + (try text(floor.material, field)) + ", \"holes\": []}")
        }
        members.append("\"floors\": " + list(lines))
        lines = []
        for (index, light) in scene.lights.enumerated() { lines.append(try text(light, "lights[\(index)]")) }
        members.append("\"lights\": " + list(lines))
        members.append(
            #""skybox": {"map": "", "color": "\#(Self.hex(SIMD3(0.72, 0.83, 0.93)))", "exposure": 1, "rotation": 0}"#)
        let seed = scene.seed.map { #", "seed": "\#($0)""# } ?? ""
        members.append("\"leo\": {\"version\": 1\(seed)}")
        return "{\n" + members.joined(separator: ",\n") + "\n}\n"
    }

    // MARK: Parts

    private func text(_ instance: Instance, _ field: String) throws(WorldError) -> String {
        var text = "{\"prefab\": \(quoted(instance.model.prefab)), " + (try place(instance.transform, field))
        text +=
            ", \"type\": \"\(instance.isInteractable ? "interactable" : "kinematic")\", \"parent\": \(instance.parent ?? -1)"
        if let surface = instance.parentSurface { text += ", \"parent_surface\": \(surface)" }
        if let room = instance.room { text += ", \"room\": \(room)" }
        return text + "}"
    }

    private func person(_ transform: Transform, _ field: String) throws(WorldError) -> String {
        "{\"prefab\": \"\", " + (try place(transform, field)) + ", \"parent\": -1, \"type\": \"\"}"
    }

    private func text(_ room: Room, _ field: String) throws(WorldError) -> String {
        let (low, high) = (room.minimum, room.maximum)
        let middle = (low + high) / 2
        let corners = [low, SIMD2(high.x, low.y), high, SIMD2(low.x, high.y)]
        var points: [String] = []
        for corner in corners { points.append(try pair(corner, field)) }
        return "{\"room_id\": \(room.id), \"room_type\": \(quoted(room.kind)), \"position\": "
            + (try vector(SIMD3(middle.x, 0, middle.y), field)) + ", \"size\": "
            + (try vector(SIMD3(high.x - low.x, 0, high.y - low.y), field))
            + ", \"polygon\": [\(points.joined(separator: ", "))]}"
    }

    private func text(_ wall: Wall, _ field: String) throws(WorldError) -> String {
        var holes: [String] = []
        for hole in wall.holes {
            holes.append(
                "{\"position_xy\": " + (try pair(hole.center, field)) + ", \"size_xy\": " + (try pair(hole.size, field))
                    + "}")
        }
        return "{" + (try place(wall.transform, field)) + ", \"size\": " + (try vector(wall.size, field)) + ", "
            + (try text(wall.material, field)) + ", \"holes\": [\(holes.joined(separator: ", "))]}"
    }

    private func text(_ material: Material, _ field: String) throws(WorldError) -> String {
        let color = try vector(SIMD3<Double>(material.color), field)
        var own =
            "\"name\": \(quoted(material.name)), \"color_name\": \(quoted(material.colorName)), \"color\": \(color)"
        if material.isLight { own += ", \"is_light\": true" }
        switch material.pattern {
        case .plain: break
        case .checker(let size, let second):
            own += ", \"checker\": {\"size\": " + (try number(Double(size), field)) + ", \"second\": "
            own += (try vector(SIMD3<Double>(second), field)) + "}"
        case .planks(let width):
            own += ", \"planks\": {\"width\": " + (try number(Double(width), field)) + "}"
        }
        let plain = material.isLight ? "Light" : Self.hex(material.color)
        return "\"material\": \"\(plain)\", \"leo_material\": {\(own)}"
    }

    private func text(_ light: Light, _ field: String) throws(WorldError) -> String {
        "{\"name\": \(quoted(light.name)), \"lightType\": \"Point\", " + (try place(light.transform, field))
            + ", \"spotAngle\": 30, \"useColorTemperature\": false, \"colorTemperature\": 6500, \"color\": "
            + (try vector(SIMD3<Double>(light.color), field)) + ", \"intensity\": "
            + (try number(light.intensity, field))
            + ", \"range\": " + (try number(light.range, field)) + ", \"shadowType\": \"Soft\"}"
    }

    /// Where the camera of a view from above hangs.
    private func center(_ scene: WorldScene) -> SIMD3<Double> {
        guard let first = scene.rooms.first else { return SIMD3(0, 10, 0) }
        let low = scene.rooms.reduce(first.minimum) { pointwiseMin($0, $1.minimum) }
        let high = scene.rooms.reduce(first.maximum) { pointwiseMax($0, $1.maximum) }
        let middle = (low + high) / 2
        return SIMD3(middle.x, max(10, (high - low).max()), middle.y)
    }

    // MARK: Values

    private func place(_ transform: Transform, _ field: String) throws(WorldError) -> String {
        "\"position\": " + (try vector(transform.position, field + ".position")) + ", \"rotation\": "
            + (try vector(transform.rotation, field + ".rotation")) + ", \"scale\": "
            + (try vector(transform.scale, field + ".scale"))
    }

    private func vector(_ vector: SIMD3<Double>, _ field: String) throws(WorldError) -> String {
        "[" + (try number(vector.x, field)) + ", " + (try number(vector.y, field)) + ", "
            + (try number(vector.z, field)) + "]"
    }

    private func pair(_ pair: SIMD2<Double>, _ field: String) throws(WorldError) -> String {
        "[" + (try number(pair.x, field)) + ", " + (try number(pair.y, field)) + "]"
    }

    /// The shortest digits that read back as the same number; whole ones without a point.
    private func number(_ value: Double, _ field: String) throws(WorldError) -> String {
        guard value.isFinite else {
            throw .malformed(file: "scene", field: field, reason: "\(value) cannot be written as JSON")
        }
        let text = value.description
        return text.hasSuffix(".0") && value.sign == .plus ? String(text.dropLast(2)) : text
    }

    private func list(_ lines: [String]) -> String {
        lines.isEmpty ? "[]" : "[\n" + lines.joined(separator: ",\n") + "\n]"
    }

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    static func hex(_ color: SIMD3<Float>) -> String {
        "#"
            + (0..<3).map { channel in
                let value = Int((min(max(color[channel], 0), 1) * 255).rounded())
                let digits = String(value, radix: 16, uppercase: true)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
    }
}
