import Foundation
import LEOAction
import TestSupport
import Testing

@Suite struct LEGENTCodeTests {
    private func speech(_ text: String) -> LEGENTAction {
        var action = LEGENTAction.step
        action.text = text
        return action
    }

    // MARK: The grammar

    @Test(arguments: [
        ("speak(\"Yes, it is\")", "Yes, it is"), ("speak(\"x, finish()\")", "x, finish()"), ("speak( \"a\" )", "a"),
        ("speak('single, quotes')", "single, quotes"), ("SPEAK (\"two\nlines\")", "two\nlines"),
        ("speak(\"f(x), g(y)\")", "f(x), g(y)"), ("speak(\"say \"hi\" now\")", "say \"hi\" now"),
        ("speak(\"a\")b\")", "a\")b"), ("speak(\"e\u{301},\u{301} \")", "e\u{301},\u{301} "), ("  speak(\"a\") . ", "a"),
    ])
    func understandsSpeech(code: String, text: String) throws {
        #expect(try bytes(LEGENTGrammar.parse(code).text) == bytes(text))
    }

    @Test func understandsOddSpacing() throws {
        var expected = LEGENTAction.step
        expected.teleportForward = 2
        expected.rotateRight = 30
        expected.rotateDown = -10.5
        expected.grabs = true
        expected.text = "ok, then"
        for code in [
            "move_forward(2),rotate_right(30),rotate_down(-10.5),grab(),speak(\"ok, then\")",
            " move_forward( 2 ) ;\trotate_right (30)\n rotate_down(-1_0.5) ,, grab\r\n speak(\"ok, then\") .",
            "speak(\"ok, then\"). grab( ). Rotate_Down(-10.5), rotate_right(+30), move_forward(2.0)",
        ] {
            #expect(try LEGENTGrammar.parse(code) == expected, "\(code)")
        }
        for code in ["", " ", ",", ", , ", "\n", "..."] { #expect(try LEGENTGrammar.parse(code) == .step) }
        var finished = expected
        finished.isFinish = true
        let code = "finish, move_forward(2), rotate_right(30), rotate_down(-10.5), grab, speak('ok, then')"
        #expect(try LEGENTGrammar.parse(code) == finished)
    }

    @Test(arguments: [
        ("release()", ActionError.unknownAction(name: "release", offset: 0)),
        ("grab(), grabbing", .unknownAction(name: "grabbing", offset: 8)),
        ("grab(), grab", .repeatedAction(name: "grab", offset: 8)),
        ("é", .syntax(offset: 0, expected: "an action", found: "\"é\"")),
        ("move_forward", .syntax(offset: 12, expected: "( and a number", found: "the end")),
        ("move_forward(2", .syntax(offset: 14, expected: ")", found: "the end")),
        ("move_forward(two)", .syntax(offset: 13, expected: "a number", found: "\"two\"")),
        ("move_forward()", .syntax(offset: 13, expected: "a number", found: "\"\"")),
        ("move_forward(2)(3)", .syntax(offset: 15, expected: "a separator or the end", found: "\"(3)\"")),
        ("grab(5)", .syntax(offset: 5, expected: ")", found: "\"5)\"")),
        ("speak(no)", .syntax(offset: 6, expected: "quoted speech", found: "\"no)\"")),
        ("speak(\"open", .syntax(offset: 6, expected: "speech that a quote and ) end", found: "no such end")),
        ("move_forward(inf)", .argumentOutOfRange(
            action: "move_forward", offset: 13, expected: "a finite number of metres", found: "inf")),
        ("rotate_right(180)", .argumentOutOfRange(
            action: "rotate_right", offset: 13, expected: "degrees in [-180, 180)", found: "180")),
        ("grab, rotate_down(nan)", .argumentOutOfRange(
            action: "rotate_down", offset: 18, expected: "degrees in [-90, 90)", found: "nan")),
    ])
    func saysWhatIsWrongAndWhere(code: String, error: ActionError) {
        #expect(throws: error) { try LEGENTGrammar.parse(code) }
        #expect(!error.description.isEmpty)
    }

    @Test func hostileCodeHarmsNeitherReader() {
        var generator = SeededGenerator(seed: 11)
        let parts = [
            "move_forward(", "rotate_right(", "speak(\"", "\")", ")", "(", "\"", ", ", ",", "\n", "\r\n", "finish", "grab",
            "é", "\u{301}", "1e999", "-", "_", "0", "\u{0}", "'", "٢", " ",
        ]
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<12, using: &generator)
            let code = (0..<count).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
            let lenient = LEGENTCode.read(code)
            _ = try? LEGENTCode.write(lenient)
            _ = try? LEGENTGrammar.parse(code)
        }
        let long = String(repeating: "speak(\"", count: 20000)
        #expect(LEGENTCode.read(long) == .step)
        #expect(throws: ActionError.self) { try LEGENTGrammar.parse(long) }
        #expect(LEGENTCode.read(String(repeating: "(", count: 100_000)) == .step)
    }

    /// What the writer writes, the grammar reads back, rounded as it was written.
    @Test func grammarReadsWhatIsWritten() throws {
        var generator = SeededGenerator(seed: 5)
        let words = ["Yes, it is", "a (b) c", "it's \"here\"", "第一, 第二", "line\nbreak", "finish()", "x,y"]
        for _ in 0..<500 {
            var action = LEGENTAction.step
            if Bool.random(using: &generator) {
                action.teleportForward = Double(Int.random(in: -99...99, using: &generator)) / 10
            }
            if Bool.random(using: &generator) { action.rotateRight = Double(Int.random(in: -180..<180, using: &generator)) }
            if Bool.random(using: &generator) { action.rotateDown = Double(Int.random(in: -90..<90, using: &generator)) }
            action.grabs = Bool.random(using: &generator)
            if Bool.random(using: &generator) { action.text = words.randomElement(using: &generator) ?? "" }
            let code = try LEGENTCode.write(action)
            #expect(try LEGENTGrammar.parse(code) == action, "\(code)")
        }
        #expect(try LEGENTGrammar.parse(LEGENTCode.write(.finish)).isFinish)
    }

    @Test func writingRefusesOnlyAnglesThatAreNoNumbers() throws {
        var action = LEGENTAction.step
        action.rotateDown = .nan
        #expect(throws: ActionError.self) { try LEGENTCode.write(action) }
        action.rotateDown = -.infinity
        #expect(throws: ActionError.self) { try LEGENTCode.write(action) }
        action.isFinish = true
        #expect(try LEGENTCode.write(action) == "finish()")
    }

    @Test func validationKnowsTheRanges() throws {
        try LEGENTAction.step.validate()
        func expectInvalid(_ change: (inout LEGENTAction) -> Void) {
            var action = LEGENTAction.step
            change(&action)
            #expect(throws: ActionError.self) { try action.validate() }
        }
        expectInvalid { $0.moveForward = 0.5 }
        expectInvalid { $0.moveRight = 2 }
        expectInvalid { $0.rotateRight = 180 }
        expectInvalid { $0.rotateDown = -90.1 }
        expectInvalid { $0.teleportForward = .nan }
        expectInvalid { $0.lookY = .infinity }
        expectInvalid { $0.choice = -2 }
    }

    @Test func callsAreWrittenAsPythonWritesJSON() {
        var action = LEGENTAction.step
        action.calls = [LEGENTCall(name: "a\"\\\n\u{1}é🙂\u{7f}", arguments: "3"), LEGENTCall(name: "PathToUser")]
        let expected = #"{"calls": [{"api": "a\"\\\n\u0001\u00e9\ud83d\ude42"# + "\u{7f}"
            + #"", "args": "3"}, {"api": "PathToUser", "args": ""}]}"#
        #expect(action.callsJSON == expected)
    }
}

