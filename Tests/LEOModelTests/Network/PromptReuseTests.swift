import ExecutionPlan
import LEOModel
import LEOTensor
import TestSupport
import Testing

/// What a runner need not read again must not change a bit of what it says.
@Suite struct PromptReuseTests {
    typealias Prefilled = (logits: [UInt32], reuse: LanguageRunner.Reuse)

    private func read(
        _ runner: LanguageRunner, _ prompt: [PromptRow], _ extra: [Float], prefix: PromptPrefix? = nil, keepsCells: Bool = true
    ) throws -> Prefilled {
        let (logits, reuse) = try runner.prefill(prompt, extra: extra, keepsCells: keepsCells, prefix: prefix)
        return (bits(logits), reuse)
    }

    private func expect(
        _ found: Prefilled, _ logits: [UInt32], _ reuse: LanguageRunner.Reuse, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(found.logits == logits, sourceLocation: location)
        #expect(found.reuse == reuse, sourceLocation: location)
    }

    private func fresh(_ network: Network, _ prompt: [PromptRow], _ extra: [Float]) throws -> [UInt32] {
        bits(try LanguageRunner(network).read(prompt, extra: extra))
    }

    /// `prompt` with other tokens from `row` on.
    private func changed(_ prompt: [PromptRow], from row: Int, count: Int? = nil) -> [PromptRow] {
        let tail = TinyModel.prompt((count ?? prompt.count) - row, seed: 77).enumerated().map { offset, new in
            let first = row < prompt.count ? (max(prompt[row].source, 0) + 1) % 50 : 0
            return PromptRow(source: offset == 0 ? first : new.source, position: Int32(row + offset))
        }
        return prompt[..<min(row, prompt.count)] + tail
    }

    @Test(arguments: [nil, "ref"])
    func sharedRowsAreKept(instructionSet: String?) throws {
        let network = try TinyModel.network(instructionSet: instructionSet)
        let runner = try LanguageRunner(network)
        let extra = TinyModel.extra(5)
        // Some rows less than a kernel's block, more than one run, nothing, all.
        let first = TinyModel.prompt(700, extra: 5)
        #expect(try read(runner, first, extra).reuse == .init())
        for shared in [699, 1, 0, 2, 7, 513, 64, 511] {
            let prompt = changed(first, from: shared)
            expect(try read(runner, prompt, extra), try fresh(network, prompt, extra), .init(kept: shared))
            #expect(try read(runner, first, extra).reuse.kept == shared)
        }
        let again = try read(runner, first, extra)
        expect(again, try fresh(network, first, extra), .init(kept: 699))
        #expect(try read(runner, first, extra, keepsCells: false).reuse.kept == 0)
        // Shorter, longer.
        let short = Array(first[..<40])
        expect(try read(runner, short, extra), try fresh(network, short, extra), .init(kept: 39))
        expect(try read(runner, first, extra), try fresh(network, first, extra), .init(kept: 40))
    }

    @Test func extraRowsCountByContent() throws {
        let network = try TinyModel.network()
        let runner = try LanguageRunner(network)
        let extra = TinyModel.extra(5), prompt = TinyModel.prompt(60, extra: 5, every: 10)
        let rows = prompt.indices.filter { prompt[$0].source < 0 }
        _ = try read(runner, prompt, extra)
        for (number, row) in rows.enumerated() {
            // One number of the row that stands here.
            var other = extra
            other[(-Int(prompt[row].source) - 1) * 32 + number] += 1
            let first = prompt.firstIndex { $0.source == prompt[row].source } ?? 0
            expect(try read(runner, prompt, other), try fresh(network, prompt, other), .init(kept: first))
            expect(try read(runner, prompt, extra), try fresh(network, prompt, extra), .init(kept: first))
        }
        // The same contents under other numbers, as when a picture comes before the objects.
        let moved = prompt.map { PromptRow(source: $0.source < 0 ? $0.source - 1 : $0.source, position: $0.position) }
        let shifted = [Float](repeating: 3, count: 32) + extra[..<(4 * 32)]
        let expected = try fresh(network, moved, shifted + extra[(4 * 32)...])
        let found = try read(runner, moved, shifted + extra[(4 * 32)...])
        #expect(found.logits == expected && found.reuse.kept == 59)
        // Another position is another row.
        let later = prompt.map { PromptRow(source: $0.source, position: $0.position + ($0.position > 20 ? 3 : 0)) }
        expect(try read(runner, later, extra), try fresh(network, later, extra), .init(kept: 21))
    }

