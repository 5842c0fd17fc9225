import CLEOKernels
import TestSupport
import Testing

@Suite struct BallQueryTests {
    struct Query {
        var points: [Float]
        var centres: [Float]
        var batch = 1
        var stride = 3
        var limit: Int
        var radius: Float
        var count: Int { points.count / max(batch * stride, 1) }
        var centreCount: Int { centres.count / max(batch * 3, 1) }
    }

    func search(_ query: Query, _ variant: ck_variant, parts: Int) -> [Int32] {
        let points = Guarded(query.points), centres = Guarded(query.centres)
        let indices = Guarded<Int32>(count: query.batch * query.centreCount * query.limit)
        var arguments = ck_ball_query_args(
            points: points.pointer, centres: centres.pointer, indices: indices.pointer, batch: Int64(query.batch),
            n_points: Int64(query.count), point_stride: Int64(query.stride), n_centres: Int64(query.centreCount),
            limit: Int64(query.limit), radius: query.radius)
        #expect(ck_ball_query_f32_check(&arguments) == CK_OK)
        runSlices(variant, arguments, parts: parts)
        let isIntact = indices.isIntact && points.isIntact && centres.isIntact
        #expect(isIntact, "\(name(variant)) wrote outside, parts \(parts)")
        return indices.values
    }

    /// The definition once more, in Swift.
    func expected(_ query: Query) -> [Int32] {
        var result: [Int32] = []
        for row in 0..<query.batch * query.centreCount {
            let centre = query.centres[row * 3..<row * 3 + 3].map { $0 }
            let cloud = row / query.centreCount * query.count
            let hits = (0..<query.count).filter { i in
                let first = (cloud + i) * query.stride
                let d = (0..<3).map { query.points[first + $0] - centre[$0] }
                return (d[0] * d[0] + d[1] * d[1]) + d[2] * d[2] < query.radius * query.radius
            }.prefix(query.limit).map(Int32.init)
            result += hits + [Int32](repeating: hits.first ?? 0, count: query.limit - hits.count)
        }
        return result
    }

    func expectAllVariants(_ query: Query, _ indices: [Int32], _ note: String) {
        for variant in runnable(ck_ball_query_f32_variants()) {
            for parts in partCounts {
                #expect(search(query, variant, parts: parts) == indices, "\(name(variant)), parts \(parts), \(note)")
            }
        }
    }

    @Test func tableIsWellFormed() { expectWellFormed(ck_ball_query_f32_variants(), family: "ck_ball_query_f32") }

    @Test(arguments: awkwardSizes(width: 8).filter { $0 > 0 } + [63, 64, 65, 255, 257, 600])
    func matchesDefinition(count: Int) {
        let shapes: [(Int, Int, Int, Float)] = [(1, 1, 1, 0.5), (2, 5, 16, 0.4), (3, 67, 33, 0.9), (4, 130, 7, 0.2)]
        for (seed, centres, limit, radius) in shapes {
            var generator = SeededGenerator(seed: UInt64(seed * 1000 + count))
            let stride = 2 + seed, batch = seed % 3 + 1
            let query = Query(
                points: generator.floats(batch * count * stride), centres: generator.floats(batch * centres * 3),
                batch: batch, stride: stride, limit: limit, radius: radius)
            let note = "n \(count), centres \(centres), limit \(limit), seed \(seed * 1000 + count)"
            expectAllVariants(query, expected(query), note)
        }
    }

    /// What the reference, which the definition covers above, gives for clouds large enough for the grid over centres.
    func expectReference(_ query: Query, _ note: String) {
        let rows = ck_ball_query_f32_variants()
        let reference = search(query, rows.rows[Int(rows.count) - 1], parts: 1)
        #expect(Set(reference).count > 1, "nothing found: the comparison would prove nothing, \(note)")
        expectAllVariants(query, reference, note)
    }

    /// Radii from "no neighbour" to "everything"; far from the origin, where coordinates round; flat; one line of points.
    static let largeClouds: [(Int, Float, Float, [Float])] = [
        (31, 0.1, 0, [1, 1, 1]), (32, 0.1, 0, [1, 1, 1]), (300, 0.003, 0, [1, 1, 1]), (1025, 0.2, 0, [1, 1, 1]),
        (200, 5, 0, [1, 1, 1]), (200, 0.05, 1000, [1, 1, 1]), (200, 0.01, 1e6, [1, 1, 1]), (200, 0.1, 0, [1, 1, 0]),
        (200, 0.01, 0, [1, 0, 0]), (100, 1e-21, 0, [1e-20, 1e-20, 1e-20]), (100, 1e18, 0, [1e19, 1e19, 1e19]),
        (200, 0.1, 0, [1, 1, 1e5]), (100, 3e38, 0, [3e38, 1, 1]),
    ]

    @Test(arguments: largeClouds)
    func largeCloudMatchesReference(centres: Int, radius: Float, offset: Float, scale: [Float]) {
        var generator = SeededGenerator(seed: UInt64(centres))
        let count = 2500, batch = centres < 300 ? 2 : 1
        var points = generator.floats(batch * count * 4)
        for i in points.indices where i % 4 < 3 { points[i] = points[i] * scale[i % 4] + offset }
        let chosen = (0..<batch * centres).flatMap { row in
            let first = (row / centres * count + Int.random(in: 0..<count, using: &generator)) * 4
            return points[first..<first + 3]
        }
        let query = Query(points: points, centres: chosen, batch: batch, stride: 4, limit: 9, radius: radius)
        expectReference(query, "centres \(centres), radius \(radius), offset \(offset), scale \(scale), seed \(centres)")
    }

