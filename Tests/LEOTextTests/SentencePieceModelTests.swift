import LEOText
import TestSupport
import Testing

private typealias Piece = ModelBuilder.Piece

@Suite struct SentencePieceModelTests {
    @Test func readsPiecesAndTypes() throws {
        let model = try ModelBuilder.tiny.model()
        #expect(model.count == 3 + 256 + 18)
        #expect(model.piece(for: 0) == "<unk>")
        #expect(model.type(of: 0) == .unknown)
        #expect(model.type(of: 1) == .control)
        #expect(model.type(of: 258) == .byte)
        #expect(model.piece(for: 258) == "<0xFF>")
        #expect(model.piece(for: 262) == "▁the")
        #expect(model.id(of: "▁the") == 262)
        #expect(model.id(of: "the") == nil)
        #expect(model.piece(for: -1) == nil)
        #expect(model.piece(for: 277) == nil)
        #expect(model.type(of: .max) == nil)
    }

    @Test func piecesMayBeWrittenInAnyForm() throws {
        var builder = ModelBuilder.tiny
        builder.pieces += [ModelBuilder.Piece(String(repeating: "x", count: 127), -40), .init(String(repeating: "x", count: 128), -41), .init("q", 3, type: 4)]
        let usual = try builder.model()
        builder.writesPiecesUnusually = true
        let unusual = try builder.model()
        #expect(usual.count == builder.pieces.count && unusual.count == usual.count)
        for id in 0..<Int32(usual.count) {
            #expect(unusual.piece(for: id).map(bytes) == builder.pieces[Int(id)].text)
            #expect(usual.piece(for: id).map(bytes) == builder.pieces[Int(id)].text)
            #expect(unusual.type(of: id)?.rawValue == UInt8(builder.pieces[Int(id)].type) && usual.type(of: id) == unusual.type(of: id))
        }
        for text in ["in there, the heathen", "a 世界 q", String(repeating: "x", count: 300)] {
            #expect(unusual.encode(text) == usual.encode(text))
        }
    }

    @Test func vocabulariesMayExceedThoseInUse() throws {
        let builder = ModelBuilder.llama((0..<150_000).map { ModelBuilder.Piece("▁\($0)", -Float($0)) })
        let model = try builder.model()
        #expect(model.count == builder.pieces.count)
        for number in stride(from: 0, to: 150_000, by: 7) {
            #expect(model.id(of: "▁\(number)") == Int32(259 + number))
        }
        #expect(model.id(of: "▁150000") == nil)
    }

    @Test func keepsCanonicallyEquivalentPiecesApart() throws {
        let model = try ModelBuilder.llama([Piece("\u{e9}", -1), Piece("e\u{301}", -2), Piece("e", -3)]).model()
        #expect(model.id(of: "\u{e9}") == 259)
        #expect(model.id(of: "e\u{301}") == 260)
    }

    @Test func bestScoreMergesFirst() throws {
        let pieces = [Piece("▁", -9), Piece("a", -9), Piece("b", -9), Piece("c", -9), Piece("ab", -2), Piece("bc", -1)]
        let model = try ModelBuilder.llama(pieces).model()
        #expect(model.encode("abc").map { model.piece(for: $0) } == ["▁", "a", "bc"])
    }

    @Test func tiesGoToTheLeft() throws {
        // +0 and -0 are one score, and neither order of the pieces in the file may matter.
        for (first, second) in [("ab", "bc"), ("bc", "ab")] {
            let pieces = [Piece("▁"), Piece("a"), Piece("b"), Piece("c"), Piece(first, 0), Piece(second, -0.0)]
            let model = try ModelBuilder.llama(pieces).model()
            #expect(model.encode("abc").map { model.piece(for: $0) } == ["▁", "ab", "c"])
        }
    }

    @Test func unknownCharactersBecomeBytes() throws {
        let model = try ModelBuilder.tiny.model()
        #expect(model.encode("x€").map { model.piece(for: $0) } == ["▁", "<0x78>", "<0xE2>", "<0x82>", "<0xAC>"])
    }

    @Test func runsOfUnknownCharactersAreOnePieceWithoutFallback() throws {
        let model = try ModelBuilder.llama([Piece("▁", -1), Piece("a", -2)], byteFallback: false).model()
        #expect(model.encode("xyz a\u{1F600}€a").map(Int.init) == [3, 0, 3, 4, 0, 4])
    }

