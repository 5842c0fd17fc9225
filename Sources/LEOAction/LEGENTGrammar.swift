/// LEGENT's code form read by a grammar: what the toolkit loses in silence is understood, the rest is an error with a
/// position.
///
/// ```
/// actions   = [action] {separator [action]}
/// separator = "," | ";" | "." | line feed, with white space around
/// action    = ("move_forward" | "rotate_right" | "rotate_down") "(" number ")"
///           | ("grab" | "finish") ["(" ")"]
///           | "speak" "(" speech ")"
/// ```
///
/// White space may stand between all of these, and names may have capital letters. Numbers are those of Python's `float`,
/// finite, angles in their range. Speech stands in double or single quotes and ends at the first such quote after which
/// `)` and then a separator or the end follow, so it may hold commas, quotes, brackets and line breaks; backslashes stay.
/// Each action may occur once. `finish` finishes and keeps what else was said.
public enum LEGENTGrammar {
    /// Reads a step. Text without any action is a step that does nothing.
    ///
    /// - Errors: `.syntax`, `.unknownAction`, `.repeatedAction`, `.argumentOutOfRange`; offsets count UTF-8 bytes
    public static func parse(_ text: String) throws(ActionError) -> LEGENTAction {
        var scanner = Scanner(text)
        var action = LEGENTAction.step
        var seen: Set<String> = []
        while true {
            scanner.skipSeparators()
            guard !scanner.isAtEnd else { return action }
            let start = scanner.position
            let name = scanner.name()
            guard !name.isEmpty else { throw scanner.error(expected: "an action") }
            guard verbs.contains(name) else { throw .unknownAction(name: name, offset: start) }
            guard seen.insert(name).inserted else { throw .repeatedAction(name: name, offset: start) }
            switch name {
            case "move_forward":
                action.teleportForward = try scanner.number(of: name, in: nil, "a finite number of metres")
            case "rotate_right":
                action.rotateRight = try scanner.number(
                    of: name, in: LEGENTAction.rotateRightRange, "degrees in [-180, 180)")
            case "rotate_down":
                action.rotateDown = try scanner.number(of: name, in: LEGENTAction.rotateDownRange, "degrees in [-90, 90)")
            case "speak":
                action.text = try scanner.speech()
            default:
                try scanner.emptyBrackets()
                if name == "grab" { action.grabs = true } else { action.isFinish = true }
            }
            guard scanner.isAtBoundary else { throw scanner.error(expected: "a separator or the end") }
        }
    }

    private static let verbs: Set = ["move_forward", "rotate_right", "rotate_down", "grab", "speak", "finish"]

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        init(_ text: String) { bytes = Array(text.utf8) }

        var isAtEnd: Bool { position >= bytes.count }

        // MARK: White space and separators

        /// ASCII white space; line breaks end an action, so they are not skipped inside one.
        private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }

        private static func isSeparator(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: ".") || byte == 0x0a
        }

        mutating func skipBlanks() {
            while !isAtEnd, Self.isBlank(bytes[position]) { position += 1 }
        }

        mutating func skipSeparators() {
            while !isAtEnd, Self.isBlank(bytes[position]) || Self.isSeparator(bytes[position]) { position += 1 }
        }

        /// Whether blanks and then a separator or the end follow.
        var isAtBoundary: Bool { isBoundary(after: position) }

        private func isBoundary(after index: Int) -> Bool {
            guard let next = bytes[index...].first(where: { !Self.isBlank($0) }) else { return true }
            return Self.isSeparator(next)
        }

        // MARK: Parts

        /// Letters, digits and underscores in lower case.
        mutating func name() -> String {
            let start = position
            while !isAtEnd, Self.isNameByte(bytes[position]) { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self).lowercased()
        }

        private static func isNameByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }

        mutating func number(
            of action: String, in range: Range<Double>?, _ expected: String
        ) throws(ActionError) -> Double {
            try take(UInt8(ascii: "("), "( and a number")
            let start = position
            while !isAtEnd, bytes[position] != UInt8(ascii: ")") { position += 1 }
            guard !isAtEnd else { throw error(expected: ")") }
            let argument = String(decoding: bytes[start..<position], as: UTF8.self)
            guard let value = PythonNumber.float(argument) else {
                throw .syntax(offset: start, expected: "a number", found: argument.debugDescription)
            }
            guard range?.contains(value) ?? value.isFinite else {
                throw .argumentOutOfRange(action: action, offset: start, expected: expected, found: argument)
            }
            position += 1
            return value
        }

        mutating func emptyBrackets() throws(ActionError) {
            let before = position
            skipBlanks()
            guard !isAtEnd, bytes[position] == UInt8(ascii: "(") else {
                position = before
                return
            }
            position += 1
            skipBlanks()
            try take(UInt8(ascii: ")"), ")")
        }

        mutating func speech() throws(ActionError) -> String {
            try take(UInt8(ascii: "("), "( and quoted speech")
            skipBlanks()
            guard !isAtEnd, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'") else {
                throw error(expected: "quoted speech")
            }
            let quote = bytes[position]
            let opening = position
            position += 1
            let start = position
            while !isAtEnd {
                let end = position
                position += 1
                guard bytes[end] == quote else { continue }
                let bracket = bytes[position...].firstIndex { !Self.isBlank($0) } ?? bytes.count
                if bracket < bytes.count, bytes[bracket] == UInt8(ascii: ")"), isBoundary(after: bracket + 1) {
                    position = bracket + 1
                    return String(decoding: bytes[start..<end], as: UTF8.self)
                }
            }
            throw .syntax(offset: opening, expected: "speech that a quote and ) end", found: "no such end")
        }

        private mutating func take(_ byte: UInt8, _ expected: String) throws(ActionError) {
            skipBlanks()
            guard !isAtEnd, bytes[position] == byte else { throw error(expected: expected) }
            position += 1
        }

        func error(expected: String) -> ActionError {
            guard !isAtEnd else { return .syntax(offset: bytes.count, expected: expected, found: "the end") }
            let rest = String(decoding: bytes[position...].prefix(32), as: UTF8.self)
            return .syntax(offset: position, expected: expected, found: String(rest.prefix(8)).debugDescription)
        }
    }
}
