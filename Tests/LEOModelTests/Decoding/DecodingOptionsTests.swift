import Foundation
import LEOModel
import Testing
import TestSupport

@Suite("Decoding options and edges")
struct DecodingOptionsTests {
    private static let strategies: [DecodingStrategy] = [.greedy, .beam, .sampling(seed: 3)]

    @Test func defaultsAreThoseOfLEO() throws {
        let options = DecodingOptions()
        try options.validate()
        #expect(options.strategy == .beam && options.rules == .transformers4_28_1 && options.beams == 5)
        #expect(options.repetitionPenalty == 3 && options.lengthPenalty == 1 && options.minLength == 1)
        #expect(try options.newTokenBudget(promptLength: 10_000) == 255)
        #expect(options.batchFillerID == 0)
    }

    @Test func newerRulesCountThePrompt() throws {
        var options = DecodingOptions(rules: .transformers4_57)
        #expect(try options.newTokenBudget(promptLength: 250) == 6)
        #expect(throws: TokenDecodingError.noRoomForNewTokens(maxLength: 256, promptLength: 256)) {
            try options.newTokenBudget(promptLength: 256)
        }
        #expect(throws: TokenDecodingError.noRoomForNewTokens(maxLength: 256, promptLength: .max)) {
            try options.makeDecoder(vocabulary: 9, promptLength: .max)
        }
        options.maxNewTokens = 32
        #expect(try options.newTokenBudget(promptLength: 9_999) == 32)
        #expect(options.batchFillerID == 2)
        options.strategy = .greedy
        #expect(options.batchFillerID == 0)
    }

    @Test func nonsenseIsNamed() throws {
        func expect(_ name: String, _ change: (inout DecodingOptions) -> Void) {
            var options = DecodingOptions()
            change(&options)
            do {
                _ = try options.makeDecoder(vocabulary: 100, promptLength: 3)
                Issue.record("\(name) was accepted")
            } catch let TokenDecodingError.invalidOption(found, _, _) {
                #expect(found == name)
            } catch {
                Issue.record("\(name): \(error)")
            }
        }
        for beams in [0, -1, 129, Int.max] { expect("beams") { $0.beams = beams } }
        for length in [0, -5, 1 << 21, Int.max] { expect("maxLength") { $0.maxLength = length } }
        for count in [-1, 1 << 21] { expect("maxNewTokens") { $0.maxNewTokens = count } }
        for length in [-1, 257] { expect("minLength") { $0.minLength = length } }
        for penalty in [0, -1, .nan, .infinity, 1e-300, 1e300] {
            expect("repetitionPenalty") { $0.repetitionPenalty = penalty }
        }
        for penalty in [Double.nan, .infinity, -17, 1e9] { expect("lengthPenalty") { $0.lengthPenalty = penalty } }
        expect("bosID") { $0.bosID = -1 }
        expect("eosID") { $0.eosID = -1 }
        expect("padID") { $0.padID = -1 }
        expect("excludedTokens") { $0.excludedTokens = [4, -1] }
        for temperature in [0, -1, .nan, .infinity] {
            expect("temperature") { $0.strategy = .sampling(temperature: temperature) }
        }
        expect("topK") { $0.strategy = .sampling(topK: -1) }
        for mass in [0, -0.5, 1.0001, .nan] { expect("topP") { $0.strategy = .sampling(topP: mass) } }
        #expect(throws: TokenDecodingError.tokenOutsideVocabulary(name: "eosID", id: 2, vocabulary: 2)) {
            try DecodingOptions().makeDecoder(vocabulary: 2, promptLength: 1)
        }
        #expect(throws: TokenDecodingError.self) { try DecodingOptions().makeDecoder(vocabulary: -3, promptLength: 1) }
        let error = TokenDecodingError.invalidOption(name: "beams", expected: "1...128", found: "0")
        #expect("\(error)" == "decoding option beams: expected 1...128, found 0")
    }

    @Test func oneBeamIsGreedy() throws {
        let options = DecodingOptions(beams: 1)
        #expect(try options.makeDecoder(vocabulary: 9, promptLength: 1) is GreedyDecoder)
    }

    @Test(arguments: strategies, DecodingRules.allCases)
    func budgetsOfNothingAndOne(strategy: DecodingStrategy, rules: DecodingRules) throws {
        let model = TableModel.random(vocabulary: 30, rows: 37, scale: 2, eosBoost: -9, seed: 4)
        let seed: [Int32] = rules == .transformers4_28_1 ? [1] : []
        var options = DecodingOptions(strategy: strategy, rules: rules, maxNewTokens: 0)
        let nothing = try decode(options, model)
        #expect(nothing.ids == seed && nothing.finish == .budget && nothing.score == 0)
        options.maxNewTokens = 1
        let one = try decode(options, model)
        #expect(one.ids.count == seed.count + 1 && one.ids.starts(with: seed) && one.finish == .budget)
        #expect(one.hypotheses[0].generated.count == 1)
    }

    @Test(arguments: strategies, DecodingRules.allCases)
    func endAtOnce(strategy: DecodingStrategy, rules: DecodingRules) throws {
        var row = [Float](repeating: 0, count: 30)
        row[2] = 60
        let model = TableModel(rows: [[Float]](repeating: row, count: 30), lastOnly: true)
        let result = try decode(DecodingOptions(strategy: strategy, rules: rules, maxNewTokens: 20), model)
        #expect(result.ids == (rules == .transformers4_28_1 ? [1, 2] : [2]))
        #expect(result.finish == .endOfSequence && result.hypotheses[0].generated.isEmpty)
    }

    @Test(arguments: strategies)
    func minLengthCountsTheSeed(strategy: DecodingStrategy) throws {
        var row = [Float](repeating: 0, count: 30)
        row[2] = 60
        let model = TableModel(rows: [[Float]](repeating: row, count: 30), lastOnly: true)
        let old = try decode(DecodingOptions(strategy: strategy, minLength: 4, maxNewTokens: 20), model)
        #expect(old.ids.count == 5 && old.finish == .endOfSequence)
        // Under 4.57 the prompt of three counts towards minLength.
        let options = DecodingOptions(strategy: strategy, rules: .transformers4_57, minLength: 5, maxNewTokens: 20)
        #expect(try decode(options, model).ids.count == 3)
    }

    @Test func equalLogitsTakeLowestIDs() throws {
        let row = [Float](repeating: 0.7, count: 50)
        let model = TableModel(rows: [[Float]](repeating: row, count: 50), lastOnly: true)
        var options = DecodingOptions(strategy: .greedy, maxNewTokens: 3, repetitionPenalty: 1)
        #expect(try decode(options, model).ids == [1, 0, 0, 0])
        // Id 1 is penalised at once, each other id once taken.
        options.repetitionPenalty = 3
        #expect(try decode(options, model).ids == [1, 0, 2])
        options.strategy = .beam
        options.maxNewTokens = 1
        // 0, then end (closed), 3, 4, 5 ...: five running beams, all equal; of the hypotheses the newest of the best.
        let result = try decode(options, model)
        let expected = ReferenceDecoding(rules: .transformers4_28_1, newTokens: 1).beamSearch(model, prompts: [[1]])[0]
        #expect(result.hypotheses.map(\.ids) == expected.map(\.ids))
    }

    @Test(arguments: strategies, [Float.nan, -.infinity])
    func rowsWithoutAnythingPossibleAreDeadEnds(strategy: DecodingStrategy, value: Float) throws {
        let row = [Float](repeating: value, count: 20)
        let model = TableModel(rows: [[Float]](repeating: row, count: 20), lastOnly: true)
        let result = try decode(DecodingOptions(strategy: strategy), model)
        #expect(result.ids == [1] && result.finish == .deadEnd)
    }

    @Test(arguments: [DecodingStrategy.greedy, .beam])
    func notANumberCountsAsMinusInfinity(strategy: DecodingStrategy) throws {
        for seed in 0..<20 {
            var generator = SeededGenerator(seed: UInt64(seed))
            var odd: [[Float]] = []
            var plain: [[Float]] = []
            for _ in 0..<37 {
                var row = generator.floats(41).map { $0 * 3 }
                var other = row
                for index in row.indices where Int.random(in: 0..<4, using: &generator) == 0 {
                    row[index] = .nan
                    other[index] = -.infinity
                }
                odd.append(row)
                plain.append(other)
            }
            let options = DecodingOptions(strategy: strategy, maxNewTokens: 12)
            let result = try decode(options, TableModel(rows: odd))
            #expect(result == (try decode(options, TableModel(rows: plain))))
            #expect(result.score.isFinite)
        }
    }

    @Test(arguments: strategies, DecodingRules.allCases)
    func extremeLogitsStayNumbers(strategy: DecodingStrategy, rules: DecodingRules) throws {
        let values: [Float] = [
            .infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e30, -1e30, 0, .nan, .leastNonzeroMagnitude,
        ]
        for seed in 0..<30 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let rows = (0..<37).map { _ in (0..<40).map { _ in values[Int.random(in: 0..<8, using: &generator)] } }
            for penalty in [0.5, 1, 3] {
                let options = DecodingOptions(
                    strategy: strategy, rules: rules, maxNewTokens: 10, repetitionPenalty: penalty)
                let result = try decode(options, TableModel(rows: rows))
                #expect(!result.score.isNaN)
                #expect(result.ids.allSatisfy { (0..<40).contains($0) })
            }
        }
    }
}

