import LEOScene

/// Draws scenes in software: depth buffer first, then every pixel shaded once.
///
/// Owns all memory it needs, so that frames of one size allocate nothing once the largest scene was drawn. One per
/// thread. The same scene and camera give the same bytes on every run.
public final class Renderer {
    public let width: Int
    public let height: Int
    /// Samples along each axis of a pixel; colours are their mean, depths and ids those of the middle sample.
    public let supersampling: Int

    /// Size of the sample grid.
    let columns: Int
    let rows: Int
    /// 1 / depth of the nearest face so far, and the number of its record, for every sample. Padded by a vector.
    let inverseDepths: UnsafeMutablePointer<Float>
    let owners: UnsafeMutablePointer<Int32>
    /// Least 1 / depth in squares of `tileSize` samples once the occluders are drawn.
    let tiles: UnsafeMutablePointer<Float>
    let tileColumns: Int
    let tileRows: Int
    static let tileSize = 8
    private let samples: UnsafeMutablePointer<UInt8>?

    /// Image x and y, 1 / depth and depth of every vertex of the scene, where its item is in view.
    var projected: UnsafeMutablePointer<SIMD4<Float>>
    private var vertexCapacity = 0
    /// Vertices that clipping makes; as many as one triangle needs.
    let clipped: UnsafeMutablePointer<SIMD4<Float>>
    let clippedLights: UnsafeMutablePointer<SIMD4<Float>>
    let clippedLocals: UnsafeMutablePointer<SIMD4<Float>>
    var records: UnsafeMutablePointer<FaceRecord>
    private var recordCapacity = 0
    var recordCount = 0

    /// The largest side of a picture, samples counted.
    public static let maximumSide = 16_384

    /// - Throws: `.invalidSize` unless both sides are 1 to `maximumSide`, `.invalidOption` for supersampling outside 1...4
    public init(width: Int, height: Int, supersampling: Int = 1) throws(RenderError) {
        guard width > 0, height > 0 else {
            throw .invalidSize(width: width, height: height, reason: "a picture has at least one pixel")
        }
        guard (1...4).contains(supersampling) else {
            throw .invalidOption(name: "supersampling", reason: "\(supersampling), expected 1 to 4")
        }
        guard width <= Self.maximumSide / supersampling, height <= Self.maximumSide / supersampling else {
            throw .invalidSize(
                width: width, height: height, reason: "at most \(Self.maximumSide / supersampling) along each side")
        }
        self.width = width
        self.height = height
        self.supersampling = supersampling
        columns = width * supersampling
        rows = height * supersampling
        tileColumns = (columns + Self.tileSize - 1) / Self.tileSize
        tileRows = (rows + Self.tileSize - 1) / Self.tileSize
        let count = columns * rows
        inverseDepths = .allocate(capacity: count + 4)
        inverseDepths.initialize(repeating: 0, count: count + 4)
        owners = .allocate(capacity: count + 4)
        owners.initialize(repeating: -1, count: count + 4)
        tiles = .allocate(capacity: tileColumns * tileRows)
        tiles.initialize(repeating: 0, count: tileColumns * tileRows)
        if supersampling > 1 {
            samples = .allocate(capacity: 3 * count)
            samples?.initialize(repeating: 0, count: 3 * count)
        } else {
            samples = nil
        }
        projected = .allocate(capacity: 1)
        records = .allocate(capacity: 1)
        clipped = .allocate(capacity: 4)
        clippedLights = .allocate(capacity: 4)
        clippedLocals = .allocate(capacity: 4)
        for pointer in [clipped, clippedLights, clippedLocals] { pointer.initialize(repeating: .zero, count: 4) }
    }

    deinit {
        inverseDepths.deallocate()
        owners.deallocate()
        tiles.deallocate()
        samples?.deallocate()
        projected.deallocate()
        records.deallocate()
        clipped.deallocate()
        clippedLights.deallocate()
        clippedLocals.deallocate()
    }

    /// The view of a camera.
    ///
    /// - Throws: `.invalidCamera`
    public func render(_ scene: RenderScene, from camera: Camera) throws(RenderError) -> Frame {
        var frame = Frame()
        try render(scene, from: camera, into: &frame)
        return frame
    }

    /// The view of a camera, in a frame that may come from an earlier call.
    ///
    /// - Throws: `.invalidCamera`; the frame then stays as it was
    public func render(_ scene: RenderScene, from camera: Camera, into frame: inout Frame) throws(RenderError) {
        try camera.validate()
        let focal = Float(camera.focalLength(height: rows))
        draw(scene, Projection(camera, focal: focal, columns: columns, rows: rows), footprintPerDepth: 1 / focal, into: &frame)
    }

    func draw(_ scene: RenderScene, _ projection: Projection, footprintPerDepth: Float, into frame: inout Frame) {
        scene.prepare()
        reserve(vertices: scene.localPositions.count, faces: scene.faces.count)
        inverseDepths.update(repeating: 0, count: columns * rows)
        owners.update(repeating: -1, count: columns * rows)
        recordCount = 0
        rasterize(scene, projection)
        resize(&frame)
        shade(scene, projection, footprintPerDepth: footprintPerDepth, into: &frame)
    }

    private func reserve(vertices: Int, faces: Int) {
        if vertices > vertexCapacity {
            projected.deallocate()
            vertexCapacity = vertices
            projected = .allocate(capacity: vertices)
            projected.initialize(repeating: .zero, count: vertices)
        }
        // The near plane cuts a triangle into two at most.
        if 2 * faces > recordCapacity {
            records.deallocate()
            recordCapacity = 2 * faces
            records = .allocate(capacity: recordCapacity)
            records.initialize(repeating: FaceRecord(), count: recordCapacity)
        }
    }

