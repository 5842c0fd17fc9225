import Foundation

/// A JSON document as it stands, so that errors can name the field they are in.
enum JSONValue: Sendable, Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// A value and where it was found, read with errors that say so.
struct JSONField {
    let file: String
    let path: String
    let value: JSONValue

    func fail(_ reason: String) -> WorldError {
        .malformed(file: file, field: path.isEmpty ? "document" : path, reason: reason)
    }

    private func expected(_ what: String) -> WorldError { fail("expected \(what), found \(value.kind)") }

    /// A member; nil where it is absent or null.
    func optional(_ key: String) throws(WorldError) -> JSONField? {
        guard case .object(let members) = value else { throw expected("an object") }
        guard let member = members[key] else { return nil }
        if case .null = member { return nil }
        return JSONField(file: file, path: path.isEmpty ? key : "\(path).\(key)", value: member)
    }

    func required(_ key: String) throws(WorldError) -> JSONField {
        guard let field = try optional(key) else {
            throw WorldError.malformed(
                file: file, field: path.isEmpty ? key : "\(path).\(key)", reason: "is missing")
        }
        return field
    }

    /// At most `limit` elements.
    func elements(limit: Int) throws(WorldError) -> [JSONField] {
        guard case .array(let values) = value else { throw expected("an array") }
        guard values.count <= limit else { throw fail("\(values.count) entries, expected at most \(limit)") }
        return values.enumerated().map { JSONField(file: file, path: "\(path)[\($0)]", value: $1) }
    }

    func string() throws(WorldError) -> String {
        guard case .string(let text) = value else { throw expected("a string") }
        return text
    }

    /// A finite number within `range`.
    func number(in range: ClosedRange<Double>) throws(WorldError) -> Double {
        guard case .number(let number) = value else { throw expected("a number") }
        guard number.isFinite, range.contains(number) else {
            throw fail("expected a number within \(range.lowerBound)...\(range.upperBound), found \(number)")
        }
        return number
    }

    func integer(in range: ClosedRange<Int>) throws(WorldError) -> Int {
        guard case .number(let number) = value else { throw expected("an integer") }
        guard let integer = Int(exactly: number) else { throw fail("expected an integer, found \(number)") }
        guard range.contains(integer) else {
            throw fail("expected \(range.lowerBound)...\(range.upperBound), found \(integer)")
        }
        return integer
    }

    /// An array of three numbers, or an object of x, y and z.
    func vector(in range: ClosedRange<Double>) throws(WorldError) -> SIMD3<Double> {
        if case .object = value {
            return SIMD3(
                try required("x").number(in: range), try required("y").number(in: range),
                try required("z").number(in: range))
        }
        let parts = try elements(limit: 4)
        guard parts.count == 3 else { throw fail("expected three numbers, found \(parts.count)") }
        return SIMD3(try parts[0].number(in: range), try parts[1].number(in: range), try parts[2].number(in: range))
    }

    /// An array of two numbers.
    func pair(in range: ClosedRange<Double>) throws(WorldError) -> SIMD2<Double> {
        let parts = try elements(limit: 4)
        guard parts.count == 2 else { throw fail("expected two numbers, found \(parts.count)") }
        return SIMD2(try parts[0].number(in: range), try parts[1].number(in: range))
    }
}
