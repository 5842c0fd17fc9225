import CLEOKernels
import TestSupport
import Testing

@Suite struct GroupingTests {
    @Test func tablesAreWellFormed() {
        expectWellFormed(ck_gather_points_f32_variants(), family: "ck_gather_points_f32")
        expectWellFormed(ck_group_points_f32_variants(), family: "ck_group_points_f32")
        expectWellFormed(ck_max_pool_f32_variants(), family: "ck_max_pool_f32")
    }

    @Test(arguments: awkwardSizes(width: 8).filter { $0 > 0 })
    func gatherCopiesChosenPoints(samples: Int) {
        var generator = SeededGenerator(seed: UInt64(samples))
        for (columns, stride) in [(1, 1), (3, 3), (3, 6), (6, 7), (19, 19)] {
            let batch = 3, count = 11
            let values = generator.floats(batch * count * stride)
            let chosen = (0..<batch * samples).map { _ in Int32.random(in: 0..<Int32(count), using: &generator) }
            let points = Guarded(values), indices = Guarded(chosen)
            let expected = chosen.enumerated().flatMap { row, index in
                let first = (row / samples * count + Int(index)) * stride
                return values[first..<first + columns]
            }
            for variant in runnable(ck_gather_points_f32_variants()) {
                for parts in partCounts {
                    let out = Guarded<Float>(count: batch * samples * columns)
                    var arguments = ck_gather_points_args(
                        points: points.pointer, indices: indices.pointer, out: out.pointer, batch: Int64(batch),
                        n_points: Int64(count), point_stride: Int64(stride), n_samples: Int64(samples),
                        columns: Int64(columns))
                    #expect(ck_gather_points_f32_check(&arguments) == CK_OK)
                    runSlices(variant, arguments, parts: parts)
                    #expect(out.values == expected && out.isIntact, "\(name(variant)), columns \(columns), parts \(parts)")
                }
            }
        }
    }

    @Test(arguments: awkwardSizes(width: 8), [false, true])
    func groupSubtractsCentres(features: Int, all: Bool) {
        var generator = SeededGenerator(seed: UInt64(features))
        let batch = 2, count = 13, centres = all ? 1 : 5, limit = all ? count : 4, xyzStride = 4, featureStride = features + 1
        let width = 3 + features
        let xyz = generator.floats(batch * count * xyzStride), extra = generator.floats(batch * count * featureStride)
        let origins = generator.floats(batch * centres * 3)
        let chosen = (0..<batch * centres * limit).map { row in
            all ? Int32(row % limit) : Int32.random(in: 0..<Int32(count), using: &generator)
        }
        let expected = chosen.enumerated().flatMap { row, index in
            let centre = row / limit, point = centre / centres * count + Int(index)
            return (0..<3).map { xyz[point * xyzStride + $0] - (all ? 0 : origins[centre * 3 + $0]) }
                + extra[point * featureStride..<point * featureStride + features]
        }
        // Features end with the buffer: a kernel must not read the stride behind the last point.
        let xyzMemory = Guarded(xyz), originMemory = Guarded(origins), indices = Guarded(chosen)
        let extraMemory = Guarded(extra)
        for variant in runnable(ck_group_points_f32_variants()) {
            for parts in partCounts {
                let out = Guarded<Float>(count: batch * centres * limit * width)
                var arguments = ck_group_points_args(
                    xyz: xyzMemory.pointer, features: features == 0 ? nil : extraMemory.pointer,
                    centres: all ? nil : originMemory.pointer, indices: all ? nil : indices.pointer, out: out.pointer,
                    batch: Int64(batch), n_points: Int64(count), xyz_stride: Int64(xyzStride),
                    feature_stride: Int64(featureStride), n_features: Int64(features), n_centres: Int64(centres),
                    limit: Int64(limit))
                #expect(ck_group_points_f32_check(&arguments) == CK_OK)
                runSlices(variant, arguments, parts: parts)
                #expect(out.values == expected && out.isIntact, "\(name(variant)), features \(features), parts \(parts)")
            }
        }
    }

    /// y as bit patterns, so that signs of zero and NaN count.
    func pool(_ x: [Float], groups: Int, size: Int, columns: Int, _ variant: ck_variant, parts: Int = 1) -> [UInt32] {
        let input = Guarded(x), out = Guarded<Float>(count: groups * columns)
        var arguments = ck_max_pool_args(
            x: input.pointer, y: out.pointer, groups: Int64(groups), size: Int64(size), columns: Int64(columns))
        #expect(ck_max_pool_f32_check(&arguments) == CK_OK)
        runSlices(variant, arguments, parts: parts)
        #expect(out.isIntact, "\(name(variant)) wrote outside")
        return out.values.map(\.bitPattern)
    }

    @Test(arguments: awkwardSizes(width: 32).filter { $0 > 0 })
    func maxPoolMatchesDefinition(columns: Int) {
        for (groups, size) in [(1, 1), (3, 2), (5, 17), (8, 32)] {
            var generator = SeededGenerator(seed: UInt64(columns * 100 + size))
            let x = generator.floats(groups * size * columns)
            let expected = (0..<groups * columns).map { index in
                (0..<size).map { x[(index / columns * size + $0) * columns + index % columns] }.max()!.bitPattern
            }
            for variant in runnable(ck_max_pool_f32_variants()) {
                for parts in partCounts {
                    let result = pool(x, groups: groups, size: size, columns: columns, variant, parts: parts)
                    #expect(result == expected, "\(name(variant)), [\(groups), \(size), \(columns)], parts \(parts)")
                }
            }
        }
    }

