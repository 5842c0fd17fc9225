import ExecutionPlan
import LEOModel
import LEOTensor
import TestSupport
import Testing

@Suite struct LanguageRunnerTests {
    /// Logits are of size 1; attention over a prefix and over a tail adds the same numbers in another order.
    private let tolerance: Float = 5e-5

    /// The runner reads 512 rows at a time; image and object tokens may stand in any piece.
    @Test(arguments: [1, 2, 511, 512, 513, 1024, 1025, 1200])
    func aPromptInPiecesIsThePromptAtOnce(count: Int) throws {
        let network = try TinyModel.network()
        #expect(network.limits.rows == 512)
        let prompt = TinyModel.prompt(count, extra: 5), extra = TinyModel.extra(5)
        let runner = try LanguageRunner(network)
        let found = Array(try runner.read(prompt, extra: extra))
        let expected = try DirectLanguage(network.configuration).logits(prompt, extra: extra)
        #expect(bits(found) == bits(expected[count - 1]))
        // The runner holds no trace of an earlier prompt.
        _ = try runner.read(TinyModel.prompt(77, seed: 8), extra: [])
        #expect(bits(try runner.read(prompt, extra: extra)) == bits(found))
    }

    @Test func stepsAreALongerPrompt() throws {
        let network = try TinyModel.network()
        let runner = try LanguageRunner(network)
        let all = TinyModel.prompt(60, extra: 5), extra = TinyModel.extra(5)
        let expected = try DirectLanguage(network.configuration).logits(all, extra: extra)
        let first = try runner.read(Array(all[..<20]), extra: extra)
        #expect(distance(first, expected[19]) < tolerance)
        for index in 20..<60 {
            let logits = try runner.feed(tokens: [all[index].source < 0 ? 0 : all[index].source], sources: [0])
            // Extra rows stand in the prompt only; compare up to the first that this replaced.
            if all[20...index].allSatisfy({ $0.source >= 0 }) { #expect(distance(logits, expected[index]) < tolerance, "\(index)") }
        }
        let plain = TinyModel.prompt(60)
        let logits = try DirectLanguage(network.configuration).logits(plain, extra: [])
        _ = try runner.read(Array(plain[..<20]), extra: [])
        for index in 20..<60 {
            #expect(distance(try runner.feed(tokens: [plain[index].source], sources: [0]), logits[index]) < tolerance)
        }
    }

    /// Beams share the prompt and swap histories; each must be what it would be alone.
    @Test(arguments: 0..<6)
    func beamsAreIndependent(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let network = try TinyModel.network()
        let prompt = TinyModel.prompt(17, extra: 3, seed: UInt64(seed)), extra = TinyModel.extra(3)
        let together = try LanguageRunner(network), alone = try LanguageRunner(network)
        _ = try together.read(prompt, extra: extra)
        var histories: [[Int32]] = [[]]
        for _ in 0..<10 {
            let beams = Int.random(in: 1...6, using: &random)
            let sources = (0..<beams).map { _ in Int32.random(in: 0..<Int32(histories.count), using: &random) }
            let tokens = (0..<beams).map { _ in Int32.random(in: 0..<50, using: &random) }
            histories = (0..<beams).map { histories[Int(sources[$0])] + [tokens[$0]] }
            let found = Array(try together.feed(tokens: tokens, sources: sources))
            for (beam, history) in histories.enumerated() {
                _ = try alone.read(prompt, extra: extra)
                var expected: [Float] = []
                for token in history { expected = Array(try alone.feed(tokens: [token], sources: [0])) }
                #expect(bits(found[beam * 50..<(beam + 1) * 50]) == bits(expected), "\(history)")
            }
        }
    }

    @Test func continuationsAreSeparatePromptsAndLeaveNothing() throws {
        var random = SeededGenerator(seed: 4)
        let network = try TinyModel.network()
        let prompt = TinyModel.prompt(23, extra: 3), extra = TinyModel.extra(3)
        let runner = try LanguageRunner(network), direct = try DirectLanguage(network.configuration)
        // Some empty, one as long as a run takes, more than fit one run.
        let lengths = [3, 0, 1, 64, 0, 20, 20, 20, 20, 7, 0]
        let lists = lengths.map { (0..<$0).map { _ in Int32.random(in: 0..<50, using: &random) } }
        _ = try runner.read(prompt, extra: extra)
        let undisturbed = Array(try runner.feed(tokens: [7], sources: [0]))
        _ = try runner.read(prompt, extra: extra)
        var seen: [Int] = []
        try runner.continuations(lists) { list, logits in
            seen.append(list)
            let tokens = lists[list]
            #expect(logits.count == tokens.count * 50)
            if tokens.isEmpty { return }
            let whole = prompt + tokens.enumerated().map { PromptRow(source: $0.element, position: Int32(23 + $0.offset)) }
            let expected = direct.logits(whole, extra: extra)[23...].flatMap { $0 }
            #expect(distance(Array(logits), expected) < tolerance, "\(list)")
        }
        #expect(seen == Array(lists.indices))
        #expect(bits(try runner.feed(tokens: [7], sources: [0])) == bits(undisturbed))
    }

    /// Masked slots are left out of the run: the same as running them and seeing none of them, under both position rules.
    @Test(arguments: [false, true])
    func droppedSlotsAreMaskedSlots(positionsCountAll: Bool) throws {
        var random = SeededGenerator(seed: 12)
        let network = try TinyModel.network()
        let visible = (0..<90).map { $0 == 89 || Int.random(in: 0..<3, using: &random) > 0 }
        var next: Int32 = 0
        let slots = TinyModel.prompt(90, extra: 3).enumerated().map { index, row -> PromptRow in
            defer { if visible[index] { next += 1 } }
            return PromptRow(source: row.source, position: positionsCountAll ? Int32(index) : visible[index] ? next : 1)
        }
        let extra = TinyModel.extra(3)
        let expected = try DirectLanguage(network.configuration).logits(slots, extra: extra, visible: visible)
        let rows = zip(slots, visible).filter(\.1).map(\.0)
        let found = try LanguageRunner(network).read(rows, extra: extra)
        #expect(distance(found, expected[89]) < tolerance)
    }

    @Test func sameBitsForEveryNumberOfWorkers() throws {
        func run(_ workers: Int) throws -> [UInt32] {
            let runner = try LanguageRunner(TinyModel.network(workers: workers))
            var all = bits(try runner.read(TinyModel.prompt(530, extra: 5), extra: TinyModel.extra(5)))
            all += bits(try runner.feed(tokens: [1, 2, 3], sources: [0, 0, 0]))
            all += bits(try runner.feed(tokens: [4, 5, 6, 7], sources: [2, 0, 1, 1]))
            return all
        }
        let one = try run(1)
        #expect(try run(2) == one)
        #expect(try run(3) == one)
    }

    // MARK: Precision

    /// Logits of every row against those of float32 weights, as a part of their spread.
    private func error(_ precision: Precision, instructionSet: String? = nil, _ change: (inout ModelConfiguration) -> Void) throws -> Float {
        func logits(_ precision: Precision) throws -> [Float] {
            let runner = try LanguageRunner(TinyModel.network(instructionSet: instructionSet, precision: precision, change))
            var all: [Float] = []
            for seed in 0..<8 { all += try runner.read(TinyModel.prompt(40, extra: 5, seed: UInt64(seed)), extra: TinyModel.extra(5, change)) }
            return all
        }
        let exact = try logits(.f32), found = try logits(precision)
        func square(_ values: [Float]) -> Float { values.reduce(0) { $0 + $1 * $1 } }
        return (square(zip(exact, found).map { $0 - $1 }) / square(exact)).squareRoot()
    }

    /// Rounding to b bits errs by step / sqrt(12), the step being 2 / 2^b of a group's largest weight, and weights spread evenly here,
    /// by 1 / sqrt(3): 2^-b of a weight's size, so 0.4 % for 8 bits and 6 % for 4. Rows err likewise with 8 bits, but the largest of
    /// 128 normal numbers is 2.7 deviations: 0.6 %. Two layers and the head make 5 products in a row of each kind whose errors add up
    /// like a random walk; what is normalised and gated passes them on at most doubled.
    @Test(arguments: [(Precision.bf16, Float(0.02)), (.f16, 0.003), (.int8, 0.035), (.int4, 0.25)])
    func logitsOfNarrowWeightsAreCloseToThoseOfWide(_ precision: Precision, tolerance: Float) throws {
        let error = try error(precision) {
            $0.language.hiddenSize = 160
            $0.language.intermediateSize = 288
        }
        #expect(error > tolerance / 100 && error < tolerance, "\(error)")
    }

    @Test(arguments: [Precision.int8, .int4])
    func integersGiveTheSameBitsForEveryNumberOfWorkersAndRows(_ precision: Precision) throws {
        func run(_ workers: Int) throws -> [UInt32] {
            let runner = try LanguageRunner(TinyModel.network(workers: workers, precision: precision))
            var all = bits(try runner.read(TinyModel.prompt(530, extra: 5), extra: TinyModel.extra(5)))
            all += bits(try runner.feed(tokens: [1, 2, 3], sources: [0, 0, 0]))
            all += bits(try runner.feed(tokens: [4, 5, 6, 7], sources: [2, 0, 1, 1]))
            return all
        }
        let one = try run(1)
        #expect(try run(2) == one)
        #expect(try run(3) == one)
        // In pieces and at once: a row's codes and sums depend on nothing but the row.
        let prompt = TinyModel.prompt(530, extra: 5), extra = TinyModel.extra(5)
        let expected = try DirectLanguage(TinyModel.configuration(), precision: precision).logits(prompt, extra: extra)
        #expect(Array(one.prefix(50)) == bits(expected[529]))
    }

    @Test func bestKernelsAgreeWithTheReference() throws {
        func run(_ instructionSet: String?) throws -> [Float] {
            let runner = try LanguageRunner(TinyModel.network(instructionSet: instructionSet))
            return Array(try runner.read(TinyModel.prompt(100, extra: 5), extra: TinyModel.extra(5)))
        }
        #expect(distance(try run(nil), try run("ref")) < tolerance)
    }

    // MARK: Limits

    private func capacityError(_ body: () throws -> Void) -> CapacityError? {
        do {
            try body()
        } catch {
            return error as? CapacityError
        }
        return nil
    }

    @Test func tooLongPromptsAreErrors() throws {
        let runner = try LanguageRunner(TinyModel.network { $0.language.maxPositions = 40 })
        #expect(capacityError { _ = try runner.read(TinyModel.prompt(41), extra: []) } == .promptTooLong(tokens: 41, limit: 40))
        let far = [PromptRow(source: 1, position: 40)]
        #expect(capacityError { _ = try runner.read(far, extra: []) } == .promptTooLong(tokens: 41, limit: 40))
        _ = try runner.read(TinyModel.prompt(39), extra: [])
        _ = try runner.feed(tokens: [1], sources: [0])
        #expect(capacityError { _ = try runner.feed(tokens: [1], sources: [0]) } == .promptTooLong(tokens: 41, limit: 40))
        _ = try runner.read(TinyModel.prompt(39), extra: [])
        #expect(capacityError { try runner.continuations([[1, 2]]) { _, _ in } } == .promptTooLong(tokens: 41, limit: 40))
        #expect(capacityError { try runner.continuations([[Int32](repeating: 1, count: 65)]) { _, _ in } } != nil)
        // It works again behind a prompt that fits.
        _ = try runner.read(TinyModel.prompt(5), extra: [])
        _ = try runner.feed(tokens: [1], sources: [0])
    }

    @Test func tooManyStepsAreAnError() throws {
        let runner = try LanguageRunner(TinyModel.network { $0.language.numHiddenLayers = 1 })
        _ = try runner.read(TinyModel.prompt(3), extra: [])
        for _ in 0..<256 { _ = try runner.feed(tokens: [1], sources: [0]) }
        #expect(capacityError { _ = try runner.feed(tokens: [1], sources: [0]) } == .tooManySteps(limit: 256))
    }

    @Test func tooManyBeamsAreAnError() throws {
        let runner = try LanguageRunner(TinyModel.network { $0.language.numHiddenLayers = 1 })
        _ = try runner.read(TinyModel.prompt(3), extra: [])
        let limit = 64
        _ = try runner.feed(tokens: [Int32](repeating: 1, count: limit), sources: [Int32](repeating: 0, count: limit))
        #expect(
            capacityError { _ = try runner.feed(tokens: [Int32](repeating: 1, count: limit + 1), sources: [Int32](repeating: 0, count: limit + 1)) }
                == .tooManyBeams(count: 65, limit: 64))
    }

