/// How captions become answers.
///
/// - Source: official `data/datasets.py`, `_split_sentence` and its callers
public enum CaptionSplitter {
    /// What 256 tokens hold at 0.24 tokens a character.
    public static let maximumLength = 1066

    /// The answers that a caption gives: itself, or, in training, chunks of whole sentences that each begin with its first.
    ///
    /// As in the official code, the first sentence gets its ". " back even if there is none after it, so that "A chair."
    /// becomes "A chair.. ", and chunks that are still too long are dropped: a long first sentence leaves nothing.
    ///
    /// - Parameter maximumLength: in Unicode scalars
    public static func answers(
        for caption: String, split: DataSplit, maximumLength: Int = CaptionSplitter.maximumLength
    ) -> [String] {
        let sentences = self.sentences(of: caption)
        let prefix = sentences[0] + ". "
        let whole = prefix + sentences.dropFirst().joined(separator: ". ")
        guard split == .train, whole.unicodeScalars.count > maximumLength else { return [whole] }
        var chunks: [String] = []
        var chunk = prefix
        // The official code cuts the rest anew: without any there is one empty sentence.
        for sentence in sentences.count > 1 ? Array(sentences.dropFirst()) : [""] {
            let next = sentence + ". "
            if chunk.unicodeScalars.count + next.unicodeScalars.count > maximumLength {
                chunks.append(chunk)
                chunk = prefix
            }
            chunk += next
        }
        chunks.append(chunk)
        return chunks.filter { $0.unicodeScalars.count <= maximumLength }
    }

    /// Python's `split(". ")`, on bytes: a Swift character may be more than the dot.
    private static func sentences(of caption: String) -> [String] {
        let bytes = Array(caption.utf8)
        var sentences: [String] = []
        var start = 0
        var position = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "."), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: " ") {
                sentences.append(String(decoding: bytes[start..<position], as: UTF8.self))
                position += 2
                start = position
            } else {
                position += 1
            }
        }
        return sentences + [String(decoding: bytes[start...], as: UTF8.self)]
    }
}
