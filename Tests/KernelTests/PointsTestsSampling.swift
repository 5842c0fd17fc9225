import CLEOKernels
import Foundation
import TestSupport
import Testing

@Suite struct FarthestPointSamplingTests {
    struct Cloud {
        var points: [Float]
        var batch = 1
        var stride = 3
        var samples: Int
        var skipsNearOrigin = false
        var count: Int { points.count / max(batch * stride, 1) }
    }

    /// Runs one variant in `parts` slices and checks that it stays inside its output and scratch.
    func sample(_ cloud: Cloud, _ variant: ck_variant, parts: Int = 1) -> [Int32] {
        let points = Guarded(cloud.points), indices = Guarded<Int32>(count: cloud.batch * cloud.samples)
        var arguments = ck_fps_args(
            points: points.pointer, indices: indices.pointer, scratch: nil, batch: Int64(cloud.batch),
            n_points: Int64(cloud.count), point_stride: Int64(cloud.stride), n_samples: Int64(cloud.samples),
            skip_near_origin: cloud.skipsNearOrigin ? 1 : 0)
        let scratch = Guarded<UInt8>(count: ck_fps_f32_pc_scratch_bytes(&arguments, Int32(parts)), aligned: true)
        arguments.scratch = UnsafeMutableRawPointer(scratch.pointer)
        #expect(ck_fps_f32_pc_check(&arguments) == CK_OK)
        runSlices(variant, arguments, parts: parts)
        #expect(indices.isIntact && scratch.isIntact && points.isIntact, "\(name(variant)) wrote outside, parts \(parts)")
        return indices.values
    }

    /// The definition once more, in Swift.
    func expected(_ cloud: Cloud) -> [Int32] {
        var result: [Int32] = []
        for b in 0..<cloud.batch {
            let points: [(Float, Float, Float)] = (0..<cloud.count).map {
                let first = (b * cloud.count + $0) * cloud.stride
                return (cloud.points[first], cloud.points[first + 1], cloud.points[first + 2])
            }
            let isCandidate = points.map { p in
                guard p.0.isFinite, p.1.isFinite, p.2.isFinite else { return false }
                return !cloud.skipsNearOrigin || Double((p.0 * p.0 + p.1 * p.1) + p.2 * p.2) > 1e-3
            }
            var nearest = [Float](repeating: 1e10, count: points.count)
            var last = 0
            for sample in 0..<cloud.samples {
                if sample > 0 {
                    var best: Int?
                    for i in points.indices where isCandidate[i] {
                        if best.map({ nearest[i] > nearest[$0] }) ?? true { best = i }
                    }
                    last = best ?? 0
                }
                result.append(Int32(last))
                for i in points.indices {
                    let d = (points[i].0 - points[last].0, points[i].1 - points[last].1, points[i].2 - points[last].2)
                    let distance = (d.0 * d.0 + d.1 * d.1) + d.2 * d.2
                    if distance < nearest[i] { nearest[i] = distance }
                }
            }
        }
        return result
    }

    func expectAllVariants(_ cloud: Cloud, _ indices: [Int32], _ note: String, parts: [Int] = partCounts) {
        for variant in runnable(ck_fps_f32_pc_variants()) {
            for count in parts {
                #expect(sample(cloud, variant, parts: count) == indices, "\(name(variant)), parts \(count), \(note)")
            }
        }
    }

    @Test func tableIsWellFormed() { expectWellFormed(ck_fps_f32_pc_variants(), family: "ck_fps_f32_pc") }

    @Test(arguments: awkwardSizes(width: 8).filter { $0 > 0 } + [32, 33, 255, 1024])
    func matchesDefinition(count: Int) {
        for (seed, stride) in [(1, 3), (2, 4), (3, 6), (4, 7)] {
            var generator = SeededGenerator(seed: UInt64(seed * 1000 + count))
            let batch = 1 + seed
            let cloud = Cloud(
                points: generator.floats(batch * count * stride), batch: batch, stride: stride,
                samples: min(count + seed, 40), skipsNearOrigin: seed % 2 == 0)
            expectAllVariants(cloud, expected(cloud), "n \(count), stride \(stride), seed \(seed * 1000 + count)")
        }
    }

