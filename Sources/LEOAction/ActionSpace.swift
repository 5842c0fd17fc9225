import LEOModel

/// A way for a language model to act: typed actions, the strings and vocabulary ids that spell them, and the constraint
/// that makes a decoder write nothing else.
///
/// What a conformance promises: reading text or ids that it wrote gives the same action, as far as the written form can
/// hold it (LEGENT's rounds numbers and has a part of the fields only); and every sequence that `makeConstraint()` lets
/// through up to end of sequence is read by `action(from:)` without an error.
public protocol ActionSpace: Sendable {
    associatedtype Action: Sendable & Equatable
    associatedtype Constraint: TokenConstraint

    /// The action that stands for a past that did not happen, see `ActionHistory`.
    var padding: Action { get }

    /// The string of an action as it stands in prompts and answers.
    ///
    /// - Errors: `.invalidValue` for an action that this space cannot write
    func text(for action: Action) throws(ActionError) -> String

    /// Reads an answer. White space at both ends does not matter.
    func action(in text: String) throws(ActionError) -> Action

    /// The vocabulary ids that mean an action, without BOS and end of sequence.
    func ids(for action: Action) throws(ActionError) -> [Int32]

    /// Reads generated ids, without BOS and end of sequence (`Hypothesis.generated`).
    func action(from ids: some Sequence<Int32>) throws(ActionError) -> Action

    /// Lets through token sequences that `action(from:)` reads, each followed by end of sequence, and no others; which of
    /// the spellings of an action these are is the space's choice.
    func makeConstraint() throws(ActionError) -> Constraint

    /// New tokens, end of sequence included, that a constrained decoder needs at most. A smaller budget cuts actions off.
    var maximumNewTokens: Int { get }
}

extension ActionSpace {
    /// The strings of several actions joined without blanks, as LEO's prompts list past actions.
    public func text(for actions: some Sequence<Action>) throws(ActionError) -> String {
        var joined = ""
        for action in actions { joined += try text(for: action) }
        return joined
    }
}

/// Why text or ids are no action, or an action cannot be written.
public enum ActionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A fixed-length action with too few or too many tokens.
    case tokenCount(space: String, expected: Int, found: Int)
    /// A token that cannot stand at its position (from 0, a leading space token not counted).
    case unexpectedToken(space: String, position: Int, expected: String, found: String)
    /// A field of an action, a pose or an option outside what it may be.
    case invalidValue(field: String, expected: String, found: String)
    /// Code that is not well formed. `offset` counts UTF-8 bytes from the start of the text.
    case syntax(offset: Int, expected: String, found: String)
    /// A well-formed call of something that is no action.
    case unknownAction(name: String, offset: Int)
    /// A second call of an action of which a step has one.
    case repeatedAction(name: String, offset: Int)
    /// An argument outside the action's range.
    case argumentOutOfRange(action: String, offset: Int, expected: String, found: String)
    /// A vocabulary whose tokens cannot spell any action in the room there is.
    case unsuitableVocabulary(space: String, reason: String)

    public var description: String {
        switch self {
        case .tokenCount(let space, let expected, let found):
            "\(space) action: expected \(expected) tokens, found \(found)"
        case .unexpectedToken(let space, let position, let expected, let found):
            "\(space) action: token \(position): expected \(expected), found \(found)"
        case .invalidValue(let field, let expected, let found):
            "\(field): expected \(expected), found \(found)"
        case .syntax(let offset, let expected, let found):
            "action code, byte \(offset): expected \(expected), found \(found)"
        case .unknownAction(let name, let offset):
            "action code, byte \(offset): no action is called \(name)"
        case .repeatedAction(let name, let offset):
            "action code, byte \(offset): a second \(name) in one step"
        case .argumentOutOfRange(let action, let offset, let expected, let found):
            "action code, byte \(offset): \(action): expected \(expected), found \(found)"
        case .unsuitableVocabulary(let space, let reason):
            "\(space) action: this vocabulary cannot spell it: \(reason)"
        }
    }
}
