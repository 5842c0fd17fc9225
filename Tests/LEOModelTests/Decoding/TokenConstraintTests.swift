import Foundation
import LEOModel
import Testing
import TestSupport

/// A toy action: verb (10...12), one or two objects (20...24) of which the second is greater, then end of sequence.
private struct ToyGrammar: TokenConstraint {
    private let verbs = TokenSet(ranges: [10...12])
    private let objects = TokenSet(ranges: [20...24])
    private let end = TokenSet([2])

    func allowedTokens(after generated: ArraySlice<Int32>) -> TokenSet? {
        switch generated.count {
        case 0: return verbs
        case 1: return objects
        case 2:
            guard let first = generated.last, first < 24 else { return end }
            return TokenSet(ranges: [first + 1...24]).union(end)
        default: return end
        }
    }

    static func accepts(_ ids: ArraySlice<Int32>) -> Bool {
        let ids = Array(ids)
        guard ids.count == 2 || ids.count == 3, (10...12).contains(ids[0]) else { return false }
        guard ids[1...].allSatisfy({ (20...24).contains($0) }) else { return false }
        return ids.count == 2 || ids[1] < ids[2]
    }
}

/// Allows what a closure says.
private struct Rule: TokenConstraint {
    let allowed: @Sendable (ArraySlice<Int32>) -> TokenSet?
    func allowedTokens(after generated: ArraySlice<Int32>) -> TokenSet? { allowed(generated) }
}

@Suite("Token constraints")
struct TokenConstraintTests {
    private static let strategies: [DecodingStrategy] = [
        .greedy, .beam, .sampling(temperature: 2, topK: 0, seed: 3), .sampling(topK: 2, topP: 0.9, seed: 4),
    ]

    @Test(arguments: strategies, DecodingRules.allCases)
    func onlyValidSequencesComeOut(strategy: DecodingStrategy, rules: DecodingRules) throws {
        var seen: Set<[Int32]> = []
        for seed in 0..<40 {
            // Most weight lies on tokens the grammar does not know.
            let model = TableModel.random(vocabulary: 40, rows: 37, scale: 5, eosBoost: 4, seed: UInt64(seed))
            for beams in [2, 5] {
                let options = DecodingOptions(strategy: strategy, rules: rules, beams: beams, maxNewTokens: 10)
                let result = try decode(options, model, constraint: ToyGrammar())
                #expect(!result.hypotheses.isEmpty)
                for hypothesis in result.hypotheses {
                    #expect(hypothesis.finish == .endOfSequence)
                    #expect(ToyGrammar.accepts(hypothesis.generated), "\(hypothesis.ids)")
                    seen.insert(Array(hypothesis.generated))
                }
                #expect(Set(result.hypotheses.map(\.ids)).count == result.hypotheses.count)
            }
        }
        #expect(seen.count > 5)
    }

