import Foundation

/// A drawing of a scene from above as SVG: rooms with their names, walls with their openings, every thing as a turned
/// rectangle in its colour, agent, player and a path. +x is to the right and +z up.
public struct FloorPlan: Sendable {
    /// Where the instances are now; as many as the scene has, or empty for where they began.
    public var transforms: [Transform]
    /// Instances that are not drawn.
    public var hidden: Set<Int>
    /// Corners (x, z) of a path.
    public var path: [SIMD2<Double>]
    /// Feet of the two; nil for where they began.
    public var agent: Transform?
    public var player: Transform?
    public var pixelsPerMetre: Double
    /// Names beside the things.
    public var showsLabels: Bool

    public init(
        transforms: [Transform] = [], hidden: Set<Int> = [], path: [SIMD2<Double>] = [], agent: Transform? = nil,
        player: Transform? = nil, pixelsPerMetre: Double = 80, showsLabels: Bool = true
    ) {
        self.transforms = transforms
        self.hidden = hidden
        self.path = path
        self.agent = agent
        self.player = player
        self.pixelsPerMetre = pixelsPerMetre
        self.showsLabels = showsLabels
    }

    /// The drawing as text of an SVG file. What has no finite place is left out.
    public func svg(of scene: WorldScene) -> String {
        let margin = 0.4
        let bounds = Self.bounds(of: scene)
        let drawing = Drawing(
            left: bounds.minimum.x - margin, top: bounds.maximum.y + margin, scale: pixelsPerMetre,
            size: bounds.maximum - bounds.minimum + 2 * margin)
        var body: [String] = []
        for floor in scene.floors where !RenderScene.isCeiling(floor) {
            body += drawing.box(floor.transform, floor.size, fill: Self.hex(floor.material.color, lightened: 0.55), stroke: nil)
        }
        for wall in scene.walls { body += self.wall(wall, drawing) }
        // The low ones first, so that a lamp is not under its table.
        let places = scene.instances.indices.filter { !hidden.contains($0) }
            .map { (index: $0, transform: transforms.indices.contains($0) ? transforms[$0] : scene.instances[$0].transform) }
            .sorted { ($0.transform.position.y, $0.index) < ($1.transform.position.y, $1.index) }
        var labels: [String] = []
        for (index, transform) in places {
            let model = scene.instances[index].model
            let size = model.size * transform.scale
            body += drawing.box(
                transform, SIMD3(abs(size.x), abs(size.y), abs(size.z)), fill: Self.hex(Self.color(of: model)), stroke: "#333",
                title: "\(index) \(model.name)")
            if showsLabels, max(abs(size.x), abs(size.z)) >= 0.35 {
                let position = SIMD2(transform.position.x, transform.position.z)
                labels += drawing.text(model.name, at: position, size: 0.12, fill: "#111", halo: true)
            }
        }
        for room in scene.rooms {
            let corner = SIMD2(room.minimum.x + 0.12, room.maximum.y - 0.28)
            labels += drawing.text(room.kind, at: corner, size: 0.2, fill: "#555", halo: true, anchor: "start")
        }
        body += labels
        if path.count > 1 { body += drawing.path(path) }
        body += drawing.figure(agent ?? scene.agent, fill: "#2a8f55", title: "agent")
        body += drawing.figure(player ?? scene.player, fill: "#c93a34", title: "player")
        return drawing.document(body)
    }

    private func wall(_ wall: Wall, _ drawing: Drawing) -> [String] {
        var lines = drawing.box(wall.transform, wall.size, fill: "#4a4a4a", stroke: nil)
        for hole in wall.holes {
            let reachesFloor = hole.center.y - hole.size.y / 2 <= -wall.size.y / 2 + 0.05
            var transform = wall.transform
            transform.position = wall.transform.apply(to: SIMD3(hole.center.x, 0, 0))
            lines += drawing.box(
                transform, SIMD3(hole.size.x, 1, wall.size.z * (reachesFloor ? 1.02 : 0.5)),
                fill: reachesFloor ? "#f4efe6" : "#a9d3ee", stroke: nil)
        }
        return lines
    }

    /// Least and greatest (x, z) of rooms, walls and floors; a square metre around the origin without any.
    static func bounds(of scene: WorldScene) -> (minimum: SIMD2<Double>, maximum: SIMD2<Double>) {
        var minimum = SIMD2<Double>(repeating: .infinity), maximum = -minimum
        func include(_ point: SIMD2<Double>) {
            guard abs(point.x) <= 10_000, abs(point.y) <= 10_000 else { return }
            minimum = pointwiseMin(minimum, point)
            maximum = pointwiseMax(maximum, point)
        }
        for room in scene.rooms {
            include(room.minimum)
            include(room.maximum)
        }
        for (transform, size) in scene.walls.map({ ($0.transform, $0.size) }) + scene.floors.map({ ($0.transform, $0.size) }) {
            for corner in 0..<4 {
                let local = SIMD3(corner & 1 == 0 ? -size.x : size.x, 0, corner & 2 == 0 ? -size.z : size.z) / 2
                let point = transform.apply(to: local)
                include(SIMD2(point.x, point.z))
            }
        }
        guard maximum.x > minimum.x, maximum.y > minimum.y else { return (SIMD2(-0.5, -0.5), SIMD2(0.5, 0.5)) }
        return (minimum, maximum)
    }

    /// The colour of the material a thing is named after, or its first.
    private static func color(of model: ObjectModel) -> SIMD3<Float> {
        let materials = model.mesh.materials
        let main = materials.first { $0.name == model.materialName && $0.colorName == model.colorName }
            ?? materials.first { $0.colorName == model.colorName }
        return (main ?? materials.first)?.color ?? SIMD3(repeating: 0.6)
    }

