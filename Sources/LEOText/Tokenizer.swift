/// LLaMA's tokenizer as LEO uses it: a SentencePiece model with BOS in front, special tokens spelled out in the text,
/// and `[PAD]` added behind the vocabulary.
///
/// - Source: `LlamaTokenizer` (the slow one) of transformers 4.28.1 after `add_special_tokens({'pad_token': '[PAD]'})`
public struct Tokenizer: Sendable {
    /// An end of a text or a row.
    public enum Side: Sendable {
        case left, right
    }

    /// Rows of equal length, row-major.
    public struct PaddedBatch: Equatable, Sendable {
        /// Number of rows and tokens per row.
        public let count, length: Int
        /// `count * length` ids.
        public let ids: [Int32]
        /// 1 for a token, 0 for padding; `count * length` values.
        public let mask: [Int32]
    }

    public let sentencePieces: SentencePieceModel
    /// `<s>`, `</s>`, `<unk>`: 1, 2, 0 in LLaMA's vocabulary.
    public let bosID, eosID, unkID: Int32
    /// `[PAD]`, the id after the file's last: 32000 for LLaMA.
    public let padID: Int32

    /// Reads `tokenizer.model`.
    ///
    /// - Errors: `TokenizerError` for bytes that are no SentencePiece BPE model, or for one without LLaMA's special pieces
    public init(sentencePieceModel bytes: some Sequence<UInt8>) throws(TokenizerError) {
        try self.init(SentencePieceModel(bytes))
    }

    public init(_ model: SentencePieceModel) throws(TokenizerError) {
        func special(_ text: String, _ type: SentencePieceModel.PieceType) throws(TokenizerError) -> Int32 {
            guard let id = model.id(of: text) else {
                throw .invalid(field: "pieces", reason: "no piece \(text), is this a LLaMA tokenizer?")
            }
            guard model.type(of: id) == type else {
                throw .invalid(field: "pieces[\(id)].type", reason: "\(text) must be of type \(type)")
            }
            return id
        }
        sentencePieces = model
        bosID = try special(Special.bos.rawValue, .control)
        eosID = try special(Special.eos.rawValue, .control)
        unkID = try special(Special.unk.rawValue, .unknown)
        if let taken = model.id(of: Special.pad.rawValue) {
            throw .unsupported(field: "pieces[\(taken)].piece", reason: "a [PAD] of the model's own")
        }
        padID = Int32(model.count)
    }

    /// Number of ids, `[PAD]` included: 32001 for LLaMA.
    public var vocabularyCount: Int { sentencePieces.count + 1 }

    /// The text of a piece as it stands in the vocabulary (white space is U+2581), or nil outside the vocabulary.
    public func piece(for id: Int32) -> String? {
        id == padID ? Special.pad.rawValue : sentencePieces.piece(for: id)
    }

    /// The id of a piece, or nil where the vocabulary lacks it.
    public func id(of piece: String) -> Int32? {
        piece == Special.pad.rawValue ? padID : sentencePieces.id(of: piece)
    }

    /// Whether decoding can leave an id out: BOS, EOS, UNK, `[PAD]` and ids outside the vocabulary.
    public func isSpecial(_ id: Int32) -> Bool {
        id == bosID || id == eosID || id == unkID || id < 0 || id >= padID
    }

    // MARK: Encoding

    /// Ids of a text.
    ///
    /// Literal `<s>`, `</s>`, `<unk>`, `[PAD]` become their ids, and each stretch of text between them is encoded on its
    /// own with its own dummy prefix. `[PAD]` swallows the white space on both sides, the others keep it.
    public func encode(_ text: String, addsBOS: Bool = true) -> [Int32] {
        var copy = text
        return copy.withUTF8 { text in
            var ids: [Int32] = []
            ids.reserveCapacity(text.count / 3 + 4)
            if addsBOS { ids.append(bosID) }
            var start = 0
            var position = 0
            var followsPad = false
            while position < text.count {
                guard let special = Special(at: position, in: text) else {
                    position += 1
                    continue
                }
                encode(text, start, position, stripsStart: followsPad, stripsEnd: special == .pad, into: &ids)
                ids.append(id(of: special))
                position += special.rawValue.utf8.count
                start = position
                followsPad = special == .pad
            }
            encode(text, start, position, stripsStart: followsPad, stripsEnd: false, into: &ids)
            return ids
        }
    }

    /// Ids of a text with BOS, cut to `maxLength` ids: BOS stays, the rest loses what is too much on one side.
    ///
    /// - Precondition: `maxLength` is at least 1
    public func encode(_ text: String, maxLength: Int, truncating side: Side) -> [Int32] {
        precondition(maxLength >= 1, "BOS needs room")
        var ids = encode(text)
        let excess = ids.count - maxLength
        guard excess > 0 else { return ids }
        switch side {
        case .left: ids.removeSubrange(1..<(1 + excess))
        case .right: ids.removeLast(excess)
        }
        return ids
    }

