/// Walks lines and blank-separated tokens of bytes; positions only, no copies.
struct TextScanner {
    let bytes: UnsafeRawBufferPointer
    /// Start of the next line.
    private(set) var position: Int
    /// A file that ends its first line with a lone carriage return ends all of them so.
    private let lineEnd: UInt8

    init(bytes: UnsafeRawBufferPointer, position: Int = 0) {
        self.bytes = bytes
        self.position = position
        var end: UInt8 = 0x0A
        if let first = bytes[position...].firstIndex(where: { $0 == 0x0A || $0 == 0x0D }), bytes[first] == 0x0D,
            first + 1 >= bytes.count || bytes[first + 1] != 0x0A
        {
            end = 0x0D
        }
        lineEnd = end
    }

    /// The next line without its end, or nil at the end of the bytes. The carriage return of CRLF is a blank.
    mutating func nextLine() -> Range<Int>? {
        guard position < bytes.count else { return nil }
        let start = position
        var end = start
        while end < bytes.count, bytes[end] != lineEnd { end += 1 }
        position = min(end + 1, bytes.count)
        return start..<end
    }

    /// The next line that is not blank.
    mutating func nextFilledLine() -> Range<Int>? {
        while let line = nextLine() {
            if !isBlank(line) { return line }
        }
        return nil
    }

    /// Removes the first token of `line` and returns it, or nil where only blanks are left.
    @inline(__always)
    func nextToken(in line: inout Range<Int>) -> Range<Int>? {
        var start = line.lowerBound
        while start < line.upperBound, Self.isBlank(bytes[start]) { start += 1 }
        guard start < line.upperBound else {
            line = line.upperBound..<line.upperBound
            return nil
        }
        var end = start
        while end < line.upperBound, !Self.isBlank(bytes[end]) { end += 1 }
        line = end..<line.upperBound
        return start..<end
    }

    func isBlank(_ line: Range<Int>) -> Bool { bytes[line].allSatisfy(Self.isBlank) }

    func tokenCount(in line: Range<Int>) -> Int {
        var rest = line
        var count = 0
        while nextToken(in: &rest) != nil { count += 1 }
        return count
    }

    func tokens(in line: Range<Int>) -> [String] {
        var rest = line
        var found: [String] = []
        while let token = nextToken(in: &rest) { found.append(String(decoding: bytes[token], as: UTF8.self)) }
        return found
    }

    func starts(_ range: Range<Int>, with text: StaticString) -> Bool {
        range.count >= text.utf8CodeUnitCount
            && text.withUTF8Buffer { bytes[range.prefix(text.utf8CodeUnitCount)].elementsEqual($0) }
    }

    /// A token for an error message, shortened, with what cannot be printed replaced.
    func quoted(_ token: Range<Int>) -> String { quotedForMessage(bytes[token]) }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}

/// Text from a file in quotes, at most 40 characters, fit to be printed.
func quotedForMessage(_ bytes: some Collection<UInt8>) -> String {
    let shown = bytes.prefix(40).map { $0 >= 0x20 && $0 < 0x7F ? Character(UnicodeScalar($0)) : "?" }
    return "\"" + String(shown) + (bytes.count > 40 ? "..." : "") + "\""
}

func quotedForMessage(_ text: String) -> String { quotedForMessage(Array(text.utf8)) }
