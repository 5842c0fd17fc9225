import ExecutionPlan
import Foundation
import LEOTensor
import TestSupport
import Testing

@Suite struct RecipeTests {
    private static func floats(_ values: [Float], shape: [Int]) -> Tensor { Tensor(values, shape: shape) }

    static let parameters = InMemoryParameters([
        "w": floats((0..<12).map { Float($0) - 5.5 }, shape: [4, 3]),
        "w2": floats([100, 101, 102, 103, 104, 105], shape: [2, 3]),
        "gamma": floats([1, 2, -3, 0.5], shape: [4]), "beta": floats([0, 1, 2, 3], shape: [4]),
        "mean": floats([0.5, -1, 2, 4], shape: [4]), "var": floats([1, 4, 0.25, 9], shape: [4]),
        "v": floats([10, 20, 30], shape: [3]), "v2": floats([1, 2, 3], shape: [3]),
        "patch": floats((0..<24).map { Float($0) }, shape: [2, 3, 2, 2]),
        "depthwise": floats((0..<18).map { Float($0) }, shape: [2, 1, 3, 3]),
        "scalar": floats([7], shape: []),
    ])
    private let evaluator = RecipeEvaluator(parameters)
    private static func p(_ name: String, _ shape: Int...) -> Recipe { .parameter(name: name, shape: shape) }
    private static let w = p("w", 4, 3), gamma = p("gamma", 4), beta = p("beta", 4), mean = p("mean", 4), variance = p("var", 4)

    struct Example: Sendable, CustomStringConvertible {
        let description: String
        let recipe: Recipe
        let shape: [Int]
        let expected: [Float]
    }

    static let examples = folded + arranged

    private static let rawWeight: [Double] = (0..<12).map { Double($0) - 5.5 }
    private static let wholeWeight: [Float] = rawWeight.map { Float($0) }

    private static let folded: [Example] = {
        let g: [Double] = [1, 2, -3, 0.5], b: [Double] = [0, 1, 2, 3], m: [Double] = [0.5, -1, 2, 4], v: [Double] = [1, 4, 0.25, 9]
        let factor: [Double] = (0..<4).map { g[$0] / (v[$0] + 0.5).squareRoot() }
        let weight: [Float] = rawWeight.indices.map { Float(rawWeight[$0] * factor[$0 / 3]) }
        let bias: [Float] = (0..<4).map { Float(b[$0] - m[$0] * factor[$0]) }
        return [
            Example(description: "parameter", recipe: Self.w, shape: [4, 3], expected: wholeWeight),
            Example(description: "scalar", recipe: p("scalar"), shape: [], expected: [7]),
            Example(
                description: "normalised weight",
                recipe: .normalisedWeight(Self.w, gamma: gamma, variance: variance, epsilon: 0.5), shape: [4, 3],
                expected: weight),
            Example(
                description: "normalised bias",
                recipe: .normalisedBias(of: Self.w, gamma: gamma, beta: beta, mean: mean, variance: variance, epsilon: 0.5),
                shape: [4], expected: bias),
        ]
    }()

    private static let arranged: [Example] = {
        let extra: [Float] = [100, 101, 102, 103, 104, 105]
        var patches: [Float] = [], places: [Float] = []
        // Output row o, place (dy, dx), channel c is element ((o·3 + c)·2 + dy)·2 + dx.
        for o in 0..<2 { for place in 0..<4 { for c in 0..<3 { patches.append(Float((o * 3 + c) * 4 + place)) } } }
        for place in 0..<9 { for c in 0..<2 { places.append(Float(c * 9 + place)) } }
        let angles: [[Double]] = (0..<5).map { [Double($0), Double($0) / 10] }
        let cosines: [Float] = angles.flatMap { $0.map { Float(cos($0)) } }, sines: [Float] = angles.flatMap { $0.map { Float(sin($0)) } }
        return [
            Example(
                description: "concatenated", recipe: .concatenated([p("w2", 2, 3), Self.w, p("w2", 2, 3)]), shape: [8, 3],
                expected: extra + wholeWeight + extra),
            Example(
                description: "sum", recipe: .sum([p("v", 3), .row(p("w2", 2, 3), 1), p("v2", 3)]), shape: [3],
                expected: [114, 126, 138]),
            Example(description: "row", recipe: .row(p("w2", 2, 3), 1), shape: [3], expected: [103, 104, 105]),
            Example(description: "reshaped", recipe: .reshaped(p("w2", 2, 3), [3, 2]), shape: [3, 2], expected: [100, 101, 102, 103, 104, 105]),
            Example(description: "reshaped rows", recipe: .reshaped(Self.w, [4, 3, 1]), shape: [4, 3, 1], expected: wholeWeight),
            Example(
                description: "patch ordered", recipe: .patchOrdered(p("patch", 2, 3, 2, 2)), shape: [2, 12],
                expected: patches),
            Example(
                description: "channels last", recipe: .channelsLast(p("depthwise", 2, 1, 3, 3)), shape: [3, 3, 2],
                expected: places),
            Example(description: "packed", recipe: .packed(Self.w), shape: [4, 3], expected: wholeWeight),
            Example(
                description: "rotary cos", recipe: .rotary(sine: false, positions: 5, dimension: 4, theta: 100), shape: [5, 2],
                expected: cosines),
            Example(
                description: "rotary sin", recipe: .rotary(sine: true, positions: 5, dimension: 4, theta: 100), shape: [5, 2],
                expected: sines),
        ]
    }()

