import LEOModel
import LEOTensor

/// Greedy and beam search over a language model in a table, by the rules of both releases of transformers.
enum DecodingKind: DescribedKind {
    static let kind = "decoding"
    private static let prompt: [Int32] = [5, 7, 1]

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try GoldenCase(folder)
        let vocabulary = try golden.integer("vocab", 8...65536)
        let table = try golden.input("table", [vocabulary, vocabulary]).floats()
        let newTokens = try golden.integer("new_tokens", 1...4096)
        let beams = try golden.integer("num_beams", 1...DecodingOptions.maximumBeams)
        var checks: [OutputCheck] = []
        for rules in DecodingRules.allCases {
            let suffix = "__" + rules.rawValue.split(separator: ".").joined(separator: "_")
            let ids = try golden.output("ids" + suffix, [1, nil], .i32).integers()
            var options = DecodingOptions(
                strategy: .beam, rules: rules, beams: beams, maxLength: newTokens + (rules == .transformers4_28_1 ? 1 : prompt.count),
                repetitionPenalty: try golden.number("repetition_penalty"), lengthPenalty: try golden.number("length_penalty"))
            // The budget as `generate` is told it, and given outright.
            for isOutright in [false, true] {
                options.maxNewTokens = isOutright ? newTokens : nil
                let result = try decode(options, table, vocabulary)
                let mark = isOutright ? "[max_new_tokens]" : ""
                checks.append(Comparison.exact("ids\(suffix)\(mark)", result.ids.map(Int.init), ids))
                // One beam is greedy, which has no score in the recordings.
                guard golden.golden.has("score" + suffix) || beams > 1 else { continue }
                let score = try golden.output("score" + suffix, [1]).floats()
                checks.append(Comparison.floats("score\(suffix)\(mark)", [Float(result.score)], score, golden.tolerance))
            }
        }
        return checks
    }

    private static func decode(_ options: DecodingOptions, _ table: [Float], _ vocabulary: Int) throws -> DecodingResult {
        var decoder = try options.makeDecoder(vocabulary: vocabulary, promptLength: prompt.count)
        var last = [Int(prompt[prompt.count - 1])]
        while !decoder.isFinished {
            let logits = last.flatMap { table[$0 * vocabulary..<($0 + 1) * vocabulary] }
            let step = logits.withUnsafeBufferPointer { decoder.advance(logits: $0, rows: last.count) }
            last = step.tokens.map(Int.init)
        }
        return decoder.result
    }
}
