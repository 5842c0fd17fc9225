import CLEOKernels
import Testing
import TestSupport

@Suite("add, patchify, position_pool, transpose")
struct VisionElementwiseTests {
    static let partCounts = [1, 2, 3, 7]

    // MARK: add

    @Test(arguments: [false, true], [false, true])
    func addIsExact(broadcast: Bool, inPlace: Bool) {
        for variant in VisionSupport.runnable(ck_add_f32_variants()) {
            for (seed, columns) in awkwardSizes(width: 8).enumerated() {
                for rows in [0, 1, 5] {
                    for parts in Self.partCounts {
                        var random = SeededGenerator(seed: UInt64(seed))
                        let left = random.floats(rows * columns), right = random.floats((broadcast ? 1 : rows) * columns)
                        let a = VisionBuffer(left, rows: rows, stride: columns + 3)
                        let b = VisionBuffer(right, rows: broadcast ? 1 : rows, stride: columns + 1)
                        let y = inPlace ? a : VisionBuffer(rows: rows, columns: columns, stride: columns + 2)
                        let arguments = ck_add_args(
                            a: a.pointer, b: b.pointer, y: y.pointer, rows: Int64(rows), columns: Int64(columns),
                            a_stride: Int64(a.stride), b_stride: broadcast ? 0 : Int64(b.stride), y_stride: Int64(y.stride))
                        #expect(ck_add_check([arguments]) == CK_OK)
                        variant.run(arguments, parts: parts)
                        let expected = left.indices.map { left[$0] + right[broadcast ? $0 % columns : $0] }
                        #expect(y.values == expected, "\(variant.name) \(rows)x\(columns) parts \(parts)")
                        #expect(y.isIntactAround, "\(variant.name) \(rows)x\(columns) parts \(parts)")
                    }
                }
            }
        }
    }

    @Test func addPassesOnNaNAndInfinity() {
        for variant in VisionSupport.runnable(ck_add_f32_variants()) {
            let a = VisionBuffer([.nan, .infinity, .infinity, -0.0, 1, 1, 1, 1, .nan])
            let b = VisionBuffer(.init(repeating: -.infinity, count: 9)), y = VisionBuffer(columns: 9)
            variant.run(ck_add_args(
                a: a.pointer, b: b.pointer, y: y.pointer, rows: 1, columns: 9, a_stride: 9, b_stride: 9, y_stride: 9))
            #expect(y.values.map(\.isNaN) == [true, true, true, false, false, false, false, false, true], "\(variant.name)")
            #expect(y.values[3] == -.infinity)
        }
    }

    @Test func addCheckRefusesWhatCannotRun() {
        let buffer = VisionBuffer(columns: 64)
        func status(_ change: (inout ck_add_args) -> Void) -> ck_status {
            var arguments = ck_add_args(a: buffer.pointer, b: buffer.pointer, y: buffer.pointer, rows: 2, columns: 4,
                                        a_stride: 4, b_stride: 4, y_stride: 4)
            change(&arguments)
            return ck_add_check([arguments])
        }
        #expect(status { _ in } == CK_OK)
        #expect(status { $0.columns = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.a_stride = 3 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.b_stride = 3 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y_stride = 5 } == CK_INVALID_ARGUMENT) // in place, but rows elsewhere
        #expect(status { $0.rows = .max; $0.y_stride = .max } == CK_INVALID_ARGUMENT)
        #expect(status { $0.b = nil } == CK_INVALID_ARGUMENT)
        #expect(ck_add_check(nil) == CK_INVALID_ARGUMENT)
    }

    // MARK: patchify