    @Test(arguments: examples)
    func evaluatesAsByHand(_ example: Example) throws {
        #expect(example.recipe.shape == example.shape)
        // Angles are float32 in the reference; everything else is rounded once.
        let tolerance: Float = example.recipe.isComputed ? 1e-6 : 0
        #expect(difference(try evaluator.allElements(example.recipe), example.expected) <= tolerance)
    }

    @Test(arguments: examples)
    func piecesOfRowsJoinToTheWhole(_ example: Example) throws {
        let whole = try evaluator.allElements(example.recipe)
        let rows = example.shape.first ?? 1
        for first in 0...rows {
            for last in first...rows {
                let columns = whole.count / rows
                #expect(try evaluator.rows(example.recipe, first..<last) == Array(whole[first * columns..<last * columns]), "\(first)..<\(last)")
            }
        }
    }

    @Test func namesAreUniqueAndParametersListed() {
        let all = Self.examples.map(\.recipe).filter { !$0.isPacked }
        let names = all.map(\.name)
        #expect(Set(names).count == names.count - 1, "only what is reshaped keeps the name of what it arranges")
        #expect(Self.examples[3].recipe.parameters.map(\.name) == ["gamma", "beta", "mean", "var"])
        #expect(Self.examples[2].recipe.parameters.map(\.name) == ["w", "gamma", "var"])
    }

