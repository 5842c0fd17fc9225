/// White space as Python's `str.strip` and regular expressions see it. Unicode's White_Space property lacks the four
/// information separators U+001C...U+001F that Python counts, hence a list of our own.
enum WhiteSpace {
    /// Byte length of the white space character that starts at `position` (0 where there is none).
    static func length(_ text: UnsafeBufferPointer<UInt8>, from position: Int, to end: Int) -> Int {
        guard position < end else { return 0 }
        let byte = text[position]
        if isSpace(byte) { return 1 }
        if position + 1 < end, isSpace(byte, text[position + 1]) { return 2 }
        if position + 2 < end, isSpace(byte, text[position + 1], text[position + 2]) { return 3 }
        return 0
    }

    /// Byte length of the white space character that ends at `end`. Sound in valid UTF-8, where no character's bytes are
    /// the tail of another's.
    static func length(_ text: UnsafeBufferPointer<UInt8>, endingAt end: Int, from start: Int) -> Int {
        guard end > start else { return 0 }
        if isSpace(text[end - 1]) { return 1 }
        if end - 2 >= start, isSpace(text[end - 2], text[end - 1]) { return 2 }
        if end - 3 >= start, isSpace(text[end - 3], text[end - 2], text[end - 1]) { return 3 }
        return 0
    }

    private static func isSpace(_ a: UInt8) -> Bool { (0x09...0x0d).contains(a) || (0x1c...0x20).contains(a) }

    private static func isSpace(_ a: UInt8, _ b: UInt8) -> Bool { a == 0xc2 && (b == 0x85 || b == 0xa0) }

    private static func isSpace(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> Bool {
        switch (a, b) {
        case (0xe1, 0x9a): c == 0x80
        case (0xe2, 0x80): (0x80...0x8a).contains(c) || c == 0xa8 || c == 0xa9 || c == 0xaf
        case (0xe2, 0x81): c == 0x9f
        case (0xe3, 0x80): c == 0x80
        default: false
        }
    }
}

extension String {
    /// The text without white space at both ends, by Python's `str.strip()`.
    package var strippedLikePython: String {
        var copy = self
        return copy.withUTF8 { text in
            var start = 0
            var end = text.count
            while case let length = WhiteSpace.length(text, from: start, to: end), length > 0 { start += length }
            while case let length = WhiteSpace.length(text, endingAt: end, from: start), length > 0 { end -= length }
            return String(decoding: text[start..<end], as: UTF8.self)
        }
    }
}
