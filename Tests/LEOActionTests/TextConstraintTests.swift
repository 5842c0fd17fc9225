import LEOAction
import LEOModel
import LEOText
import TestSupport
import Testing

/// Logits drawn at random, cheaply: decoders need many rows of 32001.
struct RandomLogits {
    private var state: UInt64
    private var values: [Float]

    init(vocabulary: Int, seed: UInt64) {
        state = seed | 1
        values = [Float](repeating: 0, count: vocabulary)
    }

    /// - Parameter favoured: ids that get a bonus, so that runs see more than endless speech
    mutating func rows(_ count: Int, favoured: [Int32]) -> [Float] {
        var all: [Float] = []
        for _ in 0..<count {
            values.withUnsafeMutableBufferPointer { values in
                for index in values.indices {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    values[index] = Float(state >> 48) / 6000
                }
            }
            for id in favoured { values[Int(id)] += 4 }
            all += values
        }
        return all
    }
}

/// Decodes random logits to the end and returns the new tokens of each finished hypothesis.
private func decode(
    _ options: DecodingOptions, vocabulary: Int, constraint: any TokenConstraint, favoured: [Int32], seed: UInt64
) throws -> [Hypothesis] {
    var decoder = try options.makeDecoder(vocabulary: vocabulary, promptLength: 3, constraint: constraint)
    var source = RandomLogits(vocabulary: vocabulary, seed: seed)
    var rows = 1
    decoder.start()
    while !decoder.isFinished {
        let logits = source.rows(rows, favoured: favoured)
        rows = logits.withUnsafeBufferPointer { decoder.advance(logits: $0, rows: rows).tokens.count }
    }
    return decoder.result.hypotheses
}

private let strategies = [
    DecodingOptions(strategy: .greedy), DecodingOptions(strategy: .sampling(topK: 0, seed: 1)),
    DecodingOptions(strategy: .sampling(temperature: 3, topK: 50, topP: 0.9, seed: 2)), DecodingOptions(strategy: .beam),
    DecodingOptions(strategy: .beam, rules: .transformers4_57, beams: 3, maxLength: 300),
]

/// With a vocabulary of a few dozen pieces, so that everything can be tried.
@Suite struct TextConstraintTests {
    private let tokenizer: Tokenizer

    init() throws {
        tokenizer = try smallTokenizer([
            "▁", "▁move", "move", "_", "forward", "(", "1", ".", "5", ")", "▁rotate", "rotate", "right", "down", "-", ",",
            ",▁", ")▁", "\")", "▁speak", "speak", "(\"", "\"", "grab", "▁grab", "()", "finish", "▁finish", "a", "é", "🙂",
            "▁a", "0", "9", "),", "),▁", "▁▁",
        ])
    }

    private func space(_ change: (inout LEGENTActionSpace.Options) -> Void = { _ in }) throws -> LEGENTActionSpace {
        var options = LEGENTActionSpace.Options()
        options.longestMove = 20
        options.maximumNewTokens = 40
        change(&options)
        return try LEGENTActionSpace(tokenizer: tokenizer, options: options)
    }

    /// Whether every token of `ids` and then the end are let through.
    private func accepts(_ constraint: some TokenConstraint, _ ids: [Int32]) -> Bool {
        for count in ids.indices {
            guard constraint.allowedTokens(after: ids[..<count])?.contains(ids[count]) == true else { return false }
        }
        return constraint.allowedTokens(after: ids[...])?.contains(tokenizer.eosID) == true
    }

    private func encode(_ text: String) -> [Int32] { tokenizer.encode(text, addsBOS: false) }

