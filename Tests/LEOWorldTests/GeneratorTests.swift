import Foundation
import LEOScene
import LEOWorld
import Testing

@Suite("World generator")
struct GeneratorTests {
    /// Debug builds are some twenty times slower.
    static let seeds: Range<UInt64> = {
        var isDebug = false
        assert({ isDebug = true; return true }())
        return isDebug ? 0..<60 : 0..<1000
    }()
    static let scenes = seeds.map { WorldGenerator.scene(seed: $0) }

    @Test func scenesKeepTheirPromises() throws {
        var things = 0
        for (seed, scene) in zip(Self.seeds, Self.scenes) {
            #expect(scene.violations() == [], "seed \(seed)")
            #expect(!scene.instances.isEmpty, "seed \(seed) gave up and is bare")
            #expect((1...4).contains(scene.rooms.count))
            #expect(scene.lights.count == scene.rooms.count)
            things += scene.instances.count
        }
        #expect(things > 20 * Self.seeds.count)
    }

    /// Overlap by another way than the generator's: turned boxes are separated by an axis of one of the two.
    @Test func collidersDoNotOverlap() {
        for (seed, scene) in zip(Self.seeds, Self.scenes) {
            let bodies = scene.instances.map { instance in instance.model.colliders.map { TurnedBox($0, instance.transform) } }
            for first in bodies.indices {
                for second in (first + 1)..<bodies.count {
                    for body in bodies[first] {
                        for other in bodies[second] where body.overlaps(other) {
                            Issue.record(
                                "seed \(seed): \(scene.instances[first].model.prefab) \(first) in \(scene.instances[second].model.prefab) \(second)")
                        }
                    }
                }
            }
        }
    }

    /// Walks with a finer grid and the body's bare radius, measured to the exact outlines.
    @Test func agentReachesPlayerAndThings() throws {
        for (seed, scene) in zip(Self.seeds, Self.scenes).prefix(Self.seeds.count / 10) {
            let walk = Walk(scene)
            let reached = walk.reached(from: SIMD2(scene.agent.position.x, scene.agent.position.z))
            #expect(reached.contains { walk.distance($0, SIMD2(scene.player.position.x, scene.player.position.z)) < 0.1 }, "seed \(seed)")
            for (index, instance) in scene.instances.enumerated() {
                let place = SIMD2(instance.transform.position.x, instance.transform.position.z)
                let size = instance.model.size
                let reach = instance.parent == nil ? 1.3 + max(size.x, size.z) / 2 : 1.15
                #expect(reached.contains { walk.distance($0, place) <= reach }, "seed \(seed): \(index) \(instance.model.name)")
            }
            for room in scene.rooms {
                let isEntered = reached.contains { point in
                    point.x > room.minimum.x && point.x < room.maximum.x && point.y > room.minimum.y && point.y < room.maximum.y
                }
                #expect(isEntered, "seed \(seed): room \(room.id)")
            }
        }
    }

    @Test func everythingLiesInItsRoom() {
        for (seed, scene) in zip(Self.seeds, Self.scenes) {
            for (index, instance) in scene.instances.enumerated() {
                guard let room = scene.rooms.first(where: { $0.id == instance.room }) else {
                    Issue.record("seed \(seed): \(index) is in no room")
                    continue
                }
                for position in instance.model.mesh.positions {
                    let point = instance.transform.apply(to: SIMD3<Double>(position))
                    let isInside =
                        point.x > room.minimum.x - 1e-4 && point.x < room.maximum.x + 1e-4 && point.z > room.minimum.y - 1e-4
                        && point.z < room.maximum.y + 1e-4 && point.y > -1e-4 && point.y < 2.7
                    guard isInside else {
                        Issue.record("seed \(seed): \(instance.model.prefab) \(index) at \(point) outside \(room)")
                        break
                    }
                }
            }
        }
    }