@Suite("Answer scores")
struct AnswerScoresTests {
    private func rows(_ count: Int, vocabulary: Int, scale: Float, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return generator.floats(count * vocabulary).map { $0 * scale }
    }

    @Test(arguments: [1, 3, 8, 9, 40, 1_000, 32_001])
    func meanLossMatchesDoubleArithmetic(vocabulary: Int) throws {
        for scale in [Float(0.1), 5, 60, 1_000] {
            let answer = (0..<3).map { Int32($0 * 7 % vocabulary) }
            let logits = rows(3, vocabulary: vocabulary, scale: scale, seed: UInt64(vocabulary))
            var scorer = AnswerLoss(vocabulary: vocabulary)
            let found = logits.withUnsafeBufferPointer { scorer.mean(logits: $0, answer: answer) }
            let expected = (0..<3).reduce(0.0) { sum, row in
                let values = logits[row * vocabulary..<(row + 1) * vocabulary].map(Double.init)
                let maximum = values.max()!
                return sum + maximum + log(values.reduce(0) { $0 + exp($1 - maximum) }) - values[Int(answer[row])]
            } / 3
            // Two f32 roundings per token, relative to the loss, besides the error of the sum of exponentials.
            #expect(abs(found - expected) <= 4e-7 + 2e-7 * expected, "scale \(scale)")
        }
    }