    @Test func wideSearchFindsTheBestValidSequence() throws {
        // Three verbs with five or fifteen continuations: 45 sequences, which 60 beams hold all at once.
        let model = TableModel.random(vocabulary: 40, rows: 37, scale: 3, eosBoost: 0, seed: 9)
        let options = DecodingOptions(beams: 60, maxNewTokens: 5, repetitionPenalty: 1, lengthPenalty: 0)
        let result = try decode(options, model, prompt: [4, 1], constraint: ToyGrammar())
        #expect(result.hypotheses.count == 45)
        func score(_ ids: [Int32]) -> Double {
            var context: [Int32] = [4, 1]
            return ids.reduce(0.0) { sum, id in
                let logits = model.logits(after: context).map(Double.init)
                context.append(id)
                return sum + logits[Int(id)] - log(logits.reduce(0) { $0 + exp($1) })
            }
        }
        var all: [(Double, [Int32])] = []
        for verb in Int32(10)...12 {
            for first in Int32(20)...24 {
                all.append((score([verb, first, 2]), [verb, first, 2]))
                for second in Int32(20)...24 where second > first {
                    all.append((score([verb, first, second, 2]), [verb, first, second, 2]))
                }
            }
        }
        all.sort { $0.0 > $1.0 }
        #expect(result.hypotheses.map { Array($0.ids.dropFirst()) } == all.map(\.1))
        for (hypothesis, other) in zip(result.hypotheses, all) { #expect(abs(hypothesis.score - other.0) < 1e-5) }
    }

    @Test func beamsWithNothingAllowedDisappear() throws {
        // 10 leads on, 11 and 12 lead nowhere.
        let rule = Rule { generated in
            switch generated.count {
            case 0: TokenSet(ranges: [10...12])
            case 1: generated.first == 10 ? TokenSet(ranges: [20...24]) : .empty
            default: TokenSet([2])
            }
        }
        let model = TableModel.random(vocabulary: 40, rows: 37, scale: 3, eosBoost: 0, seed: 2)
        let decoder = try DecodingOptions(beams: 4, maxNewTokens: 6).makeDecoder(
            vocabulary: 40, promptLength: 2, constraint: rule)
        var request = DrivenRequest(decoder, model: model, prompt: [3, 1])
        let result = request.run()
        #expect(request.mostRows == 4)
        #expect(result.hypotheses.count == 4)
        for hypothesis in result.hypotheses {
            #expect(hypothesis.generated.first == 10 && hypothesis.finish == .endOfSequence)
        }
    }

    @Test func rowsFollowTheLivingBeams() throws {
        let rule = Rule { $0.isEmpty ? TokenSet([10, 11]) : TokenSet([20]) }
        let model = TableModel.random(vocabulary: 40, rows: 37, scale: 3, eosBoost: 0, seed: 2)
        var decoder = try DecodingOptions(beams: 5, maxNewTokens: 6).makeDecoder(
            vocabulary: 40, promptLength: 2, constraint: rule)
        let row = model.logits(after: [3, 1])
        let first = row.withUnsafeBufferPointer { decoder.advance(logits: $0, rows: 1) }
        #expect(Set(first.tokens) == [10, 11] && first.sourceRows == [0, 0])
        let second = (row + row).withUnsafeBufferPointer { decoder.advance(logits: $0, rows: 2) }
        #expect(second.tokens == [20, 20] && second.sourceRows == [0, 1])
        #expect(second.emitted == nil && !second.isFinished)
    }

    @Test func deadEndsAreReported() throws {
        let rule = Rule { $0.count < 2 ? TokenSet([Int32(10 + $0.count)]) : .empty }
        let model = TableModel.random(vocabulary: 40, rows: 37, scale: 3, eosBoost: 0, seed: 2)
        for strategy in Self.strategies {
            let result = try decode(DecodingOptions(strategy: strategy), model, constraint: rule)
            #expect(result.finish == .deadEnd)
            if strategy == .beam {
                #expect(result.hypotheses.isEmpty && result.ids == [1] && result.score == -.infinity)
            } else {
                #expect(result.ids == [1, 10, 11])
            }
        }
    }

    @Test(arguments: strategies)
    func nilAllowsEverything(strategy: DecodingStrategy) throws {
        let model = TableModel.random(vocabulary: 40, rows: 37, scale: 3, eosBoost: 1, seed: 12)
        let options = DecodingOptions(strategy: strategy, maxNewTokens: 9)
        let free = try decode(options, model)
        #expect(try decode(options, model, constraint: Rule { _ in nil }) == free)
        #expect(try decode(options, model, constraint: Rule { _ in TokenSet(ranges: [0...Int32.max]) }) == free)
    }

    @Test(arguments: strategies)
    func excludedTokensNeverAppear(strategy: DecodingStrategy) throws {
        let model = TableModel.random(vocabulary: 40, rows: 37, scale: 3, eosBoost: -9, seed: 12)
        var options = DecodingOptions(strategy: strategy, maxNewTokens: 20)
        let free = try decode(options, model)
        // 32000 lies outside this vocabulary and is no concern.
        options.excludedTokens = Array(Set(free.ids.dropFirst())) + [32_000]
        let result = try decode(options, model)
        #expect(result.ids.count == 21)
        for hypothesis in result.hypotheses {
            #expect(Set(hypothesis.generated).isDisjoint(with: options.excludedTokens))
        }
    }

    @Test func setsAreSortedRanges() {
        let set = TokenSet([5, 3, 4, 9, 9, 0, .max, .max - 1])
        #expect(set.ranges == [0...0, 3...5, 9...9, Int32.max - 1...Int32.max])
        for id in Int32(-2)...12 { #expect(set.contains(id) == [0, 3, 4, 5, 9].contains(id)) }
        #expect(set.contains(.max) && !set.contains(.min))
        #expect(set.complement(vocabulary: 12).ranges == [1...2, 6...8, 10...11])
        #expect(set.complement(vocabulary: 4).ranges == [1...2])
        #expect(set.complement(vocabulary: 0).isEmpty)
        #expect(TokenSet.empty.complement(vocabulary: 3) == TokenSet([2, 1, 0]))
        #expect(TokenSet(ranges: [-5...1, 1...2, 8...9, 3...4]).ranges == [-5...4, 8...9])
        #expect(TokenSet(ranges: [-5...1, 6...7]).complement(vocabulary: 8).ranges == [2...5])
        #expect(TokenSet(ranges: [0...Int32.max, 7...9]).ranges == [0...Int32.max])
        #expect(TokenSet(ranges: [-9...(-2)]).complement(vocabulary: 2).ranges == [0...1])
        #expect(TokenSet([1]).union(TokenSet([2, 7])).ranges == [1...2, 7...7])
    }
}
