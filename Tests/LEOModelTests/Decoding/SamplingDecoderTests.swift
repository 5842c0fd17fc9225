import Foundation
import LEOModel
import Testing
import TestSupport

@Suite("Sampling")
struct SamplingDecoderTests {
    private static let row: [Float] = [1.2, -0.4, -30, 0.3, 2.1, 0.3, -1.7, 0.9, 1.9, -2.5, 0.3, 0]

    /// Draws `count` tokens of one and the same row; end of sequence (id 2) is excluded so that it goes on.
    private func draw(
        _ count: Int, row: [Float] = row, temperature: Double = 1, topK: Int = 0, topP: Double = 1, seed: UInt64 = 1,
        excluded: [Int32] = [2]
    ) throws -> [Int32] {
        let options = DecodingOptions(
            strategy: .sampling(temperature: temperature, topK: topK, topP: topP, seed: seed), maxNewTokens: count,
            repetitionPenalty: 1, excludedTokens: excluded)
        let model = TableModel(rows: [[Float]](repeating: row, count: row.count), lastOnly: true)
        let decoder = try SamplingDecoder(options, vocabulary: row.count, promptLength: 1)
        var request = DrivenRequest(decoder, model: model, prompt: [1])
        // Histories would make long runs quadratic; the model looks at nothing but the row.
        let logits = model.logits(after: [1])
        while !request.decoder.isFinished {
            _ = logits.withUnsafeBufferPointer { request.decoder.advance(logits: $0, rows: 1) }
        }
        return Array(request.decoder.result.hypotheses[0].generated)
    }

