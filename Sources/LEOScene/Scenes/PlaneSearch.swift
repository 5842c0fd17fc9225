/// Finds large planes among cell centroids by random sampling (RANSAC, Fischler and Bolles 1981), then least squares.
struct PlaneSearch {
    /// `normal . p = distance` for points of the plane.
    struct Plane {
        var normal: SIMD3<Float>
        var distance: Float

        @inline(__always)
        func isNear(_ point: SIMD3<Float>, within limit: Float) -> Bool {
            abs((normal * point).sum() - distance) <= limit
        }
    }

    let limit: Float
    /// A smaller plane is not looked for.
    let minimumCount: Int
    private var random: SplitMix64

    private static let trials = 4000
    private static let sampleSize = 1000

    init(limit: Float, minimumCount: Int, seed: UInt64) {
        self.limit = limit
        self.minimumCount = max(minimumCount, 3)
        random = SplitMix64(seed: seed)
    }

    /// The largest plane found among `points`, if it holds `minimumCount` of them.
    mutating func largestPlane(among points: [SIMD3<Float>]) -> Plane? {
        guard points.count >= minimumCount else { return nil }
        // Planes are compared on a sample: the winner is then fitted to all points.
        let sample =
            points.count <= Self.sampleSize
            ? points : (0..<Self.sampleSize).map { _ in points[random.nextIndex(below: points.count)] }
        var best: Plane?
        var bestCount = 0
        var trial = 0
        var neededTrials = Self.trials
        while trial < neededTrials {
            trial += 1
            guard let plane = randomPlane(points) else { continue }
            var count = 0
            for point in sample where plane.isNear(point, within: limit) { count += 1 }
            guard count > bestCount else { continue }
            (best, bestCount) = (plane, count)
            neededTrials = min(neededTrials, Self.neededTrials(share: Double(count) / Double(sample.count)))
        }
        guard var plane = best else { return nil }
        for _ in 0..<3 {
            guard let fitted = Self.fit(points.filter { plane.isNear($0, within: limit) }) else { break }
            plane = fitted
        }
        var total = 0
        for point in points where plane.isNear(point, within: limit) { total += 1 }
        return total >= minimumCount ? plane : nil
    }

    /// Trials after which a plane of this share was drawn from, all three points, at least once in a million runs but one.
    private static func neededTrials(share: Double) -> Int {
        var missed = 1.0
        let miss = 1 - share * share * share
        for trial in 1...trials {
            missed *= miss
            if missed < 1e-6 { return trial }
        }
        return trials
    }

    private mutating func randomPlane(_ points: [SIMD3<Float>]) -> Plane? {
        let first = points[random.nextIndex(below: points.count)]
        let one = points[random.nextIndex(below: points.count)] - first
        let other = points[random.nextIndex(below: points.count)] - first
        let cross = SIMD3(
            one.y * other.z - one.z * other.y, one.z * other.x - one.x * other.z, one.x * other.y - one.y * other.x)
        let length = (cross * cross).sum().squareRoot()
        guard length.isFinite, length > 1e-12 else { return nil }
        let normal = cross / length
        return Plane(normal: normal, distance: (normal * first).sum())
    }

    /// The plane of least squared distances: through the mean, across the direction of least variance.
    private static func fit(_ points: [SIMD3<Float>]) -> Plane? {
        guard points.count >= 3 else { return nil }
        var mean = SIMD3<Double>.zero
        for point in points { mean += SIMD3<Double>(point) }
        mean /= Double(points.count)
        var covariance = SymmetricMatrix3()
        for point in points { covariance.add(SIMD3<Double>(point) - mean) }
        let normal = covariance.leastEigenvector()
        guard normal.x.isFinite, normal.y.isFinite, normal.z.isFinite else { return nil }
        return Plane(normal: SIMD3<Float>(normal), distance: Float((normal * mean).sum()))
    }
}

/// A 3 x 3 symmetric matrix: a sum of outer products.
struct SymmetricMatrix3 {
    private var rows = [SIMD3<Double>](repeating: .zero, count: 3)

    mutating func add(_ vector: SIMD3<Double>) {
        for row in 0..<3 { rows[row] += vector[row] * vector }
    }

    /// The unit eigenvector of the least eigenvalue, by Jacobi rotations.
    func leastEigenvector() -> SIMD3<Double> {
        var matrix = rows
        var vectors: [SIMD3<Double>] = [SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1)]
        for _ in 0..<30 {
            let offDiagonal = matrix[0][1].magnitude + matrix[0][2].magnitude + matrix[1][2].magnitude
            let diagonal = matrix[0][0].magnitude + matrix[1][1].magnitude + matrix[2][2].magnitude
            guard offDiagonal > 1e-15 * diagonal else { break }
            for (p, q) in [(0, 1), (0, 2), (1, 2)] where matrix[p][q] != 0 {
                let theta = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q])
                let tangent = (theta < 0 ? -1 : 1) / (theta.magnitude + (theta * theta + 1).squareRoot())
                let cosine = 1 / (tangent * tangent + 1).squareRoot()
                let sine = tangent * cosine
                for k in 0..<3 {
                    (matrix[k][p], matrix[k][q]) = (
                        cosine * matrix[k][p] - sine * matrix[k][q], sine * matrix[k][p] + cosine * matrix[k][q]
                    )
                }
                let (rowP, rowQ) = (matrix[p], matrix[q])
                matrix[p] = cosine * rowP - sine * rowQ
                matrix[q] = sine * rowP + cosine * rowQ
                let (vectorP, vectorQ) = (vectors[p], vectors[q])
                vectors[p] = cosine * vectorP - sine * vectorQ
                vectors[q] = sine * vectorP + cosine * vectorQ
            }
        }
        let least = (0..<3).min { matrix[$0][$0] < matrix[$1][$1] } ?? 2
        return vectors[least]
    }
}
