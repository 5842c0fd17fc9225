/// Decodes ids as they are generated. All returned strings joined are exactly `Tokenizer.decode` of all ids.
///
/// Special tokens are left out. Byte pieces are held back until their character is whole or cannot become one.
public struct IncrementalDecoder: Sendable {
    private let tokenizer: Tokenizer
    private var decoder: PieceDecoder

    public init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        decoder = PieceDecoder(model: tokenizer.sentencePieces)
    }

    /// The text that `id` makes certain, often empty.
    public mutating func append(_ id: Int32) -> String {
        guard !tokenizer.isSpecial(id) else { return "" }
        var text: [UInt8] = []
        decoder.append(id, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// What is still held back; the decoder is ready for the next text afterwards.
    public mutating func finish() -> String {
        var text: [UInt8] = []
        decoder.finish(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
