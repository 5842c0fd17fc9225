/// JSON with object order kept. Foundation's parser drops duplicate keys without a word, which hides broken headers.
package indirect enum StrictJSON: Sendable {
    case null
    case bool(Bool)
    /// The digits as written.
    case number(String)
    case string(String)
    case array([StrictJSON])
    case object([(key: String, value: StrictJSON)])

    /// In words, for error lines.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let digits): "the number \(digits.prefix(40))"
        case .string(let text): "the text \(quoted(text))"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// An integer written without fraction or exponent that fits.
    package var integer: Int? {
        if case .number(let digits) = self { Int(digits) } else { nil }
    }
}

/// Parses the whole of `bytes`, which come from `field` of `file`.
package struct StrictJSONParser {
    private let bytes: [UInt8]
    private let file: String
    private let field: String
    private var position = 0
    private var values = 0

    private static let depthLimit = 64
    private static let valueLimit = 8_000_000

    package static func parse(_ bytes: [UInt8], file: String, field: String) throws -> StrictJSON {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw CheckpointError.malformed(file: file, field: field, expected: "UTF-8", found: "bytes that are not")
        }
        var parser = StrictJSONParser(bytes: bytes, file: file, field: field)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.error("the end") }
        return value
    }

    private init(bytes: [UInt8], file: String, field: String) {
        self.bytes = bytes
        self.file = file
        self.field = field
    }

    private func error(_ expected: String) -> CheckpointError {
        let found =
            position < bytes.count ? quoted(String(decoding: bytes[position...].prefix(12), as: UTF8.self)) : "the end"
        return .malformed(file: file, field: "\(field) (JSON, byte \(position))", expected: expected, found: found)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ character: Character) -> Bool {
        guard next == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func value(depth: Int) throws -> StrictJSON {
        guard depth < Self.depthLimit else {
            throw CheckpointError.tooLarge(
                file: file, field: field, limit: Self.depthLimit, found: "JSON nested deeper")
        }
        values += 1
        guard values <= Self.valueLimit else {
            throw CheckpointError.tooLarge(file: file, field: field, limit: Self.valueLimit, found: "more JSON values")
        }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case let byte? where byte == UInt8(ascii: "-") || 0x30...0x39 ~= byte: return try number()
        default: break
        }
        if take(word: "true") { return .bool(true) }
        if take(word: "false") { return .bool(false) }
        if take(word: "null") { return .null }
        throw error("a value")
    }

    private mutating func object(depth: Int) throws -> StrictJSON {
        position += 1
        var members: [(key: String, value: StrictJSON)] = []
        var keys: Set<String> = []
        skipSpace()
        if take("}") { return .object([]) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("a key") }
            let key = try string()
            guard keys.insert(key).inserted else {
                throw CheckpointError.malformed(
                    file: file, field: field, expected: "every key once", found: "\(quoted(key)) twice")
            }
            skipSpace()
            guard take(":") else { throw error("':'") }
            members.append((key, try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw error("',' or '}'") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws -> StrictJSON {
        position += 1
        var items: [StrictJSON] = []
        skipSpace()
        if take("]") { return .array([]) }
        repeat {
            items.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw error("',' or ']'") }
        return .array(items)
    }

    private mutating func digits() throws {
        let start = position
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw error("a digit") }
    }

    private mutating func number() throws -> StrictJSON {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func string() throws -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                text += try escape()
            case 0..<0x20:
                position -= 1
                throw error("no control character in a text")
            default:
                text.append(byte)
            }
        }
        throw error("the end of a text")
    }

    private mutating func escape() throws -> [UInt8] {
        guard let byte = next else { throw error("an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if 0xd800..<0xdc00 ~= code {
                guard take("\\"), take("u"), case let low = try hexadecimal(), 0xdc00..<0xe000 ~= low else {
                    throw error("the second half of a surrogate pair")
                }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("a Unicode scalar") }
            return Array(String(scalar).utf8)
        default:
            position -= 1
            throw error("an escape")
        }
    }

    private mutating func hexadecimal() throws -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}
