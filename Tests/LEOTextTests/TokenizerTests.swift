import LEOText
import TestSupport
import Testing

@Suite struct TokenizerTests {
    private let tokenizer: Tokenizer
    init() throws { tokenizer = try ModelBuilder.tiny.tokenizer() }

    private func pieces(_ text: String) -> [String] {
        tokenizer.encode(text).map { tokenizer.piece(for: $0) ?? "?" }
    }

    @Test func knowsSpecialTokens() {
        #expect([tokenizer.bosID, tokenizer.eosID, tokenizer.unkID, tokenizer.padID] == [1, 2, 0, 277])
        #expect(tokenizer.vocabularyCount == 278)
        #expect(tokenizer.piece(for: 277) == "[PAD]")
        #expect(tokenizer.piece(for: 278) == nil)
        #expect(tokenizer.id(of: "[PAD]") == 277)
    }

    @Test func emptyTextIsBOSAlone() {
        #expect(tokenizer.encode("") == [1])
        #expect(tokenizer.encode("", addsBOS: false) == [])
    }

    @Test func textBetweenSpecialTokensHasItsOwnPrefix() {
        #expect(pieces("the</s>the <s> the") == ["<s>", "▁the", "</s>", "▁the", "▁", "<s>", "▁", "▁the"])
        #expect(pieces("<<s") == ["<s>", "▁", "<", "<", "<0x73>"])
        #expect(pieces("<unk></s><s>[PAD]") == ["<s>", "<unk>", "</s>", "<s>", "[PAD]"])
    }

    @Test(arguments: [
        " ", "\n", "\u{1c}", "\u{85}", "\u{a0}", "\u{1680}", "\u{2003}", "\u{2028}", "\u{202f}", "\u{205f}", "\u{3000}",
    ])
    func padSwallowsWhiteSpace(space: String) {
        #expect(pieces("the\(space)[PAD] \(space)the") == ["<s>", "▁the", "[PAD]", "▁the"])
        #expect(pieces("\(space)[PAD]\(space)[PAD]") == ["<s>", "[PAD]", "[PAD]"])
    }

    @Test(arguments: ["\u{200b}", "\u{feff}", "\u{180e}"])
    func padKeepsWhatIsNoWhiteSpace(text: String) {
        #expect(tokenizer.encode("[PAD]\(text)").count > 2)
    }

    @Test func truncationKeepsBOS() {
        let all = tokenizer.encode("the a the a")
        #expect(all.count == 5)
        #expect(tokenizer.encode("the a the a", maxLength: 3, truncating: .left) == [1] + all.suffix(2))
        #expect(tokenizer.encode("the a the a", maxLength: 3, truncating: .right) == Array(all.prefix(3)))
        #expect(tokenizer.encode("the a the a", maxLength: 1, truncating: .left) == [1])
        #expect(tokenizer.encode("the a the a", maxLength: 5, truncating: .right) == all)
    }

    @Test func batchIsPaddedToTheLongest() {
        let left = tokenizer.encode(batch: ["a", "the the", ""], maxLength: 9, truncating: .left, padding: .left)
        #expect(left.count == 3)
        #expect(left.length == 3)
        #expect(left.ids == [277, 1, 265, 1, 262, 262, 277, 277, 1])
        #expect(left.mask == [0, 1, 1, 1, 1, 1, 0, 0, 1])
        let right = tokenizer.encode(batch: ["a", "the the"], maxLength: 9, truncating: .left, padding: .right)
        #expect(right.ids == [1, 265, 277, 1, 262, 262])
        let none = tokenizer.encode(batch: [], maxLength: 9, truncating: .left, padding: .right)
        #expect(none.count == 0 && none.length == 0 && none.ids.isEmpty && none.mask.isEmpty)
    }

    @Test func decodingDropsThePrefixSpaceOnce() {
        #expect(tokenizer.decode(tokenizer.encode("the a")) == "the a")
        #expect(tokenizer.decode(tokenizer.encode("  the ")) == "  the ")
        #expect(tokenizer.decode([1, 266, 266, 262]) == "  the")
        #expect(tokenizer.decodeAnswer([1, 266, 266, 262, 266, 2]) == "the")
    }

    @Test func idsOutsideTheVocabularyCountAsUnknown() {
        #expect(tokenizer.decode([262, 278, -1, .max, .min, 265]) == "the a")
        #expect(tokenizer.decode([278], skipsSpecialTokens: false) == "<unk>")
    }

