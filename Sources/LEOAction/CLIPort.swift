import LEOModel
import LEOText

/// Pick and place on CLIPort's table: from one pose to another.
public struct CLIPortAction: Sendable, Hashable {
    public var pick: CLIPortCell
    public var place: CLIPortCell

    public init(pick: CLIPortCell, place: CLIPortCell) {
        self.pick = pick
        self.place = place
    }

    /// What histories are padded with.
    public static let dummy = CLIPortAction(pick: .dummy, place: .dummy)
}

/// Six tokens: u, v, rotation of the pick pose, then of the place pose.
///
/// Ids and strings are two spellings that agree except for four symbols, see `ActionVocabulary`: u 110 and 304, v 116
/// and 159. `ids(for:)` and `action(from:)` are about ids and know no exceptions. `text(for:)` writes the official
/// strings, `action(in:)` and `poses(in:)` read nothing else.
public struct CLIPortActionSpace: ActionSpace {
    static let name = "CLIPort"
    /// First table index and number of symbols of u, v and rotation.
    static let ranges = [8..<328, 328..<488, 488..<524]
    private static let symbols = ["u", "v", "rotation"]

    public let layout: ActionTokenLayout
    /// Whether the constraint leaves out the ids whose decoded text the official parser does not know.
    public let excludesIrregularTokens: Bool

    /// - Parameter excludesIrregularTokens: set it if the generated ids are decoded and read as text; then four pixel
    ///   rows and columns are out of reach. `makeTextConstraint(tokenizer:)` reaches them by their official strings.
    public init(layout: ActionTokenLayout = ActionTokenLayout(), excludesIrregularTokens: Bool = false) {
        self.layout = layout
        self.excludesIrregularTokens = excludesIrregularTokens
    }

    public var padding: CLIPortAction { .dummy }
    public var maximumNewTokens: Int { layout.longest(6) }

    // MARK: Text

    public func text(for action: CLIPortAction) -> String {
        indices(of: action).map { ActionVocabulary.string(at: $0) }.joined()
    }

    /// Reads the official strings. Text between them is skipped, as the official parser does.
    ///
    /// - Errors: `.tokenCount` unless there are six, `.unexpectedToken` where they are not in order
    public func action(in text: String) throws(ActionError) -> CLIPortAction {
        try action(at: Self.indices(in: text).map(Optional.some)) { ActionVocabulary.string(at: $0).debugDescription }
    }

    /// Reads an answer as the official evaluator does: what is not exactly six symbols in order is the dummy action.
    ///
    /// - Source: official `evaluator/eai_eval.py`, `parse_action_cliport`
    public func poses(in text: String, heights: CLIPortHeightMap? = nil) -> (pick: CLIPortPose, place: CLIPortPose) {
        guard let action = try? action(in: text) else { return (.dummy, .dummy) }
        return (action.pick.pose(heights: heights), action.place.pose(heights: heights))
    }

    /// Table indices of the symbols in a text: at each position the longest official string, characters that begin none
    /// are skipped. Works on Unicode scalars, because some symbols are combining marks.
    public static func indices(in text: String) -> [Int] {
        let scalars = Array(text.unicodeScalars)
        var found: [Int] = []
        var position = 0
        while position < scalars.count {
            let match = candidates[scalars[position]]?.first { scalars[position...].starts(with: $0.scalars) }
            if let match { found.append(match.index) }
            position += match?.scalars.count ?? 1
        }
        return found
    }

    /// Symbols by their first scalar, longest first.
    private static let candidates: [Unicode.Scalar: [(index: Int, scalars: [Unicode.Scalar])]] = {
        var table: [Unicode.Scalar: [(index: Int, scalars: [Unicode.Scalar])]] = [:]
        for index in ranges.joined() {
            let scalars = Array(ActionVocabulary.string(at: index).unicodeScalars)
            table[scalars[0], default: []].append((index, scalars))
        }
        return table.mapValues { $0.sorted { $0.scalars.count > $1.scalars.count } }
    }()

    // MARK: Ids

    public func ids(for action: CLIPortAction) -> [Int32] { indices(of: action).map { ActionVocabulary.id(at: $0) } }

    public func action(from ids: some Sequence<Int32>) throws(ActionError) -> CLIPortAction {
        let body = Array(layout.body(of: ids))
        return try action(at: body.enumerated().map { ActionVocabulary.index(of: $1) }, spelling: { "index \($0)" })
    }

    public func makeConstraint() -> FixedLengthConstraint {
        let sets = Self.ranges.map { range in
            TokenSet(range.lazy.filter { !excludesIrregularTokens || !ActionVocabulary.isIrregular($0) }
                .map { ActionVocabulary.id(at: $0) })
        }
        return FixedLengthConstraint(sets + sets, layout: layout)
    }

    /// Lets through every way to spell an action in the official strings, the irregular ones included; what it lets
    /// through decodes to a text that `action(in:)` and the official parser read. u 304 cannot come first, because its
    /// string begins with a blank, which answers lose.
    ///
    /// - Errors: `.unsuitableVocabulary`
    public func makeTextConstraint(
        tokenizer: Tokenizer, maximumNewTokens: Int = 48
    ) throws(ActionError) -> TextConstraint {
        var automaton = TextAutomaton()
        let start = automaton.addState()
        var state = automaton.addState()
        automaton.connect(0x20...0x20, from: start, to: state)
        for (position, range) in (Self.ranges + Self.ranges).enumerated() {
            let next = automaton.addState(accepting: position == 5)
            for index in range {
                let bytes = Array(ActionVocabulary.string(at: index).utf8)
                if position == 0, bytes.first == 0x20 { continue }
                automaton.add(bytes, from: state, to: next)
                if position == 0 { automaton.add(bytes, from: start, to: next) }
            }
            state = next
        }
        return try TextConstraint(
            automaton, start: start, tokenizer: tokenizer, maximumNewTokens: maximumNewTokens, space: Self.name)
    }

    // MARK: Helpers

    private func indices(of action: CLIPortAction) -> [Int] {
        [action.pick, action.place].flatMap { cell in
            zip(Self.ranges, [cell.u, cell.v, cell.rotation]).map { $0.lowerBound + $1 }
        }
    }

    private func action(
        at indices: [Int?], spelling: (Int) -> String
    ) throws(ActionError) -> CLIPortAction {
        guard indices.count == 6 else { throw .tokenCount(space: Self.name, expected: 6, found: indices.count) }
        var values: [Int] = []
        for (position, index) in indices.enumerated() {
            let range = Self.ranges[position % 3]
            guard let index, range.contains(index) else {
                throw .unexpectedToken(
                    space: Self.name, position: position, expected: "a \(Self.symbols[position % 3]) symbol",
                    found: index.map(spelling) ?? "another id")
            }
            values.append(index - range.lowerBound)
        }
        return CLIPortAction(
            pick: CLIPortCell(uncheckedU: values[0], v: values[1], rotation: values[2]),
            place: CLIPortCell(uncheckedU: values[3], v: values[4], rotation: values[5]))
    }
}