    private static func hex(_ color: SIMD3<Float>, lightened share: Float = 0) -> String {
        guard color.hasFiniteValues else { return "#888888" }
        let mixed = (color + (1 - color) * share).clamped(lowerBound: .zero, upperBound: .one) * 255
        return String(format: "#%02x%02x%02x", Int(mixed.x.rounded()), Int(mixed.y.rounded()), Int(mixed.z.rounded()))
    }
}

/// SVG elements at places of the ground.
private struct Drawing {
    /// World x at the left and z at the upper edge.
    let left: Double
    let top: Double
    let scale: Double
    let size: SIMD2<Double>

    func document(_ body: [String]) -> String {
        let (width, height) = (number(size.x * scale), number(size.y * scale))
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            font-family="sans-serif">
            <rect width="100%" height="100%" fill="#ffffff"/>
            \(body.joined(separator: "\n"))
            </svg>

            """
    }

    func place(_ point: SIMD2<Double>) -> SIMD2<Double> { SIMD2((point.x - left) * scale, (top - point.y) * scale) }

    /// The outline of a box from above: its four corners in the ground plane.
    func box(_ transform: Transform, _ size: SIMD3<Double>, fill: String, stroke: String?, title: String? = nil) -> [String] {
        // Turned about the vertical only; a thing that lies on its side is drawn by its bounding rectangle.
        let orientation = transform.orientation
        let isUpright = abs(orientation.y.y) > 0.999
        let points: [SIMD2<Double>]
        let half = size / 2
        if isUpright {
            points = [(-1.0, -1.0), (1, -1), (1, 1), (-1, 1)].map { x, z in
                let offset = orientation.apply(to: SIMD3(x * half.x, 0, z * half.z)) + transform.position
                return SIMD2(offset.x, offset.z)
            }
        } else {
            let reach = SIMD2(
                abs(orientation.x.x) * half.x + abs(orientation.y.x) * half.y + abs(orientation.z.x) * half.z,
                abs(orientation.x.z) * half.x + abs(orientation.y.z) * half.y + abs(orientation.z.z) * half.z)
            let middle = SIMD2(transform.position.x, transform.position.z)
            points = [(-1.0, -1.0), (1, -1), (1, 1), (-1, 1)].map { x, z in middle + SIMD2(x, z) * reach }
        }
        guard points.allSatisfy(isPlace) else { return [] }
        let list = points.map { point in
            let place = place(point)
            return "\(number(place.x)),\(number(place.y))"
        }
        let outline = stroke.map { " stroke=\"\($0)\" stroke-width=\"1\"" } ?? ""
        let start = "<polygon points=\"\(list.joined(separator: " "))\" fill=\"\(fill)\"\(outline)"
        return [title.map { "\(start)><title>\(escaped($0))</title></polygon>" } ?? start + "/>"]
    }

    func text(
        _ text: String, at point: SIMD2<Double>, size: Double, fill: String, halo: Bool, anchor: String = "middle"
    ) -> [String] {
        guard isPlace(point) else { return [] }
        let place = place(point)
        let outline = halo ? " paint-order=\"stroke\" stroke=\"#ffffff\" stroke-width=\"\(number(size * scale * 0.25))\"" : ""
        return [
            "<text x=\"\(number(place.x))\" y=\"\(number(place.y + size * scale * 0.35))\" font-size=\"\(number(size * scale))\" "
                + "text-anchor=\"\(anchor)\" fill=\"\(fill)\"\(outline)>\(escaped(text))</text>"
        ]
    }

    func path(_ corners: [SIMD2<Double>]) -> [String] {
        let places = corners.filter(isPlace).map(place)
        guard let start = places.first, let end = places.last else { return [] }
        let list = places.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
        return [
            "<polyline points=\"\(list)\" fill=\"none\" stroke=\"#f5aa1e\" stroke-width=\"\(number(0.07 * scale))\" "
                + "stroke-linejoin=\"round\" stroke-linecap=\"round\"/>",
            "<circle cx=\"\(number(start.x))\" cy=\"\(number(start.y))\" r=\"\(number(0.1 * scale))\" fill=\"#28a046\"/>",
            "<circle cx=\"\(number(end.x))\" cy=\"\(number(end.y))\" r=\"\(number(0.1 * scale))\" fill=\"#d72d28\"/>",
        ]
    }

    /// A disc with a nose where it faces.
    func figure(_ transform: Transform, fill: String, title: String) -> [String] {
        let position = SIMD2(transform.position.x, transform.position.z)
        let forward = transform.forward
        let nose = position + SIMD2(forward.x, forward.z) * 0.3
        guard isPlace(position), isPlace(nose) else { return [] }
        let (middle, tip) = (place(position), place(nose))
        return [
            "<g fill=\"\(fill)\" stroke=\"\(fill)\"><title>\(escaped(title))</title>"
                + "<circle cx=\"\(number(middle.x))\" cy=\"\(number(middle.y))\" r=\"\(number(0.18 * scale))\"/>"
                + "<line x1=\"\(number(middle.x))\" y1=\"\(number(middle.y))\" x2=\"\(number(tip.x))\" y2=\"\(number(tip.y))\" "
                + "stroke-width=\"\(number(0.08 * scale))\"/></g>"
        ]
    }

    private func isPlace(_ point: SIMD2<Double>) -> Bool { abs(point.x) <= 1e6 && abs(point.y) <= 1e6 }

    private func number(_ value: Double) -> String { String(format: "%.2f", value) }

    private func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            // XML has no way to write most control characters.
            case _ where scalar.value < 32 || (0xFFFE...0xFFFF).contains(scalar.value): result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