    @Test func maxPoolPassesNaNOn() {
        let columns = 45, size = 4
        for variant in runnable(ck_max_pool_f32_variants()) {
            for column in 0..<columns {
                for row in 0..<size {
                    var x = [Float](repeating: -1, count: size * columns)
                    x[row * columns + column] = row % 2 == 0 ? .nan : -.nan
                    var expected = [UInt32](repeating: Float(-1).bitPattern, count: columns)
                    expected[column] = Float.nan.bitPattern
                    let result = pool(x, groups: 1, size: size, columns: columns, variant)
                    #expect(result == expected, "\(name(variant)), NaN at \(row), \(column)")
                }
            }
        }
    }

    @Test func maxPoolKeepsFirstZeroAndInfinities() {
        for variant in runnable(ck_max_pool_f32_variants()) {
            let columns = 9
            let rows: [Float] = [-0.0, 0.0, -.infinity]
            for first in rows {
                for second in rows {
                    let x = [Float](repeating: first, count: columns) + [Float](repeating: second, count: columns)
                    let expected = [UInt32](repeating: (second > first ? second : first).bitPattern, count: columns)
                    let result = pool(x, groups: 1, size: 2, columns: columns, variant)
                    #expect(result == expected, "\(name(variant)), \(first), \(second)")
                }
            }
        }
    }

    @Test func checksRefuseInvalidArguments() {
        let floats = Guarded<Float>(count: 256), indices = Guarded<Int32>(count: 16)
        func gather(_ change: (inout ck_gather_points_args) -> Void) -> ck_status {
            var arguments = ck_gather_points_args(
                points: floats.pointer, indices: indices.pointer, out: floats.pointer, batch: 2, n_points: 4,
                point_stride: 3, n_samples: 2, columns: 3)
            change(&arguments)
            return ck_gather_points_f32_check(&arguments)
        }
        #expect(gather { _ in } == CK_OK)
        #expect(ck_gather_points_f32_check(nil) == CK_INVALID_ARGUMENT)
        #expect(gather { $0.columns = 4 } == CK_INVALID_ARGUMENT)
        #expect(gather { $0.columns = 0 } == CK_INVALID_ARGUMENT)
        #expect(gather { $0.n_points = 0 } == CK_INVALID_ARGUMENT)
        #expect(gather { $0.n_samples = -1 } == CK_INVALID_ARGUMENT)
        #expect(gather { $0.batch = .max } == CK_INVALID_ARGUMENT)
        #expect(gather { $0.points = nil } == CK_INVALID_ARGUMENT)
        #expect(gather { $0.indices = nil } == CK_INVALID_ARGUMENT)
        #expect(gather { $0.out = nil } == CK_INVALID_ARGUMENT)

        func group(_ change: (inout ck_group_points_args) -> Void) -> ck_status {
            var arguments = ck_group_points_args(
                xyz: floats.pointer, features: floats.pointer, centres: floats.pointer, indices: indices.pointer,
                out: floats.pointer, batch: 2, n_points: 4, xyz_stride: 3, feature_stride: 3, n_features: 3, n_centres: 2,
                limit: 4)
            change(&arguments)
            return ck_group_points_f32_check(&arguments)
        }
        #expect(group { _ in } == CK_OK)
        #expect(group { $0.centres = nil; $0.indices = nil; $0.n_centres = 1 } == CK_OK)
        #expect(group { $0.features = nil; $0.n_features = 0 } == CK_OK)
        #expect(group { $0.n_centres = 0; $0.out = nil } == CK_OK)
        #expect(ck_group_points_f32_check(nil) == CK_INVALID_ARGUMENT)
        #expect(group { $0.centres = nil } == CK_INVALID_ARGUMENT)
        #expect(group { $0.centres = nil; $0.n_centres = 1 } == CK_INVALID_ARGUMENT)
        #expect(group { $0.centres = nil; $0.indices = nil; $0.n_centres = 1; $0.limit = 3 } == CK_INVALID_ARGUMENT)
        #expect(group { $0.indices = nil } == CK_INVALID_ARGUMENT)
        #expect(group { $0.features = nil } == CK_INVALID_ARGUMENT)
        #expect(group { $0.feature_stride = 2 } == CK_INVALID_ARGUMENT)
        #expect(group { $0.xyz_stride = 2 } == CK_INVALID_ARGUMENT)
        #expect(group { $0.n_features = .max; $0.feature_stride = .max } == CK_INVALID_ARGUMENT)
        #expect(group { $0.limit = 0 } == CK_INVALID_ARGUMENT)
        #expect(group { $0.limit = .max } == CK_INVALID_ARGUMENT)
        #expect(group { $0.xyz = nil } == CK_INVALID_ARGUMENT)
        #expect(group { $0.out = nil } == CK_INVALID_ARGUMENT)

        func pool(_ change: (inout ck_max_pool_args) -> Void) -> ck_status {
            var arguments = ck_max_pool_args(x: floats.pointer, y: floats.pointer, groups: 2, size: 2, columns: 2)
            change(&arguments)
            return ck_max_pool_f32_check(&arguments)
        }
        #expect(pool { _ in } == CK_OK)
        #expect(pool { $0.groups = 0; $0.x = nil } == CK_OK)
        #expect(ck_max_pool_f32_check(nil) == CK_INVALID_ARGUMENT)
        #expect(pool { $0.size = 0 } == CK_INVALID_ARGUMENT)
        #expect(pool { $0.columns = 0 } == CK_INVALID_ARGUMENT)
        #expect(pool { $0.groups = -1 } == CK_INVALID_ARGUMENT)
        #expect(pool { $0.size = .max } == CK_INVALID_ARGUMENT)
        #expect(pool { $0.x = nil } == CK_INVALID_ARGUMENT)
        #expect(pool { $0.y = nil } == CK_INVALID_ARGUMENT)
    }
}