    @Test func userDefinedSymbolsAreCutOutFirstAndLongest() throws {
        let pieces = [
            Piece("▁", -1), Piece("a", -2), Piece("b", -3), Piece("ab", 0), Piece("[x]", type: 4), Piece("[x]]", type: 4),
            Piece("a[", 0), Piece("▁[", 0), Piece("b[x]", 0),
        ]
        let model = try ModelBuilder.llama(pieces).model()
        #expect(model.encode("ab[x]]ab[x]a").map { model.piece(for: $0) }
            == ["▁", "ab", "[x]]", "ab", "[x]", "a"])
    }

    @Test func userDefinedSymbolsMatchGreedily() throws {
        for seed in 0..<30 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            func random(_ lengths: ClosedRange<Int>) -> String {
                let length = Int.random(in: lengths, using: &generator)
                return String((0..<length).map { _ in Bool.random(using: &generator) ? "a" : "b" })
            }
            let symbols = Set((0..<Int.random(in: 1...12, using: &generator)).map { _ in random(2...7) }).sorted()
            let pieces = [Piece("▁", -1), Piece("a", -2), Piece("b", -3)] + symbols.map { Piece($0, type: 4) }
            let model = try ModelBuilder.llama(pieces).model()
            for _ in 0..<10 {
                let text = random(1...40)
                var expected = ["▁"]
                var rest = Substring(text)
                while !rest.isEmpty {
                    let match = symbols.filter { rest.hasPrefix($0) }.max { $0.count < $1.count } ?? String(rest.prefix(1))
                    expected.append(match)
                    rest = rest.dropFirst(match.count)
                }
                #expect(model.encode(text).map { model.piece(for: $0) } == expected, "seed \(seed), text \(text)")
            }
        }
    }

    @Test func unusedPiecesFallApartAgain() throws {
        let pieces = [
            Piece("▁", -9), Piece("a", -9), Piece("b", -9), Piece("c", -9), Piece("ab", -1), Piece("abc", -2, type: 5),
        ]
        let model = try ModelBuilder.llama(pieces).model()
        #expect(model.encode("abc").map { model.piece(for: $0) } == ["▁", "ab", "c"])
    }

    @Test func controlPiecesAreNeverMergedFromText() throws {
        let pieces = [Piece("▁", -1), Piece("<", -2), Piece("s", -3), Piece(">", -4), Piece("<s", -5)]
        let model = try ModelBuilder.llama(pieces).model()
        #expect(model.encode("<s>").map { model.piece(for: $0) } == ["▁", "<s", ">"])
    }

    @Test(arguments: [
        (nil, nil, nil, "  a  b ", "▁a▁b"), (true, false, true, "  a  b ", "▁▁▁a▁▁b▁"),
        (false, false, true, " a b", "▁a▁b"), (false, true, true, "  a   b  ", "a▁b"),
        (true, true, false, " a  b ", " a b"), (true, true, true, "   ", ""), (true, false, true, "", ""),
        (true, false, true, " ", "▁▁"),
    ] as [(Bool?, Bool?, Bool?, String, String)])
    func normalizerSettings(dummy: Bool?, extra: Bool?, escape: Bool?, text: String, expected: String) throws {
        var builder = ModelBuilder.llama([Piece("▁"), Piece(" "), Piece("a"), Piece("b")])
        (builder.dummyPrefix, builder.removesExtraSpaces, builder.escapesSpaces) = (dummy, extra, escape)
        let model = try builder.model()
        #expect(model.encode(text).compactMap { model.piece(for: $0) }.joined() == expected)
    }

    /// Random vocabularies against plain quadratic merging over the whole text. Half of the vocabularies hold pieces that
    /// reach across spaces, so both the word-by-word and the whole-text path are met.
    @Test func matchesQuadraticMerging() throws {
        for seed in 0..<60 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let letters: [Character] = ["a", "b", "▁", "é"]
            var strings = Set<String>(letters.map { String($0) })
            for _ in 0..<Int.random(in: 0..<60, using: &generator) {
                let length = Int.random(in: 2...5, using: &generator)
                let text = String((0..<length).map { _ in letters.randomElement(using: &generator) ?? "a" })
                let reaches = text.drop { $0 == "▁" }.contains("▁")
                if seed % 2 == 0 || !reaches { strings.insert(text) }
            }
            let scores = strings.sorted().map { ($0, Float(Int.random(in: -6...0, using: &generator))) }
            let model = try ModelBuilder.llama(scores.map { Piece($0, $1) }).model()
            for _ in 0..<20 {
                let length = Int.random(in: 0...40, using: &generator)
                let text = String(
                    (0..<length).map { _ in [" ", "a", "b", "é", "a", "x"].randomElement(using: &generator) ?? "a" })
                let found = model.encode(text).map { model.piece(for: $0) ?? "" }
                let expected = quadraticMerging(text, Dictionary(uniqueKeysWithValues: scores))
                #expect(found == expected, "seed \(seed), text \(text)")
            }
        }
    }

    private func quadraticMerging(_ text: String, _ scores: [String: Float]) -> [String] {
        guard !text.isEmpty else { return [] }
        var symbols = ("▁" + text.map { $0 == " " ? "▁" : String($0) }.joined()).map { String($0) }
        while true {
            var best: (index: Int, score: Float)?
            for index in symbols.indices.dropLast() {
                guard let score = scores[symbols[index] + symbols[index + 1]] else { continue }
                if score > best?.score ?? -.infinity { best = (index, score) }
            }
            guard let best else { break }
            symbols[best.index] += symbols.remove(at: best.index + 1)
        }
        return symbols.map { $0 == "x" ? "<0x78>" : $0 }
    }

    /// A megabyte without a single space is one word for the merger; quadratic work would take minutes.
    @Test(.timeLimit(.minutes(1))) func longTextsStayFast() throws {
        let model = try ModelBuilder.tiny.model()
        let word = String(repeating: "the", count: 100_000)
        let ids = model.encode(word)
        // "▁the", then ("t", "he") again and again.
        #expect(ids.count == 1 + 2 * 99_999)
        #expect(ids.dropFirst(199_997).map { model.piece(for: $0) } == ["t", "he"])
        #expect(model.encode(String(repeating: "the ", count: 50_000)).count == 50_001)
    }
}
