import LEOAction

/// Reads LEGENT's scene and completes what it leaves unsaid.
struct SceneReader {
    private var notices: [String] = []
    private static let places: ClosedRange<Double> = -10_000...10_000
    private static let angles: ClosedRange<Double> = -1_000_000...1_000_000
    private static let scales: ClosedRange<Double> = 1e-3...1000
    private static let sizes: ClosedRange<Double> = 0...10_000
    private static let limit = 10_000

    mutating func read(_ root: JSONReader) throws(LEGENTMessageError) -> SceneJSON.Reading {
        var scene = WorldScene()
        let extra = try root.optional("leo")
        scene.seed = try extra?.optional("seed").map(Self.seed)
        let entries = try root.required("instances").elements(limit: Self.limit)
        for entry in entries { scene.instances.append(try instance(entry, count: entries.count)) }
        try checkParents(scene, entries)
        for entry in try root.optional("walls")?.elements(limit: Self.limit) ?? [] {
            scene.walls.append(try wall(entry))
        }
        for entry in try root.optional("floors")?.elements(limit: Self.limit) ?? [] {
            scene.floors.append(
                Floor(
                    transform: try transform(entry), size: try entry.required("size").vector(in: Self.sizes),
                    material: try material(entry)))
        }
        for entry in try root.optional("lights")?.elements(limit: Self.limit) ?? [] {
            if let light = try light(entry) { scene.lights.append(light) }
        }
        for (index, entry) in (try root.optional("room_polygon")?.elements(limit: 1000) ?? []).enumerated() {
            scene.rooms.append(try room(entry, index: index))
        }
        scene.prompt = try root.optional("prompt")?.string ?? ""
        _ = try root.optional("center")?.vector(in: Self.places)
        _ = try root.optional("skybox")?.optional("map")
        if scene.rooms.isEmpty, extra == nil { scene.rooms = Self.rooms(around: scene) }
        scene.agent = try person(root, "agent", in: scene)
        scene.player = try person(root, "player", in: scene)
        if extra == nil { scene.findRooms() }
        scene.findParents(completely: extra == nil)
        return SceneJSON.Reading(scene: scene, notices: notices)
    }

    private static func seed(_ field: JSONReader) throws(LEGENTMessageError) -> UInt64 {
        // A string, because JSON's numbers are doubles and a seed has 64 bits.
        let text = try field.string
        guard let seed = UInt64(text) else { throw field.wrong("a number of 64 bits") }
        return seed
    }

    // MARK: Instances

    private mutating func instance(_ field: JSONReader, count: Int) throws(LEGENTMessageError) -> Instance {
        let prefab = try field.required("prefab").string
        let (model, notice) = Catalogue.resolve(prefab: prefab)
        if let notice, !notices.contains(notice) { notices.append(notice) }
        var isInteractable = model.isInteractable
        if let kind = try field.optional("type") {
            switch try kind.string {
            case "interactable": isInteractable = true
            case "kinematic": isInteractable = false
            case "": break
            default: throw kind.wrong("\"kinematic\" or \"interactable\"")
            }
        }
        var instance = Instance(model: model, transform: try transform(field), isInteractable: isInteractable)
        if let parent = try field.optional("parent") {
            let index = try parent.integer(in: -1...max(count - 1, -1))
            instance.parent = index < 0 ? nil : index
        }
        instance.parentSurface = try field.optional("parent_surface")?.integer(in: 0...Self.limit)
        instance.room = try field.optional("room")?.integer(in: -1_000_000...1_000_000)
        return instance
    }

    /// Parents must have their surfaces, and nothing may stand on itself, not even by way of others.
    private func checkParents(_ scene: WorldScene, _ entries: [JSONReader]) throws(LEGENTMessageError) {
        for (index, instance) in scene.instances.enumerated() {
            guard let parent = instance.parent else {
                if instance.parentSurface != nil {
                    throw try entries[index].required("parent_surface").wrong("nothing, as there is no parent")
                }
                continue
            }
            if let surface = instance.parentSurface {
                let count = scene.instances[parent].model.surfaces.count
                guard surface < count else {
                    throw try entries[index].required("parent_surface").wrong("one of the parent's \(count) surfaces")
                }
            }
            var ancestor: Int? = parent
            for _ in 0..<64 {
                guard let current = ancestor else { break }
                if current == index { throw try entries[index].required("parent").wrong("another thing", found: "one that stands on this") }
                ancestor = scene.instances[current].parent
            }
            if ancestor != nil {
                throw try entries[index].required("parent").wrong(
                    "at most 64 things on one another", found: "more, or a circle")
            }
        }
    }

    private func transform(_ field: JSONReader) throws(LEGENTMessageError) -> Transform {
        Transform(
            position: try field.required("position").vector(in: Self.places),
            rotation: try field.optional("rotation")?.vector(in: Self.angles) ?? .zero,
            scale: try field.optional("scale")?.vector(in: Self.scales) ?? .one)
    }

