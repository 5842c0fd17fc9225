/// The parts of `ModelProto` that encoding needs, as they stand in the file.
struct ModelMessage {
    struct Piece {
        var text: Range<Int> = 0..<0
        var score: Float = 0
        var type = SentencePieceModel.PieceType.normal
    }

    let bytes: [UInt8]
    private(set) var pieces: [Piece] = []
    private(set) var normalizer = Normalizer()
    private(set) var hasByteFallback = false
    private var modelType: UInt64 = 1
    private var treatsSpaceAsSuffix = false
    private var mappingBytes = 0
    private var denormalizerMappingBytes = 0

    /// More than a hundred times the largest vocabularies in use; keeps every id far inside 32 bits.
    static let byteLimit = 1 << 28

    init(_ bytes: [UInt8]) throws(TokenizerError) {
        self.bytes = bytes
        guard bytes.count <= Self.byteLimit else {
            throw .unsupported(field: "file", reason: "\(bytes.count) bytes, at most \(Self.byteLimit)")
        }
        var reader = ProtobufReader(bytes, in: 0..<bytes.count) { _ in "" }
        while let field = try reader.next() {
            switch field.number {
            case 1: try readPiece(try reader.payload(of: field, "pieces"))
            case 2: try readTrainer(try reader.payload(of: field, "trainer_spec"))
            case 3: try readNormalizer(try reader.payload(of: field, "normalizer_spec"))
            case 5: try readDenormalizer(try reader.payload(of: field, "denormalizer_spec"))
            default: break
            }
        }
    }

    /// Refuses what is well formed but outside of what this tokenizer does.
    func checkSettings() throws(TokenizerError) {
        guard !pieces.isEmpty else { throw .invalid(field: "pieces", reason: "none") }
        guard modelType == 2 else {
            let names: [UInt64: String] = [1: "unigram", 3: "word", 4: "char"]
            let found = names[modelType] ?? "type \(modelType)"
            throw .unsupported(field: "trainer_spec.model_type", reason: "expected bpe, found \(found)")
        }
        guard !treatsSpaceAsSuffix else {
            throw .unsupported(field: "trainer_spec.treat_whitespace_as_suffix", reason: "expected false, found true")
        }
        for (name, size) in [("normalizer_spec", mappingBytes), ("denormalizer_spec", denormalizerMappingBytes)] {
            guard size == 0 else {
                throw .unsupported(
                    field: "\(name).precompiled_charsmap",
                    reason: "expected an identity normaliser, found a character map of \(size) bytes")
            }
        }
    }

    private mutating func readPiece(_ range: Range<Int>) throws(TokenizerError) {
        if let piece = usualPiece(range) {
            pieces.append(piece)
            return
        }
        var reader = ProtobufReader(bytes, in: range, index: pieces.count) { "pieces[\($0)]" }
        var piece = Piece()
        while let field = try reader.next() {
            switch field.number {
            case 1: piece.text = try reader.payload(of: field, "piece")
            case 2: piece.score = try reader.float(of: field, "score")
            case 3:
                let raw = try reader.integer(of: field, "type")
                guard let type = UInt8(exactly: raw).flatMap(SentencePieceModel.PieceType.init) else {
                    throw .invalid(field: "pieces[\(pieces.count)].type", reason: "unknown type \(raw)")
                }
                piece.type = type
            default: break
            }
        }
        pieces.append(piece)
    }

    /// A piece as sentencepiece writes it: a text below 128 bytes, a score, a type where it is not `normal`, and nothing else. Nil
    /// for every other message, valid or not. Tens of thousands of messages look like this one.
    private func usualPiece(_ range: Range<Int>) -> Piece? {
        guard range.count >= 7, bytes[range.lowerBound] == 1 << 3 | 2 else { return nil }
        let length = Int(bytes[range.lowerBound + 1])
        let start = range.lowerBound + 2
        let end = start + length
        guard length < 0x80, range.upperBound - end >= 5, bytes[end] == 2 << 3 | 5 else { return nil }
        let score = (1...4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[end + $1]) }
        var piece = Piece(text: start..<end, score: Float(bitPattern: score))
        if range.upperBound - end > 5 {
            guard range.upperBound - end == 7, bytes[end + 5] == 3 << 3, let type = SentencePieceModel.PieceType(rawValue: bytes[end + 6])
            else { return nil }
            piece.type = type
        }
        return piece
    }

    private mutating func readTrainer(_ range: Range<Int>) throws(TokenizerError) {
        var reader = ProtobufReader(bytes, in: range) { _ in "trainer_spec" }
        while let field = try reader.next() {
            switch field.number {
            case 3: modelType = try reader.integer(of: field, "model_type")
            case 24: treatsSpaceAsSuffix = try reader.bool(of: field, "treat_whitespace_as_suffix")
            case 35: hasByteFallback = try reader.bool(of: field, "byte_fallback")
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ range: Range<Int>) throws(TokenizerError) {
        var reader = ProtobufReader(bytes, in: range) { _ in "normalizer_spec" }
        while let field = try reader.next() {
            switch field.number {
            case 2: mappingBytes = try reader.payload(of: field, "precompiled_charsmap").count
            case 3: normalizer.addsDummyPrefix = try reader.bool(of: field, "add_dummy_prefix")
            case 4: normalizer.removesExtraSpaces = try reader.bool(of: field, "remove_extra_whitespaces")
            case 5: normalizer.escapesSpaces = try reader.bool(of: field, "escape_whitespaces")
            default: break
            }
        }
    }

    private mutating func readDenormalizer(_ range: Range<Int>) throws(TokenizerError) {
        var reader = ProtobufReader(bytes, in: range) { _ in "denormalizer_spec" }
        while let field = try reader.next() {
            guard field.number == 2 else { continue }
            denormalizerMappingBytes = try reader.payload(of: field, "precompiled_charsmap").count
        }
    }
}