    @Test func decodingAndScoringLeaveThePrompt() throws {
        let network = try TinyModel.network()
        let runner = try LanguageRunner(network), prompt = TinyModel.prompt(50, extra: 3), extra = TinyModel.extra(3)
        let expected = try fresh(network, prompt, extra)
        _ = try read(runner, prompt, extra)
        for step in 0..<5 { _ = try runner.feed(tokens: [1, 2, Int32(step)], sources: step == 0 ? [0, 0, 0] : [2, 1, 0]) }
        expect(try read(runner, prompt, extra), expected, .init(kept: 49))
        try runner.continuations([[1, 2, 3], [4], []]) { _, _ in }
        expect(try read(runner, prompt, extra), expected, .init(kept: 49))
        // What follows is that of a fresh runner, too.
        let plain = try LanguageRunner(network)
        _ = try plain.read(prompt, extra: extra)
        #expect(bits(try runner.feed(tokens: [9, 8], sources: [0, 0])) == bits(try plain.feed(tokens: [9, 8], sources: [0, 0])))
    }

    @Test func aCancelledPromptLeavesNothingWrong() throws {
        let network = try TinyModel.network()
        let runner = try LanguageRunner(network), extra = TinyModel.extra(5)
        let first = TinyModel.prompt(100, extra: 5), other = changed(first, from: 30)
        _ = try read(runner, first, extra)
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect(throws: CancellationError.self) {
            _ = try runner.prefill(other, extra: extra, keepsCells: true, prefix: nil, cancellation: cancellation)
        }
        let found = try read(runner, first, extra)
        expect(found, try fresh(network, first, extra), .init(kept: 30))
    }

    // MARK: Stored prefixes

    private func tokens(_ count: Int) -> [PromptRow] { TinyModel.prompt(count, seed: 5) }

    @Test(arguments: [1, 2, 31, 40, 600], [LanguageConfiguration.CacheType.f32, .int8])
    func aStoredPrefixIsAPromptThatWasRead(count: Int, cacheType: LanguageConfiguration.CacheType) throws {
        let network = try TinyModel.network { $0.language.cacheType = cacheType }
        let author = try LanguageRunner(network), extra = TinyModel.extra(5)
        _ = try author.read(tokens(count), extra: [])
        let prefix = author.prefix(count)
        #expect(prefix.tokens == tokens(count).map(\.source) && prefix.states.count == (cacheType == .int8 ? 8 : 4))
        let rest = TinyModel.prompt(45, extra: 5, seed: 6)
        let whole = tokens(count) + rest.map { PromptRow(source: $0.source, position: $0.position + Int32(count)) }
        let expected = try fresh(network, whole, extra)
        let runner = try LanguageRunner(network)
        expect(try read(runner, whole, extra, prefix: prefix), expected, .init(stored: count))
        // Now the cells are the runner's own.
        expect(try read(runner, whole, extra, prefix: prefix), expected, .init(kept: whole.count - 1))
        // Over what an earlier prompt left.
        _ = try read(runner, TinyModel.prompt(90, seed: 9), extra)
        expect(try read(runner, whole, extra, prefix: prefix), expected, .init(stored: count))
        // A prompt that is the prefix: its last row is read for its logits.
        let own = try LanguageRunner(network)
        expect(try read(own, tokens(count), extra, prefix: prefix), try fresh(network, tokens(count), extra), .init(stored: count - 1))
    }

    @Test func aPrefixServesAsFarAsItMatches() throws {
        let network = try TinyModel.network()
        let author = try LanguageRunner(network)
        _ = try author.read(tokens(60), extra: [])
        let prefix = author.prefix(60)
        for shared in [0, 1, 20, 59] {
            let prompt = changed(tokens(60), from: shared, count: 80)
            let runner = try LanguageRunner(network)
            expect(try read(runner, prompt, [], prefix: prefix), try fresh(network, prompt, []), .init(stored: shared))
            // Behind rows that the runner still has.
            let longer = changed(tokens(60), from: 50, count: 70), kept = min(shared, 50)
            expect(try read(runner, longer, [], prefix: prefix), try fresh(network, longer, []), .init(kept: kept, stored: 50 - kept))
        }
        // Tokens elsewhere than at the beginning are no prefix.
        let late = tokens(60).map { PromptRow(source: $0.source, position: $0.position + 1) }
        #expect(try read(LanguageRunner(network), late, [], prefix: prefix).reuse == .init())
    }
}
