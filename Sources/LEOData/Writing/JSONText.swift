/// JSON whose objects keep the order they are written in: loaders read some of them by order.
package indirect enum JSONText: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral
{
    case string(String)
    case int(Int)
    /// Finite.
    case double(Double)
    case bool(Bool)
    case null
    case array([JSONText])
    case object([(key: String, value: JSONText)])

    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(arrayLiteral elements: JSONText...) { self = .array(elements) }

    package static func record(_ entries: KeyValuePairs<String, JSONText>) -> JSONText {
        .object(entries.map { ($0.key, $0.value) })
    }

    package static func strings(_ values: [String]) -> JSONText { .array(values.map { .string($0) }) }
    package static func ints(_ values: [Int]) -> JSONText { .array(values.map { .int($0) }) }
    package static func doubles(_ values: [Double]) -> JSONText { .array(values.map { .double($0) }) }

    package static func == (left: JSONText, right: JSONText) -> Bool { left.text == right.text }

    /// One line, ASCII only, numbers with as many digits as tell them apart.
    package var text: String {
        var result = ""
        write(into: &result)
        return result
    }

    private func write(into result: inout String) {
        switch self {
        case .null: result += "null"
        case .bool(let value): result += value ? "true" : "false"
        case .int(let value): result += String(value)
        case .double(let value):
            precondition(value.isFinite, "JSON has no infinities")
            result += "\(value)"
        case .string(let value): Self.quote(value, into: &result)
        case .array(let items):
            result += "["
            for (index, item) in items.enumerated() {
                if index > 0 { result += ", " }
                item.write(into: &result)
            }
            result += "]"
        case .object(let entries):
            result += "{"
            for (index, entry) in entries.enumerated() {
                if index > 0 { result += ", " }
                Self.quote(entry.key, into: &result)
                result += ": "
                entry.value.write(into: &result)
            }
            result += "}"
        }
    }

    private static func quote(_ text: String, into result: inout String) {
        result += "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: result += "\\\""
            case 0x5c: result += "\\\\"
            case 0x0a: result += "\\n"
            case 0x20..<0x7f: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        result += "\""
    }
}