    private func resize(_ frame: inout Frame) {
        guard frame.width != width || frame.height != height || frame.ids.count != width * height else { return }
        frame.width = width
        frame.height = height
        frame.pixels = [UInt8](repeating: 0, count: 3 * width * height)
        frame.depth = [Float](repeating: .infinity, count: width * height)
        frame.ids = [Int32](repeating: SurfaceCode.nothing, count: width * height)
    }

    private func shade(_ scene: RenderScene, _ projection: Projection, footprintPerDepth: Float, into frame: inout Frame) {
        let step = supersampling
        frame.pixels.withUnsafeMutableBufferPointer { pixels in
            guard let pixels = pixels.baseAddress else { return }
            let target = samples ?? pixels
            shadeSamples(
                scene, isOrthographic: projection.isOrthographic, footprintPerDepth: footprintPerDepth, into: target)
            if let samples { average(samples, into: pixels) }
        }
        frame.depth.withUnsafeMutableBufferPointer { depth in
            frame.ids.withUnsafeMutableBufferPointer { ids in
                guard let depth = depth.baseAddress, let ids = ids.baseAddress else { return }
                for y in 0..<height {
                    let first = (y * step + step / 2) * columns + step / 2
                    for x in 0..<width {
                        let sample = first + x * step
                        let owner = owners[sample]
                        let inverse = inverseDepths[sample]
                        depth[y * width + x] =
                            projection.isOrthographic && inverse > 0 ? projection.far - inverse : 1 / inverse
                        ids[y * width + x] = owner >= 0 ? records[Int(owner)].id : SurfaceCode.nothing
                    }
                }
            }
        }
    }

    private func average(_ samples: UnsafeMutablePointer<UInt8>, into pixels: UnsafeMutablePointer<UInt8>) {
        let step = supersampling, count = step * step
        for y in 0..<height {
            for x in 0..<width {
                for channel in 0..<3 {
                    var sum = count / 2
                    for row in 0..<step {
                        let first = 3 * ((y * step + row) * columns + x * step) + channel
                        for column in 0..<step { sum += Int(samples[first + 3 * column]) }
                    }
                    pixels[3 * (y * width + x) + channel] = UInt8(sum / count)
                }
            }
        }
    }
}

/// A drawn face: planes over the image that give light times 1 / depth, or plain light in an orthographic view.
struct FaceRecord {
    /// Values at the image origin and their steps per sample along x and y.
    var light = SIMD4<Float>.zero
    var lightX = SIMD4<Float>.zero
    var lightY = SIMD4<Float>.zero
    /// The same for the position in the local frame; only where the material has a pattern.
    var local = SIMD4<Float>.zero
    var localX = SIMD4<Float>.zero
    var localY = SIMD4<Float>.zero
    var material: Int32 = 0
    var axis: Int32 = 0
    var id: Int32 = SurfaceCode.nothing
}

/// How points of the world get onto the sample grid.
struct Projection {
    /// Depths become far - depth instead of 1 / depth, and nothing is divided.
    let isOrthographic: Bool
    /// Depth at which an orthographic view ends; 0 otherwise.
    let far: Float
    /// Subtracted first, so that what is near the camera keeps its precision.
    var origin: SIMD4<Float>
    /// Images of the world's axes: x and y times the focal length (y down), and depth.
    var x: SIMD4<Float>
    var y: SIMD4<Float>
    var z: SIMD4<Float>
    var center: SIMD2<Float>
    var near: Float
    /// Half the extents of the picture, in the units of the scaled x and y.
    var half: SIMD2<Float>
    /// Lengths of (1, slope) of the side planes, to measure distances from them.
    var sideLengths: SIMD2<Float>

    init(_ camera: Camera, focal: Float, columns: Int, rows: Int) {
        let orientation = RotationMatrix(degrees: camera.rotation)
        let right = SIMD3<Float>(orientation.x) * focal, up = SIMD3<Float>(orientation.y) * focal
        let forward = SIMD3<Float>(orientation.z)
        origin = SIMD4(SIMD3<Float>(camera.position), 0)
        x = SIMD4(right.x, -up.x, forward.x, 0)
        y = SIMD4(right.y, -up.y, forward.y, 0)
        z = SIMD4(right.z, -up.z, forward.z, 0)
        half = SIMD2(Float(columns), Float(rows)) / 2
        center = half
        near = Float(camera.near)
        sideLengths = (focal * focal + half * half).squareRoot()
        isOrthographic = false
        far = 0
    }

    /// A view straight down with +x to the right and +z up, `samplesPerMetre` samples a metre; `far` metres deep.
    init(above center: SIMD3<Double>, samplesPerMetre scale: Float, far: Float, columns: Int, rows: Int) {
        origin = SIMD4(SIMD3<Float>(center), 0)
        x = SIMD4(scale, 0, 0, 0)
        y = SIMD4(0, 0, -1, 0)
        z = SIMD4(0, -scale, 0, 0)
        half = SIMD2(Float(columns), Float(rows)) / 2
        self.center = half
        near = 0
        sideLengths = SIMD2(repeating: scale)
        isOrthographic = true
        self.far = far
    }

    /// x and y before the division by depth, and depth.
    @inline(__always)
    func view(_ world: SIMD4<Float>) -> SIMD4<Float> {
        let offset = world - origin
        return x * offset.x + y * offset.y + z * offset.z
    }

    /// Sample coordinates, 1 / depth (of an orthographic view far - depth) and depth.
    @inline(__always)
    func image(_ view: SIMD4<Float>) -> SIMD4<Float> {
        if isOrthographic { return SIMD4(view.x + center.x, view.y + center.y, far - view.z, view.z) }
        let inverse = 1 / view.z
        return SIMD4(view.x * inverse + center.x, view.y * inverse + center.y, inverse, view.z)
    }
}
