import LEOTensor

/// Points of a scan: positions, colours, and whatever else the file says of each point.
///
/// - Units: positions as stored, metres in every scan LEO was made for
/// - Memory: 24 bytes a point for positions, 3 for colours, and each extra property in its own element type
public struct PointCloud: Sendable {
    /// Path or name the points came from; error messages begin with it.
    public let source: String
    /// Number of points, valid or not.
    public let count: Int
    /// Positions x y z x y z ..., as read: 3 * `count` values.
    public let coordinates: [Double]
    /// Colours r g b r g b ... in 0...255: 3 * `count` values.
    public let colors: [UInt8]?
    /// The same colours in 0...1 where the file holds floating-point colours.
    public let floatColors: [Float]?
    /// The properties that are neither position nor colour, in file order.
    public let properties: [PointProperty]
    /// Width and height where the points are a grid, row by row, as a depth camera saw them.
    public let gridSize: GridSize?
    /// How many points have a coordinate that is not a finite number.
    public let invalidCount: Int
    /// What a user should know although the file was accepted.
    public let notices: [String]

    /// A cloud from memory.
    ///
    /// - Precondition: `coordinates` holds three values a point, `colors` as many, each property one.
    public init(
        source: String, coordinates: [Double], colors: [UInt8]? = nil, floatColors: [Float]? = nil,
        properties: [PointProperty] = [], gridSize: GridSize? = nil, notices: [String] = []
    ) {
        precondition(coordinates.count % 3 == 0, "three coordinates a point")
        precondition(colors.map { $0.count == coordinates.count } ?? true, "three colour values a point")
        precondition(floatColors.map { $0.count == coordinates.count } ?? true, "three colour values a point")
        let count = coordinates.count / 3
        precondition(properties.allSatisfy { $0.values.shape == [count] }, "one property value a point")
        precondition(
            gridSize.map { $0.width * $0.height == count } ?? true, "grid size differs from the number of points")
        self.source = source
        self.count = count
        self.coordinates = coordinates
        self.floatColors = floatColors
        self.colors = colors ?? floatColors.map { $0.map { UInt8(($0 > 0 ? min($0, 1) * 255 : 0).rounded()) } }
        self.properties = properties
        self.gridSize = gridSize
        self.notices = notices
        invalidCount = Self.countInvalid(coordinates)
    }

    private static func countInvalid(_ coordinates: [Double]) -> Int {
        coordinates.withUnsafeBufferPointer { values in
            var invalid = 0
            for first in stride(from: 0, to: values.count, by: 3)
            where !(values[first].isFinite && values[first + 1].isFinite && values[first + 2].isFinite) {
                invalid += 1
            }
            return invalid
        }
    }

    /// Position of point `index`.
    public func position(_ index: Int) -> SIMD3<Double> {
        SIMD3(coordinates[3 * index], coordinates[3 * index + 1], coordinates[3 * index + 2])
    }

    /// Whether all three coordinates of point `index` are finite.
    public func isValid(_ index: Int) -> Bool {
        coordinates[3 * index].isFinite && coordinates[3 * index + 1].isFinite && coordinates[3 * index + 2].isFinite
    }

    public func property(named name: String) -> PointProperty? { properties.first { $0.name == name } }

    /// The colours of an organised cloud as a picture: what the camera saw. Points without depth have colour too.
    /// Nil where the cloud is no grid or has no colours.
    public var image: Image? {
        guard let gridSize, let colors else { return nil }
        return Image(width: gridSize.width, height: gridSize.height, pixels: colors)
    }
}

/// A named value of every point.
public struct PointProperty: Sendable {
    public let name: String
    /// Shape [count]; the smallest element type that holds the values of the file exactly.
    public let values: Tensor

    public init(name: String, values: Tensor) {
        self.name = name
        self.values = values
    }
}

public struct GridSize: Sendable, Equatable {
    public let width: Int
    public let height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}

/// How a point cloud file is read.
public struct PointCloudOptions: Sendable {
    /// What to do with points that have a NaN or infinite coordinate.
    public enum NonFinitePoints: Sendable {
        /// Refuse the file, naming the first such point.
        case reject
        /// Keep them in place; `PointCloud.isValid` tells them and scenes leave them out.
        case markInvalid
    }

    /// Nil takes the custom of the format: depth cameras write NaN where they saw nothing, so PCD marks such points;
    /// PLY and NumPy files have no such custom and are refused.
    public var nonFinitePoints: NonFinitePoints?
    /// Names of the extra properties to keep; nil keeps all. Positions and colours are always read.
    public var keptProperties: Set<String>?

    public init(nonFinitePoints: NonFinitePoints? = nil, keptProperties: Set<String>? = nil) {
        self.nonFinitePoints = nonFinitePoints
        self.keptProperties = keptProperties
    }
}
