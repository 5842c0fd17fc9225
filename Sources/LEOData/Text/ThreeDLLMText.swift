/// Texts of 3D-LLM's data as the official loaders take their frame off.
///
/// - Source: official `data/datasets.py`, loaders of 3D-LLM's tasks
public enum ThreeDLLMText {
    /// `### human: What is it? ### assistant:` as a question. The official code strips **sets of characters** from both
    /// ends, not the words: of "### human: how many?" remains "ow many?".
    public static func question(_ text: String) -> String {
        stripped(text, leading: "### human: ", trailing: " ### assistant:")
    }

    /// The same for a goal, which keeps its end.
    public static func goal(_ text: String) -> String { stripped(text, leading: "### human: ", trailing: "") }

    /// `### human: a ### assistant: b ### human: c ### assistant:` as the field after the objects:
    /// `USER: a ASSISTANT: b </s>USER: c ASSISTANT:`.
    public static func history(_ text: String) -> String {
        let named = replacing("### assistant:", with: "ASSISTANT:", in: replacing("### human:", with: "USER:", in: text))
        let parts = pieces(of: named, between: "USER:")
        return parts[0]
            + parts.dropFirst().enumerated().map { ($0.offset == 0 ? "USER:" : "</s>USER:") + $0.element }.joined()
    }

    private static func stripped(_ text: String, leading: String, trailing: String) -> String {
        let (first, last) = (Set(leading.unicodeScalars), Set(trailing.unicodeScalars))
        let scalars = Array(text.unicodeScalars)
        let start = scalars.firstIndex { !first.contains($0) } ?? scalars.count
        let end = scalars[start...].lastIndex { !last.contains($0) }.map { $0 + 1 } ?? start
        return String(String.UnicodeScalarView(scalars[start..<end]))
    }

    private static func replacing(_ target: String, with other: String, in text: String) -> String {
        pieces(of: text, between: target).joined(separator: other)
    }

    private static func pieces(of text: String, between separator: String) -> [String] {
        let (bytes, mark) = (Array(text.utf8), Array(separator.utf8))
        var parts: [String] = []
        var start = 0
        var position = 0
        while position < bytes.count {
            if bytes[position...].starts(with: mark) {
                parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
                position += mark.count
                start = position
            } else {
                position += 1
            }
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }
}
