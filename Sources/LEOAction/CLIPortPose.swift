import Foundation

/// A pose of CLIPort's gripper.
public struct CLIPortPose: Sendable, Equatable {
    /// Metres in the robot's frame.
    public var position: SIMD3<Double>
    /// Quaternion x, y, z, w.
    public var orientation: SIMD4<Double>

    public init(position: SIMD3<Double>, orientation: SIMD4<Double>) {
        self.position = position
        self.orientation = orientation
    }

    /// What the official parser returns for text that is no action: the workspace's lower corner, no rotation. It is no
    /// pose that a cell has; the cell that pads histories is `CLIPortCell.dummy`.
    public static let dummy = CLIPortPose(position: SIMD3(0.25, -0.5, 0), orientation: SIMD4(0, 0, 0, 1))
}

/// A pose as CLIPort's tokens have it: a pixel of the table and one of 36 rotations about z.
public struct CLIPortCell: Sendable, Hashable {
    /// Pixel along y, 0..<320.
    public let u: Int
    /// Pixel along x, 0..<160.
    public let v: Int
    /// Rotation about z in steps of 10 degrees, 0..<36.
    public let rotation: Int

    public static let uCount = 320
    public static let vCount = 160
    public static let rotationCount = 36
    /// Metres per pixel.
    static let pixel = 0.003125
    static let xBounds = (0.25, 0.75)
    static let yBounds = (-0.5, 0.5)
    private static let step = 2 * Double.pi / Double(rotationCount)

    /// What a history is padded with: the dummy pose's cell.
    public static let dummy = CLIPortCell(uncheckedU: 0, v: 0, rotation: 0)

    /// - Errors: `.invalidValue` outside the ranges
    public init(u: Int, v: Int, rotation: Int) throws(ActionError) {
        try Self.check(u, "u", Self.uCount)
        try Self.check(v, "v", Self.vCount)
        try Self.check(rotation, "rotation", Self.rotationCount)
        self.init(uncheckedU: u, v: v, rotation: rotation)
    }

    init(uncheckedU u: Int, v: Int, rotation: Int) {
        self.u = u
        self.v = v
        self.rotation = rotation
    }

    private static func check(_ value: Int, _ name: String, _ count: Int) throws(ActionError) {
        guard (0..<count).contains(value) else {
            throw .invalidValue(field: "CLIPort \(name)", expected: "0..<\(count)", found: "\(value)")
        }
    }

    /// The cell of a pose. x and y are clamped to the table, z is dropped.
    ///
    /// The rotation is the first angle of the quaternion's static z, x, y Euler angles. The quaternion need not have unit
    /// length; zero counts as no rotation.
    ///
    /// - Numerics: double; pixels round half to even, the rotation is cut off
    /// - Errors: `.invalidValue` for what is not a number, and for an angle so little below zero that its remainder modulo
    ///   2 pi rounds to 2 pi itself: bin 36, where the official code raises too
    /// - Source: official `data/eai.py`, `CLIPortTokenizer.tokenize`; transforms3d `quat2euler`
    public init(_ pose: CLIPortPose) throws(ActionError) {
        let u = try Self.pixel(of: pose.position.y, in: Self.yBounds, count: Self.uCount, field: "y")
        let v = try Self.pixel(of: pose.position.x, in: Self.xBounds, count: Self.vCount, field: "x")
        let yaw = Self.yaw(of: pose.orientation)
        guard yaw.isFinite else {
            throw .invalidValue(
                field: "CLIPort orientation", expected: "four finite numbers", found: "\(pose.orientation)")
        }
        var turn = fmod(yaw, 2 * .pi)
        if turn < 0 { turn += 2 * .pi }
        let rotation = Int(turn / Self.step)
        guard rotation < Self.rotationCount else {
            throw .invalidValue(
                field: "CLIPort rotation", expected: "bin 0..<\(Self.rotationCount)", found: "\(rotation) from \(yaw) rad")
        }
        self.init(uncheckedU: u, v: v, rotation: rotation)
    }

    private static func pixel(
        of value: Double, in bounds: (Double, Double), count: Int, field: String
    ) throws(ActionError) -> Int {
        guard !value.isNaN else {
            throw .invalidValue(field: "CLIPort position.\(field)", expected: "a number", found: "nan")
        }
        let clamped = min(max(value, bounds.0), bounds.1)
        let index = ((clamped - bounds.0) / pixel).rounded(.toNearestOrEven)
        return min(max(Int(index), 0), count - 1)
    }

    /// First of the Euler angles 'szxy', by way of the rotation matrix as transforms3d has it: the order of operations
    /// decides which bin an angle on an edge falls into.
    private static func yaw(of q: SIMD4<Double>) -> Double {
        let (x, y, z, w) = (q.x, q.y, q.z, q.w)
        let norm = w * w + x * x + y * y + z * z
        guard !(norm < Double.ulpOfOne) else { return 0 }
        let s = 2 / norm
        let (sx, sy, sz) = (x * s, y * s, z * s)
        let m02 = x * sz + w * sy
        let m10 = x * sy + w * sz
        let m11 = 1 - (x * sx + z * sz)
        let m01 = x * sy - w * sz
        let m00 = 1 - (y * sy + z * sz)
        let m22 = 1 - (x * sx + y * sy)
        // i, j, k of the static axes z, x, y are 2, 0, 1.
        let cosine = (m22 * m22 + m02 * m02).squareRoot()
        return cosine > 4 * Double.ulpOfOne ? atan2(m10, m11) : atan2(-m01, m00)
    }

    /// The pose in the middle of the cell.
    ///
    /// - Parameter heights: metres above the table, [u, v]. Without one z is -1, as in the official code.
    /// - Source: official `data/eai.py`, `CLIPortTokenizer.detokenize`; transforms3d `euler2quat`
    public func pose(heights: CLIPortHeightMap? = nil) -> CLIPortPose {
        let height = heights?[self] ?? -1
        let position = SIMD3(
            Self.xBounds.0 + Double(v) * Self.pixel, Self.yBounds.0 + Double(u) * Self.pixel, height)
        var angle = Double(rotation - Self.rotationCount / 2) * Self.step + 0.5 * Self.step
        angle = fmod(angle, 2 * .pi)
        if angle < 0 { angle += 2 * .pi }
        angle = (angle - .pi) / 2
        return CLIPortPose(position: position, orientation: SIMD4(0, 0, sin(angle), cos(angle)))
    }
}

/// Heights of the table's pixels, in metres.
public struct CLIPortHeightMap: Sendable {
    private let values: [Double]

    /// - Parameter values: [320, 160], u slowest
    /// - Errors: `.invalidValue` for another number of values
    public init(_ values: [Double]) throws(ActionError) {
        let count = CLIPortCell.uCount * CLIPortCell.vCount
        guard values.count == count else {
            throw .invalidValue(field: "CLIPort height map", expected: "\(count) values", found: "\(values.count)")
        }
        self.values = values
    }

    public subscript(cell: CLIPortCell) -> Double { values[cell.u * CLIPortCell.vCount + cell.v] }
}