    @Test func roundTripsAnyText() {
        var generator = SeededGenerator(seed: 4)
        let scalars: [Unicode.Scalar] = [
            "a", "t", "h", "e", " ", "\n", "é", "\u{301}", "世", "\u{1F600}", "\0", "\u{10ffff}", "<",
        ]
        for _ in 0..<300 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<30, using: &generator) {
                text.unicodeScalars.append(scalars.randomElement(using: &generator) ?? "a")
            }
            #expect(bytes(tokenizer.decode(tokenizer.encode(text))) == bytes(text), "\(text.debugDescription)")
        }
    }

    /// Random ids, mostly byte pieces, so that broken and whole characters, prefixes and special tokens mix.
    @Test func incrementalDecodingMatchesDecoding() {
        var generator = SeededGenerator(seed: 5)
        let wholeCharacters = "你🙂é".utf8.map { Int32($0) }
        for round in 0..<500 {
            let ids = (0..<Int.random(in: 0..<25, using: &generator)).map { _ -> Int32 in
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: return Int32.random(in: -1...279, using: &generator)
                case 1: return 3 + (wholeCharacters.randomElement(using: &generator) ?? 0)
                default: return Int32.random(in: 3 + 0x80..<3 + 0x100, using: &generator)
                }
            }
            var decoder = IncrementalDecoder(tokenizer)
            for repetition in 0..<2 {
                let text = ids.map { decoder.append($0) }.joined() + decoder.finish()
                #expect(bytes(text) == bytes(tokenizer.decode(ids)), "round \(round), \(repetition), ids \(ids)")
            }
        }
    }

    @Test func incrementalDecodingHoldsBackOnlyWhatIsOpen() {
        var decoder = IncrementalDecoder(tokenizer)
        #expect(decoder.append(1) == "")
        #expect(decoder.append(262) == "the")
        #expect(decoder.append(3 + 0xe4) == "")
        #expect(decoder.append(3 + 0xbd) == "")
        #expect(decoder.append(3 + 0xa0) == "你")
        #expect(decoder.append(3 + 0xff) == "\u{fffd}")
        #expect(decoder.append(3 + 0xe4) == "")
        #expect(decoder.append(262) == "\u{fffd} the")
        // No character starts with these two, so both are certain to be broken.
        #expect(decoder.append(3 + 0xed) == "")
        #expect(decoder.append(3 + 0xa0) == "\u{fffd}\u{fffd}")
        #expect(decoder.append(3 + 0xe4) == "")
        #expect(decoder.finish() == "\u{fffd}")
    }

    /// Overlong forms, surrogates, values above U+10FFFF and lone bytes; then the nearest bytes that are characters.
    @Test(arguments: [
        [0xc0, 0xaf], [0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf0, 0x8f, 0xbf, 0xbf],
        [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xff], [0x80],
    ] as [[Int32]])
    func eachInvalidByteBecomesOneReplacement(bytes: [Int32]) {
        let replacements = String(repeating: "\u{fffd}", count: bytes.count)
        #expect(tokenizer.decode(bytes.map { 3 + $0 }) == replacements)
        #expect(tokenizer.decode(bytes.map { 3 + $0 } + [263]) == replacements + "in")
    }

    @Test(arguments: [
        "\u{7f}", "\u{80}", "\u{7ff}", "\u{800}", "\u{d7ff}", "\u{e000}", "\u{fffd}", "\u{ffff}", "\u{10000}", "\u{10ffff}",
    ])
    func charactersAtTheEdgesAreWhole(text: String) {
        var decoder = IncrementalDecoder(tokenizer)
        let parts = text.utf8.map { decoder.append(3 + Int32($0)) }
        #expect(parts.last == text)
        #expect(parts.dropLast().allSatisfy { $0.isEmpty })
    }

    @Test func leadingSpacesGoWhereTheModelRemovesExtraOnes() throws {
        var builder = ModelBuilder.tiny
        builder.removesExtraSpaces = true
        let tokenizer = try builder.tokenizer()
        #expect(tokenizer.decode([266, 266, 262, 265]) == "the a")
        builder.dummyPrefix = false
        builder.removesExtraSpaces = false
        #expect(try builder.tokenizer().decode([266, 262]) == "  the")
    }
}
