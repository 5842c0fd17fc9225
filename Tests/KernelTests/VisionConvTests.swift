import CLEOKernels
import Testing
import TestSupport

@Suite("depthwise_conv")
struct VisionConvTests {
    struct Shape: CustomStringConvertible {
        let batch: Int, height: Int, width: Int, channels: Int, kernel: Int
        var count: Int { batch * height * width * channels }
        var description: String { "\(batch)x\(height)x\(width)x\(channels) kernel \(kernel)" }
    }

    struct Problem {
        let shape: Shape, x: VisionBuffer, weight: VisionBuffer, bias: VisionBuffer

        init(_ shape: Shape, seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            self.shape = shape
            x = VisionBuffer(random.floats(shape.count))
            weight = VisionBuffer(random.floats(shape.kernel * shape.kernel * shape.channels))
            bias = VisionBuffer(random.floats(shape.channels))
        }

        func arguments(_ y: VisionBuffer) -> ck_depthwise_conv_args {
            ck_depthwise_conv_args(
                x: x.pointer, weight: weight.pointer, bias: bias.pointer, y: y.pointer, batch: Int64(shape.batch),
                height: Int64(shape.height), width: Int64(shape.width), channels: Int64(shape.channels),
                kernel: Int64(shape.kernel))
        }

        func oracle() -> [Double] {
            let s = shape, radius = s.kernel / 2
            let x = x.pointer, weight = weight.pointer, bias = bias.pointer
            var y = [Double](repeating: 0, count: s.count)
            for b in 0..<s.batch { for row in 0..<s.height { for column in 0..<s.width { for c in 0..<s.channels {
                var sum = Double(bias[c])
                for dy in max(0, row - radius)..<min(s.height, row + radius + 1) {
                    for dx in max(0, column - radius)..<min(s.width, column + radius + 1) {
                        let tap = (dy - row + radius) * s.kernel + dx - column + radius
                        let from = (b * s.height + dy) * s.width + dx
                        sum += Double(x[from * s.channels + c]) * Double(weight[tap * s.channels + c])
                    }
                }
                y[((b * s.height + row) * s.width + column) * s.channels + c] = sum
            } } } }
            return y
        }
    }

    /// Widths below, at and above a tile of 7 and a strip of 28; channels around vectors of 8 and blocks of 16.
    static let shapes: [Shape] = {
        var shapes: [Shape] = []
        for (index, channels) in [1, 7, 8, 9, 15, 16, 17, 23, 24, 25, 33].enumerated() {
            for (other, width) in [1, 3, 6, 7, 8, 10, 13, 14, 15, 29].enumerated() where (index + other) % 3 == 0 {
                shapes.append(Shape(batch: 1 + index % 2, height: [1, 2, 7, 9, 4][(index + other) % 5], width: width,
                                    channels: channels, kernel: 7))
            }
        }
        shapes += [Shape(batch: 1, height: 3, width: 57, channels: 32, kernel: 7),
                   Shape(batch: 1, height: 7, width: 7, channels: 64, kernel: 7)]
        for kernel in [1, 3, 5, 9, 11] { shapes.append(Shape(batch: 2, height: 6, width: 8, channels: 11, kernel: kernel)) }
        for empty in 0..<4 { // batch, height, width, channels
            let size = { (axis: Int, usual: Int) in axis == empty ? 0 : usual }
            shapes.append(Shape(batch: size(0, 1), height: size(1, 4), width: size(2, 9), channels: size(3, 8), kernel: 7))
        }
        return shapes
    }()

    @Test func matchesDoubleOracleForEveryPartCount() {
        for (seed, shape) in Self.shapes.enumerated() {
            let problem = Problem(shape, seed: UInt64(seed)), expected = problem.oracle()
            for variant in VisionSupport.runnable(ck_depthwise_conv_f32_nhwc_variants()) {
                var first: [UInt32]?
                for parts in [1, 2, 3, 7] {
                    let y = VisionBuffer(columns: shape.count)
                    #expect(ck_depthwise_conv_check([problem.arguments(y)]) == CK_OK)
                    variant.run(problem.arguments(y), parts: parts)
                    let label = "\(variant.name) \(shape) seed \(seed) parts \(parts)"
                    // Up to 121 products below 1, summed in float32: at most 121 roundings of a sum below 16.
                    VisionSupport.expectClose(y.values, expected, absolute: 8e-6, label)
                    #expect(y.isIntactAround, "\(label)")
                    if let first { #expect(y.bits == first, "\(label)") } else { first = y.bits }
                }
            }
        }
    }

    @Test func nanReachesExactlyItsNeighbourhood() {
        let shape = Shape(batch: 2, height: 9, width: 16, channels: 19, kernel: 7)
        for bad in [Float.nan, .infinity] {
            let problem = Problem(shape, seed: 5), place = (0, 4, 9, 18)
            problem.x.pointer[((place.0 * 9 + place.1) * 16 + place.2) * 19 + place.3] = bad
            for variant in VisionSupport.runnable(ck_depthwise_conv_f32_nhwc_variants()) {
                let y = VisionBuffer(columns: shape.count)
                variant.run(problem.arguments(y))
                VisionSupport.expectClose(y.values, problem.oracle(), absolute: 8e-6, "\(variant.name) \(bad)")
                #expect(y.values.filter { !$0.isFinite }.count == 49, "\(variant.name) \(bad)")
            }
        }
    }

    @Test func checkRefusesWhatCannotRun() {
        let problem = Problem(Shape(batch: 1, height: 4, width: 4, channels: 4, kernel: 3), seed: 1)
        let y = VisionBuffer(columns: 64)
        func status(_ change: (inout ck_depthwise_conv_args) -> Void) -> ck_status {
            var arguments = problem.arguments(y)
            change(&arguments)
            return ck_depthwise_conv_check([arguments])
        }
        #expect(status { _ in } == CK_OK)
        #expect(status { $0.kernel = 4 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.kernel = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.kernel = 4_294_967_297 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.width = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.width = .max } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = UnsafeMutablePointer(mutating: $0.x) } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = UnsafeMutablePointer(mutating: $0.x) + 63 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.bias = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.weight = nil } == CK_INVALID_ARGUMENT)
        #expect(ck_depthwise_conv_check(nil) == CK_INVALID_ARGUMENT)
    }
}