/// Against the toolkit's own reader and writer, line by line.
@Suite(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct LEGENTGoldenTests {
    /// A number, or one that JSON lacks.
    private enum Number: Decodable {
        case value(Double)
        init(from decoder: any Decoder) throws {
            if let value = try? decoder.singleValueContainer().decode(Double.self) {
                self = .value(value)
            } else {
                let name = try decoder.singleValueContainer().decode([String: String].self)["nonfinite"]
                self = .value(name == "inf" ? .infinity : name == "-inf" ? -.infinity : .nan)
            }
        }
        func equals(_ other: Double) -> Bool {
            guard case .value(let value) = self else { return false }
            return value == other || (value.isNaN && other.isNaN)
        }
    }

    private struct Row: Decodable {
        let input, type, text, json_actions: String
        let is_finish, jump, grab, use_teleport, use_look_at: Bool
        let move_right, move_forward, rotate_right, rotate_down, teleport_forward, look_x, look_y: Number
        let action_choice: Int
        let to_string, reparsed_to_string, to_string_error: String?
    }

    @Test func reads() throws {
        let rows = try goldenLines("actions/legent.jsonl", of: Row.self)
        #expect(rows.count == 240)
        #expect(rows.count { $0.to_string_error != nil } == 5)
        for row in rows {
            let place: Testing.Comment = "\(row.input.debugDescription)"
            let action = LEGENTCode.read(row.input)
            #expect(action.isFinish == row.is_finish, place)
            #expect(action.kind.rawValue == row.type, place)
            #expect(bytes(action.text) == bytes(row.text), place)
            #expect(action.jsonActions == row.json_actions, place)
            #expect(row.move_right.equals(action.moveRight), place)
            #expect(row.move_forward.equals(action.moveForward), place)
            #expect(row.rotate_right.equals(action.rotateRight), place)
            #expect(row.rotate_down.equals(action.rotateDown), place)
            #expect(row.teleport_forward.equals(action.teleportForward), place)
            #expect(row.look_x.equals(action.lookX) && row.look_y.equals(action.lookY), place)
            #expect(action.jumps == row.jump && action.grabs == row.grab, place)
            #expect(action.usesTeleport == row.use_teleport && action.looksAtPoint == row.use_look_at, place)
            #expect(action.choice == row.action_choice, place)
            #expect(action.calls.isEmpty)
            guard let expected = row.to_string else {
                #expect(throws: ActionError.self, place) { try LEGENTCode.write(action) }
                continue
            }
            let code = try LEGENTCode.write(action)
            #expect(bytes(code) == bytes(expected), place)
            #expect(try bytes(LEGENTCode.write(LEGENTCode.read(code))) == bytes(row.reparsed_to_string ?? ""), place)
        }
    }

    private struct WriteRow: Decodable {
        struct Arguments: Decodable {
            struct Call: Decodable {
                let api, args: String
            }
            let teleport_forward, rotate_right, rotate_down, move_forward, move_right, look_x, look_y: Double?
            let jump, grab, use_teleport, use_look_at: Bool?
            let text: String?
            let action_choice: Int?
            let api_calls: [Call]?
        }
        let kwargs: Arguments
        let to_string: String
        let float_actions: [Double]
        let int_actions: [Int32]
        let api_calls: String
    }

    @Test func writes() throws {
        let rows = try goldenLines("actions/legent_to_string.jsonl", of: WriteRow.self)
        #expect(rows.count == 21)
        for row in rows {
            let given = row.kwargs
            var action = LEGENTAction()
            action.teleportForward = given.teleport_forward ?? 0
            action.rotateRight = given.rotate_right ?? 0
            action.rotateDown = given.rotate_down ?? 0
            action.moveForward = given.move_forward ?? 0
            action.moveRight = given.move_right ?? 0
            action.lookX = given.look_x ?? 0
            action.lookY = given.look_y ?? 0
            action.jumps = given.jump ?? false
            action.grabs = given.grab ?? false
            action.usesTeleport = given.use_teleport ?? false
            action.looksAtPoint = given.use_look_at ?? false
            action.text = given.text ?? ""
            action.choice = given.action_choice ?? -1
            action.calls = (given.api_calls ?? []).map { LEGENTCall(name: $0.api, arguments: $0.args) }
            #expect(try bytes(LEGENTCode.write(action)) == bytes(row.to_string))
            #expect(action.floatActions == row.float_actions.map { Float($0) }, "\(row.to_string)")
            #expect(action.intActions == row.int_actions)
            #expect(action.callsJSON == row.api_calls)
        }
    }

    /// Where the toolkit loses nothing and all is well formed, both readers agree.
    @Test func readersAgreeOnCanonicalCode() throws {
        for row in try goldenLines("actions/legent.jsonl", of: Row.self) where row.to_string == row.input {
            let strict = LEGENTCode.read(row.input)
            guard abs(strict.rotateRight) < 180, abs(strict.rotateDown) < 90 else { continue }
            guard strict.teleportForward.isFinite, !strict.isFinish, !row.input.contains("\")b") else { continue }
            #expect(try LEGENTGrammar.parse(row.input) == strict, "\(row.input)")
        }
    }
}
