import LEOScene

extension HousePlan {
    private static let wallPaints = [
        Paint.of("plaster", "white", 236, 234, 226), Paint.of("plaster", "beige", 226, 212, 186),
        Paint.of("plaster", "blue", 190, 208, 220), Paint.of("plaster", "green", 198, 212, 188),
        Paint.of("plaster", "yellow", 236, 222, 172), Paint.of("plaster", "pink", 228, 204, 200),
        Paint.of("plaster", "gray", 204, 204, 204),
    ]
    private static let ceiling = Paint.of("plaster", "white", 246, 246, 244)

    /// Adds rooms, walls, floors, ceilings and lights to a scene.
    func build(into scene: inout WorldScene, hasCeilings: Bool, random: inout SplitMix64) {
        let paint = random.pick(Self.wallPaints)
        scene.walls = sides.map { wall($0, paint) }
        for room in outlines.indices {
            let inner = inner(room)
            let outline = outlines[room]
            scene.rooms.append(
                Room(id: room, kind: kinds[room], minimum: inner.minimum, maximum: inner.maximum))
            let (middle, size) = (outline.center, outline.size)
            scene.floors.append(
                Floor(
                    transform: Transform(position: SIMD3(middle.x, -0.05, middle.y)), size: SIMD3(size.x, 0.1, size.y),
                    material: Self.floorMaterial(kinds[room], &random)))
            if hasCeilings {
                scene.floors.append(
                    Floor(
                        transform: Transform(position: SIMD3(middle.x, Self.wallHeight + 0.05, middle.y)),
                        size: SIMD3(size.x, 0.1, size.y), material: Self.ceiling))
            }
            scene.lights.append(
                Light(
                    name: "ceiling light \(room)",
                    transform: Transform(position: SIMD3(middle.x, Self.wallHeight - 0.3, middle.y)),
                    color: SIMD3(1, 0.96, 0.9), intensity: 1, range: 4 + max(size.x, size.y)))
        }
    }

    private func wall(_ side: Side, _ paint: Material) -> Wall {
        // Walls along x close the corners of the house; the others end at the middle lines.
        let isOuter = side.below == nil || side.above == nil
        var (from, to) = (side.from, side.to)
        if side.runsAlongX, isOuter {
            if from == houseOutline.minimum.x { from -= Self.wallThickness / 2 }
            if to == houseOutline.maximum.x { to += Self.wallThickness / 2 }
        }
        let middle = (from + to) / 2
        let position = SIMD3(
            side.runsAlongX ? middle : side.line, Self.wallHeight / 2, side.runsAlongX ? side.line : middle)
        // Turned by 90 degrees, a wall's local x runs towards lower z.
        let sign = side.runsAlongX ? 1.0 : -1
        var holes: [Wall.Hole] = []
        if let door = side.door {
            holes.append(
                Wall.Hole(
                    center: SIMD2(sign * (door.center - middle), Self.doorHeight / 2 - Self.wallHeight / 2),
                    size: SIMD2(door.width, Self.doorHeight)))
        }
        if let window = side.window {
            holes.append(
                Wall.Hole(
                    center: SIMD2(
                        sign * (window.center - middle), Self.sill + Self.windowHeight / 2 - Self.wallHeight / 2),
                    size: SIMD2(window.width, Self.windowHeight)))
        }
        return Wall(
            transform: Transform(position: position, rotation: SIMD3(0, side.runsAlongX ? 0 : 90, 0)),
            size: SIMD3(to - from, Self.wallHeight, Self.wallThickness), material: paint, holes: holes)
    }

    private var houseOutline: Rectangle {
        outlines.dropFirst().reduce(outlines[0]) {
            Rectangle(
                minimum: pointwiseMin($0.minimum, $1.minimum), maximum: pointwiseMax($0.maximum, $1.maximum))
        }
    }

    private static func floorMaterial(_ kind: String, _ random: inout SplitMix64) -> Material {
        var material: Material
        switch RoomKind(rawValue: kind) {
        case .kitchen, .bathroom:
            let tints: [(String, Int, Int, Int)] = [
                ("white", 226, 226, 222), ("gray", 180, 184, 188), ("beige", 220, 206, 180), ("blue", 168, 192, 206),
            ]
            let tint = random.pick(tints)
            material = Paint.of("tiles", tint.0, tint.1, tint.2, tint.3)
            material.pattern = .checker(size: random.chance(0.5) ? 0.3 : 0.5, second: Paint.shade(material, 0.82).color)
        default:
            material = random.pick([Paint.oak, Paint.birch, Paint.walnut, Paint.of("parquet", "brown", 150, 104, 66)])
            material.pattern = .planks(width: 0.14)
        }
        return material
    }
}
