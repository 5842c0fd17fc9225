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

/// On the toolkit's own texts. `leo check` compares both readers and the writer with it, row by row.
@Suite(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct LEGENTGoldenTests {
    private struct Row: Decodable {
        let input: String
        let to_string: String?
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
