import LEOModel
import LEOText

/// Actions in LEGENT's code form, spelled with a language model's ordinary tokens.
///
/// Writes with `LEGENTCode`, reads with `LEGENTGrammar`. The constraint lets through the toolkit's canonical form only:
/// `finish()`, or one or more of `move_forward`, `rotate_right`, `rotate_down`, `grab`, `speak`, each at most once, in this
/// order, joined by a comma and a blank, with no argument that is zero. `LEGENTCode.read` and `LEGENTGrammar.parse`
/// understand it alike, and writing it again gives the same text, except for what `SpeechRule.any` admits.
public struct LEGENTActionSpace: ActionSpace {
    /// What the constraint lets speech hold. Quotes, line breaks and other ASCII control characters never occur.
    public enum SpeechRule: Sendable, Equatable {
        /// No speech at all.
        case none
        /// No comma before a blank: the toolkit's reader would lose the speech.
        case safe
        /// Commas too, for programs that read with `LEGENTGrammar`.
        case any
    }

    public struct Options: Sendable, Equatable {
        public var speech = SpeechRule.safe
        /// Whether the constraint admits `finish()`.
        public var allowsFinish = true
        /// Whether an empty answer is a step that does nothing, or no answer.
        public var allowsNothing = false
        /// Longest distance in decimetres, forwards and backwards; at most 1000.
        public var longestMove = 100
        /// New tokens at most, end of sequence included; speech is cut short to fit.
        public var maximumNewTokens = 128

        public init() {}
    }

    private static let name = "LEGENT"
    public let tokenizer: Tokenizer
    public let options: Options

    /// - Errors: `.invalidValue` for a distance outside 1...1000
    public init(tokenizer: Tokenizer, options: Options = Options()) throws(ActionError) {
        guard (1...1000).contains(options.longestMove) else {
            throw .invalidValue(
                field: "LEGENT longestMove", expected: "1...1000 decimetres", found: "\(options.longestMove)")
        }
        self.tokenizer = tokenizer
        self.options = options
    }

    public var padding: LEGENTAction { .step }
    public var maximumNewTokens: Int { options.maximumNewTokens }

    public func text(for action: LEGENTAction) throws(ActionError) -> String { try LEGENTCode.write(action) }

    public func action(in text: String) throws(ActionError) -> LEGENTAction { try LEGENTGrammar.parse(text) }

    public func ids(for action: LEGENTAction) throws(ActionError) -> [Int32] {
        tokenizer.encode(try text(for: action), addsBOS: false)
    }

    public func action(from ids: some Sequence<Int32>) throws(ActionError) -> LEGENTAction {
        try action(in: tokenizer.decodeAnswer(ids))
    }

    public func makeConstraint() throws(ActionError) -> TextConstraint {
        var automaton = TextAutomaton()
        let start = addLanguage(to: &automaton)
        return try TextConstraint(
            automaton, start: start, tokenizer: tokenizer, maximumNewTokens: options.maximumNewTokens, space: Self.name)
    }

    // MARK: The language

    /// Adds the canonical forms and returns the state they start in.
    private func addLanguage(to automaton: inout TextAutomaton) -> Int32 {
        // An answer's first piece may begin with the blank that decoding drops.
        let start = automaton.addState(accepting: options.allowsNothing)
        let bare = automaton.addState(accepting: options.allowsNothing)
        automaton.connect(0x20...0x20, from: start, to: bare)

        var slots: [(head: String, entry: Int32, done: Int32)] = []
        func addSlot(_ head: String) -> (entry: Int32, done: Int32) {
            let slot = (entry: automaton.addState(), done: automaton.addState(accepting: true))
            slots.append((head, slot.entry, slot.done))
            return slot
        }
        let move = addSlot("move_forward(")
        for decimetres in 1...options.longestMove {
            let metres = "\(decimetres / 10).\(decimetres % 10))"
            automaton.add(metres, from: move.entry, to: move.done)
            automaton.add("-" + metres, from: move.entry, to: move.done)
        }
        for (head, range) in [("rotate_right(", -180..<180), ("rotate_down(", -90..<90)] {
            let turn = addSlot(head)
            for degrees in range where degrees != 0 { automaton.add("\(degrees))", from: turn.entry, to: turn.done) }
        }
        let grab = addSlot("grab(")
        automaton.add(")", from: grab.entry, to: grab.done)
        if options.speech != .none {
            let speak = addSlot("speak(\"")
            addSpeech(to: &automaton, from: speak.entry, to: speak.done)
        }

        for first in [start, bare] {
            for slot in slots { automaton.add(slot.head, from: first, to: slot.entry) }
            if options.allowsFinish { automaton.add("finish()", from: first, to: finished(&automaton)) }
        }
        for (index, slot) in slots.enumerated() where index + 1 < slots.count {
            let comma = automaton.addState()
            automaton.add(", ", from: slot.done, to: comma)
            for later in slots[(index + 1)...] { automaton.add(later.head, from: comma, to: later.entry) }
        }
        return start
    }

    private func finished(_ automaton: inout TextAutomaton) -> Int32 { automaton.addState(accepting: true) }

    /// One character or more without quotes, then a quote and a bracket.
    private func addSpeech(to automaton: inout TextAutomaton, from empty: Int32, to done: Int32) {
        let body = automaton.addState()
        let comma = options.speech == .safe ? automaton.addState() : body
        for state in Set([empty, body, comma]) {
            for byte in UInt8(0x20)...0x7e where byte != UInt8(ascii: "\"") {
                let isComma = byte == UInt8(ascii: ",")
                if options.speech == .safe, state == comma, byte == 0x20 { continue }
                automaton.connect(byte...byte, from: state, to: isComma ? comma : body)
            }
            if state != empty { automaton.add("\")", from: state, to: done) }
        }
        automaton.connectNonASCII(from: Array(Set([empty, body, comma])), to: body)
    }
}
