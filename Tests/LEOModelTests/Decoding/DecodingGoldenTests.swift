import Foundation
import LEOModel
import Testing
import TestSupport

@Suite("Decoding goldens", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct DecodingGoldenTests {
    private struct Case: Decodable {
        struct Config: Decodable {
            let vocab: Int
            let num_beams: Int
            let repetition_penalty: Double
            let length_penalty: Double
            let new_tokens: Int
        }
        let config: Config
    }

    @Test(arguments: 0..<7, DecodingRules.allCases)
    func matchesGolden(number: Int, rules: DecodingRules) throws {
        let folder = try #require(sharedFolder) + "/golden/kernels/decoding-\(number)/"
        let config = try JSONDecoder().decode(
            Case.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "case.json"))).config
        let table = try GoldenTensors(path: folder + "inputs.safetensors").floats("table")
        let outputs = try GoldenTensors(path: folder + "outputs.safetensors")
        #expect(table.count == config.vocab * config.vocab)
        let rows = (0..<config.vocab).map { Array(table[$0 * config.vocab..<($0 + 1) * config.vocab]) }
        let prompt: [Int32] = [5, 7, 1]
        // The budget reached through max_length, the way generate is told, and given outright.
        let maxLength = config.new_tokens + (rules == .transformers4_28_1 ? 1 : prompt.count)
        var options = DecodingOptions(
            strategy: .beam, rules: rules, beams: config.num_beams, maxLength: maxLength,
            repetitionPenalty: config.repetition_penalty, lengthPenalty: config.length_penalty)
        let suffix = "__" + rules.rawValue.replacingOccurrences(of: ".", with: "_")
        let model = TableModel(rows: rows, lastOnly: true)

        let result = try decode(options, model, prompt: prompt)
        #expect(result.ids == (try outputs.ids("ids" + suffix)))
        // Cases with one beam are greedy and record no score.
        #expect(outputs.has("score" + suffix) == (config.num_beams > 1))
        if config.num_beams > 1 {
            #expect(abs(result.score - Double(try outputs.floats("score" + suffix)[0])) <= 1e-5)
        }
        options.maxLength = 256
        options.maxNewTokens = config.new_tokens
        #expect(try decode(options, model, prompt: prompt) == result)
    }

    /// First-token ids of the recorded answers: yes, no, two, brown, chair, on, re, right, to, white.
    private static let answers: [[Int32]] = [
        [4874], [694], [1023], [17354], [11774], [373], [337], [1492], [304], [4796],
    ]

    @Test(arguments: ["object-caption", "scene-caption", "situated-question", "navigation"])
    func ranksRecordedAnswers(request: String) throws {
        let path = try #require(sharedFolder) + "/golden/agent/tiny/\(request)/outputs.safetensors"
        let golden = try GoldenTensors(path: path)
        let ranking = try golden.floats("first_logits_forward").withUnsafeBufferPointer {
            try AnswerRanking(logits: $0, answers: Self.answers)
        }
        let probabilities = try golden.floats("answer_first_token_prob")
        #expect(probabilities.count == Self.answers.count)
        for (found, expected) in zip(ranking.firstTokenProbabilities, probabilities) {
            #expect(abs(found - Double(expected)) <= 1e-5 * Double(expected))
        }
        #expect(ranking.candidates == (try golden.ids("answer_candidates").map(Int.init)))
        let losses = try golden.floats("answer_losses").map(Double.init)
        let scores = AnswerScores(ranking: ranking, candidateLosses: ranking.candidates.map { losses[$0] })
        #expect(scores.losses == losses)
        #expect(scores.best == (try golden.ids("answer_best").first.map(Int.init)))
    }
}
