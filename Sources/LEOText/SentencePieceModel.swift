/// A SentencePiece BPE model (`tokenizer.model`): pieces, scores, normaliser settings.
///
/// Encodes and decodes exactly as sentencepiece 0.1.99 does for models with an identity normaliser. Others are refused
/// (`TokenizerError.unsupported`): unigram, word and char models, character maps, white space as suffix.
///
/// - Source: sentencepiece 0.1.99: `bpe_model.cc`, `normalizer.cc`, `sentencepiece_processor.cc` and
///   `sentencepiece_model.proto`
public final class SentencePieceModel: Sendable {
    /// What a piece is for; raw values as in the file.
    public enum PieceType: UInt8, Sendable {
        case normal = 1, unknown, control, userDefined, unused, byte
    }

    let pieces: PieceStore
    let types: [PieceType]
    /// Merge order of each piece: the smaller the earlier, so the greater the score.
    let ranks: [UInt32]
    let unknownID: Int32
    /// Id of the piece `<0xNN>` for each byte; empty without byte fallback.
    let byteIDs: [Int32]
    /// The byte that a byte piece stands for.
    let byteValues: [Int32: UInt8]
    let normalizer: Normalizer
    let userDefined: PrefixMatcher
    let hasUnusedPieces: Bool
    /// Whether no piece can reach across a U+2581 that follows another character. Then text is encoded word by word with
    /// the same result, because no merge has a word's end inside.
    let splitsBeforeSpaces: Bool

    /// Reads a serialised `ModelProto`.
    ///
    /// - Errors: `TokenizerError`; never traps, whatever the bytes
    public convenience init(_ bytes: some Sequence<UInt8>) throws(TokenizerError) {
        try self.init(ModelMessage(Array(bytes)))
    }

    init(_ message: ModelMessage) throws(TokenizerError) {
        try message.checkSettings()
        var table = PieceTable(message)
        try message.bytes.withUnsafeBufferPointer { bytes throws(TokenizerError) in
            for piece in message.pieces { try table.append(piece, of: message, bytes) }
        }
        guard let unknown = table.unknown else { throw .invalid(field: "pieces", reason: "no unknown piece") }
        if message.hasByteFallback, let missing = table.byteIDs.firstIndex(of: nil) {
            throw .invalid(field: "pieces", reason: "byte fallback without a piece for byte \(missing)")
        }

        pieces = table.pieces
        types = table.types
        ranks = table.ranks
        unknownID = unknown
        byteIDs = message.hasByteFallback ? table.byteIDs.compactMap { $0 } : []
        byteValues = table.byteValues
        normalizer = message.normalizer
        userDefined = PrefixMatcher(table.userDefined)
        hasUnusedPieces = types.contains(.unused)
        // Unused pieces are split again by a table over the whole text, which cutting it into words would change.
        splitsBeforeSpaces = table.splits && !hasUnusedPieces
    }

    /// Number of pieces in the file.
    public var count: Int { types.count }

    /// The text of a piece as it stands in the vocabulary (white space is U+2581), or nil outside the vocabulary.
    public func piece(for id: Int32) -> String? {
        guard types.indices.contains(Int(id)) else { return nil }
        return String(decoding: pieces.bytes(of: Int(id)), as: UTF8.self)
    }

    /// The type of a piece, or nil outside the vocabulary.
    public func type(of id: Int32) -> PieceType? {
        types.indices.contains(Int(id)) ? types[Int(id)] : nil
    }

    /// The id of a piece, bytes compared exactly, or nil where the vocabulary lacks it.
    public func id(of piece: String) -> Int32? {
        var copy = piece
        return copy.withUTF8 { pieces.find($0) }.map(Int32.init)
    }
}

/// The pieces of a model as far as they have been read and found valid.
private struct PieceTable {
    var pieces: PieceStore
    var types: [SentencePieceModel.PieceType] = []
    var ranks: [UInt32] = []
    var unknown: Int32?
    var byteIDs: [Int32?] = Array(repeating: nil, count: 256)
    var byteValues: [Int32: UInt8] = [:]
    var userDefined: [[UInt8]] = []
    var splits = true

