import Foundation

/// A ray in some frame; `direction` need not have unit length, distances along it count its lengths.
public struct Ray: Sendable, Equatable {
    public var origin: SIMD3<Double>
    public var direction: SIMD3<Double>

    public init(origin: SIMD3<Double>, direction: SIMD3<Double>) {
        self.origin = origin
        self.direction = direction
    }

    func point(at distance: Double) -> SIMD3<Double> { origin + direction * distance }

    /// Where the ray enters a box, 0 from inside, nil if it misses it or enters it beyond `limit`.
    @inline(__always)
    func entry(into minimum: SIMD3<Double>, _ maximum: SIMD3<Double>, inverse: SIMD3<Double>, limit: Double) -> Double? {
        let first = (minimum - origin) * inverse, second = (maximum - origin) * inverse
        // Comparisons are written so that 0 * infinity, a ray within a face's plane, counts as a hit.
        let low = pointwiseMin(first, second), high = pointwiseMax(first, second)
        let enter = max(max(low.x, low.y), max(low.z, 0)), leave = min(min(high.x, high.y), min(high.z, limit))
        return enter <= leave ? enter : nil
    }
}

/// A model's triangles in a tree of boxes, for rays.
public final class RayShape: Sendable {
    private struct Node {
        var minimum: SIMD3<Double>
        var maximum: SIMD3<Double>
        /// First triangle of a leaf, or index of the second child; the first child follows its parent.
        var start: Int32
        /// Number of triangles, 0 for an inner node.
        var count: Int32
    }

    private struct Corner3 {
        var a: SIMD3<Double>
        var ab: SIMD3<Double>
        var ac: SIMD3<Double>
    }

    private let nodes: [Node]
    private let triangles: [Corner3]
    /// Points spread over the surface, the same for every use, for asking whether any of it is seen.
    let samples: [SIMD3<Double>]

    public init(_ mesh: Mesh) {
        var corners: [Corner3] = []
        let count = mesh.positions.count
        for triangle in mesh.triangles {
            let (i, j, k) = (Int(triangle.a), Int(triangle.b), Int(triangle.c))
            guard i >= 0, j >= 0, k >= 0, i < count, j < count, k < count else { continue }
            let a = SIMD3<Double>(mesh.positions[i])
            corners.append(Corner3(a: a, ab: SIMD3<Double>(mesh.positions[j]) - a, ac: SIMD3<Double>(mesh.positions[k]) - a))
        }
        samples = Self.spread(over: corners)
        var nodes: [Node] = []
        if !corners.isEmpty { Self.build(&corners, 0..<corners.count, &nodes) }
        triangles = corners
        self.nodes = nodes
    }

    private static func build(_ corners: inout [Corner3], _ range: Range<Int>, _ nodes: inout [Node]) {
        var low = SIMD3<Double>(repeating: .infinity), high = -low
        for corner in corners[range] {
            let (b, c) = (corner.a + corner.ab, corner.a + corner.ac)
            low = pointwiseMin(low, pointwiseMin(corner.a, pointwiseMin(b, c)))
            high = pointwiseMax(high, pointwiseMax(corner.a, pointwiseMax(b, c)))
        }
        let index = nodes.count
        nodes.append(Node(minimum: low, maximum: high, start: Int32(range.lowerBound), count: Int32(range.count)))
        guard range.count > 4 else { return }
        let size = high - low
        let axis = size.x >= size.y && size.x >= size.z ? 0 : size.y >= size.z ? 1 : 2
        func key(_ corner: Corner3) -> Double { corner.a[axis] * 3 + corner.ab[axis] + corner.ac[axis] }
        corners[range].sort { key($0) < key($1) }
        let middle = (range.lowerBound + range.upperBound) / 2
        build(&corners, range.lowerBound..<middle, &nodes)
        nodes[index].start = Int32(nodes.count)
        nodes[index].count = 0
        build(&corners, middle..<range.upperBound, &nodes)
    }