    @Test(arguments: [false, true])
    func patchifyOrdersRowsByLineColumnChannel(channelsFirst: Bool) {
        for variant in VisionSupport.runnable(ck_patchify_f32_variants()) {
            for (batch, lines, columns, channels, patch) in [(1, 1, 1, 1, 1), (2, 3, 5, 3, 4), (1, 4, 2, 7, 2), (3, 2, 2, 1, 3),
                                                             (2, 0, 3, 4, 2), (0, 2, 2, 2, 2), (1, 7, 1, 33, 2)] {
                let height = lines * patch, width = columns * patch
                // Every element is its own index, so that equality proves the order.
                let x = VisionBuffer((0..<batch * height * width * channels).map(Float.init))
                for parts in Self.partCounts {
                    let y = VisionBuffer(columns: batch * height * width * channels)
                    let arguments = ck_patchify_args(
                        x: x.pointer, y: y.pointer, batch: Int64(batch), height: Int64(height), width: Int64(width),
                        channels: Int64(channels), patch: Int64(patch), channels_first: channelsFirst ? 1 : 0)
                    #expect(ck_patchify_check([arguments]) == CK_OK)
                    variant.run(arguments, parts: parts)
                    var expected: [Float] = []
                    for b in 0..<batch { for line in 0..<lines { for column in 0..<columns {
                        for dy in 0..<patch { for dx in 0..<patch { for c in 0..<channels {
                            let row = line * patch + dy, from = column * patch + dx
                            expected.append(Float(channelsFirst ? ((b * channels + c) * height + row) * width + from
                                                                : ((b * height + row) * width + from) * channels + c))
                        } } }
                    } } }
                    #expect(y.values == expected, "\(variant.name) \((batch, lines, columns, channels, patch)) parts \(parts)")
                    #expect(y.isIntactAround)
                }
            }
        }
    }

    @Test func patchifyCheckRefusesWhatCannotRun() {
        let x = VisionBuffer(columns: 64), y = VisionBuffer(columns: 64)
        func status(_ change: (inout ck_patchify_args) -> Void) -> ck_status {
            var arguments = ck_patchify_args(x: x.pointer, y: y.pointer, batch: 1, height: 4, width: 4, channels: 3, patch: 2,
                                             channels_first: 0)
            change(&arguments)
            return ck_patchify_check([arguments])
        }
        #expect(status { _ in } == CK_OK)
        #expect(status { $0.patch = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.patch = 3 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.height = 5 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.width = .max - 1; $0.height = .max - 1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.channels_first = 2 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = UnsafeMutablePointer(mutating: $0.x)! + 5 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.x = nil } == CK_INVALID_ARGUMENT)
        #expect(ck_patchify_check(nil) == CK_INVALID_ARGUMENT)
    }

    // MARK: position_pool

