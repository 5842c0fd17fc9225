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
