/// A rectangle on the ground plane, turned about the vertical axis. Vectors are (x, z).
public struct Footprint: Sendable, Equatable {
    public var center: SIMD2<Double>
    /// Unit vector of the rectangle's first side.
    public var axis: SIMD2<Double>
    /// Half its extents along `axis` and at right angles to it.
    public var half: SIMD2<Double>

    public init(center: SIMD2<Double>, axis: SIMD2<Double> = SIMD2(1, 0), half: SIMD2<Double>) {
        (self.center, self.axis, self.half) = (center, axis, half)
    }

    /// A point in the rectangle's own frame.
    @inline(__always)
    func local(_ point: SIMD2<Double>) -> SIMD2<Double> { localDirection(point - center) }

    @inline(__always)
    func localDirection(_ vector: SIMD2<Double>) -> SIMD2<Double> {
        SIMD2(vector.x * axis.x + vector.y * axis.y, vector.y * axis.x - vector.x * axis.y)
    }

    func world(_ local: SIMD2<Double>) -> SIMD2<Double> {
        center + SIMD2(local.x * axis.x - local.y * axis.y, local.x * axis.y + local.y * axis.x)
    }

    /// Metres from a point to the rectangle, 0 inside.
    @inline(__always)
    public func distance(to point: SIMD2<Double>) -> Double {
        let p = local(point)
        let x = max(abs(p.x) - half.x, 0), z = max(abs(p.y) - half.y, 0)
        return (x * x + z * z).squareRoot()
    }

    /// The rectangle's point nearest to `point`.
    public func nearestPoint(to point: SIMD2<Double>) -> SIMD2<Double> {
        world(local(point).clamped(lowerBound: -half, upperBound: half))
    }

    /// Half the extents of the smallest upright box around it.
    var halfBounds: SIMD2<Double> {
        SIMD2(
            abs(axis.x) * half.x + abs(axis.y) * half.y,
            abs(axis.y) * half.x + abs(axis.x) * half.y)
    }

    /// How far a disc may go from `origin` along the unit vector `direction` until it touches; infinite if it never does.
    ///
    /// A disc that overlaps the rectangle already may go anywhere that does not lead deeper.
    func sweep(from origin: SIMD2<Double>, along direction: SIMD2<Double>, radius: Double) -> Double {
        let p = local(origin), v = localDirection(direction)
        let out = SIMD2(max(abs(p.x) - half.x, 0), max(abs(p.y) - half.y, 0))
        if out.x * out.x + out.y * out.y < radius * radius {
            return (v * outwards(from: p, out)).sum() < -1e-12 ? 0 : .infinity
        }
        // Against the rectangle grown by the radius; its square corners are then replaced by round ones.
        let grown = half + SIMD2(repeating: radius)
        var enter = 0.0, leave = Double.infinity
        for axis in 0..<2 {
            if abs(v[axis]) < 1e-15 {
                if abs(p[axis]) >= grown[axis] { return .infinity }
                continue
            }
            let first = (-grown[axis] - p[axis]) / v[axis], second = (grown[axis] - p[axis]) / v[axis]
            enter = max(enter, min(first, second))
            leave = min(leave, max(first, second))
        }
        guard enter < leave else { return .infinity }
        let touch = p + v * enter
        guard abs(touch.x) > half.x, abs(touch.y) > half.y else { return enter }
        let corner = SIMD2(touch.x < 0 ? -half.x : half.x, touch.y < 0 ? -half.y : half.y)
        let toCorner = p - corner
        let b = (toCorner * v).sum(), c = (toCorner * toCorner).sum() - radius * radius
        let discriminant = b * b - c
        guard discriminant > 0 else { return .infinity }
        let first = -b - discriminant.squareRoot()
        return first >= 0 ? first : .infinity
    }

    /// The shortest way out, in the local frame, from a point `out` away from the rectangle.
    private func outwards(from p: SIMD2<Double>, _ out: SIMD2<Double>) -> SIMD2<Double> {
        let sign = SIMD2(p.x < 0 ? -1.0 : 1, p.y < 0 ? -1.0 : 1)
        if out != .zero { return sign * out / (out * out).sum().squareRoot() }
        return half.x - abs(p.x) < half.y - abs(p.y) ? SIMD2(sign.x, 0) : SIMD2(0, sign.y)
    }

