import CLEOKernels
import Foundation
import Testing
import TestSupport

@Suite("fourier and pairwise")
struct SpatialTests {
    // MARK: fourier

    @Test func fourierMatchesDoubleOracle() {
        for variant in VisionSupport.runnable(ck_fourier_f32_variants()) {
            for (rows, components, bands) in [(1, 4, 10), (0, 4, 10), (5, 0, 3), (3, 1, 1), (7, 3, 2), (2, 5, 0), (9, 2, 7)] {
                var random = SeededGenerator(seed: 11)
                let values = random.floats(rows * components), width = components * (1 + 2 * bands)
                // Frequencies to full precision; the kernel has them, and the phase (up to 47), in float32.
                let frequency = (0..<bands).map { bands == 1 ? 1 : 1 + 14 * Double($0) / Double(bands - 1) }
                let expected = (0..<rows).flatMap { row -> [Double] in
                    let x = values[row * components..<(row + 1) * components].map(Double.init)
                    let phases = x.flatMap { x in frequency.map { Double.pi * x * $0 } }
                    return x + phases.map { sin($0) } + phases.map { cos($0) }
                }
                var first: [UInt32]?
                for parts in [1, 2, 3, 7] {
                    let x = VisionBuffer(values), y = VisionBuffer(columns: rows * width)
                    let arguments = ck_fourier_args(
                        x: x.pointer, y: y.pointer, rows: Int64(rows), components: Int64(components), bands: Int64(bands),
                        max_frequency: 15)
                    #expect(ck_fourier_check([arguments]) == CK_OK)
                    variant.run(arguments, parts: parts)
                    let label = "\(variant.name) \((rows, components, bands)) parts \(parts)"
                    VisionSupport.expectClose(y.values, expected, absolute: 1e-5, label)
                    #expect(y.isIntactAround, "\(label)")
                    if let first { #expect(y.bits == first, "\(label)") } else { first = y.bits }
                }
            }
        }
    }

    @Test func fourierOfNaNAndInfinityIsNaN() {
        for variant in VisionSupport.runnable(ck_fourier_f32_variants()) {
            let x = VisionBuffer([.nan, .infinity, 0.5]), y = VisionBuffer(columns: 15)
            variant.run(ck_fourier_args(x: x.pointer, y: y.pointer, rows: 1, components: 3, bands: 2, max_frequency: 3))
            let trigonometric = [true, true, true, true, false, false]
            #expect(y.values.map(\.isNaN) == [true, false, false] + trigonometric + trigonometric)
        }
    }

    @Test func fourierCheckRefusesWhatCannotRun() {
        let x = VisionBuffer(columns: 64), y = VisionBuffer(columns: 640)
        func status(_ change: (inout ck_fourier_args) -> Void) -> ck_status {
            var arguments = ck_fourier_args(x: x.pointer, y: y.pointer, rows: 2, components: 4, bands: 10, max_frequency: 15)
            change(&arguments)
            return ck_fourier_check([arguments])
        }
        #expect(status { _ in } == CK_OK)
        #expect(status { $0.bands = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.bands = .max } == CK_INVALID_ARGUMENT)
        #expect(status { $0.bands = .max / 2 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.rows = .max } == CK_INVALID_ARGUMENT)
        #expect(status { $0.max_frequency = .infinity } == CK_INVALID_ARGUMENT)
        #expect(status { $0.max_frequency = .nan } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = UnsafeMutablePointer(mutating: $0.x) } == CK_INVALID_ARGUMENT)
        #expect(status { $0.x = nil } == CK_INVALID_ARGUMENT)
        #expect(ck_fourier_check(nil) == CK_INVALID_ARGUMENT)
    }

    // MARK: pairwise

    struct Boxes {
        let n: Int, buffer: VisionBuffer
        init(_ n: Int, seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            self.n = n
            buffer = VisionBuffer(random.floats(n * 6).map { $0 * 3 + 1 }, rows: n, stride: 9)
        }

        func arguments(_ y: VisionBuffer, dims: Int, relation: Int32, normalise: Bool, padding: Int) -> ck_pairwise_args {
            ck_pairwise_args(locations: buffer.pointer, y: y.pointer, n: Int64(n), stride: 9, dims: Int64(dims),
                             n_padding: Int64(padding), relation: relation, normalise: normalise ? 1 : 0, eps: 1e-10)
        }

        /// The definition with the absent slots really there: n + padding boxes, the last ones zero.
        func oracle(dims: Int, relation: Int32, normalise: Bool, padding: Int) -> [Double] {
            let boxes = buffer.values.map(Double.init) + [Double](repeating: 0, count: padding * 6)
            func component(_ i: Int, _ c: Int) -> Double { boxes[i * 6 + c] }
            func distance(_ i: Int, _ j: Int, _ z: (Int) -> Double, flat: Bool = false) -> Double {
                let x = component(i, 0) - component(j, 0), y = component(i, 1) - component(j, 1), h = flat ? 0 : z(i) - z(j)
                return (x * x + y * y + h * h + Double(Float(1e-10))).squareRoot()
            }
            let centre = { component($0, 2) }, bottom = { component($0, 2) - component($0, 5) }
            var largest = 0.0
            for i in 0..<n + padding { for j in 0..<n + padding { largest = max(largest, distance(i, j, centre)) } }
            return (0..<n).flatMap { i in (0..<n).flatMap { j -> [Double] in
                if relation == 2 { return (0..<6).map { component(i, $0) } + (0..<6).map { component(j, $0) } }
                let z = relation == 1 ? bottom : centre, flat = distance(i, j, centre, flat: true)
                let all = [distance(i, j, centre) / (normalise ? largest : 1), (z(i) - z(j)) / distance(i, j, z),
                           flat / distance(i, j, z), (component(i, 1) - component(j, 1)) / flat,
                           (component(i, 0) - component(j, 0)) / flat]
                return dims == 1 ? [all[0]] : dims == 4 ? Array(all[1...]) : all
            } }
        }
    }

    @Test(arguments: [1, 4, 5, 12], [false, true])
    func pairwiseMatchesDoubleOracle(dims: Int, normalise: Bool) {
        for variant in VisionSupport.runnable(ck_pairwise_f32_variants()) {
            for relation: Int32 in dims == 12 ? [2] : [0, 1] {
                for n in [0, 1, 2, 7, 8, 9, 31] {
                    for padding in [0, 1, 5] {
                        let boxes = Boxes(n, seed: UInt64(n))
                        var first: [UInt32]?
                        for parts in [1, 2, 3, 7] {
                            let y = VisionBuffer(columns: n * n * dims)
                            let arguments = boxes.arguments(
                                y, dims: dims, relation: relation, normalise: normalise, padding: padding)
                            #expect(ck_pairwise_check([arguments]) == CK_OK)
                            variant.run(arguments, parts: parts)
                            let label = "\(variant.name) n \(n) relation \(relation) padding \(padding) parts \(parts)"
                            VisionSupport.expectClose(
                                y.values, boxes.oracle(dims: dims, relation: relation, normalise: normalise, padding: padding),
                                absolute: 2e-6, relative: 1e-6, label)
                            #expect(y.isIntactAround, "\(label)")
                            if let first { #expect(y.bits == first, "\(label)") } else { first = y.bits }
                        }
                    }
                }
            }
        }
    }

    /// One far object alone: without an absent slot its own distance is the maximum, with one the way to the origin is.
    @Test func absentSlotsCountOnlyTheirDistanceToTheOrigin() {
        for variant in VisionSupport.runnable(ck_pairwise_f32_variants()) {
            let boxes = Boxes(1, seed: 1), y = VisionBuffer(columns: 1)
            for c in 0..<3 { boxes.buffer.pointer[c] = c == 0 ? 100 : 0 }
            variant.run(boxes.arguments(y, dims: 1, relation: 0, normalise: true, padding: 0))
            #expect(y.values == [1])
            variant.run(boxes.arguments(y, dims: 1, relation: 0, normalise: true, padding: 3))
            VisionSupport.expectClose(y.values, [1e-7], absolute: 1e-13, variant.name)
        }
    }

    @Test func nanReachesTheWholeNormalisedDistance() {
        for variant in VisionSupport.runnable(ck_pairwise_f32_variants()) {
            let boxes = Boxes(5, seed: 2), y = VisionBuffer(columns: 125)
            boxes.buffer.pointer[9 * 3 + 2] = .nan // the height of object 3
            variant.run(boxes.arguments(y, dims: 5, relation: 0, normalise: true, padding: 1))
            for (index, value) in y.values.enumerated() {
                let involved = index / 25 == 3 || index / 5 % 5 == 3
                #expect(value.isNaN == (index % 5 == 0 || (involved && index % 5 < 3)), "\(variant.name) [\(index)]")
            }
        }
    }

    @Test func pairwiseCheckRefusesWhatCannotRun() {
        let boxes = Boxes(3, seed: 1), y = VisionBuffer(columns: 45)
        func status(_ change: (inout ck_pairwise_args) -> Void) -> ck_status {
            var arguments = boxes.arguments(y, dims: 5, relation: 0, normalise: true, padding: 1)
            change(&arguments)
            return ck_pairwise_check([arguments])
        }
        #expect(status { _ in } == CK_OK)
        for dims: Int64 in [0, 2, 3, 6, 12] { #expect(status { $0.dims = dims } == CK_INVALID_ARGUMENT) }
        #expect(status { $0.relation = 2 } == CK_INVALID_ARGUMENT) // dims is 5
        #expect(status { $0.relation = 3 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.stride = 5 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.n_padding = -1 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.n = 3_000_000_000 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.eps = .nan } == CK_INVALID_ARGUMENT)
        #expect(status { $0.normalise = 2 } == CK_INVALID_ARGUMENT)
        #expect(status { $0.y = UnsafeMutablePointer(mutating: $0.locations) } == CK_INVALID_ARGUMENT)
        #expect(status { $0.locations = nil } == CK_INVALID_ARGUMENT)
        #expect(ck_pairwise_check(nil) == CK_INVALID_ARGUMENT)
    }
}
