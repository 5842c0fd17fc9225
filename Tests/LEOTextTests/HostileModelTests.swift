import LEOText
import TestSupport
import Testing

private typealias Piece = ModelBuilder.Piece

@Suite struct HostileModelTests {
    private func error(_ bytes: [UInt8]) -> TokenizerError? {
        do {
            _ = try Tokenizer(sentencePieceModel: bytes)
            return nil
        } catch { return error }
    }

    private func error(_ change: (inout ModelBuilder) -> Void) -> TokenizerError? {
        var builder = ModelBuilder.tiny
        change(&builder)
        return error(builder.bytes)
    }

    @Test func goodModelIsAccepted() {
        #expect(error(ModelBuilder.tiny.bytes) == nil)
    }

    @Test func refusesOtherAlgorithmsAndNormalizers() {
        #expect(error { $0.modelType = nil }
            == .unsupported(field: "trainer_spec.model_type", reason: "expected bpe, found unigram"))
        #expect(error { $0.modelType = 4 }
            == .unsupported(field: "trainer_spec.model_type", reason: "expected bpe, found char"))
        #expect(error { $0.charsmap = [1, 2, 3] }
            == .unsupported(
                field: "normalizer_spec.precompiled_charsmap",
                reason: "expected an identity normaliser, found a character map of 3 bytes"))
        #expect(error { $0.denormalizerCharsmap = [1] }
            == .unsupported(
                field: "denormalizer_spec.precompiled_charsmap",
                reason: "expected an identity normaliser, found a character map of 1 bytes"))
        #expect(error { $0.suffix = true }
            == .unsupported(
                field: "trainer_spec.treat_whitespace_as_suffix", reason: "expected false, found true"))
    }

    @Test func refusesBadPieces() {
        let index = ModelBuilder.tiny.pieces.count
        func adding(_ piece: Piece) -> TokenizerError? { error { $0.pieces.append(piece) } }
        var broken = Piece("")
        for text in [[0x61, 0xc3], [0xed, 0xa0, 0x80], [0xe0, 0x9f, 0xbf], [0xf4, 0x90, 0x80, 0x80]] as [[UInt8]] {
            broken.text = text
            #expect(adding(broken) == .invalid(field: "pieces[\(index)].piece", reason: "not UTF-8"), "\(text)")
        }
        #expect(adding(Piece("")) == .invalid(field: "pieces[\(index)].piece", reason: "empty"))
        #expect(adding(Piece("a\0b")) == .invalid(field: "pieces[\(index)].piece", reason: "holds a null character"))
        #expect(adding(Piece("▁the")) == .invalid(field: "pieces[\(index)].piece", reason: "equal to pieces[262]"))
        #expect(adding(Piece(String(repeating: "a", count: 8000)))
            == .invalid(field: "pieces[\(index)].piece", reason: "8000 bytes, must be below 8000"))
        #expect(adding(Piece("q", .nan)) == .invalid(field: "pieces[\(index)].score", reason: "not a number"))
        #expect(adding(Piece("q", type: 7)) == .invalid(field: "pieces[\(index)].type", reason: "unknown type 7"))
        #expect(adding(Piece("q", type: 2)) == .invalid(field: "pieces[\(index)].type", reason: "a second unknown piece"))
        for name in ["<0xG0>", "<0xff>", "<0x0>", "q"] {
            #expect(adding(Piece(name, type: 6))
                == .invalid(field: "pieces[\(index)].piece", reason: "no byte: expected <0x00>...<0xFF>"))
        }
        #expect(adding(Piece("[PAD]"))
            == .unsupported(field: "pieces[\(index)].piece", reason: "a [PAD] of the model's own"))
        #expect(adding(Piece("q", .infinity)) == nil)
    }

    @Test func refusesIncompleteVocabularies() {
        #expect(error([]) == .invalid(field: "pieces", reason: "none"))
        #expect(error { $0.pieces.remove(at: 0) } == .invalid(field: "pieces", reason: "no unknown piece"))
        #expect(error { $0.pieces.remove(at: 68) }
            == .invalid(field: "pieces", reason: "byte fallback without a piece for byte 65"))
        #expect(error { $0.byteFallback = false }
            == .invalid(field: "pieces[3].type", reason: "a byte piece, but trainer_spec.byte_fallback is false"))
        #expect(error { $0.pieces.remove(at: 2) }
            == .invalid(field: "pieces", reason: "no piece </s>, is this a LLaMA tokenizer?"))
        #expect(error { $0.pieces[1].type = 1 }
            == .invalid(field: "pieces[1].type", reason: "<s> must be of type control"))
    }

    @Test func namesFieldAndPlaceOfBrokenBytes() {
        #expect(error([0x80]) == .malformed(field: "field tag", offset: 0, reason: "the bytes end inside an integer"))
        #expect(error([0x00]) == .malformed(field: "field tag", offset: 0, reason: "field number 0"))
        #expect(error([0x0b]) == .malformed(field: "field 1", offset: 0, reason: "wire type 3"))
        #expect(error([0x08, 0x01])
            == .malformed(field: "pieces", offset: 0, reason: "expected bytes, found another wire type"))
        #expect(error([0x0a, 0x02, 0x10, 0x01])
            == .malformed(
                field: "pieces[0].score", offset: 2, reason: "expected a 32-bit float, found another wire type"))
        #expect(error([0x10] + Array(repeating: 0xff, count: 9) + [0x02])
            == .malformed(field: "field 2", offset: 1, reason: "integer of more than 64 bits"))
        let lying: [UInt8] = [0x0a] + Array(repeating: 0xff, count: 9) + [0x01, 0x61]
        #expect(error(lying)
            == .malformed(field: "field 1", offset: 11, reason: "18446744073709551615 bytes announced, 1 left"))
        #expect(error([0x0a, 0x05, 0x0a, 0x09])
            == .malformed(field: "field 1", offset: 2, reason: "5 bytes announced, 2 left"))
        #expect(error([0x0a, 0x02, 0x0a, 0x09])
            == .malformed(field: "pieces[0].field 1", offset: 4, reason: "9 bytes announced, 0 left"))
        #expect("\(TokenizerError.malformed(field: "pieces[0].score", offset: 2, reason: "short"))"
            == "tokenizer model: pieces[0].score: short (byte 2)")
    }

    /// Every cut either throws or, where it falls behind the last needed field, gives a working tokenizer.
    @Test func truncationsNeverTrap() {
        let bytes = ModelBuilder.tiny.bytes
        var generator = SeededGenerator(seed: 1)
        let cuts = Array(0..<min(4096, bytes.count))
            + (0..<200).map { _ in Int.random(in: 0..<bytes.count, using: &generator) }
        var refused = 0
        for cut in cuts { if !use(Array(bytes[..<cut])) { refused += 1 } }
        // The settings stand at the end of the file, so nearly every cut loses the model type.
        #expect(refused > cuts.count - 20)
    }

    @Test func flippedBytesNeverTrap() {
        let bytes = ModelBuilder.tiny.bytes
        var generator = SeededGenerator(seed: 2)
        var refused = 0
        for _ in 0..<1500 {
            var broken = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                broken[Int.random(in: 0..<broken.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            if !use(broken) { refused += 1 }
        }
        #expect(refused > 500)
        #expect(refused < 1500)
    }

    @Test func randomBytesNeverTrap() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<200, using: &generator)
            _ = use((0..<count).map { _ in .random(in: 0...255, using: &generator) })
        }
    }

    /// Whether the bytes are accepted; what is accepted must also encode and decode.
    private func use(_ bytes: [UInt8]) -> Bool {
        guard let tokenizer = try? Tokenizer(sentencePieceModel: bytes) else { return false }
        let ids = tokenizer.encode("the inner é世界 <s> [PAD] <unk>\u{0}\u{1F600}")
        _ = tokenizer.decode(ids)
        _ = tokenizer.decode(ids, skipsSpecialTokens: false)
        _ = tokenizer.decode(0..<Int32(tokenizer.vocabularyCount))
        return true
    }
}
