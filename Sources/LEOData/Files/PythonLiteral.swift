/// A value that a Python source text spells out: what `ast.literal_eval` would give. Nothing is ever evaluated; names,
/// calls and operators are errors.
///
/// 3RScan's scene captions keep a dictionary in this form, which the official loader hands to `eval`.
indirect enum PythonLiteral: Equatable {
    case none
    case bool(Bool)
    /// The digits as written.
    case number(String)
    case string(String)
    case bytes(String)
    /// A list or tuple.
    case sequence([PythonLiteral])
    case set([PythonLiteral])
    /// In the order of the text; of equal keys the first place and the last value, as in Python.
    case dictionary([Entry])

    struct Entry: Equatable {
        let key: PythonLiteral
        var value: PythonLiteral
    }

    /// What is wrong with a text, and where.
    struct SyntaxError: Error, Equatable, CustomStringConvertible {
        /// In UTF-8 bytes from the start of the text.
        let offset: Int
        let reason: String
        var description: String { "byte \(offset): \(reason)" }
    }

    init(parsing text: String) throws(SyntaxError) {
        var parser = PythonLiteralParser(bytes: Array(text.utf8))
        self = try parser.whole()
    }
}

private struct PythonLiteralParser {
    typealias SyntaxError = PythonLiteral.SyntaxError

    private let bytes: [UInt8]
    private var position = 0
    /// Deeper nesting would need that much stack.
    private static let depthLimit = 64

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func whole() throws(SyntaxError) -> PythonLiteral {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error("expected the end of the literal") }
        return value
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func error(_ reason: String) -> SyntaxError {
        let found = next == nil ? "the end" : String(decoding: bytes[position...].prefix(16), as: UTF8.self).debugDescription
        return SyntaxError(offset: position, reason: "\(reason), found \(found)")
    }