    @Test(arguments: [0, 1] as [Int32])
    func poolMatchesDoubleOracle(mode: Int32) {
        for variant in VisionSupport.runnable(ck_position_pool_f32_variants()) {
            for (seed, channels) in (awkwardSizes(width: 8) + [32, 33, 67]).enumerated() {
                for (batch, positions) in [(1, 1), (2, 49), (3, 7), (0, 4)] {
                    var random = SeededGenerator(seed: UInt64(seed))
                    let values = random.floats(batch * positions * channels), x = VisionBuffer(values)
                    let expected = (0..<batch * channels).map { i -> Double in
                        let column = (0..<positions).map {
                            Double(values[(i / channels * positions + $0) * channels + i % channels])
                        }
                        return mode == 0 ? column.reduce(0, +) / Double(positions) : column.reduce(0) { $0 + $1 * $1 }
                    }
                    var first: [UInt32]?
                    for parts in Self.partCounts {
                        let y = VisionBuffer(columns: batch * channels)
                        let arguments = ck_position_pool_args(
                            x: x.pointer, y: y.pointer, batch: Int64(batch), positions: Int64(positions),
                            channels: Int64(channels), mode: mode)
                        #expect(ck_position_pool_check([arguments]) == CK_OK)
                        variant.run(arguments, parts: parts)
                        let label = "\(variant.name) \((batch, positions, channels)) seed \(seed) parts \(parts)"
                        // 49 additions of values below 1 in float32.
                        VisionSupport.expectClose(y.values, expected, absolute: 1e-6, relative: 2e-6, label)
                        #expect(y.isIntactAround, "\(label)")
                        if let first { #expect(y.bits == first, "\(label)") } else { first = y.bits }
                    }
                }
            }
        }
    }

    @Test func poolKeepsNaNInItsChannel() {
        for variant in VisionSupport.runnable(ck_position_pool_f32_variants()) {
            for mode: Int32 in [0, 1] {
                let x = VisionBuffer((0..<3 * 43).map { $0 == 43 + 40 ? .nan : $0 == 43 + 5 ? .infinity : 1 })
                let y = VisionBuffer(columns: 43)
                variant.run(ck_position_pool_args(
                    x: x.pointer, y: y.pointer, batch: 1, positions: 3, channels: 43, mode: mode))
                for (c, value) in y.values.enumerated() {
                    #expect(c == 40 ? value.isNaN : value == (c == 5 ? .infinity : mode == 0 ? 1 : 3), "\(variant.name) \(c)")
                }
            }
        }
    }

    @Test func poolCheckRefusesWhatCannotRun() {
        let x = VisionBuffer(columns: 64), y = VisionBuffer(columns: 64)
        func status(_ change: (inout ck_position_pool_args) -> Void) -> ck_status {
            var arguments = ck_position_pool_args(x: x.pointer, y: y.pointer, batch: 2, positions: 3, channels: 4, mode: 0)
            change(&arguments)
            return ck_position_pool_check([arguments])
        }
        #expect(status { _ in } == CK_OK)
        #expect(status { $0.positions = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.mode = 2 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.channels = .max } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = UnsafeMutablePointer(mutating: $0.x) } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = nil } == CK_INVALID_ARGUMENT)
        #expect(ck_position_pool_check(nil) == CK_INVALID_ARGUMENT)
    }

    // MARK: transpose

    @Test func transposeIsExact() {
        for variant in VisionSupport.runnable(ck_transpose_f32_variants()) {
            for rows in [0, 1, 7, 15, 16, 17, 33] {
                for columns in [0, 1, 8, 16, 19, 49] {
                    for parts in Self.partCounts {
                        let batch = 2, x = VisionBuffer((0..<batch * rows * columns).map(Float.init))
                        let y = VisionBuffer(columns: batch * rows * columns)
                        let arguments = ck_transpose_args(
                            x: x.pointer, y: y.pointer, batch: 2, rows: Int64(rows), columns: Int64(columns))
                        #expect(ck_transpose_check([arguments]) == CK_OK)
                        variant.run(arguments, parts: parts)
                        var expected: [Float] = []
                        for b in 0..<batch { for c in 0..<columns { for r in 0..<rows {
                            expected.append(Float((b * rows + r) * columns + c))
                        } } }
                        #expect(y.values == expected && y.isIntactAround, "\(variant.name) \(rows)x\(columns) parts \(parts)")
                    }
                }
            }
        }
    }

    @Test func transposeCheckRefusesWhatCannotRun() {
        let x = VisionBuffer(columns: 64), y = VisionBuffer(columns: 64)
        func status(_ change: (inout ck_transpose_args) -> Void) -> ck_status {
            var arguments = ck_transpose_args(x: x.pointer, y: y.pointer, batch: 1, rows: 3, columns: 4)
            change(&arguments)
            return ck_transpose_check([arguments])
        }
        #expect(status { _ in } == CK_OK)
        #expect(status { $0.rows = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.rows = .max; $0.columns = 2 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = UnsafeMutablePointer(mutating: $0.x) } == CK_INVALID_ARGUMENT)
        #expect(status { $0.x = nil } == CK_INVALID_ARGUMENT)
        #expect(ck_transpose_check(nil) == CK_INVALID_ARGUMENT)
    }
}
