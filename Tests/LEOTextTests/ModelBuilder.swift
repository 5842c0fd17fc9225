import LEOText

/// Writes small `tokenizer.model` files, right or deliberately wrong.
struct ModelBuilder {
    struct Piece {
        var text: [UInt8]
        var score: Float
        var type: UInt64

        init(_ text: String, _ score: Float = 0, type: UInt64 = 1) {
            self.text = Array(text.utf8)
            self.score = score
            self.type = type
        }
    }

    var pieces: [Piece]
    var modelType: UInt64? = 2
    var byteFallback = true
    var dummyPrefix: Bool? = true
    var removesExtraSpaces: Bool? = false
    var escapesSpaces: Bool? = true
    var suffix = false
    var charsmap: [UInt8] = []
    var denormalizerCharsmap: [UInt8] = []
    /// Whether pieces are written otherwise than sentencepiece does: fields in another order, a length of more bytes than it needs,
    /// a field that nobody knows, a score that is replaced by a later one.
    var writesPiecesUnusually = false

    static let specials = [Piece("<unk>", type: 2), Piece("<s>", type: 3), Piece("</s>", type: 3)]
    static let bytePieces = (0..<256).map { byte in
        let hex = String(byte, radix: 16, uppercase: true)
        return Piece("<0x" + (hex.count == 1 ? "0" : "") + hex + ">", type: 6)
    }

    /// LLaMA's layout: three special pieces, 256 byte pieces unless told otherwise, then `pieces`.
    static func llama(_ pieces: [Piece], byteFallback: Bool = true) -> ModelBuilder {
        ModelBuilder(pieces: specials + (byteFallback ? bytePieces : []) + pieces, byteFallback: byteFallback)
    }

    /// A tiny vocabulary of English-like pieces.
    static let tiny = llama([
        Piece("▁▁", -1e9), Piece("▁t", -1), Piece("he", -2), Piece("▁the", -3), Piece("in", -4), Piece("er", -5),
        Piece("▁a", -6), Piece("▁", -20), Piece("t", -21), Piece("h", -22), Piece("e", -23), Piece("r", -24),
        Piece("i", -25), Piece("n", -26), Piece("a", -27), Piece("é", -28), Piece("界", -29), Piece("<", -30),
    ])

    var bytes: [UInt8] {
        var output: [UInt8] = []
        for piece in pieces {
            func score(_ value: Float) -> [UInt8] {
                Self.varint(2 << 3 | 5) + (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
            }
            var body: [UInt8]
            if writesPiecesUnusually {
                body = Self.field(3, piece.type) + score(1e6) + Self.field(9, 5) + [1 << 3 | 2]
                body += Self.varint(UInt64(piece.text.count) | 1 << 14).dropLast() + [0]
                body += piece.text + score(piece.score)
            } else {
                body = Self.field(1, piece.text) + score(piece.score)
                if piece.type != 1 { body += Self.field(3, piece.type) }
            }
            output += Self.field(1, body)
        }
        var trainer: [UInt8] = []
        if let modelType { trainer += Self.field(3, modelType) }
        if suffix { trainer += Self.field(24, 1) }
        trainer += Self.field(35, byteFallback ? 1 : 0)
        output += Self.field(2, trainer)
        var normalizer = Self.field(1, Array("identity".utf8)) + Self.field(2, charsmap)
        for (number, value) in [(3, dummyPrefix), (4, removesExtraSpaces), (5, escapesSpaces)] {
            if let value { normalizer += Self.field(UInt64(number), value ? 1 : 0) }
        }
        output += Self.field(3, normalizer)
        if !denormalizerCharsmap.isEmpty { output += Self.field(5, Self.field(2, denormalizerCharsmap)) }
        return output
    }

    func model() throws -> SentencePieceModel { try SentencePieceModel(bytes) }
    func tokenizer() throws -> Tokenizer { try Tokenizer(sentencePieceModel: bytes) }

    static func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var output: [UInt8] = []
        while value >= 0x80 {
            output.append(UInt8(value & 0x7f) | 0x80)
            value >>= 7
        }
        return output + [UInt8(value)]
    }

    static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }

    static func field(_ number: UInt64, _ payload: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(payload.count)) + payload
    }
}

/// Bytes for exact comparison: Swift's `==` on strings is canonical equivalence.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