    @Test func aFullCacheIsAnError() throws {
        let network = try TinyModel.network {
            $0.language.numHiddenLayers = 1
            $0.language.maxPositions = 100
        }
        let runner = try LanguageRunner(network)
        _ = try runner.read(TinyModel.prompt(3), extra: [])
        let steps = (network.limits.cells - 3) / 64
        let beams = (tokens: [Int32](repeating: 1, count: 64), sources: [Int32](repeating: 0, count: 64))
        for _ in 0..<steps { _ = try runner.feed(tokens: beams.tokens, sources: beams.sources) }
        #expect(
            capacityError { _ = try runner.feed(tokens: beams.tokens, sources: beams.sources) }
                == .cacheFull(needed: 3 + (steps + 1) * 64, limit: network.limits.cells))
    }

    @Test func cancellationIsThrownAndForgotten() throws {
        let runner = try LanguageRunner(TinyModel.network())
        let cancelled = Cancellation()
        cancelled.cancel()
        let prompt = TinyModel.prompt(30)
        let expected = bits(try runner.read(prompt, extra: []))
        #expect(throws: CancellationError.self) { try runner.read(prompt, extra: [], cancellation: cancelled) }
        #expect(bits(try runner.read(prompt, extra: [], cancellation: Cancellation())) == expected)
        #expect(throws: CancellationError.self) { try runner.feed(tokens: [1], sources: [0], cancellation: cancelled) }
        #expect(bits(try runner.read(prompt, extra: [])) == expected)
    }

    /// Half precision rounds keys and values by 2^-12 (f16) or 2^-9 (bf16) of their size, about 1 here as the logits are, 8 bits by
    /// a 254th of a head's largest; two layers and sums over random signs keep the logits within a few such steps.
    @Test func narrowCachesChangeLogitsByTheirRounding() throws {
        let prompt = TinyModel.prompt(150, extra: 4), extra = TinyModel.extra(4)
        func logits(_ type: LanguageConfiguration.CacheType?) throws -> [Float] {
            let network = try TinyModel.network { $0.language.cacheType = type }
            let runner = try LanguageRunner(network)
            var logits = try runner.read(prompt, extra: extra)
            logits += try runner.feed(tokens: [3, 7, 9, 11, 13], sources: [0, 0, 0, 0, 0])
            logits += try runner.feed(tokens: [5, 5, 6, 8, 1], sources: [1, 0, 0, 4, 4])
            return logits
        }
        let exact = try logits(.f32)
        #expect(bits(try logits(nil)) == bits(exact), "weights in f32 keep a cache in f32")
        for (type, tolerance) in [(LanguageConfiguration.CacheType.f16, Float(4e-3)), (.bf16, 3e-2), (.int8, 3e-2)] {
            let difference = distance(try logits(type), exact)
            #expect(difference > 0 && difference < tolerance, "\(type): \(difference)")
        }
    }

    /// The memory of the caches, and what decides on it.
    @Test func cachesFollowTheWeights() throws {
        let configuration = TinyModel.configuration()
        func bytes(_ type: LanguageConfiguration.CacheType?, packed: Precision = .f32) throws -> Int {
            var configuration = configuration
            configuration.language.cacheType = type
            let source = EvaluatingSource(try TinyModel.parameters(configuration), precision: { $0.name.hasSuffix("_proj.weight") ? packed : .f32 })
            return try Network(configuration, source: source).language.stateByteCount
        }
        let full = try bytes(nil)
        #expect(try bytes(.f16) * 2 == full && bytes(.bf16) * 2 == full && bytes(.f32, packed: .f16) == full)
        // A head of 8 bits has a scale of 4 bytes.
        let width = configuration.language.hiddenSize / configuration.language.numAttentionHeads
        #expect(try bytes(.int8) * 4 * width == full * (width + 4))
        #expect(try bytes(nil, packed: .f16) * 2 == full && bytes(nil, packed: .bf16) * 2 == full)
    }
}
