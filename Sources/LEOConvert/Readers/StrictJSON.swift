internal import LEOArchive

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

extension StrictJSON {
    private static let valueLimit = 8_000_000

    /// Parses the whole of `bytes`, which come from `field` of `file`.
    package static func parse(_ bytes: [UInt8], file: String, field: String) throws -> StrictJSON {
        do {
            var scanner = try JSONScanner(bytes)
            var values = 0
            let json = try value(&scanner, depth: 1, &values) {
                CheckpointError.malformed(file: file, field: field, expected: "every key once", found: "\(quoted($0)) twice")
            }
            try scanner.end()
            return json
        } catch let failure as JSONScanner.Failure {
            throw CheckpointError.malformed(
                file: file, field: "\(field) (JSON, byte \(failure.position))", expected: failure.expected, found: failure.found)
        }
    }

    private static func value(
        _ scanner: inout JSONScanner, depth: Int, _ values: inout Int, repeated: (String) -> CheckpointError
    ) throws -> StrictJSON {
        values += 1
        guard depth <= JSONScanner.maximumDepth else {
            throw scanner.failure(expected: "at most \(JSONScanner.maximumDepth) levels of nesting")
        }
        guard values <= valueLimit else { throw scanner.failure(expected: "at most \(valueLimit) values") }
        var first = true
        switch scanner.nextKind() {
        case .object:
            var members: [(key: String, value: StrictJSON)] = []
            var keys: Set<String> = []
            try scanner.beginObject()
            while let key = try scanner.nextKey(&first) {
                guard keys.insert(key).inserted else { throw repeated(key) }
                members.append((key, try value(&scanner, depth: depth + 1, &values, repeated: repeated)))
            }
            return .object(members)
        case .array:
            var items: [StrictJSON] = []
            try scanner.beginArray()
            while try scanner.nextElement(&first) {
                items.append(try value(&scanner, depth: depth + 1, &values, repeated: repeated))
            }
            return .array(items)
        case .string: return .string(try scanner.string())
        case .word:
            let word = try scanner.rawValue()
            return word == "null" ? .null : .bool(word == "true")
        case .number: return .number(try scanner.rawValue())
        }
    }
}