    @Test func thingsRestOnTheirSurfaces() throws {
        var inside = 0
        for (seed, scene) in zip(Self.seeds, Self.scenes) {
            for (index, instance) in scene.instances.enumerated() {
                guard let parent = instance.parent else {
                    #expect(instance.parentSurface == nil)
                    continue
                }
                let host = scene.instances[parent]
                let surface = host.model.surfaces[try #require(instance.parentSurface)]
                let low = instance.transform.position.y - instance.model.size.y / 2
                let top = host.transform.position.y + surface.center.y
                #expect(abs(low - top) < 1e-9, "seed \(seed): \(index)")
                #expect(instance.model.size.y < surface.clearance)
                let local = host.transform.inverseApply(to: instance.transform.position) - surface.center
                #expect(abs(local.x) < surface.halfExtents.x && abs(local.z) < surface.halfExtents.y, "seed \(seed): \(index)")
                #expect(scene.isSupported(index), "seed \(seed): \(index)")
                #expect(parent < index, "parents come first")
                if surface.isInside { inside += 1 }
            }
        }
        #expect(inside > Self.seeds.count)
    }

    @Test func sameSeedGivesTheSameScene() throws {
        for seed in Self.seeds.prefix(30) {
            let text = try SceneJSON.text(of: WorldGenerator.scene(seed: seed))
            #expect(try SceneJSON.text(of: WorldGenerator.scene(seed: seed)) == text)
            #expect(try SceneJSON.text(of: WorldGenerator.scene(seed: seed &+ 1_000_000)) != text)
        }
    }

    @Test func doorwaysReachTheFloorAndAreWide() {
        for (seed, scene) in zip(Self.seeds, Self.scenes) {
            for wall in scene.walls {
                for hole in wall.holes {
                    let isWindow = hole.center.y - hole.size.y / 2 > -wall.size.y / 2 + 0.5
                    #expect(isWindow || hole.size.x >= 0.9, "seed \(seed)")
                    #expect(isWindow || abs(hole.center.y - hole.size.y / 2 + wall.size.y / 2) < 1e-9, "seed \(seed)")
                    #expect(abs(hole.center.x) + hole.size.x / 2 < wall.size.x / 2, "seed \(seed): a hole leaves its wall")
                }
            }
        }
    }

    @Test func agentAndPlayerStandApart() {
        let near = Self.scenes.filter { scene in
            let offset = scene.agent.position - scene.player.position
            return (offset * offset).sum() < 9
        }
        // Only a single small room leaves no choice.
        #expect(near.count * 50 <= Self.seeds.count, "\(near.map(\.seed))")
        for scene in near { #expect(scene.rooms.count == 1, "seed \(scene.seed ?? 0)") }
    }

    @Test func optionsAreFollowed() throws {
        let options = try WorldGenerator.Options(
            rooms: 5...5, roomSize: 5...5, roomKinds: [.kitchen, .bathroom], clutter: 0, hasCeilings: false, hasWindows: false,
            distance: 6, variants: 2)
        for seed in UInt64(0)..<8 {
            let scene = WorldGenerator.scene(seed: seed, options: options)
            #expect(scene.rooms.count == 5)
            #expect(Set(scene.rooms.map(\.kind)).isSubset(of: ["kitchen", "bathroom"]))
            for room in scene.rooms { #expect((room.maximum - room.minimum - (5 - 0.12)).magnitude < 1e-9) }
            #expect(scene.floors.count == 5)
            #expect(scene.walls.allSatisfy { $0.holes.allSatisfy { $0.size.y > 2 } })
            #expect(scene.instances.allSatisfy { $0.model.prefab.hasSuffix("_0000") || $0.model.prefab.hasSuffix("_0001") })
            #expect(scene.instances.allSatisfy { $0.parent == nil })
            let offset = scene.agent.position - scene.player.position
            #expect((offset * offset).sum().squareRoot() >= 6)
        }
    }

    @Test func wrongOptionsAreRefused() {
        #expect(throws: WorldError.self) { try WorldGenerator.Options(rooms: 0...2) }
        #expect(throws: WorldError.self) { try WorldGenerator.Options(rooms: 1...13) }
        #expect(throws: WorldError.self) { try WorldGenerator.Options(roomSize: 1...5) }
        #expect(throws: WorldError.self) { try WorldGenerator.Options(roomSize: 2.6...3.7) }
        #expect(throws: WorldError.self) { try WorldGenerator.Options(roomKinds: []) }
        #expect(throws: WorldError.self) { try WorldGenerator.Options(clutter: .nan) }
        #expect(throws: WorldError.self) { try WorldGenerator.Options(clutter: -1) }
        #expect(throws: WorldError.self) { try WorldGenerator.Options(distance: .infinity) }
        #expect(throws: WorldError.self) { try WorldGenerator.Options(variants: 0) }
    }

    @Test func everyRoomKindHasItsFurniture() throws {
        let marks: [(RoomKind, [String])] = [
            (.kitchen, ["refrigerator", "stove", "kitchen sink"]), (.livingRoom, ["sofa", "tv stand"]), (.bedroom, ["bed", "wardrobe"]),
            (.bathroom, ["toilet", "washbasin"]), (.study, ["desk", "bookshelf"]),
        ]
        for (kind, names) in marks {
            let options = try WorldGenerator.Options(rooms: 1...1, roomSize: 5...5, roomKinds: [kind])
            for seed in UInt64(0)..<10 {
                let found = Set(WorldGenerator.scene(seed: seed, options: options).instances.map(\.model.name))
                #expect(found.isSuperset(of: names), "\(kind) \(seed): \(found)")
            }
        }
    }

    @Test func checksFindWhatIsWrong() throws {
        let scene = WorldGenerator.scene(seed: 12)
        var broken = scene
        broken.instances[1].transform.position = broken.instances[0].transform.position
        #expect(broken.violations().contains { $0.contains("overlaps") })
        broken = scene
        broken.instances[0].transform.position.x += 100
        #expect(broken.violations().contains { $0.contains("not inside room") })
        broken = scene
        let child = try #require(scene.instances.firstIndex { $0.parent != nil })
        broken.instances[child].transform.position.y += 0.01
        #expect(broken.violations().contains { $0.contains("does not rest") })
        broken = scene
        for wall in broken.walls.indices { broken.walls[wall].holes = [] }
        #expect(!broken.violations().isEmpty)
    }
}

extension SIMD2<Double> {
    var magnitude: Double { Swift.max(abs(x), abs(y)) }
}

/// An upright box turned about the vertical axis.
private struct TurnedBox {
    var center: SIMD3<Double>
    var half: SIMD3<Double>
    var right: SIMD2<Double>
    var ahead: SIMD2<Double>

    init(_ box: Box, _ transform: Transform) {
        center = transform.apply(to: box.center)
        half = box.size / 2
        right = SIMD2(transform.orientation.x.x, transform.orientation.x.z)
        ahead = SIMD2(transform.orientation.z.x, transform.orientation.z.z)
    }

    func overlaps(_ other: TurnedBox) -> Bool {
        if abs(center.y - other.center.y) > half.y + other.half.y - 1e-6 { return false }
        let offset = SIMD2(other.center.x - center.x, other.center.z - center.z)
        for axis in [right, ahead, other.right, other.ahead] {
            let reach = abs((right * axis).sum()) * half.x + abs((ahead * axis).sum()) * half.z
            let otherReach = abs((other.right * axis).sum()) * other.half.x + abs((other.ahead * axis).sum()) * other.half.z
            if abs((offset * axis).sum()) > reach + otherReach - 1e-6 { return false }
        }
        return true
    }
}

/// The reachable places of a scene, on a grid of 5 cm, with distances to turned boxes.
private struct Walk {
    private var low: SIMD2<Double>
    private var columns: Int
    private var rows: Int
    private var isFree: [Bool]
    private static let pitch = 0.05

    init(_ scene: WorldScene) {
        low = scene.rooms.reduce(scene.rooms[0].minimum) { pointwiseMin($0, $1.minimum) }
        let high = scene.rooms.reduce(scene.rooms[0].maximum) { pointwiseMax($0, $1.maximum) }
        let size = ((high - low) / Self.pitch).rounded(.up)
        (columns, rows) = (Int(size.x) + 1, Int(size.y) + 1)
        isFree = [Bool](repeating: true, count: columns * rows)
        var bodies: [(Box, Transform)] = []
        for wall in scene.walls {
            // The parts beside the doorways.
            var start = -wall.size.x / 2
            let doors = wall.holes.filter { $0.center.y - $0.size.y / 2 < -wall.size.y / 2 + 0.1 }
            for door in doors.sorted(by: { $0.center.x < $1.center.x }) {
                let end = door.center.x - door.size.x / 2
                bodies.append((Box(minimum: SIMD3(start, -1, -wall.size.z / 2), maximum: SIMD3(end, 1, wall.size.z / 2)), wall.transform))
                start = door.center.x + door.size.x / 2
            }
            bodies.append(
                (Box(minimum: SIMD3(start, -1, -wall.size.z / 2), maximum: SIMD3(wall.size.x / 2, 1, wall.size.z / 2)), wall.transform))
        }
        for instance in scene.instances {
            for box in instance.model.colliders {
                let (bottom, top) = (box.minimum.y + instance.transform.position.y, box.maximum.y + instance.transform.position.y)
                if bottom < AgentBody.height, top > AgentBody.stepHeight { bodies.append((box, instance.transform)) }
            }
        }
        for (box, transform) in bodies {
            let center = transform.apply(to: box.center)
            let reach = (box.size.x * box.size.x + box.size.z * box.size.z).squareRoot() / 2 + AgentBody.radius
            for row in rowsNear(center.z, reach) {
                for column in columnsNear(center.x, reach) {
                    let point = point(row * columns + column)
                    let local = transform.inverseApply(to: SIMD3(point.x, center.y, point.y))
                    let near = local.clamped(lowerBound: box.minimum, upperBound: box.maximum)
                    let offset = SIMD2(local.x - near.x, local.z - near.z)
                    if (offset * offset).sum() < AgentBody.radius * AgentBody.radius { isFree[row * columns + column] = false }
                }
            }
        }
    }

    private func rowsNear(_ z: Double, _ reach: Double) -> Range<Int> { Self.range((z - low.y), reach, rows) }
    private func columnsNear(_ x: Double, _ reach: Double) -> Range<Int> { Self.range((x - low.x), reach, columns) }

    private static func range(_ value: Double, _ reach: Double, _ count: Int) -> Range<Int> {
        let first = max(0, Int(((value - reach) / pitch).rounded(.down)))
        let last = min(count - 1, Int(((value + reach) / pitch).rounded(.up)))
        return first <= last ? first..<(last + 1) : 0..<0
    }

    func point(_ cell: Int) -> SIMD2<Double> { low + SIMD2(Double(cell % columns), Double(cell / columns)) * Self.pitch }

    func distance(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double { ((a - b) * (a - b)).sum().squareRoot() }

    /// Every 10 cm of what can be walked to.
    func reached(from start: SIMD2<Double>) -> [SIMD2<Double>] {
        let place = ((start - low) / Self.pitch).rounded(.toNearestOrEven)
        var isReached = [Bool](repeating: false, count: isFree.count)
        var stack = [Int(place.y) * columns + Int(place.x)]
        var points: [SIMD2<Double>] = []
        while let cell = stack.popLast() {
            guard isFree[cell], !isReached[cell] else { continue }
            isReached[cell] = true
            let column = cell % columns
            if column % 2 == 0, (cell / columns) % 2 == 0 { points.append(point(cell)) }
            if column > 0 { stack.append(cell - 1) }
            if column < columns - 1 { stack.append(cell + 1) }
            if cell >= columns { stack.append(cell - columns) }
            if cell + columns < isFree.count { stack.append(cell + columns) }
        }
        return points
    }
}