    /// Points on a lattice whose step is the radius lie exactly on spheres and on borders of cells.
    @Test func largeCloudBoundaryIsOutside() {
        var points: [Float] = []
        for i in 0..<13 * 13 * 13 {
            for cell in [i % 13, i / 13 % 13, i / 169] { points.append(Float(cell) * 0.25) }
        }
        let step: Float = 0.25
        for radius in [step, step.nextUp, step.nextDown, 2 * step] {
            expectReference(Query(points: points, centres: points, limit: 20, radius: radius), "radius \(radius)")
        }
    }

    /// Rows that are full are met again; flawed points and centres are in no ball and spoil no other.
    @Test func largeCloudWithFlawsMatchesReference() {
        var generator = SeededGenerator(seed: 77)
        var points = generator.floats(3000 * 3)
        var centres = Array(points[0..<150 * 3])
        let flaws: [Float] = [.nan, .infinity, -.infinity, 3e38, -3e38]
        for i in 0..<100 { points[2000 + i * 29] = flaws[i % 3] }
        expectReference(Query(points: points, centres: centres, limit: 3, radius: 0.4), "flawed points")
        for flaw in flaws {
            centres[31] = flaw
            expectReference(Query(points: points, centres: centres, limit: 3, radius: 0.4), "centre with \(flaw)")
        }
        let nowhere = [Float](repeating: .nan, count: 64 * 3)
        let query = Query(points: points, centres: nowhere, limit: 2, radius: 1)
        expectAllVariants(query, [Int32](repeating: 0, count: 128), "no centre")
    }

    @Test func boundaryIsOutside() {
        // 0.5 squared is exact, so the first point is exactly on the sphere.
        let points: [Float] = [0.5, 0, 0, Float(0.5).nextDown, 0, 0, 0, -0.5, 0, 0, 0, 0]
        expectAllVariants(Query(points: points, centres: [0, 0, 0], limit: 4, radius: 0.5), [1, 3, 1, 1], "on the sphere")
    }

    /// radius * radius is rounded to float32 before the comparison: 0.2f squared rounds to 0.040000003.
    @Test func radiusIsSquaredInFloat() {
        let radius: Float = 0.2
        #expect(Double(radius * radius) != Double(radius) * Double(radius))
        let query = Query(points: [radius, 0, 0, radius.nextDown, 0, 0], centres: [0, 0, 0], limit: 2, radius: radius)
        expectAllVariants(query, expected(query), "radius")
    }

    @Test func emptyBallsAreZeroAndFullOnesStop() {
        var points = [Float](repeating: 0, count: 300 * 3)
        points[0] = 9
        let query = Query(points: points, centres: [100, 0, 0, 0, 0, 0], limit: 5, radius: 1)
        expectAllVariants(query, [0, 0, 0, 0, 0, 1, 2, 3, 4, 5], "empty and full")
    }

    @Test func hitsInEveryLaneAreFound() {
        for lane in 0..<130 {
            var points = [Float](repeating: 7, count: 130 * 3)
            for axis in 0..<3 { points[lane * 3 + axis] = 0 }
            let query = Query(points: points, centres: [0, 0, 0], limit: 3, radius: 1)
            expectAllVariants(query, [Int32](repeating: Int32(lane), count: 3), "lane \(lane)")
        }
    }

    @Test func flawedPointsAreInNoBall() {
        let points: [Float] = [.nan, 0, 0, .infinity, 0, 0, 0, -.infinity, 0, 0, 0, 0.1]
        let centres: [Float] = [0, 0, 0, .nan, 0, 0, .infinity, 0, 0]
        expectAllVariants(Query(points: points, centres: centres, limit: 2, radius: 1), [3, 3, 0, 0, 0, 0], "flawed")
    }

    @Test func emptyRequestsWriteNothing() {
        for variant in runnable(ck_ball_query_f32_variants()) {
            for (batch, centres) in [(0, 3), (2, 0)] as [(Int64, Int64)] {
                let arguments = ck_ball_query_args(
                    points: nil, centres: nil, indices: nil, batch: batch, n_points: 4, point_stride: 3, n_centres: centres,
                    limit: 2, radius: 1)
                runSlices(variant, arguments, parts: 3)
            }
        }
    }

    @Test func checkRefusesInvalidArguments() {
        let floats = Guarded<Float>(count: 64), indices = Guarded<Int32>(count: 16)
        let valid = ck_ball_query_args(
            points: floats.pointer, centres: floats.pointer, indices: indices.pointer, batch: 2, n_points: 8,
            point_stride: 3, n_centres: 2, limit: 4, radius: 0.5)
        func status(_ change: (inout ck_ball_query_args) -> Void) -> ck_status {
            var arguments = valid
            change(&arguments)
            return ck_ball_query_f32_check(&arguments)
        }
        #expect(status { _ in } == CK_OK)
        #expect(status { $0.n_centres = 0; $0.points = nil } == CK_OK)
        #expect(ck_ball_query_f32_check(nil) == CK_INVALID_ARGUMENT)
        #expect(status { $0.points = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.centres = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.indices = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.batch = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.n_points = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.n_points = 1 << 31 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.point_stride = 2 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.n_centres = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.limit = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.limit = .max / 2 } == CK_INVALID_ARGUMENT)
        for radius in [Float.nan, 0, -1, .infinity] { #expect(status { $0.radius = radius } == CK_INVALID_ARGUMENT) }
    }
}