    /// One byte piece per byte, behind the dummy prefix.
    private func spell(_ text: String) throws -> [Int32] {
        [try #require(tokenizer.id(of: "▁"))]
            + text.utf8.map { $0 == 0x20 ? tokenizer.id(of: "▁") ?? 0 : 3 + Int32($0) }
    }

    @Test func acceptsEverySpellingOfCanonicalCode() throws {
        let constraint = try space { $0.maximumNewTokens = 200 }.makeConstraint()
        for code in [
            "move_forward(1.5)", "move_forward(-0.1), rotate_right(-180)", "rotate_right(179), rotate_down(89), grab()",
            "grab(), speak(\"a\")", "speak(\"é🙂 (a),a.\")", "finish()", "speak(\"a,\")", "speak(\"aé界\u{10ffff}\")",
            "move_forward(2.0), rotate_right(1), rotate_down(-90), grab(), speak(\" \")",
        ] {
            #expect(accepts(constraint, encode(code)), "\(code)")
            #expect(try accepts(constraint, spell(code)), "\(code), byte by byte")
            #expect(try LEGENTCode.write(LEGENTCode.read(code)) == code, "the toolkit agrees on \(code)")
        }
    }

    @Test func refusesTheRest() throws {
        let constraint = try space { $0.maximumNewTokens = 200 }.makeConstraint()
        for code in [
            "", "move_forward(2.1)", "move_forward(0.0)", "move_forward(1)", "move_forward(01.5)", "rotate_right(180)",
            "rotate_right(0)", "rotate_right(-0)", "rotate_down(90)", "rotate_down(1.5)", "grab", "grab(), grab()",
            "rotate_right(1), move_forward(1.5)", "grab(),speak(\"a\")", "speak(\"\")", "speak(\"a, a\")", "speak(\"a\na\")",
            "speak(\"a\"a\")", "finish(), grab()", "grab(), finish()", "grab(), ", "grab().", "  grab()", "release()",
        ] {
            #expect(!accepts(constraint, encode(code)), "\(code)")
            #expect(try !accepts(constraint, spell(code)), "\(code), byte by byte")
        }
        // Bytes that make no UTF-8: overlong, surrogate, beyond the last, a lone continuation.
        for sequence in [[0xc0, 0x80], [0xe0, 0x9f, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xff]] {
            let ids = encode("speak(\"") + sequence.map { 3 + Int32($0) } + encode("\")").dropFirst()
            #expect(!accepts(constraint, ids), "\(sequence)")
        }
        // The byte piece of the blank would stay where the piece's blank is dropped.
        #expect(!accepts(constraint, [3 + 0x20] + encode("grab()")))
        for id in [tokenizer.bosID, tokenizer.unkID, tokenizer.padID, -1, 99_999] {
            #expect(constraint.allowedTokens(after: [])?.contains(id) == false)
            #expect(constraint.allowedTokens(after: [id]) == .empty)
        }
    }

    @Test func optionsChangeTheLanguage() throws {
        let free = try space { $0.speech = .any }.makeConstraint()
        #expect(accepts(free, encode("speak(\"a, a\")")))
        #expect(accepts(free, encode("speak(\"a,a\")")))
        let silent = try space { $0.speech = .none }.makeConstraint()
        #expect(!accepts(silent, encode("speak(\"a\")")) && accepts(silent, encode("grab()")))
        let endless = try space { $0.allowsFinish = false; $0.allowsNothing = true }.makeConstraint()
        #expect(!accepts(endless, encode("finish()")) && accepts(endless, []) && accepts(endless, encode("")))
        #expect(throws: ActionError.self) { try space { $0.longestMove = 0 } }
        #expect(throws: ActionError.self) { try space { $0.longestMove = 1001 } }
    }

    @Test func budgetsTooSmallForAnyActionAreRefused() throws {
        #expect(throws: ActionError.unsuitableVocabulary(
            space: "LEGENT", reason: "the shortest takes 3 tokens, 2 are allowed")
        ) { try space { $0.maximumNewTokens = 2 }.makeConstraint() }
        #expect(throws: ActionError.self) { try space { $0.maximumNewTokens = -5 }.makeConstraint() }
        // Three tokens leave room for the two shortest actions and nothing else.
        let tight = try space { $0.maximumNewTokens = 3 }.makeConstraint()
        #expect(accepts(tight, [try #require(tokenizer.id(of: "grab")), try #require(tokenizer.id(of: "()"))]))
        let words = ["grab", "▁grab", "finish", "▁finish"].compactMap { tokenizer.id(of: $0) }
        #expect(tight.allowedTokens(after: []) == TokenSet(words))
    }

    /// Walks at random and never meets a dead end, whatever the budget.
    @Test(arguments: [3, 4, 5, 6, 7, 9, 12, 17, 40])
    func everyWalkEndsInAnAction(budget: Int) throws {
        let space = try space { $0.maximumNewTokens = budget; $0.speech = .any }
        let constraint = try space.makeConstraint()
        var generator = SeededGenerator(seed: UInt64(budget))
        for _ in 0..<60 {
            var ids: [Int32] = []
            while true {
                let set = try #require(constraint.allowedTokens(after: ids[...]))
                let range = try #require(set.ranges.randomElement(using: &generator), "dead end after \(ids)")
                let id = Int32.random(in: range, using: &generator)
                if id == tokenizer.eosID { break }
                ids.append(id)
                try #require(ids.count < budget)
            }
            let action = try space.action(from: ids)
            #expect(try space.text(for: action) == tokenizer.decodeAnswer(ids))
        }
    }

    @Test(arguments: strategies.indices)
    func decodersWriteOnlyActions(strategy: Int) throws {
        let space = try space()
        let constraint = try space.makeConstraint()
        for seed in 0..<12 as Range<UInt64> {
            let favoured = seed % 2 == 0 ? ["),", "\")", ")"].compactMap { tokenizer.id(of: $0) } + [tokenizer.eosID] : []
            let found = try decode(
                strategies[strategy], vocabulary: tokenizer.vocabularyCount, constraint: constraint, favoured: favoured,
                seed: seed)
            #expect(!found.isEmpty)
            for hypothesis in found {
                #expect(hypothesis.finish == .endOfSequence)
                let action = try space.action(from: hypothesis.generated)
                #expect(try space.text(for: action) == tokenizer.decodeAnswer(hypothesis.generated))
                #expect(try LEGENTCode.write(LEGENTCode.read(space.text(for: action))) == space.text(for: action))
            }
        }
    }

    @Test func vocabulariesThatCannotSpellAreRefused() throws {
        // Without the byte pieces of LLaMA nothing but these two pieces could be written; with them all can be, so only
        // the length is in the way.
        let bare = try smallTokenizer(["▁"])
        #expect(throws: ActionError.self) {
            var options = LEGENTActionSpace.Options()
            options.maximumNewTokens = 6
            return try LEGENTActionSpace(tokenizer: bare, options: options).makeConstraint()
        }
    }
}

