import LEOScene

/// A picture of a scene from straight above, without perspective, with +x to the right and +z up. The roof is off where the
/// scene was made without ceilings.
public struct TopDownView: Sendable, Equatable {
    /// World (x, z) in the middle of the picture, in metres.
    public var center: SIMD2<Double>
    public var pixelsPerMetre: Double
    public var width: Int
    public var height: Int

    public init(center: SIMD2<Double>, pixelsPerMetre: Double, width: Int, height: Int) {
        self.center = center
        self.pixelsPerMetre = pixelsPerMetre
        self.width = width
        self.height = height
    }

    /// The view that shows all rooms, walls and floors, its longer side `side` pixels, with a margin.
    public init(of scene: WorldScene, side: Int = 1024, margin: Double = 0.4) {
        let bounds = FloorPlan.bounds(of: scene)
        let size = bounds.maximum - bounds.minimum + 2 * margin
        let side = min(max(side, 1), Renderer.maximumSide)
        pixelsPerMetre = Double(side) / size.max()
        center = (bounds.minimum + bounds.maximum) / 2
        width = min(max(Int((size.x * pixelsPerMetre).rounded()), 1), side)
        height = min(max(Int((size.y * pixelsPerMetre).rounded()), 1), side)
    }

    /// Image position of a point (x, z) of the ground.
    public func pixel(of point: SIMD2<Double>) -> SIMD2<Double> {
        SIMD2(
            Double(width) / 2 + (point.x - center.x) * pixelsPerMetre,
            Double(height) / 2 - (point.y - center.y) * pixelsPerMetre)
    }

    /// The picture, with depths measured from `ceiling` metres above the ground.
    ///
    /// - Throws: `.invalidSize`, `.invalidOption`
    public func render(_ scene: RenderScene, supersampling: Int = 2, ceiling: Double = 100) throws(RenderError) -> Frame {
        guard pixelsPerMetre >= 1e-3, pixelsPerMetre <= 1e5 else {
            throw .invalidOption(name: "pixelsPerMetre", reason: "\(pixelsPerMetre), expected 0.001 to 100000")
        }
        guard abs(center.x) <= RenderScene.limit, abs(center.y) <= RenderScene.limit, ceiling > 0, ceiling <= 1000 else {
            throw .invalidOption(name: "center", reason: "\(center), \(ceiling) is no place above the world")
        }
        let renderer = try Renderer(width: width, height: height, supersampling: supersampling)
        let scale = Float(pixelsPerMetre * Double(supersampling))
        let projection = Projection(
            above: SIMD3(center.x, ceiling, center.y), samplesPerMetre: scale, far: Float(ceiling) + 10,
            columns: renderer.columns, rows: renderer.rows)
        var frame = Frame()
        renderer.draw(scene, projection, footprintPerDepth: 1 / scale, into: &frame)
        return frame
    }

    /// The picture with a path (x, z of each corner) drawn on it: a line, a green disc at its start, a red one at its end.
    public func drawing(path: [SIMD2<Double>], on image: Image) -> Image {
        var canvas = Canvas(image)
        let radius = max(0.05 * pixelsPerMetre, 1.5)
        let corners = path.map(pixel(of:))
        for (from, to) in zip(corners, corners.dropFirst()) {
            canvas.line(from, to, radius: radius * 0.7, color: SIMD3(245, 170, 30))
        }
        if let start = corners.first { canvas.line(start, start, radius: radius * 2.2, color: SIMD3(40, 160, 70)) }
        if corners.count > 1, let end = corners.last { canvas.line(end, end, radius: radius * 2.2, color: SIMD3(215, 45, 40)) }
        return canvas.image
    }
}

/// Draws round lines on a picture.
struct Canvas {
    private let width: Int
    private let height: Int
    private var pixels: [UInt8]

    init(_ image: Image) {
        width = image.width
        height = image.height
        pixels = image.pixels
    }

    var image: Image { Image(width: width, height: height, pixels: pixels) }

    /// A line with round ends, its edge softened over one pixel; a disc where both ends are the same. Ends that are no
    /// numbers draw nothing.
    mutating func line(_ from: SIMD2<Double>, _ to: SIMD2<Double>, radius: Double, color: SIMD3<UInt8>) {
        let reach = radius + 1
        let limit = SIMD2(Double(width), Double(height))
        let least = pointwiseMin(from, to) - reach, greatest = pointwiseMax(from, to) + reach
        guard least.x < limit.x, least.y < limit.y, greatest.x > 0, greatest.y > 0 else { return }
        let first = least.clamped(lowerBound: .zero, upperBound: limit)
        let last = greatest.clamped(lowerBound: .zero, upperBound: limit)
        let direction = to - from, squared = (direction * direction).sum()
        for y in Int(first.y)..<min(Int(last.y) + 1, height) {
            for x in Int(first.x)..<min(Int(last.x) + 1, width) {
                let offset = SIMD2(Double(x) + 0.5, Double(y) + 0.5) - from
                let along = squared > 0 ? min(max((offset * direction).sum() / squared, 0), 1) : 0
                let away = offset - direction * along
                let cover = min(max(radius + 0.5 - (away * away).sum().squareRoot(), 0), 1)
                guard cover > 0 else { continue }
                for channel in 0..<3 {
                    let index = 3 * (y * width + x) + channel
                    let mixed = Double(pixels[index]) * (1 - cover) + Double(color[channel]) * cover
                    pixels[index] = UInt8(mixed.rounded())
                }
            }
        }
    }
}