    private func softmax(_ row: [Float], temperature: Double, support: Set<Int>) -> [Double] {
        let weights = row.indices.map { support.contains($0) ? exp(Double(row[$0]) / temperature) : 0 }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// Pearson's statistic of drawn tokens against the filtered softmax, and its degrees of freedom.
    private func chiSquare(_ tokens: [Int32], _ expected: [Double]) -> (statistic: Double, freedom: Int) {
        var counts = [Int](repeating: 0, count: expected.count)
        for token in tokens { counts[Int(token)] += 1 }
        var statistic = 0.0
        var freedom = -1
        for (count, probability) in zip(counts, expected) where probability > 0 {
            let mean = probability * Double(tokens.count)
            statistic += (Double(count) - mean) * (Double(count) - mean) / mean
            freedom += 1
        }
        return (statistic, freedom)
    }

    @Test(arguments: [
        (1.0, 0, 1.0), (0.7, 0, 1.0), (2.5, 0, 1.0), (1.0, 5, 1.0), (1.0, 0, 0.8), (1.5, 6, 0.9), (0.5, 3, 1.0),
    ])
    func frequenciesFollowFilteredSoftmax(temperature: Double, topK: Int, topP: Double) throws {
        let count = 5_000
        let tokens = try draw(count, temperature: temperature, topK: topK, topP: topP, seed: 11)
        #expect(tokens.count == count)
        let support = Self.support(Self.row, temperature: temperature, topK: topK, topP: topP)
        #expect(Set(tokens.map(Int.init)).isSubset(of: support))
        let expected = softmax(Self.row, temperature: temperature, support: support)
        let (statistic, freedom) = chiSquare(tokens, expected)
        // Mean freedom, deviation sqrt(2 freedom): five deviations pass any honest generator, and no wrong softmax.
        #expect(statistic < Double(freedom) + 5 * (2 * Double(max(freedom, 1))).squareRoot())
    }

    /// The warpers written out over sorted lists, ascending as in transformers.
    private static func support(_ row: [Float], temperature: Double, topK: Int, topP: Double) -> Set<Int> {
        var scores = row.map { Double($0) / temperature }
        scores[2] = -.infinity
        if topK > 0 {
            let limit = scores.sorted(by: >)[min(topK, scores.count) - 1]
            for index in scores.indices where scores[index] < limit { scores[index] = -.infinity }
        }
        if topP < 1 {
            // Ascending; of equals the higher id is the less probable one.
            let order = scores.indices.sorted { (scores[$0], -$0) < (scores[$1], -$1) }
            let sum = scores.reduce(0) { $0 + exp($1) }
            var cumulative = 0.0
            for index in order {
                cumulative += exp(scores[index]) / sum
                if cumulative <= 1 - topP { scores[index] = -.infinity }
            }
        }
        return Set(scores.indices.filter { scores[$0] > -.infinity })
    }

    @Test func supportsAreThoseOfTheWarpers() throws {
        var generator = SeededGenerator(seed: 3)
        for round in 0..<40 {
            let row = generator.floats(17).map { ($0 * 6).rounded() / 2 }    // halves, so that equals occur
            let topK = Int.random(in: 0...20, using: &generator)
            let topP = [1, 0.95, 0.6, 0.31, 1e-6][Int.random(in: 0..<5, using: &generator)]
            let temperature = [0.8, 1, 3][Int.random(in: 0..<3, using: &generator)]
            let tokens = try draw(
                800, row: row, temperature: temperature, topK: topK, topP: topP, seed: UInt64(round))
            let support = Self.support(row, temperature: temperature, topK: topK, topP: topP)
            let drawn = Set(tokens.map(Int.init))
            #expect(drawn.isSubset(of: support), "round \(round)")
            // What has a real chance must have come up.
            let probabilities = softmax(row, temperature: temperature, support: support)
            let likely = Set(support.filter { probabilities[$0] > 0.03 })
            #expect(likely.isSubset(of: drawn), "round \(round), top-k \(topK), top-p \(topP)")
        }
    }

    @Test func topKKeepsAllEqualToTheLast() throws {
        let row: [Float] = [0, 3, -9, 2, 2, 2, -5]
        #expect(Set(try draw(2_000, row: row, topK: 2)) == [1, 3, 4, 5])
    }

    @Test func topPKeepsAtLeastOneAndLowerIDsOfEquals() throws {
        let row: [Float] = [0, 3, -9, 3, 3, 3, 0]
        #expect(Set(try draw(500, row: row, topP: 1e-12)) == [1])
        #expect(Set(try draw(500, row: row, topP: 0.4)) == [1, 3])
    }

    @Test func seedDecidesEverything() throws {
        let first = try draw(200, seed: 42)
        #expect(try draw(200, seed: 42) == first)
        #expect(try draw(200, seed: 43) != first)
    }

    @Test func tinyTemperatureIsGreedy() throws {
        #expect(Set(try draw(300, temperature: 1e-300, topK: 0, topP: 0.9)) == [4])
    }

    @Test func penaltyActsBeforeTemperature() throws {
        // BOS is penalised from the start under 4.28.1: 3 / 3 = 1 against 1, an even draw, which a later penalty (or
        // none) would not be.
        let row: [Float] = [1, 3, -40]
        var ones = 0
        for seed in 0..<400 {
            let options = DecodingOptions(
                strategy: .sampling(temperature: 0.25, topK: 0, seed: UInt64(seed)), maxNewTokens: 1)
            let model = TableModel(rows: [row, row, row], lastOnly: true)
            if try decode(options, model, prompt: [1]).ids == [1, 1] { ones += 1 }
        }
        #expect((150...250).contains(ones))
    }

    @Test func impossibleTokensAreNeverDrawn() throws {
        let row: [Float] = [.nan, 0, -9, -.infinity, 0.5, .nan, 1]
        #expect(Set(try draw(1_000, row: row)) == [1, 4, 6])
        #expect(Set(try draw(1_000, row: row, topK: 6, topP: 0.999)) == [1, 4, 6])
        // Plus infinity is the largest number, and then nothing else has a chance.
        #expect(Set(try draw(100, row: [0, 1, 0, .infinity])) == [3])
    }

    @Test func scoreIsTheModelsLogProbability() throws {
        let options = DecodingOptions(strategy: .sampling(temperature: 3, topK: 4, seed: 8), maxNewTokens: 5)
        let model = TableModel(rows: [[Float]](repeating: Self.row, count: 12), lastOnly: true)
        let result = try decode(options, model, prompt: [1])
        let probabilities = softmax(Self.row, temperature: 1, support: Set(Self.row.indices))
        let expected = result.ids.dropFirst().reduce(0) { $0 + log(probabilities[Int($1)]) }
        #expect(abs(result.score - expected) < 1e-5)
    }
}