    // MARK: The building

    private mutating func wall(_ field: JSONReader) throws(LEGENTMessageError) -> Wall {
        let size = try field.required("size").vector(in: Self.sizes)
        var wall = Wall(transform: try transform(field), size: size, material: try material(field))
        for hole in try field.optional("holes")?.elements(limit: 256) ?? [] {
            wall.holes.append(
                Wall.Hole(
                    center: try hole.required("position_xy").pair(in: Self.places),
                    size: try hole.required("size_xy").pair(in: Self.sizes)))
        }
        return wall
    }

    private mutating func material(_ field: JSONReader) throws(LEGENTMessageError) -> Material {
        if let own = try field.optional("leo_material") { return try ownMaterial(own) }
        guard let text = try field.optional("material") else { return Paint.of("plaster", "white", 236, 234, 226) }
        let name = try text.string
        if name == "Light" { return Material(name: "light", colorName: "white", color: .one, isLight: true) }
        if name.hasPrefix("#") {
            guard name.utf8.count == 7, let bits = UInt32(name.dropFirst(), radix: 16) else {
                throw text.wrong("\"#RRGGBB\"")
            }
            let (red, green, blue) = (Int(bits >> 16), Int(bits >> 8 & 255), Int(bits & 255))
            return Paint.of(
                "paint", Paint.nearestName(SIMD3(Float(red), Float(green), Float(blue)) / 255), red, green, blue)
        }
        if !name.isEmpty {
            let notice = "\(name): pictures as materials are not drawn; gray stands in for it"
            if !notices.contains(notice) { notices.append(notice) }
        }
        return Paint.of("paint", "gray", 200, 200, 198)
    }

    private func ownMaterial(_ field: JSONReader) throws(LEGENTMessageError) -> Material {
        let channel: ClosedRange<Double> = 0...1
        var material = Material(
            name: try field.required("name").string, colorName: try field.required("color_name").string,
            color: SIMD3<Float>(try field.required("color").vector(in: channel)))
        if let light = try field.optional("is_light") { material.isLight = try light.bool }
        if let checker = try field.optional("checker") {
            material.pattern = .checker(
                size: Float(try checker.required("size").number(in: 1e-3...1000)),
                second: SIMD3<Float>(try checker.required("second").vector(in: channel)))
        } else if let planks = try field.optional("planks") {
            material.pattern = .planks(width: Float(try planks.required("width").number(in: 1e-3...1000)))
        }
        return material
    }

    private mutating func light(_ field: JSONReader) throws(LEGENTMessageError) -> Light? {
        let name = try field.optional("name")?.string ?? "light"
        let kind = try field.optional("lightType")?.string ?? "Point"
        guard kind == "Point" || kind == "Spot" else {
            notices.append(
                "\(name): a light of type \(kind) is left out; rooms without a lamp get one under the ceiling")
            return nil
        }
        var light = Light(name: name, transform: try transform(field))
        if let color = try field.optional("color") {
            // Some write an opacity as the fourth.
            let parts = try color.elements(limit: 4)
            guard parts.count >= 3 else { throw color.wrong("three numbers", found: "\(parts.count)") }
            for channel in 0..<3 { light.color[channel] = Float(try parts[channel].number(in: 0...1)) }
        }
        light.intensity = try field.optional("intensity")?.number(in: 0...1_000_000) ?? 1
        light.range = try field.optional("range")?.number(in: 0...1_000_000) ?? 10
        return light
    }

    private func room(_ field: JSONReader, index: Int) throws(LEGENTMessageError) -> Room {
        var id = index
        if let number = try field.optional("room_id"), case .number = number.value {
            id = try number.integer(in: -1_000_000...1_000_000)
        }
        let kind = try field.optional("room_type")?.string ?? "room"
        guard let polygon = try field.optional("polygon") else {
            let position = try field.required("position").vector(in: Self.places)
            let size = try field.required("size").vector(in: Self.sizes)
            let (center, extents) = (SIMD2(position.x, position.z), SIMD2(size.x, size.z))
            return Room(id: id, kind: kind, minimum: center - extents / 2, maximum: center + extents / 2)
        }
        let corners = try polygon.elements(limit: 1000)
        guard corners.count >= 3 else { throw polygon.wrong("at least three corners", found: "\(corners.count)") }
        var points: [SIMD2<Double>] = []
        for corner in corners {
            if case .array(let parts) = corner.value, parts.count == 2 {
                points.append(try corner.pair(in: Self.places))
            } else {
                let point = try corner.vector(in: Self.places)
                points.append(SIMD2(point.x, point.z))
            }
        }
        return Room(
            id: id, kind: kind, minimum: points.dropFirst().reduce(points[0], pointwiseMin),
            maximum: points.dropFirst().reduce(points[0], pointwiseMax))
    }