/// One decoder of each kind, for vocabularies where a step is slow in debug builds.
private let fewStrategies = [
    DecodingOptions(strategy: .greedy), DecodingOptions(strategy: .sampling(topK: 0, seed: 1)),
    DecodingOptions(strategy: .beam, beams: 2),
]

#if DEBUG
private let runs = 0..<2 as Range<UInt64>
#else
private let runs = 0..<20 as Range<UInt64>
#endif

/// With LLaMA's vocabulary of 32000 pieces.
@Suite(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct RealVocabularyTests {
    private static let prepared = Result {
        let tokenizer = try #require(llamaTokenizer)
        let space = try LEGENTActionSpace(tokenizer: tokenizer)
        return (space, try space.makeConstraint())
    }
    private let space: LEGENTActionSpace
    private let constraint: TextConstraint

    init() throws { (space, constraint) = try Self.prepared.get() }

    private var favoured: [Int32] {
        ["\")", ")", "),", "()", "speak", "▁speak"].compactMap { space.tokenizer.id(of: $0) } + [2]
    }

    @Test func theTokenizersOwnSpellingIsAllowed() throws {
        var generator = SeededGenerator(seed: 8)
        let words = ["Yes.", "It's on the sofa", "第一", "😀!", "a,b", "(really)", "tab", "naïve", "x y  z"]
        for _ in 0..<60 {
            var action = LEGENTAction.step
            if Bool.random(using: &generator) {
                action.teleportForward = Double(Int.random(in: -100...100, using: &generator)) / 10
            }
            if Bool.random(using: &generator) { action.rotateRight = Double(Int.random(in: -180..<180, using: &generator)) }
            if Bool.random(using: &generator) { action.rotateDown = Double(Int.random(in: -90..<90, using: &generator)) }
            if Bool.random(using: &generator) {
                action.text = (0..<3).map { _ in words.randomElement(using: &generator) ?? "" }.joined(separator: " ")
            }
            action.grabs = try LEGENTCode.write(action).isEmpty || Bool.random(using: &generator)
            let ids = try space.ids(for: action)
            for count in ids.indices {
                #expect(constraint.allowedTokens(after: ids[..<count])?.contains(ids[count]) == true, "\(action)")
            }
            #expect(constraint.allowedTokens(after: ids[...])?.contains(2) == true)
            #expect(try space.action(from: ids) == action)
        }
    }

    @Test(arguments: fewStrategies.indices)
    func decodersWriteOnlyActions(strategy: Int) throws {
        #if DEBUG
        var options = space.options
        options.maximumNewTokens = 14
        let constraint = try LEGENTActionSpace(tokenizer: space.tokenizer, options: options).makeConstraint()
        #endif
        for seed in runs {
            let found = try decode(
                fewStrategies[strategy], vocabulary: 32001, constraint: constraint, favoured: seed == 0 ? [] : favoured,
                seed: seed)
            #expect(!found.isEmpty)
            for hypothesis in found {
                #expect(hypothesis.finish == .endOfSequence)
                let text = space.tokenizer.decodeAnswer(hypothesis.generated)
                #expect(try bytes(space.text(for: space.action(from: hypothesis.generated))) == bytes(text))
                #expect(try bytes(LEGENTCode.write(LEGENTCode.read(text))) == bytes(text))
            }
        }
    }

    @Test(arguments: fewStrategies.indices)
    func fixedActionsDecode(strategy: Int) throws {
        let cliPort = CLIPortActionSpace(excludesIrregularTokens: true)
        let habitat = HabitatActionSpace()
        for seed in runs {
            for hypothesis in try decode(
                fewStrategies[strategy], vocabulary: 32001, constraint: cliPort.makeConstraint(), favoured: [], seed: seed
            ) {
                let action = try cliPort.action(from: hypothesis.generated)
                #expect(hypothesis.finish == .endOfSequence && hypothesis.generated.count <= 7)
                #expect(try cliPort.action(in: space.tokenizer.decodeAnswer(hypothesis.generated)) == action)
            }
            for hypothesis in try decode(
                fewStrategies[strategy], vocabulary: 32001, constraint: habitat.makeConstraint(), favoured: [], seed: seed
            ) {
                let action = try habitat.action(from: hypothesis.generated)
                #expect(try habitat.action(in: space.tokenizer.decodeAnswer(hypothesis.generated)) == action)
            }
        }
    }

    @Test func cliPortTextConstraintSpellsTheOfficialStrings() throws {
        let cliPort = CLIPortActionSpace()
        let constraint = try cliPort.makeTextConstraint(tokenizer: space.tokenizer)
        for (u, v) in [(110, 116), (5, 159), (319, 0), (0, 159)] {
            let pick = try CLIPortCell(u: u, v: v, rotation: 35)
            let place = try CLIPortCell(u: 304, v: v, rotation: 17)
            let action = CLIPortAction(pick: pick, place: place)
            let ids = space.tokenizer.encode(cliPort.text(for: action), addsBOS: false)
            for count in ids.indices {
                #expect(constraint.allowedTokens(after: ids[..<count])?.contains(ids[count]) == true, "\(u) \(v) \(count)")
            }
            #expect(constraint.allowedTokens(after: ids[...]) == TokenSet([2]))
            #expect(try cliPort.action(in: space.tokenizer.decodeAnswer(ids)) == action)
        }
        // The four ids that decode to what no parser knows are never let through.
        #expect(constraint.allowedTokens(after: [])?.contains(31881) == false)
        for strategy in fewStrategies {
            for hypothesis in try decode(strategy, vocabulary: 32001, constraint: constraint, favoured: [], seed: 5) {
                #expect(hypothesis.finish == .endOfSequence)
                _ = try cliPort.action(in: space.tokenizer.decodeAnswer(hypothesis.generated))
            }
        }
    }

    @Test func aLongTextCannotEndInsideASpeech() throws {
        let ids = space.tokenizer.encode(
            "move_forward(1.5), rotate_right(30), speak(\"" + String(repeating: "It is on the sofa. ", count: 14),
            addsBOS: false)
        #expect(ids.count < space.maximumNewTokens)
        #expect(constraint.allowedTokens(after: ids[...])?.contains(2) == false)
    }
}