    /// Points and samples, enough for the bucket index; flatness and offset, for thin boxes far from the origin.
    static let largeClouds: [(Int, Int, Float, Float)] = [
        (4096, 256, 1, 0), (4099, 300, 0.01, 0), (5000, 1500, 1, 0), (9001, 700, 1e-3, 50),
    ]

    @Test(arguments: largeClouds)
    func largeCloudMatchesDefinition(count: Int, samples: Int, flatness: Float, offset: Float) {
        var generator = SeededGenerator(seed: UInt64(count))
        var points = generator.floats(count * 4)
        for i in 0..<count {
            points[4 * i + 2] *= flatness
            for axis in 0..<3 { points[4 * i + axis] += offset }
        }
        let cloud = Cloud(points: points, stride: 4, samples: min(samples, count), skipsNearOrigin: true)
        expectAllVariants(cloud, expected(cloud), "n \(count), seed \(count)", parts: [1, 2])
    }

    /// A grid has many equal distances, which land in different buckets.
    @Test func largeCloudTiesPickLowestIndex() {
        var generator = SeededGenerator(seed: 11)
        let points = (0..<5000 * 3).map { _ in Float(Int.random(in: 0..<12, using: &generator)) }
        let cloud = Cloud(points: points, samples: 2000)
        expectAllVariants(cloud, expected(cloud), "seed 11", parts: [1])
    }

    @Test func largeCloudSkipsFlawedPoints() {
        var generator = SeededGenerator(seed: 12)
        var points = generator.floats(5000 * 3).map { $0 * 0.1 }
        for i in 0..<500 { points[i * 29] = i % 3 == 0 ? .nan : i % 3 == 1 ? .infinity : 3e38 }
        let cloud = Cloud(points: points, samples: 400, skipsNearOrigin: true)
        expectAllVariants(cloud, expected(cloud), "seed 12", parts: [1])
        let none = Cloud(points: [Float](repeating: 0.01, count: 4096 * 3), samples: 300, skipsNearOrigin: true)
        expectAllVariants(none, [Int32](repeating: 0, count: 300), "no candidate", parts: [1])
    }

    @Test func tiesPickLowestIndex() {
        let corners: [Float] = [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1]
        expectAllVariants(Cloud(points: corners, samples: 4), [0, 1, 2, 4], "equal distances")
        // Index 1 and its copies far behind it: the first one is taken, in whatever lane the copies stand.
        for copy in [2, 7, 8, 9, 31, 32, 40, 63] {
            var points = [Float](repeating: 0, count: 64 * 3)
            points[3] = 2
            points[copy * 3] = 2
            expectAllVariants(Cloud(points: points, samples: 2), [0, 1], "copy at \(copy)", parts: [1])
        }
    }

    @Test func exhaustedCloudRepeatsLowestCandidate() {
        let points: [Float] = [0, 0, 0, 5, 0, 0, 0, 0, 0, 5, 0, 0]
        expectAllVariants(Cloud(points: points, samples: 6), [0, 1, 0, 0, 0, 0], "plain")
        expectAllVariants(Cloud(points: points, samples: 6, skipsNearOrigin: true), [0, 1, 1, 1, 1, 1], "skipping")
    }

    @Test func nearOriginIsSkippedOnlyWhenAsked() {
        let points: [Float] = [0.01, 0, 0, 0, 0.02, 0, 0, 0, 0.03]
        expectAllVariants(Cloud(points: points, samples: 3, skipsNearOrigin: true), [0, 0, 0], "all near")
        expectAllVariants(Cloud(points: points, samples: 3), [0, 2, 1], "plain")
        let mixed: [Float] = [0.01, 0, 0, -0.02, 0, 0, 1, 0, 0, 0, 0, 0]
        expectAllVariants(Cloud(points: mixed, samples: 3, skipsNearOrigin: true), [0, 2, 2], "one away")
    }

