#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A strict scanner of JSON (RFC 8259) that goes through its text once, front to back.
///
/// Foundation's decoder needs tens of milliseconds for the table of a large model; opening a model should cost a few.
/// Every byte is reached through a checked subscript, so no text can make it read elsewhere.
package struct JSONScanner {
    /// Where the text is not what it has to be.
    package struct Failure: Error {
        package let position: Int
        package let expected: String
        package let found: String
    }

    /// Nesting beyond this is refused, so that no text can exhaust the stack.
    package static let maximumDepth = 64

    let bytes: [UInt8]
    private(set) var position = 0

    /// - Throws: `Failure` where the text is not UTF-8.
    package init(_ bytes: [UInt8]) throws(Failure) {
        // Decoding repairs what is not UTF-8; text that comes back changed was not valid.
        var text = String(decoding: bytes, as: UTF8.self)
        let mismatch = text.withUTF8 { decoded in
            Self.areEqual(decoded, bytes) ? nil : zip(decoded, bytes).enumerated().first { $1.0 != $1.1 }?.offset ?? bytes.count
        }
        if let mismatch { throw Failure(position: mismatch, expected: "UTF-8", found: "other bytes") }
        self.bytes = bytes
    }

    private static func areEqual(_ a: UnsafeBufferPointer<UInt8>, _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        guard let base = a.baseAddress else { return true }
        return b.withUnsafeBytes { $0.baseAddress.map { memcmp(base, $0, a.count) == 0 } ?? true }
    }

    package func failure(expected: String) -> Failure {
        let found =
            if position >= bytes.count { "the end" } else if (0x21...0x7e).contains(bytes[position]) {
                "'\(Character(Unicode.Scalar(bytes[position])))'"
            } else { "byte 0x" + String(bytes[position], radix: 16) }
        return Failure(position: position, expected: expected, found: found)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    /// Takes `byte` after white space, if it is next.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipWhitespace()
        guard current == byte else { return false }
        position += 1
        return true
    }

    package mutating func beginObject() throws(Failure) {
        guard take(UInt8(ascii: "{")) else { throw failure(expected: "an object") }
    }

    /// The next key of an object, its colon taken, or nil at the object's end. `first` starts as true.
    package mutating func nextKey(_ first: inout Bool) throws(Failure) -> String? {
        if take(UInt8(ascii: "}")) { return nil }
        if !first, !take(UInt8(ascii: ",")) { throw failure(expected: "',' or '}'") }
        first = false
        let key = try string()
        guard take(UInt8(ascii: ":")) else { throw failure(expected: "':'") }
        return key
    }

    package mutating func beginArray() throws(Failure) {
        guard take(UInt8(ascii: "[")) else { throw failure(expected: "an array") }
    }

    /// Whether an array has another element, which is next. `first` starts as true.
    package mutating func nextElement(_ first: inout Bool) throws(Failure) -> Bool {
        if take(UInt8(ascii: "]")) {
            return false
        }
        if !first, !take(UInt8(ascii: ",")) { throw failure(expected: "',' or ']'") }
        first = false
        return true
    }

    package mutating func end() throws(Failure) {
        skipWhitespace()
        guard position == bytes.count else { throw failure(expected: "nothing more") }
    }

    /// A whole number that fits `Int`, without fraction or exponent.
    mutating func integer() throws(Failure) -> Int {
        skipWhitespace()
        let start = position
        let negative = current == UInt8(ascii: "-")
        if negative { position += 1 }
        let firstDigit = position
        var value = 0
        var overflows = false
        while let byte = current, (0x30...0x39).contains(byte) {
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let digit = Int(byte - 0x30)
            // Negative numbers count downwards, because -2^63 has no positive counterpart.
            let (sum, tooFar) = negative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            overflows = overflows || tooLarge || tooFar
            value = sum
            position += 1
        }
        let digits = position - firstDigit
        guard digits > 0, !(digits > 1 && bytes[firstDigit] == 0x30) else {
            position = start
            throw failure(expected: "a whole number")
        }
        if let byte = current, byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") {
            throw failure(expected: "a whole number")
        }
        guard !overflows else {
            let text = String(decoding: bytes[start..<min(position, start + 40)], as: UTF8.self)
            throw Failure(position: start, expected: "a whole number below 2^63", found: text)
        }
        return value
    }

    package mutating func string() throws(Failure) -> String {
        guard take(UInt8(ascii: "\"")) else { throw failure(expected: "a string") }
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if current == UInt8(ascii: "\"") {
            defer { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        var text = Array(bytes[start..<position])
        while true {
            guard let byte = current, byte >= 0x20 else { throw failure(expected: "the rest of a string") }
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
            default: text.append(byte)
            }
        }
    }

    /// What stands behind a backslash.
    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        guard let byte = current else { throw failure(expected: "an escape") }
        let plain: Unicode.Scalar
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = Unicode.Scalar(byte)
        case UInt8(ascii: "b"): plain = "\u{8}"
        case UInt8(ascii: "f"): plain = "\u{c}"
        case UInt8(ascii: "n"): plain = "\n"
        case UInt8(ascii: "r"): plain = "\r"
        case UInt8(ascii: "t"): plain = "\t"
        case UInt8(ascii: "u"):
            position += 1
            let high = try codeUnit()
            guard (0xd800...0xdfff).contains(high) else {
                guard let scalar = Unicode.Scalar(high) else { throw failure(expected: "a Unicode scalar") }
                return scalar
            }
            guard high < 0xdc00, current == UInt8(ascii: "\\") else { throw failure(expected: "a surrogate pair") }
            position += 1
            guard current == UInt8(ascii: "u") else { throw failure(expected: "a surrogate pair") }
            position += 1
            let low = try codeUnit()
            guard (0xdc00...0xdfff).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
            else { throw failure(expected: "a surrogate pair") }
            return scalar
        default: throw failure(expected: "an escape")
        }
        position += 1
        return plain
    }

    private mutating func codeUnit() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure(expected: "four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    package enum Kind: Sendable {
        case object, array, string, word, number
    }

    /// What is next. A number is what none of the others is: `rawValue` finds out.
    package mutating func nextKind() -> Kind {
        skipWhitespace()
        return switch current {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): .word
        default: .number
        }
    }

    /// Passes over one value of any kind and returns its text.
    package mutating func rawValue() throws(Failure) -> String {
        skipWhitespace()
        let start = position
        try skipValue(depth: 1)
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Passes over one object and returns its text.
    mutating func rawObject() throws(Failure) -> String {
        skipWhitespace()
        guard current == UInt8(ascii: "{") else { throw failure(expected: "an object") }
        return try rawValue()
    }

    private mutating func skipValue(depth: Int) throws(Failure) {
        guard depth <= Self.maximumDepth else { throw failure(expected: "at most \(Self.maximumDepth) levels of nesting") }
        var first = true
        switch nextKind() {
        case .object:
            try beginObject()
            while try nextKey(&first) != nil { try skipValue(depth: depth + 1) }
        case .array:
            try beginArray()
            while try nextElement(&first) { try skipValue(depth: depth + 1) }
        case .string: _ = try string()
        case .word: try skipWord(current == UInt8(ascii: "t") ? "true" : current == UInt8(ascii: "f") ? "false" : "null")
        case .number: try skipNumber()
        }
    }

    private mutating func skipWord(_ word: String) throws(Failure) {
        for byte in word.utf8 {
            guard current == byte else { throw failure(expected: word) }
            position += 1
        }
    }

    private mutating func skipNumber() throws(Failure) {
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
        if current == UInt8(ascii: "-") { position += 1 }
        guard isDigit(current) else { throw failure(expected: "a value") }
        let leadingZero = current == 0x30
        position += 1
        if leadingZero, isDigit(current) { throw failure(expected: "a number without leading zeros") }
        while isDigit(current) { position += 1 }
        if current == UInt8(ascii: ".") {
            position += 1
            guard isDigit(current) else { throw failure(expected: "a digit") }
            while isDigit(current) { position += 1 }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard isDigit(current) else { throw failure(expected: "a digit") }
            while isDigit(current) { position += 1 }
        }
    }
}

/// Appends `text` as a JSON string.
func appendJSON(_ text: String, to target: inout [UInt8]) {
    target.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): target += [UInt8(ascii: "\\"), byte]
        case 0..<0x20:
            let digits = String(byte, radix: 16)
            target += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
        default: target.append(byte)
        }
    }
    target.append(UInt8(ascii: "\""))
}
