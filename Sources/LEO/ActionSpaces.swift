import Foundation
import LEOAction
import LEOModel
import LEOText

extension Request {
    /// A way to act that a request can ask for: the model then answers with an action of it and nothing else.
    public enum Space: Sendable, Equatable {
        /// One navigation step.
        case habitat
        /// A pick and place on CLIPort's table.
        case cliport
        /// A step in LEGENT's code form.
        case legent(LEGENTActionSpace.Options = LEGENTActionSpace.Options())

        public var name: String {
            switch self {
            case .habitat: "habitat"
            case .cliport: "cliport"
            case .legent: "legent"
            }
        }

        public static let names = ["habitat", "cliport", "legent"]

        /// The space of this name, with its usual options.
        public init?(name: String) {
            switch name {
            case "habitat": self = .habitat
            case "cliport": self = .cliport
            case "legent": self = .legent()
            default: return nil
            }
        }
    }
}

/// What a model decided to do, in the space that the request asked for.
public enum AgentAction: Sendable, Equatable {
    case habitat(HabitatAction)
    case cliport(CLIPortAction)
    case legent(LEGENTAction)
}

/// An action space on the vocabulary of one model.
struct SpaceOnModel: Sendable {
    let space: Request.Space
    let constraint: any TokenConstraint
    /// New tokens that an answer can take, end of sequence included.
    let budget: Int
    /// Put behind the prompt: what comes before the first token of every answer. LLaMA's tokenizer begins a text with
    /// U+2581, as a token of its own before action characters, so that models were trained to act behind it.
    let prefix: [Int32]
    /// Reads what was generated: the action and its official string.
    let read: @Sendable (_ ids: [Int32]) throws(ActionError) -> (action: AgentAction, text: String)

    /// - Parameters:
    ///   - vocabulary: logits of the model
    ///   - limit: the request's own limit of new tokens
    /// - Errors: `ActionError` where the vocabulary or the limit has no room for an action
    init(_ space: Request.Space, tokenizer: Tokenizer, vocabulary: Int, limit: Int?) throws(ActionError) {
        self.space = space
        switch space {
        case .habitat:
            let layout = ActionTokenLayout(leadingSpace: .forbidden, eosID: tokenizer.eosID)
            let habitat = HabitatActionSpace(layout: layout)
            try Self.check(HabitatAction.allCases.map(\.id), vocabulary, "Habitat")
            constraint = habitat.makeConstraint()
            budget = habitat.maximumNewTokens
            prefix = tokenizer.id(of: "\u{2581}").map { [$0] } ?? []
            read = { ids throws(ActionError) in
                let action = try habitat.action(from: ids)
                return (.habitat(action), habitat.text(for: action))
            }
        case .cliport:
            // The official strings, spelled as the tokenizer does: as trained, and every cell is within reach.
            let cliport = CLIPortActionSpace(layout: ActionTokenLayout(eosID: tokenizer.eosID))
            let text = try cliport.makeTextConstraint(tokenizer: tokenizer)
            constraint = text
            budget = text.maximumNewTokens
            prefix = []
            read = { ids throws(ActionError) in
                let action = try cliport.action(in: tokenizer.decodeAnswer(ids))
                return (.cliport(action), cliport.text(for: action))
            }
        case .legent(var options):
            options.maximumNewTokens = min(options.maximumNewTokens, limit ?? .max)
            let legent = try LEGENTActionSpace(tokenizer: tokenizer, options: options)
            constraint = try legent.makeConstraint()
            budget = options.maximumNewTokens
            prefix = []
            read = { ids throws(ActionError) in
                let text = tokenizer.decodeAnswer(ids)
                return (.legent(try legent.action(in: text)), text)
            }
        }
        if let limit, limit < budget {
            throw .invalidValue(field: "maxNewTokens", expected: "at least \(budget) for a \(space.name) action", found: "\(limit)")
        }
    }

    private static func check(_ ids: [Int32], _ vocabulary: Int, _ name: String) throws(ActionError) {
        if let id = ids.first(where: { Int($0) >= vocabulary }) {
            throw .unsuitableVocabulary(space: name, reason: "action token \(id) is beyond the model's \(vocabulary) tokens")
        }
    }
}

/// Action spaces made so far: preparing a text constraint walks the whole vocabulary.
final class SpaceCache: Sendable {
    private struct Key: Equatable {
        let space: Request.Space
        let limit: Int?
    }
    private let lock = NSLock()
    nonisolated(unsafe) private var known: [(key: Key, value: SpaceOnModel)] = []
    private static let capacity = 8

    func space(_ space: Request.Space, tokenizer: Tokenizer, vocabulary: Int, limit: Int?) throws(ActionError) -> SpaceOnModel {
        let key = Key(space: space, limit: limit)
        if let found = lock.withLock({ known.first { $0.key == key }?.value }) { return found }
        let made = try SpaceOnModel(space, tokenizer: tokenizer, vocabulary: vocabulary, limit: limit)
        lock.withLock {
            if known.count == Self.capacity { known.removeFirst() }
            known.append((key, made))
        }
        return made
    }
}

extension DecodingOptions {
    /// These options for an answer that is an action: its space says when it begins and ends.
    func acting(in space: SpaceOnModel, eosID: Int32) -> DecodingOptions {
        var options = self
        options.maxNewTokens = space.budget
        options.minLength = 0
        options.eosID = eosID
        return options
    }
}
