/// How the official loaders compute with the points of an object: as the arrays that they read were stored. Over many
/// points the choice shows in the fifth decimal.
///
/// - Source: NumPy's `add.reduce` along the first axis, which follows the memory layout
public enum PointArithmetic: Sendable, Equatable {
    /// Double precision.
    case double
    /// Single precision, points added one after the other: arrays of points.
    case single
    /// Single precision, sums over all points halved again and again: arrays of channels, as Cap3D has them.
    case singleByChannel
}

/// The points of one object as the scan has them, before any are picked.
public struct ObjectPoints: Sendable {
    public let count: Int
    /// Positions x y z ..., 3 * `count` finite values, in the frame of the scene.
    public let coordinates: [Double]
    /// Colours r g b ... in -1...1, the range of the network: 3 * `count` values.
    public let colors: [Float]
    /// Box around the points.
    public let bounds: Bounds
    public let arithmetic: PointArithmetic

    /// - Precondition: at least one point; three coordinates and three colour values for each
    public init(coordinates: [Double], colors: [Float], arithmetic: PointArithmetic = .double) {
        precondition(!coordinates.isEmpty && coordinates.count % 3 == 0, "an object has points of three coordinates")
        precondition(colors.count == coordinates.count, "three colour values a point")
        count = coordinates.count / 3
        self.coordinates = coordinates
        self.colors = colors
        self.arithmetic = arithmetic
        bounds = Bounds(of: coordinates)
    }

    /// Points with colours in 0...255, mapped as LEO's loaders do: value / 127.5 - 1.
    public init(coordinates: [Double], rgb: [UInt8]) {
        self.init(coordinates: coordinates, colors: rgb.map { Float(Double($0) / 127.5 - 1) })
    }
}

/// An axis-aligned box.
public struct Bounds: Sendable, Equatable {
    public let minimum: SIMD3<Double>
    public let maximum: SIMD3<Double>

    public init(minimum: SIMD3<Double>, maximum: SIMD3<Double>) {
        self.minimum = minimum
        self.maximum = maximum
    }

    /// Box of points x y z ...; points that are not finite are left out. Without points both corners are zero.
    init(of coordinates: [Double]) {
        var least = SIMD3<Double>(repeating: .infinity)
        var greatest = -least
        coordinates.withUnsafeBufferPointer { values in
            for first in stride(from: 0, to: values.count, by: 3) {
                let point = SIMD3(values[first], values[first + 1], values[first + 2])
                guard point.x.isFinite, point.y.isFinite, point.z.isFinite else { continue }
                least = pointwiseMin(least, point)
                greatest = pointwiseMax(greatest, point)
            }
        }
        self.init(
            minimum: least.x <= greatest.x ? least : .zero, maximum: least.x <= greatest.x ? greatest : .zero)
    }

    public var center: SIMD3<Double> { (minimum + maximum) / 2 }
    public var size: SIMD3<Double> { maximum - minimum }

    /// The point at `fractions` (each 0...1) of the way from the least to the greatest corner.
    public func point(at fractions: SIMD3<Double>) -> SIMD3<Double> { minimum + fractions * size }
}

/// One thing in a scene.
public struct SceneObject: Sendable {
    /// The instance id of the scan; clusters count from 1, the largest first.
    public let id: Int
    public let points: ObjectPoints

    public init(id: Int, points: ObjectPoints) {
        self.id = id
        self.points = points
    }
}

/// A scan divided into objects.
public struct Scene: Sendable {
    /// Path or name of the scan.
    public let source: String
    /// At most `SceneOptions.maximumObjects`.
    public let objects: [SceneObject]
    /// Box around all valid points, whether or not they belong to an object.
    public let bounds: Bounds
    /// What a user should know: objects left out, planes taken away, colours missing.
    public let notices: [String]

    public init(source: String, objects: [SceneObject], bounds: Bounds, notices: [String] = []) {
        self.source = source
        self.objects = objects
        self.bounds = bounds
        self.notices = notices
    }

    /// The same scene with the objects `ids` in front, in that order, and the others behind in their present order.
    ///
    /// - Throws: `.unknownObject`
    public func reordered(first ids: [Int]) throws(SceneError) -> Scene {
        var chosen: [Int] = []
        for id in ids {
            guard let index = objects.firstIndex(where: { $0.id == id }) else {
                throw .unknownObject(file: source, id: id)
            }
            if !chosen.contains(index) { chosen.append(index) }
        }
        let taken = Set(chosen)
        let rest = objects.indices.filter { !taken.contains($0) }
        return Scene(source: source, objects: (chosen + rest).map { objects[$0] }, bounds: bounds, notices: notices)
    }

    /// The scene and the agent's position for a task about one object: the object stands first, and the agent at a
    /// uniformly random point of its box. The same seed gives the same point.
    ///
    /// - Throws: `.unknownObject`
    /// - Source: LEO (arXiv 2311.12871), captioning tasks of the official data loaders
    public func focused(on id: Int, seed: UInt64) throws(SceneError) -> (scene: Scene, anchor: SIMD3<Double>) {
        let scene = try reordered(first: [id])
        var random = SplitMix64(seed: seed)
        let fractions = SIMD3(random.nextUnit(), random.nextUnit(), random.nextUnit())
        return (scene, scene.objects[0].points.bounds.point(at: fractions))
    }
}
