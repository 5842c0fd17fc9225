import CLEOKernels
import Foundation
import Testing
import TestSupport

@Suite("layer_norm and rms_norm")
struct VisionNormTests {
    enum Kind: CaseIterable {
        case layer, rms
        var variants: [VisionVariant] {
            VisionSupport.runnable(self == .layer ? ck_layer_norm_f32_variants() : ck_rms_norm_f32_variants())
        }
    }

    /// Rows with all that the kernel reads and writes.
    struct Problem {
        let x: VisionBuffer, residual: VisionBuffer?, weight: VisionBuffer, bias: VisionBuffer?, y: VisionBuffer
        var arguments: ck_norm_args

        init(rows: Int, columns: Int, gap: Int, residual: Bool, bias: Bool, offset: Float = 0, seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            x = VisionBuffer(random.floats(rows * columns).map { $0 + offset }, rows: rows, stride: columns + gap)
            self.residual = residual ? VisionBuffer(random.floats(rows * columns), rows: rows, stride: columns + 2 * gap) : nil
            weight = VisionBuffer(random.floats(columns))
            self.bias = bias ? VisionBuffer(random.floats(columns)) : nil
            y = VisionBuffer(rows: rows, columns: columns, stride: columns + 3 * gap)
            arguments = ck_norm_args(
                x: x.pointer, residual: self.residual.map { UnsafePointer($0.pointer) }, weight: weight.pointer,
                bias: self.bias.map { UnsafePointer($0.pointer) }, y: y.pointer, rows: Int64(rows), columns: Int64(columns),
                x_stride: Int64(x.stride), residual_stride: Int64(self.residual?.stride ?? 0), y_stride: Int64(y.stride),
                eps: 1e-5)
        }

        func oracle(_ kind: Kind) -> [Double] {
            let columns = x.columns, xs = x.values, rs = residual?.values, w = weight.values, b = bias?.values
            return (0..<x.rows).flatMap { row -> [Double] in
                let v = (0..<columns).map { c -> Double in
                    let i = row * columns + c
                    return Double(rs.map { xs[i] + $0[i] } ?? xs[i])
                }
                let mean = kind == .layer ? v.reduce(0, +) / Double(columns) : 0
                let spread = v.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
                let scale = 1 / (spread + Double(arguments.eps)).squareRoot()
                return (0..<columns).map {
                    (v[$0] - mean) * scale * Double(w[$0]) + (kind == .layer ? Double(b?[$0] ?? 0) : 0)
                }
            }
        }
    }

    @Test(arguments: Kind.allCases, [false, true])
    func matchesDoubleOracle(kind: Kind, residual: Bool) {
        for variant in kind.variants {
            let sizes = (awkwardSizes(width: 8) + awkwardSizes(width: 32) + [256, 1024]).filter { $0 > 0 }
            for (index, columns) in sizes.enumerated() {
                for rows in [0, 1, 3] {
                    let problem = Problem(rows: rows, columns: columns, gap: index % 3, residual: residual,
                                          bias: kind == .layer && index % 2 == 0, seed: UInt64(index))
                    #expect(ck_norm_check([problem.arguments]) == CK_OK)
                    variant.run(problem.arguments)
                    // Two columns can lie so close that eps dominates: the scale is at most 316, times a rounding of 6e-8.
                    VisionSupport.expectClose(problem.y.values, problem.oracle(kind), absolute: 2e-6, relative: 4e-6,
                                              "\(variant.name) \(rows)x\(columns) seed \(index)")
                    #expect(problem.y.isIntactAround, "\(variant.name) \(rows)x\(columns)")
                }
            }
        }
    }

    @Test func farMeanKeepsItsVariance() {
        for variant in Kind.layer.variants {
            let problem = Problem(rows: 2, columns: 1031, gap: 0, residual: false, bias: true, offset: 100, seed: 7)
            variant.run(problem.arguments)
            // The mean is rounded to a float near 100: 4e-6, times a scale of 1.7.
            VisionSupport.expectClose(problem.y.values, problem.oracle(.layer), absolute: 3e-5, variant.name)
        }
    }

    @Test(arguments: Kind.allCases)
    func inPlaceAndPartsGiveTheSameBits(kind: Kind) {
        for variant in kind.variants {
            for columns in [1, 7, 8, 9, 37, 129] {
                let make = { Problem(rows: 5, columns: columns, gap: 0, residual: true, bias: true, seed: UInt64(columns)) }
                let once = make()
                variant.run(once.arguments)
                for parts in [2, 3, 7] {
                    let split = make()
                    variant.run(split.arguments, parts: parts)
                    #expect(split.y.bits == once.y.bits, "\(variant.name) columns \(columns) parts \(parts)")
                }
                var overX = make(), overResidual = make()
                overX.arguments.y = overX.x.pointer
                overResidual.arguments.y = overResidual.residual!.pointer
                variant.run(overX.arguments)
                variant.run(overResidual.arguments)
                #expect(overX.x.bits == once.y.bits && overX.x.isIntactAround, "\(variant.name) columns \(columns)")
                #expect(overResidual.residual!.bits == once.y.bits, "\(variant.name) columns \(columns)")
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func nanAndInfinityStayInTheirRow(kind: Kind) {
        for variant in kind.variants {
            for columns in [9, 40] {
                for bad in [Float.nan, .infinity] {
                    for place in [0, columns - 1] {
                        let problem = Problem(rows: 3, columns: columns, gap: 1, residual: false, bias: false, seed: 3)
                        problem.x.pointer[problem.x.stride + place] = bad
                        variant.run(problem.arguments)
                        VisionSupport.expectClose(problem.y.values, problem.oracle(kind), absolute: 2e-6, relative: 4e-6,
                                                  "\(variant.name) columns \(columns) \(bad) at \(place)")
                    }
                }
            }
        }
    }

    @Test func checkRefusesWhatCannotRun() {
        func status(_ change: (inout ck_norm_args) -> Void) -> ck_status {
            let problem = Problem(rows: 3, columns: 5, gap: 1, residual: true, bias: true, seed: 1)
            var arguments = problem.arguments
            change(&arguments)
            return withExtendedLifetime(problem) { ck_norm_check([arguments]) }
        }
        #expect(status { _ in } == CK_OK)
        #expect(status { $0.bias = nil; $0.residual = nil } == CK_OK)
        #expect(status { $0.rows = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.columns = 0 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.x_stride = 4 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.residual_stride = 4 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y_stride = 4 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.rows = .max / 2; $0.x_stride = .max / 2 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.x = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.weight = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = nil } == CK_INVALID_ARGUMENT)
        #expect(status { $0.eps = .nan } == CK_INVALID_ARGUMENT)
        #expect(status { $0.eps = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = UnsafeMutablePointer(mutating: $0.x) } == CK_INVALID_ARGUMENT) // other stride
        #expect(ck_norm_check(nil) == CK_INVALID_ARGUMENT)
    }
}
