import LEOWorld

/// What is true of a scene, in the terms that questions and captions use.
///
/// Everything is read from the geometry or checked against it: a relation that the scene claims but that its boxes do
/// not bear out is left out. Positions are in the world's frame (Unity: y up, metres).
package struct SceneTruth: Sendable {
    package let scene: WorldScene
    /// Things in the order of the scene, walls and floors left out; `id` is the position here.
    package let things: [Thing]
    private let rooms: [Int: Room]
    private let kindCounts: [String: Int]

    /// - Parameter rooms: ids of the rooms to speak of; nil for all. Things outside them do not exist here.
    package init(_ scene: WorldScene, rooms selected: Set<Int>? = nil) {
        self.scene = scene
        let rooms = scene.rooms.filter { selected?.contains($0.id) ?? true }
        let roomsByID = Dictionary(rooms.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.rooms = roomsByID
        kindCounts = Dictionary(rooms.map { ($0.kind, 1) }, uniquingKeysWith: +)
        let kept = scene.instances.indices.filter { index in
            guard let selected else { return true }
            return scene.instances[index].room.map(selected.contains) ?? false
        }
        let ids = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        let boxes = kept.map { scene.instances[$0].boundingBox }
        things = kept.enumerated().map { id, index in
            let instance = scene.instances[index]
            let center = boxes[id].center
            let room = instance.room.flatMap { roomsByID[$0] }.flatMap { $0.surrounds(center) ? $0.id : nil }
            var thing = Thing(
                id: id, instance: index, name: instance.model.name, color: instance.model.colorName,
                material: instance.model.materialName, box: boxes[id], room: room, isMovable: instance.isInteractable)
            thing.hasSurface = !instance.model.surfaces.isEmpty
            if let parent = instance.parent, let parentID = ids[parent], parentID != id {
                let surfaces = scene.instances[parent].model.surfaces
                let surface = instance.parentSurface.flatMap { surfaces.indices.contains($0) ? surfaces[$0] : nil }
                if Self.isSupported(boxes[id], by: boxes[parentID]) {
                    thing.support = Support(thing: parentID, isInside: surface?.isInside ?? false)
                }
            }
            return thing
        }
    }

    /// Whether a thing stands within the outline of another and above its foot.
    private static func isSupported(_ box: Box, by parent: Box) -> Bool {
        let center = box.center
        return center.x > parent.minimum.x && center.x < parent.maximum.x && center.z > parent.minimum.z
            && center.z < parent.maximum.z && box.minimum.y > parent.minimum.y - 0.01
            && box.minimum.y < parent.maximum.y + 0.03
    }

    package func roomKind(_ thing: Thing) -> String? { thing.room.flatMap { rooms[$0]?.kind } }

    /// Rooms in order of their id.
    package var roomList: [Room] { rooms.values.sorted { $0.id < $1.id } }

    /// Whether "the kitchen" means one room only.
    package func isUnique(roomKind kind: String) -> Bool { kindCounts[kind] == 1 }

    /// Things that stand on or in a thing, directly.
    package func contents(of thing: Thing) -> [Thing] { things.filter { $0.support?.thing == thing.id } }

    package func things(called name: String) -> [Thing] { things.filter { $0.isA(name) } }

    // MARK: Distances

    /// Gap between two boxes seen from above, in metres; 0 where they overlap.
    package static func gap(_ a: Box, _ b: Box) -> Double {
        let x = max(0, max(a.minimum.x - b.maximum.x, b.minimum.x - a.maximum.x))
        let z = max(0, max(a.minimum.z - b.maximum.z, b.minimum.z - a.maximum.z))
        return (x * x + z * z).squareRoot()
    }

    /// Furniture of the same room that is surely the nearest: by the gap between boxes and by the distance of centres,
    /// and by a clear margin both times.
    package func nearest(to thing: Thing, among candidates: [Thing]) -> Thing? {
        let others = candidates.filter { $0.id != thing.id && $0.room == thing.room && $0.room != nil }
        guard others.count > 1 else { return nil }
        func clearWinner(_ measure: (Thing) -> Double, margin: Double) -> Thing? {
            let sorted = others.map { (thing: $0, value: measure($0)) }.sorted {
                ($0.value, $0.thing.id) < ($1.value, $1.thing.id)
            }
            return sorted[1].value - sorted[0].value >= margin ? sorted[0].thing : nil
        }
        guard let byGap = clearWinner({ Self.gap(thing.box, $0.box) }, margin: 0.15),
            let byCenter = clearWinner({ Self.centerDistance(thing, $0) }, margin: 0.15), byGap.id == byCenter.id
        else { return nil }
        return byGap
    }

    static func centerDistance(_ a: Thing, _ b: Thing) -> Double {
        let d = a.box.center - b.box.center
        return (d.x * d.x + d.z * d.z).squareRoot()
    }

    /// Things that stand on the floor.
    package var furniture: [Thing] {
        // A rug is no piece of furniture.
        things.filter { $0.support == nil && $0.box.minimum.y < 0.1 && $0.box.size.y > 0.05 }
    }

    /// Whether a thing fits onto the open top of another.
    func canHold(_ holder: Thing, _ thing: Thing) -> Bool {
        guard holder.id != thing.id, !holder.isMovable else { return false }
        let size = thing.box.size
        let diagonal = (size.x * size.x + size.z * size.z).squareRoot()
        return scene.instances[holder.instance].model.surfaces.contains { surface in
            !surface.isInside && surface.clearance > size.y + 0.02 && 2 * surface.halfExtents.x > diagonal + 0.1
                && 2 * surface.halfExtents.y > diagonal + 0.1
        }
    }
}

/// A thing of a scene.
package struct Thing: Sendable, Equatable {
    /// Position in `SceneTruth.things`; the object id of scans made from it.
    package let id: Int
    /// Index in the scene's instances.
    package let instance: Int
    package let name: String
    package let color: String
    package let material: String
    /// Axis-aligned, in the world.
    package let box: Box
    package let room: Int?
    package let isMovable: Bool
    /// What it stands on or in.
    package internal(set) var support: Support?
    /// Other things can stand on it.
    package internal(set) var hasSurface = false

    /// Whether people would call it so: "table" holds for a kitchen table too.
    package func isA(_ other: String) -> Bool { name == other || name.hasSuffix(" " + other) }

    /// The material as people name it before the noun; nil where it says nothing ("soap" of a soap) or sounds odd.
    package var spokenMaterial: String? {
        let unspoken = [
            "leaves", "cloth cover", "peel", "crust", "crumb", "petals", "soap", "cream", "display", "bulb", "water",
            "soil", "wine",
            "coffee", "chocolate", "lampshade", "skin", "flesh", "mirror glass", "canvas",
        ]
        return material == color || unspoken.contains(material) || name.contains(material) ? nil : material
    }

    /// Last word of the name.
    var head: Substring { name.split(separator: " ").last ?? name[...] }

    /// "small", "large", or nil for what is neither, by the longest edge.
    package var sizeWord: String? {
        let longest = max(box.size.x, box.size.y, box.size.z)
        return longest < 0.2 ? "small" : longest > 1.4 ? "large" : nil
    }
}

/// That a thing stands on or in another.
package struct Support: Sendable, Equatable {
    package let thing: Int
    package let isInside: Bool

    package var preposition: String { isInside ? "in" : "on" }
}

extension Room {
    /// Whether a point is in the room, what hangs on its walls included.
    func surrounds(_ point: SIMD3<Double>) -> Bool {
        let slack = 0.05
        return point.x > minimum.x - slack && point.x < maximum.x + slack && point.z > minimum.y - slack
            && point.z < maximum.y + slack
    }
}

extension Instance {
    /// The bounding box in the world, parallel to its axes.
    package var boundingBox: Box {
        let half = model.size / 2
        var box = Box(minimum: transform.position, maximum: transform.position)
        for corner in 0..<8 {
            let signs = SIMD3<Double>(corner & 1 == 0 ? -1 : 1, corner & 2 == 0 ? -1 : 1, corner & 4 == 0 ? -1 : 1)
            let point = transform.apply(to: half * signs)
            box.minimum = pointwiseMin(box.minimum, point)
            box.maximum = pointwiseMax(box.maximum, point)
        }
        return box
    }
}
