/// JSON as Python's `json` reads and writes it: order of keys and spelling of numbers are kept, `NaN` and infinities are
/// numbers, and of equal keys the last one counts.
package enum JSONText: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The digits as written.
    case number(String)
    case string(String)
    case array([JSONText])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package var key: String
        package var value: JSONText

        package init(_ key: String, _ value: JSONText) {
            self.key = key
            self.value = value
        }
    }

    /// - Parameter field: stands for the text in errors
    package init(parsing text: String, field: String) throws(LEGENTMessageError) {
        var parser = JSONTextParser(bytes: Array(text.utf8), field: field)
        self = try parser.document()
    }

    /// The bytes of a file, which may begin with a byte order mark, as Python reads them.
    ///
    /// - Errors: `.malformedJSON`, also for bytes that are not UTF-8 and for nesting deeper than 200
    package init(parsing bytes: [UInt8], field: String) throws(LEGENTMessageError) {
        if let offset = Self.firstFault(inUTF8: bytes) { throw .malformedJSON(field: field, offset: offset, expected: "UTF-8") }
        var parser = JSONTextParser(bytes: bytes, field: field, start: bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0)
        self = try parser.document()
    }

    /// Where bytes stop to be UTF-8; nil where all of them are.
    private static func firstFault(inUTF8 bytes: [UInt8]) -> Int? {
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        var parser = UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .valid(let scalar) = parser.parseScalar(from: &iterator) { offset += scalar.count }
        return offset
    }

    /// A number as Python writes a float: `1.0`, `0.1`, `1e-07`.
    package static func float(_ value: Double) -> JSONText {
        .number(value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : "\(value)")
    }

    package static func integer(_ value: Int) -> JSONText { .number("\(value)") }

    /// A whole number without a fraction, any other as a float.
    package static func shortest(_ value: Double) -> JSONText {
        Int(exactly: value).map(integer) ?? float(value)
    }

    /// In words, for errors.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let digits): "the number \(digits.prefix(40))"
        case .string(let text): "the text \(String(text.prefix(40)).debugDescription)"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The value under a key of an object.
    package subscript(key: String) -> JSONText? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    // MARK: Writing

    /// One line, all ASCII: `json.dumps(value)`.
    package var line: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let value): text += PythonJSON.string(value)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", " }
                text += PythonJSON.string(member.key) + ": "
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    /// Many lines: `json.dumps(value, ensure_ascii=False, indent=4)`.
    package var indented: String {
        var text = ""
        writeIndented(to: &text, margin: "\n")
        return text
    }

    private func writeIndented(to text: inout String, margin: String) {
        let inner = margin + "    "
        switch self {
        case .string(let value): text += PythonJSON.unicodeString(value)
        case .array(let values) where !values.isEmpty:
            text += "["
            for (index, value) in values.enumerated() {
                text += (index > 0 ? "," : "") + inner
                value.writeIndented(to: &text, margin: inner)
            }
            text += margin + "]"
        case .object(let members) where !members.isEmpty:
            text += "{"
            for (index, member) in members.enumerated() {
                text += (index > 0 ? "," : "") + inner + PythonJSON.unicodeString(member.key) + ": "
                member.value.writeIndented(to: &text, margin: inner)
            }
            text += margin + "}"
        default: write(to: &text)
        }
    }

    // MARK: Comparing

    /// Whether two values mean the same to Python: order of keys and spelling of numbers do not matter.
    package func means(_ other: JSONText) -> Bool {
        switch (self, other) {
        case (.number(let a), .number(let b)): a == b || Double(pythonJSON: a) == Double(pythonJSON: b)
        case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.means($1) }
        case (.object, .object):
            {
                let (a, b) = (dictionary, other.dictionary)
                return a.count == b.count && a.allSatisfy { key, value in b[key].map { value.means($0) } ?? false }
            }()
        default: self == other
        }
    }

    private var dictionary: [String: JSONText] {
        guard case .object(let members) = self else { return [:] }
        return Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }
}

