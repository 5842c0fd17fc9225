/// A deterministic automaton over the bytes of UTF-8 text.
struct TextAutomaton: Sendable {
    /// [state, byte], -1 where the text cannot go on.
    private var transitions: [Int32] = []
    private(set) var isAccepting: [Bool] = []

    var count: Int { isAccepting.count }

    /// The state after `byte`, or -1.
    @inline(__always)
    func next(_ state: Int32, _ byte: UInt8) -> Int32 { transitions[Int(state) << 8 | Int(byte)] }

    // MARK: Building

    mutating func addState(accepting: Bool = false) -> Int32 {
        isAccepting.append(accepting)
        transitions.append(contentsOf: repeatElement(-1, count: 256))
        return Int32(isAccepting.count - 1)
    }

    /// Adds a text that leads from one state to another, sharing the states of texts with the same beginning.
    ///
    /// - Precondition: it does not end where another one that leads elsewhere goes on
    mutating func add(_ text: some Collection<UInt8>, from: Int32, to: Int32) {
        var state = from
        for byte in text.dropLast() {
            let known = next(state, byte)
            let target = known >= 0 ? known : addState()
            transitions[Int(state) << 8 | Int(byte)] = target
            state = target
        }
        if let last = text.suffix(1).first { connect(last...last, from: state, to: to) }
    }

    mutating func add(_ text: String, from: Int32, to: Int32) { add(Array(text.utf8), from: from, to: to) }

    /// - Precondition: none of the bytes leads elsewhere already
    mutating func connect(_ bytes: ClosedRange<UInt8>, from: Int32, to: Int32) {
        for byte in bytes {
            let known = next(from, byte)
            precondition(known < 0 || known == to, "the automaton would not be deterministic")
            transitions[Int(from) << 8 | Int(byte)] = to
        }
    }

    /// Lets every character beyond ASCII lead from each of `states` to `target`; well-formed UTF-8 only.
    mutating func connectNonASCII(from states: [Int32], to target: Int32) {
        let last = addState()
        let last2 = addState()
        let last3 = addState()
        connect(0x80...0xbf, from: last, to: target)
        connect(0x80...0xbf, from: last2, to: last)
        connect(0x80...0xbf, from: last3, to: last2)
        // The first continuation byte is limited after E0, ED, F0, F4: no overlong forms, surrogates, or beyond U+10FFFF.
        let limited: [(lead: UInt8, second: ClosedRange<UInt8>, then: Int32)] = [
            (0xe0, 0xa0...0xbf, last), (0xed, 0x80...0x9f, last), (0xf0, 0x90...0xbf, last2), (0xf4, 0x80...0x8f, last2),
        ]
        let seconds = limited.map { rule in
            let state = addState()
            connect(rule.second, from: state, to: rule.then)
            return state
        }
        for state in states {
            connect(0xc2...0xdf, from: state, to: last)
            connect(0xe1...0xec, from: state, to: last2)
            connect(0xee...0xef, from: state, to: last2)
            connect(0xf1...0xf3, from: state, to: last3)
            for (rule, second) in zip(limited, seconds) { connect(rule.lead...rule.lead, from: state, to: second) }
        }
    }
}