    /// One room for each floor, or one around all floor tiles, or one around everything.
    private static func rooms(around scene: WorldScene) -> [Room] {
        let floors = scene.floors.filter { $0.transform.position.y < AgentBody.height }
        if !floors.isEmpty {
            return floors.prefix(1000).enumerated().map { index, floor in
                let box = Box(center: .zero, size: floor.size).upright(in: floor.transform)
                let outline = Rectangle(box)
                return Room(id: index, kind: "room", minimum: outline.minimum, maximum: outline.maximum)
            }
        }
        let tiles = scene.instances.filter { $0.model.isFloorTile }
        let boxes = (tiles.isEmpty ? scene.instances : tiles).map(\.worldBounds)
        guard let first = boxes.first else { return [] }
        let outline = boxes.dropFirst().reduce(Rectangle(first)) { sum, box in
            let next = Rectangle(box)
            return Rectangle(
                minimum: pointwiseMin(sum.minimum, next.minimum), maximum: pointwiseMax(sum.maximum, next.maximum))
        }
        let margin = tiles.isEmpty ? 1.5 : 0
        return [Room(id: 0, kind: "room", minimum: outline.minimum - margin, maximum: outline.maximum + margin)]
    }

    /// Agent and player; in the middle of the first room where the file has none.
    private func person(_ root: JSONReader, _ key: String, in scene: WorldScene) throws(LEGENTMessageError) -> Transform {
        if let field = try root.optional(key) { return try transform(field) }
        guard let room = scene.rooms.first else { return Transform() }
        let middle = (room.minimum + room.maximum) / 2
        return Transform(position: SIMD3(middle.x, 0, middle.y))
    }
}

extension ObjectModel {
    /// A tile of another catalogue's floor.
    var isFloorTile: Bool { name == "floor" && !isInteractable }
}

extension WorldScene {
    /// Gives each instance that has none the room its middle lies in.
    package mutating func findRooms() {
        for index in instances.indices where instances[index].room == nil {
            let position = instances[index].transform.position
            instances[index].room =
                rooms.first {
                    Rectangle(minimum: $0.minimum, maximum: $0.maximum).contains(SIMD2(position.x, position.z))
                }?.id
        }
    }

    /// Finds what small things stand on, by where they are: the highest surface under their middle, close to their
    /// underside. Sizes of stand-ins differ from the originals, hence the tolerance.
    ///
    /// - Parameter completely: also for things without a parent, else only the surfaces of known parents
    package mutating func findParents(completely: Bool) {
        struct Spot {
            var owner: Int
            var surface: Int
            var height: Double
            var outline: Rectangle
        }
        let spots = instances.indices.flatMap { owner -> [Spot] in
            guard !instances[owner].model.isFloorTile else { return [] }
            return instances[owner].model.surfaces.enumerated().map { number, surface in
                let size = SIMD3(surface.halfExtents.x * 2, 0, surface.halfExtents.y * 2)
                let box = Box(center: surface.center, size: size).upright(in: instances[owner].transform)
                return Spot(owner: owner, surface: number, height: box.center.y, outline: Rectangle(box))
            }
        }
        for index in instances.indices where instances[index].parentSurface == nil {
            let known = instances[index].parent
            guard known != nil || (completely && !instances[index].model.isFloorTile) else { continue }
            let bounds = instances[index].worldBounds
            let middle = Rectangle(bounds).center
            let width = Rectangle(bounds).size.max()
            var best: Spot?
            for spot in spots where spot.owner != index && (known == nil || spot.owner == known) {
                let gap = bounds.minimum.y - spot.height
                guard gap > -0.06, gap < 0.12, spot.outline.contains(middle), width <= spot.outline.size.max() * 1.5
                else { continue }
                // What stands on the thing itself cannot carry it.
                guard spot.height < bounds.center.y else { continue }
                if spot.height > (best?.height ?? -.infinity) { best = spot }
            }
            guard let best, !stands(best.owner, on: index) else { continue }
            instances[index].parent = best.owner
            instances[index].parentSurface = best.surface
        }
    }

    /// Whether a thing stands on another, directly or by way of others.
    private func stands(_ index: Int, on other: Int) -> Bool {
        var current: Int? = index
        for _ in 0...instances.count {
            guard let thing = current else { return false }
            if thing == other { return true }
            current = instances[thing].parent
        }
        return true
    }
}

extension Paint {
    /// The plain colour that is closest.
    static func nearestName(_ color: SIMD3<Float>) -> String {
        let distances = colors.map { plain -> (name: String, distance: Float) in
            let offset = SIMD3(Float(plain.red), Float(plain.green), Float(plain.blue)) / 255 - color
            return (plain.name, (offset * offset).sum())
        }
        return distances.min { $0.distance < $1.distance }?.name ?? "gray"
    }
}
