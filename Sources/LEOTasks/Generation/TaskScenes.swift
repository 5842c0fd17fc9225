import LEOData
import LEOScene
import LEOTensor
import LEOWorld

/// The scenes tasks come from, by number; parts of a data set never share one.
///
/// Of every ten scenes the last is for validation and the one before for test, whatever the counts, so that more of
/// one part never moves a scene into another.
struct TaskScenes {
    /// Makes the world of a seed.
    typealias Maker = @Sendable (_ seed: UInt64) throws -> WorldScene

    struct Entry {
        let number: Int
        let seed: UInt64
        let truth: SceneTruth
    }

    let seed: UInt64
    let make: Maker
    /// LEO sees 60 objects; what is beyond would be asked for but not shown.
    static let objectLimit = 60
    private var kept: [Int: Entry] = [:]

    init(seed: UInt64, make: @escaping Maker) {
        self.seed = seed
        self.make = make
    }

    /// Number of the `index`th scene of a part.
    static func number(_ index: Int, of split: DataSplit) -> Int {
        switch split {
        case .train: index / 8 * 10 + index % 8
        case .test: index * 10 + 8
        case .val: index * 10 + 9
        }
    }

    mutating func scene(_ index: Int, of split: DataSplit) throws -> Entry {
        let number = Self.number(index, of: split)
        if let entry = kept[number] { return entry }
        var mixer = SplitMix64(seed: seed, "scene", number)
        let sceneSeed = mixer.next()
        let scene = try make(sceneSeed)
        let entry = Entry(
            number: number, seed: sceneSeed, truth: SceneTruth(scene, rooms: Self.rooms(of: scene, using: &mixer)))
        // Kinds ask for the same scenes one after the other; few are enough to remember.
        if kept.count >= 64 { kept.removeAll() }
        kept[number] = entry
        return entry
    }

    /// As many rooms as have together at most 60 things; nil where all have.
    private static func rooms(of scene: WorldScene, using random: inout SplitMix64) -> Set<Int>? {
        guard scene.instances.count > objectLimit || scene.instances.contains(where: { $0.room == nil }) else {
            return nil
        }
        var chosen: Set<Int> = []
        var count = 0
        for room in random.shuffled(scene.rooms) {
            let things = scene.instances.filter { $0.room == room.id }.count
            if things > 0, count + things <= objectLimit {
                chosen.insert(room.id)
                count += things
            }
        }
        return chosen
    }
}

/// A scan of a scene in LEO's frame: points with colours and the id of their thing, -1 on walls and floors.
struct TaskScan {
    var positions: [Float] = []
    var colors: [UInt8] = []
    var labels: [Int64] = []
    let thingCount: Int

    var count: Int { labels.count }

    /// Middle of the box around all points.
    var center: SIMD3<Double> {
        var (low, high) = (SIMD3<Float>(repeating: .infinity), SIMD3<Float>(repeating: -.infinity))
        for point in 0..<count {
            let position = SIMD3(positions[3 * point], positions[3 * point + 1], positions[3 * point + 2])
            (low, high) = (pointwiseMin(low, position), pointwiseMax(high, position))
        }
        return (SIMD3<Double>(low) + SIMD3<Double>(high)) / 2
    }

    /// Points all over the surfaces, as a scan without gaps has them.
    ///
    /// - Throws: `.unusable` where a thing has no points, because loaders refuse a scan with a missing number
    init(of entry: TaskScenes.Entry, pointsPerObject: Int, roomDensity: Double) throws {
        let truth = entry.truth
        thingCount = truth.things.count
        let ids = Dictionary(uniqueKeysWithValues: truth.things.map { ($0.instance + 1, Int64($0.id)) })
        let rooms = truth.roomList
        let cloud = try RenderScene(
            truth.scene, options: RenderScene.Options(showsCeilings: false, showsPlayer: false, showsAgent: false)
        )
        .surfaceCloud(
            SurfaceCloudOptions(pointsPerInstance: pointsPerObject, roomDensity: roomDensity, seed: entry.seed))
        let instances = try cloud.instanceIDs(property: RenderScene.instanceProperty) ?? []
        guard let cloudColors = cloud.colors, instances.count == cloud.count else {
            throw WorldTaskError.unusable(seed: entry.seed, reason: "the scan has no colours or no instances")
        }
        var seen = [Bool](repeating: false, count: thingCount)
        positions.reserveCapacity(3 * cloud.count)
        colors.reserveCapacity(3 * cloud.count)
        labels.reserveCapacity(cloud.count)
        for point in 0..<cloud.count {
            let position = cloud.position(point)
            let label: Int64
            if instances[point] > 0 {
                guard let id = ids[instances[point]] else { continue }
                label = id
                seen[Int(id)] = true
            } else {
                // Walls and floors around the chosen rooms, the wall's thickness included.
                guard rooms.contains(where: { $0.isNear(position) }) else { continue }
                label = -1
            }
            for axis in 0..<3 {
                positions.append(Float(position[axis]))
                colors.append(cloudColors[3 * point + axis])
            }
            labels.append(label)
        }
        if let missing = seen.firstIndex(of: false) {
            throw WorldTaskError.unusable(
                seed: entry.seed, reason: "thing \(missing), \(truth.things[missing].name), has no surface")
        }
    }

    var python: [PythonValue] {
        [
            .array(Tensor(.f32, positions, shape: [count, 3])), .array(Tensor(.u8, colors, shape: [count, 3])),
            .array(Tensor(.i64, labels, shape: [count])),
        ]
    }
}

extension Room {
    /// Whether a point of LEO's frame is in the room or in its walls.
    fileprivate func isNear(_ point: SIMD3<Double>) -> Bool {
        let slack = 0.15
        return point.x > minimum.x - slack && point.x < maximum.x + slack && point.y > minimum.y - slack
            && point.y < maximum.y + slack
    }
}