    /// Encodes, truncates and pads several texts with `[PAD]` to the longest of them.
    ///
    /// - Precondition: `maxLength` is at least 1
    public func encode(
        batch texts: [String], maxLength: Int, truncating: Side, padding: Side
    ) -> PaddedBatch {
        let rows = texts.map { encode($0, maxLength: maxLength, truncating: truncating) }
        let length = rows.map(\.count).max() ?? 0
        var ids: [Int32] = []
        var mask: [Int32] = []
        ids.reserveCapacity(rows.count * length)
        mask.reserveCapacity(rows.count * length)
        for row in rows {
            let gap = length - row.count
            if padding == .left {
                ids += repeatElement(padID, count: gap)
                mask += repeatElement(0, count: gap)
            }
            ids += row
            mask += repeatElement(1, count: row.count)
            if padding == .right {
                ids += repeatElement(padID, count: gap)
                mask += repeatElement(0, count: gap)
            }
        }
        return PaddedBatch(count: rows.count, length: length, ids: ids, mask: mask)
    }

    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ from: Int, _ to: Int, stripsStart: Bool, stripsEnd: Bool,
        into ids: inout [Int32]
    ) {
        var start = from
        var end = to
        if stripsStart {
            while case let length = WhiteSpace.length(text, from: start, to: end), length > 0 { start += length }
        }
        if stripsEnd {
            while case let length = WhiteSpace.length(text, endingAt: end, from: start), length > 0 { end -= length }
        }
        guard start < end else { return }
        sentencePieces.encode(UnsafeBufferPointer(rebasing: text[start..<end]), into: &ids)
    }

    private func id(of special: Special) -> Int32 {
        switch special {
        case .bos: bosID
        case .eos: eosID
        case .unk: unkID
        case .pad: padID
        }
    }

    // MARK: Decoding

    /// The text of ids, neither trimmed nor tidied. Bytes that make no UTF-8 become U+FFFD, one per byte.
    ///
    /// Special tokens are left out, or spelled with the reference's spacing when `skipsSpecialTokens` is false. Ids
    /// outside the vocabulary count as UNK.
    public func decode(_ ids: some Sequence<Int32>, skipsSpecialTokens: Bool = true) -> String {
        guard skipsSpecialTokens else { return decodeKeepingSpecialTokens(ids) }
        var decoder = PieceDecoder(model: sentencePieces)
        var text: [UInt8] = []
        for id in ids where !isSpecial(id) { decoder.append(id, to: &text) }
        decoder.finish(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The text of a generated answer as LEO returns it: special tokens left out, white space stripped at both ends.
    public func decodeAnswer(_ ids: some Sequence<Int32>) -> String {
        decode(ids).strippedLikePython
    }

    /// `[PAD]` is an added token: the reference decodes what lies between such tokens on its own and joins all by blanks.
    /// A special token of the model itself has a blank before the text that it ends, unless it is the first or follows
    /// another.
    private func decodeKeepingSpecialTokens(_ ids: some Sequence<Int32>) -> String {
        var parts: [[UInt8]] = []
        var part: [UInt8] = []
        var run: [UInt8] = []
        var decoder = PieceDecoder(model: sentencePieces)
        var index = 0
        var followsSpecial = false

        func endPart() {
            guard index > 0 else { return }
            decoder.finish(to: &run)
            parts.append(part + run)
            part.removeAll()
            run.removeAll()
            index = 0
            followsSpecial = false
        }
        for id in ids {
            if id == padID {
                endPart()
                parts.append(Array(Special.pad.rawValue.utf8))
                continue
            }
            if isSpecial(id) {
                decoder.finish(to: &run)
                if index > 0, !followsSpecial { part.append(0x20) }
                let special: Special = id == bosID ? .bos : id == eosID ? .eos : .unk
                part += run + Array(special.rawValue.utf8)
                run.removeAll()
            } else {
                decoder.append(id, to: &run)
            }
            followsSpecial = isSpecial(id)
            index += 1
        }
        endPart()
        return String(decoding: Array(parts.joined(separator: [0x20])), as: UTF8.self)
    }
}

/// Tokens that text can spell out. None is part of another, so the first that fits is the right one.
private enum Special: String {
    case bos = "<s>"
    case eos = "</s>"
    case unk = "<unk>"
    case pad = "[PAD]"

    @inline(__always)
    init?(at position: Int, in text: UnsafeBufferPointer<UInt8>) {
        switch text[position] {
        case UInt8(ascii: "<"):
            guard let special = [Special.bos, .eos, .unk].first(where: { $0.stands(at: position, in: text) }) else {
                return nil
            }
            self = special
        case UInt8(ascii: "["):
            guard Special.pad.stands(at: position, in: text) else { return nil }
            self = .pad
        default:
            return nil
        }
    }

    private func stands(at position: Int, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        text[position...].starts(with: rawValue.utf8)
    }
}