    private mutating func skipSpace() {
        while let byte = next {
            if byte == UInt8(ascii: "#") {
                while let byte = next, byte != 0x0a { position += 1 }
            } else if byte == 0x20 || 0x09...0x0d ~= byte {
                position += 1
            } else {
                return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(SyntaxError) -> PythonLiteral {
        guard depth < Self.depthLimit else { throw error("nested deeper than \(Self.depthLimit)") }
        skipSpace()
        guard let byte = next else { throw error("expected a value") }
        switch byte {
        case UInt8(ascii: "{"): return try braces(depth: depth)
        case UInt8(ascii: "["):
            position += 1
            return .sequence(try items(until: "]", depth: depth).values)
        case UInt8(ascii: "("):
            position += 1
            let list = try items(until: ")", depth: depth)
            // One value in parentheses without a comma is that value.
            return list.values.count == 1 && !list.endsWithComma ? list.values[0] : .sequence(list.values)
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return try strings()
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), 0x30...0x39: return try number()
        default: return try word()
        }
    }

    private mutating func items(
        until end: Unicode.Scalar, depth: Int
    ) throws(SyntaxError) -> (values: [PythonLiteral], endsWithComma: Bool) {
        var values: [PythonLiteral] = []
        var endsWithComma = false
        while !take(end) {
            if !values.isEmpty, !endsWithComma { throw error("expected ',' or '\(end)'") }
            values.append(try value(depth: depth + 1))
            endsWithComma = take(",")
        }
        return (values, endsWithComma)
    }

    private mutating func braces(depth: Int) throws(SyntaxError) -> PythonLiteral {
        position += 1
        if take("}") { return .dictionary([]) }
        let first = try value(depth: depth + 1)
        guard take(":") else {
            var values = [first]
            if take(",") {
                values += try items(until: "}", depth: depth).values
            } else if !take("}") {
                throw error("expected ':', ',' or '}'")
            }
            return .set(values)
        }
        var entries: [PythonLiteral.Entry] = []
        var places: [String: Int] = [:]
        var key = first
        while true {
            let entry = PythonLiteral.Entry(key: key, value: try value(depth: depth + 1))
            if case .string(let name) = key, let place = places.updateValue(places[name] ?? entries.count, forKey: name) {
                entries[place].value = entry.value
            } else {
                entries.append(entry)
            }
            let hasComma = take(",")
            if take("}") { return .dictionary(entries) }
            guard hasComma else { throw error("expected ',' or '}'") }
            key = try value(depth: depth + 1)
            guard take(":") else { throw error("expected ':'") }
        }
    }

    private mutating func number() throws(SyntaxError) -> PythonLiteral {
        let start = position
        if next == UInt8(ascii: "-") || next == UInt8(ascii: "+") { position += 1 }
        func isPart(_ byte: UInt8) -> Bool {
            0x30...0x39 ~= byte || 0x41...0x5a ~= byte || 0x61...0x7a ~= byte || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "_")
        }
        while let byte = next {
            // The sign of an exponent belongs to the number, unless the number is a hexadecimal one.
            let isExponentSign =
                (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")) && position > start + 1
                && (bytes[position - 1] | 0x20) == UInt8(ascii: "e")
                && !bytes[start..<position].contains { $0 | 0x20 == UInt8(ascii: "x") }
            guard isPart(byte) || isExponentSign else { break }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let digits = text.filter { $0 != "_" }
        let unsigned = digits.drop { $0 == "-" || $0 == "+" }
        let isBased = ["0x", "0o", "0b"].contains { unsigned.lowercased().hasPrefix($0) }
        guard isBased || Double(digits) != nil, unsigned.first.map({ $0 == "." || $0.isNumber }) == true else {
            position = start
            throw error("expected a number")
        }
        return .number(text)
    }

    private mutating func word() throws(SyntaxError) -> PythonLiteral {
        let start = position
        while let byte = next, 0x41...0x5a ~= byte || 0x61...0x7a ~= byte || 0x30...0x39 ~= byte || byte == UInt8(ascii: "_")
        {
            position += 1
        }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        switch word {
        case "None": return .none
        case "True": return .bool(true)
        case "False": return .bool(false)
        default: break
        }
        let isPrefix = ["u", "b", "r", "br", "rb"].contains(word.lowercased())
        if isPrefix, next == UInt8(ascii: "'") || next == UInt8(ascii: "\"") {
            position = start
            return try strings()
        }
        position = start
        throw error("expected a literal; names and calls are not evaluated")
    }

    /// One text, or several that stand side by side and are joined.
    private mutating func strings() throws(SyntaxError) -> PythonLiteral {
        var text = ""
        var isBytes = false
        repeat {
            var isRaw = false
            while let byte = next, byte != UInt8(ascii: "'"), byte != UInt8(ascii: "\"") {
                isRaw = isRaw || byte | 0x20 == UInt8(ascii: "r")
                isBytes = isBytes || byte | 0x20 == UInt8(ascii: "b")
                position += 1
            }
            text += try quoted(isRaw: isRaw, isBytes: isBytes)
            skipSpace()
        } while startsString
        return isBytes ? .bytes(text) : .string(text)
    }

    private var startsString: Bool {
        let start = bytes[position...].prefix(3)
        guard let quote = start.firstIndex(where: { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"") }) else {
            return false
        }
        return start[..<quote].allSatisfy { "ubr".utf8.contains($0 | 0x20) }
    }

    private mutating func quoted(isRaw: Bool, isBytes: Bool) throws(SyntaxError) -> String {
        guard let quote = next else { throw error("expected a text") }
        let isTriple = bytes[position...].starts(with: [quote, quote, quote])
        let closing = [UInt8](repeating: quote, count: isTriple ? 3 : 1)
        position += closing.count
        var text: [UInt8] = []
        while let byte = next {
            if bytes[position...].starts(with: closing) {
                position += closing.count
                return String(decoding: text, as: UTF8.self)
            }
            if byte == 0x0a, !isTriple { break }
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            if isRaw {
                text.append(byte)
                if let escaped = next {
                    text.append(escaped)
                    position += 1
                }
            } else {
                text += try escape(isBytes: isBytes)
            }
        }
        throw error("expected the end of a text")
    }

    private mutating func escape(isBytes: Bool) throws(SyntaxError) -> [UInt8] {
        guard let byte = next else { throw error("expected an escape") }
        position += 1
        switch byte {
        case 0x0a: return []
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): return [byte]
        case UInt8(ascii: "a"): return [0x07]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "v"): return [0x0b]
        case UInt8(ascii: "x"): return try scalar(digits: 2)
        case UInt8(ascii: "u") where !isBytes: return try scalar(digits: 4)
        case UInt8(ascii: "U") where !isBytes: return try scalar(digits: 8)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            var code = UInt32(byte - 0x30)
            for _ in 0..<2 {
                guard let digit = next, 0x30...0x37 ~= digit else { break }
                code = code * 8 + UInt32(digit - 0x30)
                position += 1
            }
            return utf8(code)
        // Python keeps the backslash before anything else.
        default: return [UInt8(ascii: "\\"), byte]
        }
    }

    private mutating func scalar(digits: Int) throws(SyntaxError) -> [UInt8] {
        var code: UInt32 = 0
        for _ in 0..<digits {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, code < 1 << 28 else {
                throw error("expected \(digits) hexadecimal digits of a character")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        guard code <= 0x10ffff else { throw error("expected a character up to U+10FFFF") }
        return utf8(code)
    }

    /// Half of a surrogate pair, which a Swift text cannot hold, becomes the replacement character.
    private func utf8(_ code: UInt32) -> [UInt8] { Array(String(Unicode.Scalar(code) ?? "\u{fffd}").utf8) }
}