    @Test func missingAndMisshapenParametersAreNamed() {
        #expect(throws: GraphError.constant(name: "no", expected: "a tensor of shape [2]", found: "nothing")) {
            try evaluator.allElements(Self.p("no", 2))
        }
        #expect(throws: GraphError.constant(name: "w", expected: "[5, 3]", found: "[4, 3]")) {
            try evaluator.allElements(Self.p("w", 5, 3))
        }
    }

    @Test(arguments: [[1, 1], [1, 129], [15, 128], [16, 127], [17, 257], [33, 5], [300, 4097]])
    func writesAsManyBytesAsItSays(_ shape: [Int]) throws {
        let name = "m\(shape)"
        var random = generator(for: name)
        let values = random.floats(shape.reduce(1, *))
        let evaluator = RecipeEvaluator(InMemoryParameters([name: Tensor(values, shape: shape)]))
        let matrix = Recipe.parameter(name: name, shape: shape)
        for (recipe, precisions) in [(matrix, [Precision.f32, .f16, .bf16]), (.packed(matrix), Precision.allCases)] {
            for precision in precisions {
                let encoding = ConstantEncoding(recipe: recipe, precision: precision)
                var bytes = 0, scales = 0, pieces = 0
                try encoding.encode(recipe, with: evaluator, write: { bytes += $0.count; pieces += 1 }, writeScale: { scales += $0.count })
                func padded(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }
                let expected =
                    switch precision {
                    case .int8: padded(shape[0], 64) * padded(shape[1], 4)
                    case .int4: padded(shape[0], 64) * padded(shape[1], 8) / 2
                    default: (recipe.isPacked ? padded(shape[0], 16) : shape[0]) * shape[1] * precision.elementType.byteCount
                    }
                #expect(bytes == encoding.byteCount && bytes == expected, "\(precision)")
                let groups = precision.isInteger ? (shape[1] + 127) / 128 : nil
                #expect(encoding.scaleShape == groups.map { [shape[0], $0] })
                #expect(scales == encoding.scaleByteCount ?? 0 && scales == padded(shape[0], 64) * (groups ?? 0) * 4)
                #expect(pieces == (shape[0] * shape[1] > 1 << 20 ? 2 : 1), "pieces of 4 MiB")
            }
        }
    }

    @Test(arguments: [Precision.int8, .int4])
    func packedElementsStandWhereTheFormatSays(_ precision: Precision) throws {
        let shape = [77, 130]
        var random = generator(for: "packing")
        let values = random.floats(shape.reduce(1, *))
        let evaluator = RecipeEvaluator(InMemoryParameters(["m": Tensor(values, shape: shape)]))
        let recipe = Recipe.packed(.parameter(name: "m", shape: shape))
        var bytes: [UInt8] = [], scales: [UInt8] = []
        try ConstantEncoding(recipe: recipe, precision: precision)
            .encode(recipe, with: evaluator, write: { bytes += $0 }, writeScale: { scales += $0 })
        let words = scales.withUnsafeBytes { bytes in (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) } }
        func code(_ n: Int, _ k: Int) -> Int {
            if precision == .int8 { return Int(bytes[((n / 64) * 33 + k / 4) * 256 + n % 64 * 4 + k % 4]) - 128 }
            let byte = bytes[((n / 64) * 17 + k / 8) * 256 + n % 64 * 4 + k % 4]
            return Int(k % 8 < 4 ? byte & 15 : byte >> 4) - 8
        }
        func factor(_ n: Int, _ k: Int) -> Float {
            let word = words[(n / 64 * 2 + k / 128) * 64 + n % 64]
            if precision == .int8 { return Float(bitPattern: word) }
            return Float(bitPattern: word & 0xffff_0000) * Float(word >> (k % 128 / 32 * 4) & 15)
        }
        // Half a step; a step of int4 is rounded itself, to a fifteenth of the largest, and may cut off what is larger than 7 of them.
        let steps: Float = precision == .int8 ? 0.5001 : 1.5
        for n in 0..<77 {
            for k in 0..<130 {
                #expect(abs(Float(code(n, k)) * factor(n, k) - values[n * 130 + k]) <= factor(n, k) * steps)
            }
        }
        // What pads rows and panels is zero.
        #expect((0..<128).allSatisfy { n in ((n < 77 ? 130 : 0)..<(precision == .int8 ? 132 : 136)).allSatisfy { code(n, $0) == 0 } })
        #expect((77..<128).allSatisfy { n in (0..<2).allSatisfy { words[(2 + $0) * 64 + n % 64] == 0 } })
    }

    @Test func refusesPrecisionsThatALayoutDoesNotHold() {
        for precision in [Precision.int8, .int4] {
            #expect(throws: GraphError.self) {
                try ConstantEncoding(recipe: Self.w, precision: precision).encode(Self.w, with: evaluator, write: { _ in })
            }
        }
    }

    @Test(arguments: Precision.allCases, [Float.nan, .infinity, -.infinity])
    func whatIsNoNumberIsAnErrorThatSaysWhere(_ precision: Precision, _ value: Float) throws {
        var values = [Float](repeating: 1, count: 70 * 5)
        values[66 * 5 + 3] = value
        let evaluator = RecipeEvaluator(InMemoryParameters(["m": Tensor(values, shape: [70, 5])]))
        let matrix = Recipe.packed(.parameter(name: "m", shape: [70, 5]))
        #expect(throws: GraphError.constant(name: "m", expected: "finite numbers that \(precision.rawValue) holds", found: "\(value) at [66, 3]")) {
            try ConstantEncoding(recipe: matrix, precision: precision).encode(matrix, with: evaluator, write: { _ in })
        }
    }

    @Test func placesCountFromTheFirstPieceOn() throws {
        let shape = [66, 4, 4096]  // pieces of 64 rows
        var values = [Float](repeating: 1, count: 66 * 4 * 4096)
        values[(65 * 4 + 2) * 4096 + 7] = .nan
        let evaluator = RecipeEvaluator(InMemoryParameters(["m": Tensor(values, shape: shape)]))
        let recipe = Recipe.parameter(name: "m", shape: shape)
        #expect(throws: GraphError.constant(name: "m", expected: "finite numbers that f32 holds", found: "nan at [65, 2, 7]")) {
            try ConstantEncoding(recipe: recipe, precision: .f32).encode(recipe, with: evaluator, write: { _ in })
        }
    }

    @Test(arguments: [(Precision.f16, 65_504), (.f16, 65_519), (.bf16, Float(bitPattern: 0x7f7f_0000)), (.bf16, Float(bitPattern: 0x7f7f_7fff))] as [(Precision, Float)])
    func numbersThatWouldBecomeInfiniteAreErrors(_ precision: Precision, _ largest: Float) throws {
        func encode(_ value: Float) throws -> [UInt16] {
            let recipe = Recipe.parameter(name: "v", shape: [2])
            let evaluator = RecipeEvaluator(InMemoryParameters(["v": Tensor([-value, value], shape: [2])]))
            var bytes: [UInt8] = []
            try ConstantEncoding(recipe: recipe, precision: precision).encode(recipe, with: evaluator, write: { bytes += $0 })
            return bytes.withUnsafeBytes { bytes in (0..<2).map { bytes.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self) } }
        }
        #expect(try encode(largest) == (precision == .f16 ? [0xfbff, 0x7bff] : [0xff7f, 0x7f7f]))
        let beyond = precision == .f16 ? 65_520 : Float(bitPattern: 0x7f7f_8000)
        #expect(throws: GraphError.constant(name: "v", expected: "finite numbers that \(precision.rawValue) holds", found: "\(-beyond) at [0]")) {
            try encode(beyond)
        }
    }
}
