import LEOModel

/// How ids of one-token-per-symbol actions lie in an answer.
public struct ActionTokenLayout: Sendable, Equatable {
    /// LLaMA's tokenizer puts U+2581, a token of its own before action characters, in front of every text. Models trained
    /// on answers therefore write it before the first action token; a model that reads ids directly need not.
    public enum LeadingSpace: Sendable, Equatable {
        case forbidden, optional, required
    }

    public var leadingSpace: LeadingSpace
    /// U+2581 on its own: 29871 in LLaMA's vocabulary.
    public var spaceID: Int32
    /// End of sequence: 2 in LLaMA's vocabulary.
    public var eosID: Int32

    public init(leadingSpace: LeadingSpace = .optional, spaceID: Int32 = 29871, eosID: Int32 = 2) {
        self.leadingSpace = leadingSpace
        self.spaceID = spaceID
        self.eosID = eosID
    }

    /// The ids after a leading space token.
    func body(of ids: some Sequence<Int32>) -> ArraySlice<Int32> {
        let ids = Array(ids)
        return leadingSpace != .forbidden && ids.first == spaceID ? ids.dropFirst() : ids[...]
    }

    /// Tokens of an answer of `count` symbols with leading space and end of sequence.
    func longest(_ count: Int) -> Int { count + (leadingSpace == .forbidden ? 1 : 2) }
}

/// Lets through one token of each given set, in order, then end of sequence.
public struct FixedLengthConstraint: TokenConstraint {
    private let layout: ActionTokenLayout
    private let positions: [TokenSet]
    /// Before anything was generated.
    private let first: TokenSet
    private let end: TokenSet

    /// - Parameter positions: what may stand at each position, at least one
    public init(_ positions: [TokenSet], layout: ActionTokenLayout = ActionTokenLayout()) {
        precondition(!positions.isEmpty, "an action has at least one token")
        self.layout = layout
        self.positions = positions
        let space = TokenSet(CollectionOfOne(layout.spaceID))
        first = switch layout.leadingSpace {
        case .forbidden: positions[0]
        case .optional: positions[0].union(space)
        case .required: space
        }
        end = TokenSet(CollectionOfOne(layout.eosID))
    }

    public func allowedTokens(after generated: ArraySlice<Int32>) -> TokenSet? {
        guard let head = generated.first else { return first }
        var body = generated
        if layout.leadingSpace != .forbidden, head == layout.spaceID {
            body = body.dropFirst()
        } else if layout.leadingSpace == .required {
            return .empty
        }
        // Only a caller that did not ask before it chose can be here with a token that was not allowed.
        guard body.count <= positions.count, zip(body, positions).allSatisfy({ $1.contains($0) }) else { return .empty }
        return body.count == positions.count ? end : positions[body.count]
    }
}