    /// The float32 sum is compared with the double 1e-3: 0.001f, the float just above it, is not skipped.
    @Test func nearOriginThresholdIsDouble() throws {
        let above = Float(0.001), below = Float(0.001).nextDown
        let roots = [above, below].map { target -> (Float, Float)? in
            // x * x + y * y with y * y == 2^-12 exactly, so that some x reaches the sum wanted.
            let y = Float(0.015625)
            var x = (target - y * y).squareRoot()
            for _ in 0..<8 { x = x.nextDown }
            for _ in 0..<16 {
                if x * x + y * y == target { return (x, y) }
                x = x.nextUp
            }
            return nil
        }
        let kept = try #require(roots[0]), skipped = try #require(roots[1])
        #expect(Double(kept.0 * kept.0 + kept.1 * kept.1) > 1e-3)
        let points = [1, 0, 0, skipped.0, skipped.1, 0, kept.0, kept.1, 0, skipped.0, 0, skipped.1] as [Float]
        let cloud = Cloud(points: points, samples: 3, skipsNearOrigin: true)
        #expect(expected(cloud) == [0, 2, 0])
        expectAllVariants(cloud, [0, 2, 0], "threshold")
    }

    @Test func flawedPointsAreNeverChosen() {
        for flaw in [Float.nan, .infinity, -.infinity] {
            for axis in 0..<3 {
                var points: [Float] = [0, 0, 0, 1, 0, 0, 9, 9, 9, 3, 0, 0]
                points[6 + axis] = flaw
                expectAllVariants(Cloud(points: points, samples: 4), [0, 3, 1, 0], "\(flaw) in axis \(axis)", parts: [1])
            }
        }
        // As the start, such a point is no distance from anything: the rest are as far as at the beginning.
        let points: [Float] = [.nan, 0, 0, 1, 0, 0, 4, 0, 0]
        expectAllVariants(Cloud(points: points, samples: 4), [0, 1, 2, 1], "flawed start", parts: [1])
        expectAllVariants(Cloud(points: [.nan, .nan, .nan], samples: 3), [0, 0, 0], "nothing else", parts: [1])
    }

    @Test func emptyRequestsWriteNothing() {
        expectAllVariants(Cloud(points: [1, 2, 3], samples: 0), [], "no samples")
        for variant in runnable(ck_fps_f32_pc_variants()) {
            let arguments = ck_fps_args(
                points: nil, indices: nil, scratch: nil, batch: 0, n_points: 4, point_stride: 3, n_samples: 2,
                skip_near_origin: 0)
            runSlices(variant, arguments, parts: 3)
        }
    }

    @Test func checkRefusesInvalidArguments() {
        let points = Guarded<Float>(count: 64), indices = Guarded<Int32>(count: 16)
        let scratch = Guarded<UInt8>(count: 4096, aligned: true)
        let valid = ck_fps_args(
            points: points.pointer, indices: indices.pointer, scratch: scratch.pointer, batch: 2, n_points: 8,
            point_stride: 3, n_samples: 4, skip_near_origin: 0)
        func status(_ change: (inout ck_fps_args) -> Void) -> ck_status {
            var arguments = valid
            change(&arguments)
            return ck_fps_f32_pc_check(&arguments)
        }
        #expect(status { _ in } == CK_OK)
        #expect(status { $0.batch = 0; $0.points = nil; $0.scratch = nil } == CK_OK)
        #expect(ck_fps_f32_pc_check(nil) == CK_INVALID_ARGUMENT)
        #expect(status { $0.points = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.indices = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.scratch = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.scratch += 4 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.batch = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.n_points = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.n_points = 1 << 31 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.point_stride = 2 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.n_samples = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.batch = .max / 16 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.point_stride = .max } == CK_INVALID_ARGUMENT)
        var broken = valid
        broken.n_points = -5
        #expect(ck_fps_f32_pc_scratch_bytes(&broken, 2) == 0)
        var sound = valid
        #expect(ck_fps_f32_pc_scratch_bytes(&sound, 9) == ck_fps_f32_pc_scratch_bytes(&sound, 2))
    }
}