    /// Whether two rectangles share more than an edge, by the separating axis rule.
    public func overlaps(_ other: Footprint) -> Bool {
        let between = other.center - center
        let dot = abs(axis.x * other.axis.x + axis.y * other.axis.y)
        let cross = abs(axis.x * other.axis.y - axis.y * other.axis.x)
        let here = localDirection(between), there = other.localDirection(between)
        return abs(here.x) < half.x + other.half.x * dot + other.half.y * cross
            && abs(here.y) < half.y + other.half.x * cross + other.half.y * dot
            && abs(there.x) < other.half.x + half.x * dot + half.y * cross
            && abs(there.y) < other.half.y + half.x * cross + half.y * dot
    }
}

/// An upright block: what walking, standing and placing collide with.
public struct Solid: Sendable, Equatable {
    /// Whose block it is.
    public enum Owner: Sendable, Equatable {
        case wall(Int)
        case instance(Int)
    }

    public var footprint: Footprint
    public var bottom: Double
    public var top: Double
    public var owner: Owner
    /// Half the extents of the box around the footprint, kept because every test begins with it.
    let halfBounds: SIMD2<Double>

    public init(footprint: Footprint, bottom: Double, top: Double, owner: Owner) {
        (self.footprint, self.bottom, self.top, self.owner) = (footprint, bottom, top, owner)
        halfBounds = footprint.halfBounds
    }

    /// A box of some frame. One that is turned about the vertical axis alone stays as it is, one that leans is replaced by
    /// the upright box around it.
    init(_ box: Box, in transform: Transform, owner: Owner) {
        let rotation = transform.orientation
        let size = box.size * transform.scale
        let center = transform.apply(to: box.center)
        let half = SIMD3(abs(size.x), abs(size.y), abs(size.z)) / 2
        if rotation.y.y > 1 - 1e-9 {
            self.init(
                footprint: Footprint(
                    center: SIMD2(center.x, center.z), axis: SIMD2(rotation.x.x, rotation.x.z), half: SIMD2(half.x, half.z)),
                bottom: center.y - half.y, top: center.y + half.y, owner: owner)
        } else {
            let around = Self.absolute(rotation.x) * half.x + Self.absolute(rotation.y) * half.y
                + Self.absolute(rotation.z) * half.z
            self.init(
                footprint: Footprint(center: SIMD2(center.x, center.z), half: SIMD2(around.x, around.z)),
                bottom: center.y - around.y, top: center.y + around.y, owner: owner)
        }
    }

    private static func absolute(_ v: SIMD3<Double>) -> SIMD3<Double> { SIMD3(abs(v.x), abs(v.y), abs(v.z)) }

    func overlaps(_ other: Solid) -> Bool {
        bottom < other.top && other.bottom < top
            && abs(footprint.center.x - other.footprint.center.x) < halfBounds.x + other.halfBounds.x
            && abs(footprint.center.y - other.footprint.center.y) < halfBounds.y + other.halfBounds.y
            && footprint.overlaps(other.footprint)
    }
}

extension Wall {
    /// The boxes, in the wall's frame, that are left of it between its holes.
    var boxes: [Box] {
        let half = size / 2
        let edges = holes.flatMap { [$0.center.x - $0.size.x / 2, $0.center.x + $0.size.x / 2] }
        let cuts = ([-half.x, half.x] + edges.map { min(max($0, -half.x), half.x) }).sorted()
        var boxes: [Box] = []
        for (left, right) in zip(cuts, cuts.dropFirst()) where right - left > 1e-9 {
            let middle = (left + right) / 2
            let open = holes.filter { abs($0.center.x - middle) < $0.size.x / 2 }
                .map { (low: max($0.center.y - $0.size.y / 2, -half.y), high: min($0.center.y + $0.size.y / 2, half.y)) }
                .sorted { $0.low < $1.low }
            var bottom = -half.y
            for gap in open + [(low: half.y, high: half.y)] {
                if gap.low - bottom > 1e-9 {
                    boxes.append(Box(minimum: SIMD3(left, bottom, -half.z), maximum: SIMD3(right, gap.low, half.z)))
                }
                bottom = max(bottom, gap.high)
            }
        }
        return boxes
    }
}
