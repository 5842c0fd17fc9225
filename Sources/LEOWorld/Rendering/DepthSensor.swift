import LEOScene

/// A depth camera: what it sees of a scene, with the errors such cameras make.
public struct DepthSensor: Sendable {
    /// Errors of the measured depths.
    public struct Noise: Sendable, Equatable {
        /// Standard deviation in metres at `closest`, and its growth with the square of the distance beyond.
        public var deviation: Double
        public var deviationGrowth: Double
        public var closest: Double
        /// Share of points that are lost anywhere.
        public var dropout: Double
        /// Share of points that are lost at the edge of something nearer or farther.
        public var edgeDropout: Double
        /// Surfaces are lost ever more often as the cosine between normal and view falls from this to half of it.
        public var grazingCosine: Double

        /// Defaults are those of a structured-light camera (Nguyen, Izadi, Lovell 2012: 1.2 mm + 1.9 mm/m² (z - 0.4 m)²).
        public init(
            deviation: Double = 0.0012, deviationGrowth: Double = 0.0019, closest: Double = 0.4, dropout: Double = 0.01,
            edgeDropout: Double = 0.5, grazingCosine: Double = 0.25
        ) {
            self.deviation = deviation
            self.deviationGrowth = deviationGrowth
            self.closest = closest
            self.dropout = dropout
            self.edgeDropout = edgeDropout
            self.grazingCosine = grazingCosine
        }

        /// Standard deviation at a depth, in metres.
        public func deviation(at depth: Double) -> Double {
            let beyond = max(depth - closest, 0)
            return deviation + deviationGrowth * beyond * beyond
        }
    }

    public var width: Int
    public var height: Int
    /// Degrees.
    public var verticalFieldOfView: Double
    /// Depths outside this range, in metres, are not measured.
    public var range: ClosedRange<Double>
    /// Nil measures exactly.
    public var noise: Noise?

    public init(
        width: Int = 320, height: Int = 240, verticalFieldOfView: Double = 50, range: ClosedRange<Double> = 0.3...8,
        noise: Noise? = Noise()
    ) {
        self.width = width
        self.height = height
        self.verticalFieldOfView = verticalFieldOfView
        self.range = range
        self.noise = noise
    }

    /// Scans a scene from several places: the measured points in LEO's frame, one behind the other, with colours and
    /// instance ids (`RenderScene.instanceProperty`). The same seed gives the same points. May be without points.
    ///
    /// The field of view of the cameras is replaced by the sensor's.
    ///
    /// - Throws: `.invalidSize`, `.invalidCamera`, `.invalidOption`
    public func scan(
        _ scene: RenderScene, from cameras: [Camera], seed: UInt64, source: String = "scan"
    ) throws(RenderError) -> PointCloud {
        try validate()
        let renderer = try Renderer(width: width, height: height)
        var frame = Frame()
        var points = CloudBuilder()
        for (index, camera) in cameras.enumerated() {
            var camera = camera
            camera.verticalFieldOfView = verticalFieldOfView
            try renderer.render(scene, from: camera, into: &frame)
            var random = SplitMix64(seed: seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
            measure(frame, camera, &random, &points)
        }
        return points.makeCloud(source: source)
    }

    private func validate() throws(RenderError) {
        guard range.lowerBound > 0, range.upperBound.isFinite else {
            throw .invalidOption(name: "range", reason: "\(range), expected metres above 0")
        }
        guard let noise else { return }
        for (name, value, limit) in [
            ("deviation", noise.deviation, 10), ("deviationGrowth", noise.deviationGrowth, 10), ("closest", noise.closest, 1e6),
            ("dropout", noise.dropout, 1), ("edgeDropout", noise.edgeDropout, 1), ("grazingCosine", noise.grazingCosine, 1),
        ] where !(value >= 0 && value <= limit) {
            throw .invalidOption(name: name, reason: "\(value), expected 0 to \(limit)")
        }
    }

    private func measure(_ frame: Frame, _ camera: Camera, _ random: inout SplitMix64, _ points: inout CloudBuilder) {
        let orientation = RotationMatrix(degrees: camera.rotation)
        let focal = camera.focalLength(height: height)
        let middle = SIMD2(Double(width) / 2, Double(height) / 2)
        /// Direction with depth 1, in the camera's frame.
        func ray(_ x: Int, _ y: Int) -> SIMD3<Double> {
            SIMD3((Double(x) + 0.5 - middle.x) / focal, (middle.y - Double(y) - 0.5) / focal, 1)
        }
        func depth(_ x: Int, _ y: Int) -> Double { Double(frame.depth[y * width + x]) }
        for y in 0..<height {
            for x in 0..<width {
                let exact = depth(x, y)
                guard range.contains(exact) else { continue }
                let direction = ray(x, y)
                var measured = exact
                if let noise {
                    // Drawn for every pixel alike, so that one lost point does not shift all others.
                    let (luck, error) = (random.nextUnit(), random.nextNormal())
                    // On each axis the neighbour of more similar depth belongs to the same surface; where the other one is
                    // much farther off, an edge lies in between.
                    let (beside, jumpBeside) = neighbours(exact, depth, (x, y), (1, 0))
                    let (below, jumpBelow) = neighbours(exact, depth, (x, y), (0, 1))
                    var kept = 1 - noise.dropout
                    if max(jumpBeside, jumpBelow) > max(0.05, 0.03 * exact) { kept *= 1 - noise.edgeDropout }
                    if noise.grazingCosine > 0, let beside, let below {
                        let point = direction * exact
                        let normal = crossProduct(
                            ray(beside.x, beside.y) * beside.depth - point, ray(below.x, below.y) * below.depth - point)
                        let lengths = ((normal * normal).sum() * (direction * direction).sum()).squareRoot()
                        let cosine = lengths > 0 ? abs((normal * direction).sum()) / lengths : 1
                        kept *= min(max(2 * cosine / noise.grazingCosine - 1, 0), 1)
                    }
                    guard luck < kept else { continue }
                    measured += error * noise.deviation(at: exact)
                    guard range.contains(measured) else { continue }
                }
                let index = y * width + x
                let world = orientation.apply(to: direction * measured) + camera.position
                points.append(
                    LEOFrame.point(world),
                    SIMD3(frame.pixels[3 * index], frame.pixels[3 * index + 1], frame.pixels[3 * index + 2]),
                    id: frame.ids[index])
            }
        }
    }
}

extension DepthSensor {
    /// Of the two neighbours of a pixel along an axis the one whose depth differs less, nil where neither is finite, and by
    /// how much the other's difference exceeds twice that one; on a plane this is little.
    private func neighbours(
        _ exact: Double, _ depth: (Int, Int) -> Double, _ pixel: (x: Int, y: Int), _ step: (x: Int, y: Int)
    ) -> (nearest: (x: Int, y: Int, depth: Double)?, jump: Double) {
        var nearest: (x: Int, y: Int, depth: Double)?
        var least = Double.infinity, greatest = 0.0
        for sign in [-1, 1] {
            let (x, y) = (pixel.x + sign * step.x, pixel.y + sign * step.y)
            guard x >= 0, y >= 0, x < width, y < height else { continue }
            let value = depth(x, y)
            let difference = abs(value - exact)
            greatest = max(greatest, difference)
            if difference < least {
                least = difference
                nearest = (x, y, value)
            }
        }
        return (nearest, nearest == nil ? greatest : greatest - 2 * least)
    }

