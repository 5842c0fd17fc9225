/// Turns pieces back into text one at a time, as sentencepiece 0.1.99 decodes a whole list.
///
/// Holds back bytes of byte pieces that may still become a character; `finish` gives them up as U+FFFD, one per byte.
struct PieceDecoder: Sendable {
    private let model: SentencePieceModel
    private var heldBytes: [UInt8] = []
    private var hasText = false
    /// Whether the dummy prefix of the first piece is still to be dropped.
    private var expectsPrefix = true
    private var sawPrefix = false

    private static let replacement: [UInt8] = [0xef, 0xbf, 0xbd]

    init(model: SentencePieceModel) {
        self.model = model
    }

    /// Appends the text that a piece makes certain. `id` must be in the vocabulary and not the unknown piece.
    mutating func append(_ id: Int32, to text: inout [UInt8]) {
        if model.types[Int(id)] == .byte, let byte = model.byteValues[id] {
            heldBytes.append(byte)
            release(to: &text, isEnd: false)
            return
        }
        release(to: &text, isEnd: true)
        if sawPrefix || hasText { expectsPrefix = false }
        sawPrefix = false
        guard model.types[Int(id)] != .control else { return }

        var piece = model.pieces.bytes(of: Int(id))
        let normalizer = model.normalizer
        if expectsPrefix, normalizer.addsDummyPrefix || normalizer.removesExtraSpaces,
            piece.starts(with: SpaceSymbol.bytes)
        {
            piece = piece.dropFirst(SpaceSymbol.bytes.count)
            // A model that removes extra spaces had none at the start, so all of them go.
            sawPrefix = !normalizer.removesExtraSpaces
        }
        let before = text.count
        var index = piece.startIndex
        while index < piece.endIndex {
            if piece[index] == 0xe2, piece[index...].starts(with: SpaceSymbol.bytes) {
                text.append(0x20)
                index += SpaceSymbol.bytes.count
            } else {
                text.append(piece[index])
                index += 1
            }
        }
        hasText = hasText || text.count > before
    }

    /// Appends what is held back. The decoder is as new afterwards.
    mutating func finish(to text: inout [UInt8]) {
        release(to: &text, isEnd: true)
        self = PieceDecoder(model: model)
    }

    private mutating func release(to text: inout [UInt8], isEnd: Bool) {
        guard !heldBytes.isEmpty else { return }
        var position = 0
        scan: while position < heldBytes.count {
            switch UTF8Scanning.step(heldBytes, at: position, end: heldBytes.count) {
            case .character(let length):
                text.append(contentsOf: heldBytes[position..<(position + length)])
                position += length
            case .incomplete where !isEnd:
                break scan
            case .invalid, .incomplete:
                text.append(contentsOf: Self.replacement)
                position += 1
            }
        }
        hasText = hasText || position > 0
        heldBytes.removeFirst(position)
    }
}