    init(_ message: ModelMessage) {
        // Larger vocabularies than any in use grow as they are read.
        let count = min(message.pieces.count, 1 << 17)
        pieces = PieceStore(count: count, byteCount: min(message.bytes.count, count * 16))
        types.reserveCapacity(count)
        ranks.reserveCapacity(count)
    }

    /// - Parameter bytes: those of `message`.
    mutating func append(
        _ piece: ModelMessage.Piece, of message: ModelMessage, _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(TokenizerError) {
        let index = types.count
        func invalid(_ reason: String, field: String = "piece") -> TokenizerError {
            .invalid(field: "pieces[\(index)].\(field)", reason: reason)
        }
        precondition(piece.text.lowerBound >= 0 && piece.text.upperBound <= bytes.count, "a piece outside of its file")
        let text = UnsafeBufferPointer(rebasing: bytes[piece.text])
        guard !text.isEmpty else { throw invalid("empty") }
        guard text.count < 8000 else { throw invalid("\(text.count) bytes, must be below 8000") }
        var allBits: UInt8 = 0, hasNull = false
        for byte in text {
            allBits |= byte
            hasNull = hasNull || byte == 0
        }
        guard !hasNull else { throw invalid("holds a null character") }
        // ASCII is valid UTF-8 and has no U+2581.
        let isASCII = allBits < 0x80
        guard isASCII || UTF8Scanning.isValid(message.bytes, in: piece.text) else { throw invalid("not UTF-8") }
        guard !piece.score.isNaN else { throw invalid("not a number", field: "score") }
        if let other = pieces.append(text) { throw invalid("equal to pieces[\(other)]") }
        types.append(piece.type)
        ranks.append(Self.rank(of: piece.score))

        switch piece.type {
        case .unknown:
            guard unknown == nil else { throw invalid("a second unknown piece", field: "type") }
            unknown = Int32(index)
        case .byte:
            guard message.hasByteFallback else {
                throw invalid("a byte piece, but trainer_spec.byte_fallback is false", field: "type")
            }
            guard let byte = Self.byte(namedBy: text) else { throw invalid("no byte: expected <0x00>...<0xFF>") }
            byteIDs[Int(byte)] = Int32(index)
            byteValues[Int32(index)] = byte
        case .userDefined:
            userDefined.append(Array(text))
            splits = splits && (isASCII || !Self.hasInnerSpace(text))
        case .normal, .unused:
            splits = splits && (isASCII || !Self.hasInnerSpace(text))
        case .control:
            break
        }
    }

    /// Maps scores to integers that grow as the score falls, so that merges compare as integers.
    private static func rank(of score: Float) -> UInt32 {
        // Adding zero turns -0 into 0: the two are one score.
        let bits = (score + 0).bitPattern
        let ascending = bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
        return ~ascending
    }

    private static func byte(namedBy characters: UnsafeBufferPointer<UInt8>) -> UInt8? {
        guard characters.count == 6, characters.starts(with: "<0x".utf8), characters[5] == UInt8(ascii: ">") else {
            return nil
        }
        var value: UInt8 = 0
        for character in characters[3...4] {
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | (character - UInt8(ascii: "0"))
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | (character - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }

    /// Whether a U+2581 follows another character somewhere in the piece.
    private static func hasInnerSpace(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        (1..<max(text.count, 1)).contains { SpaceSymbol.startsWord(text, at: $0, in: 0, to: text.count) }
    }
}

/// U+2581, which stands for white space inside pieces.
enum SpaceSymbol {
    static let bytes: [UInt8] = [0xe2, 0x96, 0x81]

    @inline(__always)
    static func stands(_ text: UnsafeBufferPointer<UInt8>, at position: Int, to end: Int) -> Bool {
        position + 3 <= end && text[position] == 0xe2 && text[position + 1] == 0x96 && text[position + 2] == 0x81
    }

    /// Whether the symbol stands at `position` and the character before, if there is one, is another.
    @inline(__always)
    static func startsWord(_ text: UnsafeBufferPointer<UInt8>, at position: Int, in start: Int, to end: Int) -> Bool {
        stands(text, at: position, to: end)
            && !(position - 3 >= start && stands(text, at: position - 3, to: end))
    }
}