    @Test func candidatesAreTheMostProbableFirstTokens() throws {
        let logits: [Float] = [0, 0, 0, 1, 5, 3, 3, -2]
        let answers: [[Int32]] = [[3, 4], [6], [4], [5, 5, 5], [7]]
        let all = try logits.withUnsafeBufferPointer { try AnswerRanking(logits: $0, answers: answers) }
        #expect(all.candidates == [2, 1, 3, 0, 4])
        let sum = logits.reduce(0.0) { $0 + exp(Double($1)) }
        #expect(abs(all.firstTokenProbabilities[0] - exp(1) / sum) < 1e-7)
        let few = try logits.withUnsafeBufferPointer { try AnswerRanking(logits: $0, answers: answers, limit: 2) }
        #expect(few.candidates == [2, 1])
        let scores = AnswerScores(ranking: few, candidateLosses: [0.9, 0.4])
        #expect(scores.losses == [.infinity, 0.4, 0.9, .infinity, .infinity])
        #expect(scores.best == 1)
        let many = [[Int32]](repeating: [3], count: 200)
        let capped = try logits.withUnsafeBufferPointer { try AnswerRanking(logits: $0, answers: many) }
        #expect(capped.candidates == Array(0..<128))
    }

    @Test func equalLossesGoToTheFirstAnswerAndNaNToNone() throws {
        let logits: [Float] = [0, 1, 2, 3]
        let ranking = try logits.withUnsafeBufferPointer { try AnswerRanking(logits: $0, answers: [[1], [2], [3]]) }
        #expect(ranking.candidates == [2, 1, 0])
        #expect(AnswerScores(ranking: ranking, candidateLosses: [0.5, 0.5, 0.5]).best == 0)
        #expect(AnswerScores(ranking: ranking, candidateLosses: [0.7, .nan, 0.9]).best == 2)
        let none = try logits.withUnsafeBufferPointer { try AnswerRanking(logits: $0, answers: []) }
        #expect(AnswerScores(ranking: none, candidateLosses: []).best == nil)
    }

    @Test func badAnswersAreNamed() {
        let logits: [Float] = [0, 1, 2, 3]
        logits.withUnsafeBufferPointer { logits in
            #expect(throws: TokenDecodingError.emptyAnswer(index: 1)) {
                try AnswerRanking(logits: logits, answers: [[1], []])
            }
            for id in [Int32(4), -1, .max] {
                #expect(throws: TokenDecodingError.tokenOutsideVocabulary(name: "answer 0", id: id, vocabulary: 4)) {
                    try AnswerRanking(logits: logits, answers: [[1, id]])
                }
            }
        }
    }
}
