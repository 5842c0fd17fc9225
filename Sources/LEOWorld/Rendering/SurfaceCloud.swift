import LEOScene
import LEOTensor

/// How many points a complete cloud has and of what.
public struct SurfaceCloudOptions: Sendable {
    /// Points of each instance.
    public var pointsPerInstance: Int
    /// Points a square metre of walls, floors and ceilings; 0 leaves them out.
    public var roomDensity: Double
    /// The same seed and scene give the same points.
    public var seed: UInt64

    public init(pointsPerInstance: Int = 2048, roomDensity: Double = 0, seed: UInt64 = 0) {
        self.pointsPerInstance = pointsPerInstance
        self.roomDensity = roomDensity
        self.seed = seed
    }

    /// More points than this are refused.
    static let maximumPoints = 100_000_000
}

extension RenderScene {
    /// Name of the property that holds ids in clouds: index of the instance + 1, because LEO's readers take 0 as no object;
    /// 0 for walls, floors, ceilings and figures.
    public static let instanceProperty = "instance"

    /// Points spread evenly by area over all surfaces, seen or not, in LEO's frame, with colours and instance ids.
    ///
    /// Each instance has its points from a generator of its own, so that they do not depend on what else is there.
    ///
    /// - Throws: `.invalidOption`
    public func surfaceCloud(
        _ options: SurfaceCloudOptions = SurfaceCloudOptions(), source: String = "world"
    ) throws(RenderError) -> PointCloud {
        var points = CloudBuilder()
        try sampleSurfaces(options, instances: nil) { item, position, color in
            points.append(position, color, id: item.id)
        }
        return points.makeCloud(source: source)
    }

    /// The instances as a scene to ask a model about; an object's id is the index of the instance. Hidden ones are left out.
    ///
    /// - Parameter instances: which, in this order; nil takes all in ascending order. LEO takes 60 at most.
    /// - Throws: `.invalidOption`, also for an index that is not there
    public func objectScene(
        instances: [Int]? = nil, _ options: SurfaceCloudOptions = SurfaceCloudOptions(), source: String = "world"
    ) throws(RenderError) -> Scene {
        if let wrong = instances?.first(where: { $0 < 0 || $0 >= instanceCount }) {
            throw .invalidOption(name: "instances", reason: "there is no instance \(wrong)")
        }
        var options = options
        options.roomDensity = 0
        var found: [Int: CloudBuilder] = [:]
        try sampleSurfaces(options, instances: instances.map(Set.init)) { item, position, color in
            found[Int(item.id), default: CloudBuilder()].append(position, color, id: item.id)
        }
        let order = instances ?? found.keys.sorted()
        let objects = order.compactMap { index in
            found[index].map { SceneObject(id: index, points: ObjectPoints(coordinates: $0.coordinates, rgb: $0.colors)) }
        }
        return Scene(source: source, objects: objects, bounds: Self.bounds(of: objects))
    }

    static func bounds(of objects: [SceneObject]) -> Bounds {
        guard let first = objects.first?.points.bounds else { return Bounds(minimum: .zero, maximum: .zero) }
        return objects.dropFirst().reduce(first) { bounds, object in
            Bounds(
                minimum: pointwiseMin(bounds.minimum, object.points.bounds.minimum),
                maximum: pointwiseMax(bounds.maximum, object.points.bounds.maximum))
        }
    }