    /// Distance to the first triangle in front of `limit`, seen from either side.
    func hit(_ ray: Ray, limit: Double) -> Double? {
        guard !nodes.isEmpty else { return nil }
        var nearest = limit
        let inverse = SIMD3<Double>.one / ray.direction
        // Halving 2^31 triangles takes fewer levels than this.
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 64) { stack in
            var depth = 1
            stack[0] = 0
            nodes.withUnsafeBufferPointer { nodes in
                while depth > 0 {
                    depth -= 1
                    let index = Int(stack[depth])
                    let node = nodes[index]
                    guard ray.entry(into: node.minimum, node.maximum, inverse: inverse, limit: nearest) != nil else { continue }
                    if node.count == 0 {
                        stack[depth] = node.start
                        stack[depth + 1] = Int32(index + 1)
                        depth += 2
                    } else {
                        for t in Int(node.start)..<Int(node.start + node.count) {
                            if let distance = Self.hit(ray, triangles[t], limit: nearest) { nearest = distance }
                        }
                    }
                }
            }
        }
        return nearest < limit ? nearest : nil
    }

    @inline(__always)
    private static func hit(_ ray: Ray, _ corner: Corner3, limit: Double) -> Double? {
        let p = cross(ray.direction, corner.ac)
        let determinant = (corner.ab * p).sum()
        guard determinant != 0 else { return nil }
        let inverse = 1 / determinant
        let t = ray.origin - corner.a
        let u = (t * p).sum() * inverse
        guard u >= 0, u <= 1 else { return nil }
        let q = cross(t, corner.ab)
        let v = (ray.direction * q).sum() * inverse
        guard v >= 0, u + v <= 1 else { return nil }
        let distance = (corner.ac * q).sum() * inverse
        return distance > 1e-9 && distance < limit ? distance : nil
    }

    /// Up to 96 points, more on larger triangles, in a fixed order that jumps about the surface.
    private static func spread(over corners: [Corner3]) -> [SIMD3<Double>] {
        let areas = corners.map { corner -> Double in
            let n = cross(corner.ab, corner.ac)
            return (n * n).sum().squareRoot()
        }
        let total = areas.reduce(0, +)
        guard total > 0, total.isFinite else { return corners.first.map { [$0.a] } ?? [] }
        let count = 96
        var points: [SIMD3<Double>] = []
        var index = 0, before = 0.0
        for i in 0..<count {
            let target = (Double(i) + 0.5) / Double(count) * total
            while index + 1 < corners.count, before + areas[index] < target {
                before += areas[index]
                index += 1
            }
            // A low-discrepancy pair, folded into the triangle.
            var u = (Double(i) * 0.7548776662466927).truncatingRemainder(dividingBy: 1)
            var v = (Double(i) * 0.5698402909980532).truncatingRemainder(dividingBy: 1)
            if u + v > 1 { (u, v) = (1 - u, 1 - v) }
            points.append(corners[index].a + corners[index].ab * u + corners[index].ac * v)
        }
        // 37 and 96 have no common divisor, so this visits each point once.
        return (0..<count).map { points[$0 * 37 % count] }
    }
}

/// Ray shapes by model. Worlds that share one build each model's tree once; what it holds never changes what they compute.
public final class RayShapeStore: @unchecked Sendable {
    private let lock = NSLock()
    private var shapes: [ObjectIdentifier: (model: ObjectModel, shape: RayShape)] = [:]

    public init() {}

    func shape(of model: ObjectModel) -> RayShape {
        let key = ObjectIdentifier(model)
        lock.lock()
        defer { lock.unlock() }
        if let known = shapes[key] { return known.shape }
        let shape = RayShape(model.mesh)
        // The model is kept so that its identity cannot pass to another.
        shapes[key] = (model, shape)
        return shape
    }
}

@inline(__always)
func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}