    /// Places for scanning a room: at head height near its walls, looking at the middle and a little down.
    public static func views(of room: Room, count: Int, height: Double = 1.6) -> [Camera] {
        let middle = (room.minimum + room.maximum) / 2, half = (room.maximum - room.minimum) / 2
        return (0..<max(count, 0)).map { index in
            // Begins in a corner.
            let turn = 45 + 360 * Double(index) / Double(max(count, 1))
            let direction = RotationMatrix(degrees: SIMD3(0, turn, 0)).z
            let heading = SIMD2(direction.x, direction.z)
            // Out to the inset walls of the room, but not quite.
            let inset = pointwiseMax(half - 0.4, half * 0.5)
            let reach = min(inset.x / max(abs(heading.x), 1e-9), inset.y / max(abs(heading.y), 1e-9))
            let place = middle + heading * reach
            return Camera(position: SIMD3(place.x, height, place.y), rotation: SIMD3(22, turn + 180, 0))
        }
    }

    /// Places in a circle around a point, looking at it from `height` metres above it.
    public static func views(around point: SIMD3<Double>, radius: Double, height: Double, count: Int) -> [Camera] {
        (0..<max(count, 0)).map { index in
            let turn = 360 * Double(index) / Double(max(count, 1))
            let direction = RotationMatrix(degrees: SIMD3(0, turn, 0)).z
            let position = point + direction * radius + SIMD3(0, height, 0)
            return Camera(position: position).looking(at: point)
        }
    }
}

extension Scene {
    /// The instances of a scan as objects whose ids are the indices of the instances, in ascending order; instances with
    /// fewer than `minimumPoints` points are left out.
    public init(worldScan cloud: PointCloud, minimumPoints: Int = 1) {
        var builders: [Int: CloudBuilder] = [:]
        let ids = (try? cloud.instanceIDs(property: RenderScene.instanceProperty)) ?? []
        if let colors = cloud.colors {
            for (point, id) in ids.enumerated() where id > 0 && cloud.isValid(point) {
                builders[id - 1, default: CloudBuilder()].append(
                    cloud.position(point), SIMD3(colors[3 * point], colors[3 * point + 1], colors[3 * point + 2]), id: Int32(clamping: id - 1))
            }
        }
        let objects = builders.keys.sorted().compactMap { index -> SceneObject? in
            guard let builder = builders[index], builder.ids.count >= max(minimumPoints, 1) else { return nil }
            return SceneObject(id: index, points: ObjectPoints(coordinates: builder.coordinates, rgb: builder.colors))
        }
        self.init(source: cloud.source, objects: objects, bounds: RenderScene.bounds(of: objects), notices: cloud.notices)
    }
}

extension SplitMix64 {
    /// About normal with mean 0 and deviation 1: a sum of twelve uniform numbers, which is the same on every machine and
    /// never beyond 6.
    mutating func nextNormal() -> Double {
        var sum = 0.0
        for _ in 0..<3 {
            let bits = next()
            for part in 0..<4 { sum += (Double((bits >> UInt64(16 * part)) & 0xFFFF) + 0.5) * 0x1p-16 }
        }
        return sum - 6
    }
}