extension Double {
    /// A number of `JSONText`.
    init?(pythonJSON digits: String) {
        switch digits {
        case "NaN": self = .nan
        case "Infinity": self = .infinity
        case "-Infinity": self = -.infinity
        default: self.init(digits)
        }
    }
}

private struct JSONTextParser {
    let bytes: [UInt8]
    let field: String
    private var position: Int

    private static let depthLimit = 200

    init(bytes: [UInt8], field: String, start: Int = 0) {
        self.bytes = bytes
        self.field = field
        position = start
    }

    private func error(_ expected: String) -> LEGENTMessageError {
        .malformedJSON(field: field, offset: position, expected: expected)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func document() throws(LEGENTMessageError) -> JSONText {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error("the end") }
        return value
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func value(depth: Int) throws(LEGENTMessageError) -> JSONText {
        guard depth < Self.depthLimit else { throw error("at most \(Self.depthLimit) levels") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where take("true"): return .bool(true)
        case UInt8(ascii: "f") where take("false"): return .bool(false)
        case UInt8(ascii: "n") where take("null"): return .null
        case UInt8(ascii: "N") where take("NaN"): return .number("NaN")
        case UInt8(ascii: "I") where take("Infinity"): return .number("Infinity")
        case UInt8(ascii: "-") where take("-Infinity"): return .number("-Infinity")
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
        default: throw error("a value")
        }
    }

    private mutating func object(depth: Int) throws(LEGENTMessageError) -> JSONText {
        position += 1
        var members: [JSONText.Member] = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("a key in quotes") }
            let key = try string()
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw error("a colon") }
            position += 1
            members.append(JSONText.Member(key, try value(depth: depth + 1)))
            skipSpace()
            guard let byte = next, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else { throw error("a comma or }") }
            position += 1
            if byte == UInt8(ascii: "}") { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(LEGENTMessageError) -> JSONText {
        position += 1
        var values: [JSONText] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            guard let byte = next, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") else { throw error("a comma or ]") }
            position += 1
            if byte == UInt8(ascii: "]") { return .array(values) }
        }
    }

    private mutating func number() throws(LEGENTMessageError) -> JSONText {
        let start = position
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false }
        if next == UInt8(ascii: "-") { position += 1 }
        guard isDigit(next) else { throw error("a digit") }
        if next == UInt8(ascii: "0") {
            position += 1
        } else {
            while isDigit(next) { position += 1 }
        }
        if next == UInt8(ascii: "."), position + 1 < bytes.count, isDigit(bytes[position + 1]) {
            position += 1
            while isDigit(next) { position += 1 }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            guard isDigit(next) else { throw error("a digit") }
            while isDigit(next) { position += 1 }
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func string() throws(LEGENTMessageError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                position += 1
                text += try escape()
            case 0..<0x20: throw error("no control characters in text")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw error("a quote")
    }

    /// The UTF-8 of what stands after a backslash; half a surrogate pair becomes U+FFFD.
    private mutating func escape() throws(LEGENTMessageError) -> [UInt8] {
        guard let byte = next else { throw error("an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "u"):
            let unit = try hexadecimal()
            var units = [unit]
            if UTF16.isLeadSurrogate(unit), bytes[position...].starts(with: "\\u".utf8) {
                let before = position
                position += 2
                let second = try hexadecimal()
                if UTF16.isTrailSurrogate(second) { units.append(second) } else { position = before }
            }
            return Array(String(decoding: units, as: UTF16.self).utf8)
        default:
            position -= 1
            throw error("an escape")
        }
    }

    private mutating func hexadecimal() throws(LEGENTMessageError) -> UInt16 {
        let end = position + 4
        guard end <= bytes.count, bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw error("four hexadecimal digits") }
        position = end
        return unit
    }
}
