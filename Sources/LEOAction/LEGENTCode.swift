import LEOText

/// LEGENT's code form of actions, `move_forward(1.5), rotate_right(30), speak("Yes.")`, as the toolkit writes and reads
/// it, oddities included.
///
/// Use `read` where an answer must mean what it means to the toolkit. Use `LEGENTGrammar.parse` to understand what a model
/// wrote: it loses nothing in silence.
///
/// - Source: LEGENT toolkit, `legent/action/action.py`, `to_string` and `parse_action`
public enum LEGENTCode {
    /// Writes an action.
    ///
    /// Distances have one decimal, angles are cut off to whole degrees, what is zero or unset is left out. A finished
    /// action is `finish()` alone. Nothing is escaped in speech. So not every action comes back: 0.04 m is written as
    /// `move_forward(0.0)` and read as nothing, and `read` loses speech with a comma and a blank.
    ///
    /// - Errors: `.invalidValue` for an angle that is infinite or no number
    public static func write(_ action: LEGENTAction) throws(ActionError) -> String {
        if action.isFinish { return "finish()" }
        var parts: [String] = []
        if action.teleportForward != 0 {
            parts.append("move_forward(\(PythonNumber.oneDecimal(action.teleportForward)))")
        }
        for (name, angle) in [("rotate_right", action.rotateRight), ("rotate_down", action.rotateDown)] where angle != 0 {
            guard let degrees = PythonNumber.integer(angle) else {
                throw .invalidValue(field: "LEGENT \(name)", expected: "a finite number of degrees", found: "\(angle)")
            }
            parts.append("\(name)(\(degrees))")
        }
        if action.grabs { parts.append("grab()") }
        if !action.text.isEmpty { parts.append("speak(\"\(action.text)\")") }
        return parts.joined(separator: ", ")
    }

    /// Reads any text; parts that are not understood are passed over without a word.
    ///
    /// The text is split at every comma with one blank, inside quotes too, and a part is known by how it begins
    /// (`grabbing` grabs). A number is the shortest text between a `(` and the next `)` on one line, speech the same between
    /// `("` and `")`. Zero, bad numbers and empty speech leave what an earlier part set. `finish` forgets the parts before
    /// it and the teleport switch, later ones still count.
    public static func read(_ text: String) -> LEGENTAction {
        var action = LEGENTAction.step
        for part in split(Array(text.utf8)) {
            if part.starts(with: "move_forward".utf8) {
                if let metres = number(in: part) { action.teleportForward = metres }
            } else if part.starts(with: "rotate_right".utf8) {
                if let degrees = number(in: part) { action.rotateRight = degrees }
            } else if part.starts(with: "rotate_down".utf8) {
                if let degrees = number(in: part) { action.rotateDown = degrees }
            } else if part.starts(with: "grab".utf8) {
                action.grabs = true
            } else if part.starts(with: "speak".utf8) {
                if let speech = shortest(in: part, from: "(\"", to: "\")"), !speech.isEmpty { action.text = speech }
            } else if part.starts(with: "finish".utf8) {
                action = .finish
            }
        }
        return action
    }

    // MARK: Helpers

    /// Parts between each comma with a blank. Bytes, because characters would hide a comma before a combining mark.
    private static func split(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        var position = 0
        while position + 1 < text.count {
            if text[position] == UInt8(ascii: ","), text[position + 1] == 0x20 {
                parts.append(text[start..<position])
                position += 2
                start = position
            } else {
                position += 1
            }
        }
        return parts + [text[start...]]
    }

    /// The number in brackets, nil for none and for zero, which Python takes for false.
    private static func number(in part: ArraySlice<UInt8>) -> Double? {
        guard let inner = shortest(in: part, from: "(", to: ")"), let value = PythonNumber.float(inner), value != 0 else {
            return nil
        }
        return value
    }

    /// The leftmost shortest text between two delimiters that holds no line feed.
    private static func shortest(in part: ArraySlice<UInt8>, from opening: String, to closing: String) -> String? {
        let opening = Array(opening.utf8)
        let closing = Array(closing.utf8)
        var position = part.startIndex
        while position < part.endIndex {
            guard part[position...].starts(with: opening) else {
                position += 1
                continue
            }
            let start = position + opening.count
            var end = start
            while end < part.endIndex, part[end] != UInt8(ascii: "\n") {
                if part[end...].starts(with: closing) { return String(decoding: part[start..<end], as: UTF8.self) }
                end += 1
            }
            // The line or the text ended first: no later opening on this line has a close either.
            position = end
        }
        return nil
    }
}
