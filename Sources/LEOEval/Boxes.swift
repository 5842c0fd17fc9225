/// An axis-aligned box.
public struct Box<Scalar: BinaryFloatingPoint & SIMDScalar>: Equatable {
    public var center: SIMD3<Scalar>
    public var size: SIMD3<Scalar>

    public init(center: SIMD3<Scalar>, size: SIMD3<Scalar>) {
        self.center = center
        self.size = size
    }

    /// The box around points, in the points' own precision. A coordinate that is no number makes its axis so.
    ///
    /// - Errors: `.nothingToEvaluate` without points
    /// - Source: official `data/data_utils.py`, `convert_pc_to_box`
    public init(around points: some Sequence<SIMD3<Scalar>>) throws(EvaluationError) {
        var bounds: (lower: SIMD3<Scalar>, upper: SIMD3<Scalar>)?
        for point in points {
            guard let known = bounds else {
                bounds = (point, point)
                continue
            }
            bounds = (Self.minimum(known.lower, point), Self.maximum(known.upper, point))
        }
        guard let bounds else { throw .nothingToEvaluate(metric: "box of a point cloud") }
        center = (bounds.lower + bounds.upper) / 2
        size = bounds.upper - bounds.lower
    }

    /// The eight corners: the upper four first, each four going round from (+x, +y) by (+x, -y) to (-x, +y).
    ///
    /// - Source: official `data/data_utils.py`, `construct_bbox_corners`
    public var corners: [SIMD3<Scalar>] {
        let signs: [SIMD2<Scalar>] = [SIMD2(1, 1), SIMD2(1, -1), SIMD2(-1, -1), SIMD2(-1, 1)]
        let half = size / 2
        return [Scalar(1), -1].flatMap { z in
            signs.map { sign in SIMD3(half.x * sign.x, half.y * sign.y, half.z * z) + center }
        }
    }

    /// Intersection over union of the boxes around both boxes' corners, with 1e-8 added to the union: boxes without volume
    /// have 0, and very small equal ones less than 1. The sign of a size does not matter.
    ///
    /// - Source: official `data/data_utils.py`, `box3d_iou`
    public func intersectionOverUnion(with other: Box) -> Scalar {
        let (lower, upper) = bounds
        let (otherLower, otherUpper) = other.bounds
        let overlap = Self.minimum(upper, otherUpper) - Self.maximum(lower, otherLower)
        let intersection = Self.volume(Self.maximum(overlap, .zero))
        let union = Self.volume(upper - lower) + Self.volume(otherUpper - otherLower) - intersection
        return intersection / (union + 1e-8)
    }

    private var bounds: (lower: SIMD3<Scalar>, upper: SIMD3<Scalar>) {
        let a = size / 2 + center
        let b = size / -2 + center
        return (Self.minimum(a, b), Self.maximum(a, b))
    }

    private static func volume(_ size: SIMD3<Scalar>) -> Scalar { size.x * size.y * size.z }

    /// Numpy's `minimum`, which passes on what is no number.
    private static func minimum(_ a: SIMD3<Scalar>, _ b: SIMD3<Scalar>) -> SIMD3<Scalar> {
        a.replacing(with: b, where: (b .< a) .| (b .!= b))
    }

    private static func maximum(_ a: SIMD3<Scalar>, _ b: SIMD3<Scalar>) -> SIMD3<Scalar> {
        a.replacing(with: b, where: (b .> a) .| (b .!= b))
    }
}

extension Box: Sendable where Scalar: Sendable, Scalar.SIMD4Storage: Sendable {}

/// Which proposals of a detector stand for an annotated object.
public struct ProposalMatch: Sendable, Equatable {
    /// The proposal of the greatest IoU, if that reaches the target's threshold; of equals the last.
    public let target: Int?
    /// Whether there is a target. If not, the reference goes on with the last proposal and counts the caption as empty.
    public let iouFlag: Bool
    /// Proposals near the object, ascending, without the target.
    public let nearby: [Int]

    /// - Source: official Scan2Cap evaluation with predicted segments: 0.5 for the target, 0.25 for what comes next
    public init<Scalar>(
        proposals: [Box<Scalar>], object: Box<Scalar>, targetThreshold: Scalar = 0.5, nearbyThreshold: Scalar = 0.25
    ) {
        var target: Int?
        var greatest = targetThreshold
        let overlaps = proposals.map { $0.intersectionOverUnion(with: object) }
        for (index, overlap) in overlaps.enumerated() where overlap >= greatest {
            greatest = overlap
            target = index
        }
        self.target = target
        iouFlag = target != nil
        nearby = overlaps.indices.filter { $0 != target && overlaps[$0] >= nearbyThreshold }
    }
}
