import LEOAction

/// Short spellings for files that are written here.
extension JSONText {
    package static func record(_ entries: KeyValuePairs<String, JSONText>) -> JSONText {
        .object(entries.map { Member($0.key, $0.value) })
    }

    package static func entries(_ entries: [(key: String, value: JSONText)]) -> JSONText {
        .object(entries.map { Member($0.key, $0.value) })
    }

    package static func strings(_ values: [String]) -> JSONText { .array(values.map { .string($0) }) }
    package static func integers(_ values: [Int]) -> JSONText { .array(values.map { .integer($0) }) }
    package static func floats(_ values: [Double]) -> JSONText { .array(values.map { .float($0) }) }
}