    private func sampleSurfaces(
        _ options: SurfaceCloudOptions, instances: Set<Int>?,
        _ body: (_ item: Item, _ position: SIMD3<Double>, _ color: SIMD3<UInt8>) -> Void
    ) throws(RenderError) {
        guard options.pointsPerInstance >= 1, options.pointsPerInstance <= 10_000_000 else {
            throw .invalidOption(name: "pointsPerInstance", reason: "\(options.pointsPerInstance), expected 1 to 10000000")
        }
        guard options.roomDensity >= 0, options.roomDensity <= 1e6 else {
            throw .invalidOption(name: "roomDensity", reason: "\(options.roomDensity), expected 0 to 1000000")
        }
        prepare()
        // Counted before any is made, so that too many are refused at once.
        var chosen: [(item: Item, areas: [Double], count: Int)] = []
        var total = 0.0
        for item in items where item.isVisible && item.minimum.x <= item.maximum.x {
            let isInstance = item.id >= 0
            if isInstance, let instances, !instances.contains(Int(item.id)) { continue }
            if !isInstance, options.roomDensity == 0 || item.id > SurfaceCode.firstWall { continue }
            var areas: [Double] = []
            areas.reserveCapacity(item.triangles.count)
            var area = 0.0
            for face in faces[item.triangles] {
                let a = position(face.a), normal = crossProduct(position(face.b) - a, position(face.c) - a)
                area += (normal * normal).sum().squareRoot() / 2
                areas.append(area)
            }
            guard area > 0, area.isFinite else { continue }
            let wanted = isInstance ? Double(options.pointsPerInstance) : (area * options.roomDensity).rounded()
            total += wanted
            guard total <= Double(SurfaceCloudOptions.maximumPoints) else {
                throw .invalidOption(
                    name: "points",
                    reason: "more than \(SurfaceCloudOptions.maximumPoints); take fewer for each object or square metre")
            }
            chosen.append((item, areas, Int(wanted)))
        }
        for (item, areas, count) in chosen {
            guard let area = areas.last else { continue }
            var random = SplitMix64(seed: options.seed ^ (UInt64(bitPattern: Int64(item.id)) &* 0x9E37_79B9_7F4A_7C15))
            for _ in 0..<count {
                let place = random.nextUnit() * area
                let face = faces[item.triangles.lowerBound + Self.firstIndex(in: areas, above: place)]
                // The square root makes points spread evenly over the triangle (Osada et al. 2002, section 3.1).
                let root = random.nextUnit().squareRoot(), share = random.nextUnit()
                let weights = SIMD3(1 - root, root * (1 - share), root * share)
                let point = position(face.a) * weights.x + position(face.b) * weights.y + position(face.c) * weights.z
                let w = SIMD3<Float>(weights)
                let local = localPositions[Int(face.a)] * w.x + localPositions[Int(face.b)] * w.y + localPositions[Int(face.c)] * w.z
                let color = materials[Int(face.material)].color(at: local, axis: face.axis, footprint: 0)
                body(item, LEOFrame.point(point), SIMD3(Self.byte(color.x), Self.byte(color.y), Self.byte(color.z)))
            }
        }
    }

    private func position(_ vertex: Int32) -> SIMD3<Double> {
        let position = worldPositions[Int(vertex)]
        return SIMD3(Double(position.x), Double(position.y), Double(position.z))
    }

    private static func byte(_ value: Float) -> UInt8 { UInt8(min(max(value, 0), 255).rounded()) }

    /// Index of the first of ascending values that is greater, or the last.
    private static func firstIndex(in values: [Double], above value: Double) -> Int {
        var low = 0, high = values.count - 1
        while low < high {
            let middle = (low + high) / 2
            if values[middle] > value { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Collects the points of a cloud.
struct CloudBuilder {
    private(set) var coordinates: [Double] = []
    private(set) var colors: [UInt8] = []
    private(set) var ids: [Int32] = []

    /// - Parameter id: as in frames; what is no instance becomes 0
    mutating func append(_ position: SIMD3<Double>, _ color: SIMD3<UInt8>, id: Int32) {
        coordinates.append(position.x)
        coordinates.append(position.y)
        coordinates.append(position.z)
        colors.append(color.x)
        colors.append(color.y)
        colors.append(color.z)
        ids.append(id >= 0 ? id &+ 1 : 0)
    }

    func makeCloud(source: String) -> PointCloud {
        PointCloud(
            source: source, coordinates: coordinates, colors: colors,
            properties: [
                PointProperty(name: RenderScene.instanceProperty, values: Tensor(ids, shape: [ids.count]))
            ])
    }
}
