/// The four texts of a LEO request, in the order in which they surround the image and object tokens.
///
/// - Source: official `data/datasets.py` (role prompt, templates), `data/text_pool.py`, `model/leo_agent.py`
public struct Prompt: Equatable, Sendable {
    /// Where the agent is said to be.
    public enum Situation: Equatable, Sendable {
        /// Nothing is said: tasks about a whole scene.
        case none
        /// The default sentence: tasks that are about a place but do not describe it.
        case unspecified
        /// The default sentence, a space and this text (SQA3D; see `String.convertedPersonView`).
        case described(String)
        /// This text alone.
        case custom(String)

        /// What follows the role prompt.
        public var text: String {
            switch self {
            case .none: ""
            case .unspecified: Prompt.defaultSituation
            case .described(let text): Prompt.defaultSituation + " " + text
            case .custom(let text): text
            }
        }
    }

    /// An earlier exchange of a dialogue.
    public struct Turn: Equatable, Sendable {
        public var user: String
        public var assistant: String

        public init(user: String, assistant: String) {
            self.user = user
            self.assistant = assistant
        }
    }

    /// What every request begins with. Ends with a space.
    public static let role = """
        You are an AI visual assistant situated in a 3D scene. You can perceive (1) an ego-view image (accessible when \
        necessary) and (2) the objects (including yourself) in the scene (always accessible). You should properly \
        respond to the USER's instruction according to the given visual information.\u{20}
        """
    public static let defaultSituation = "You are at a selected location in the 3D scene."
    public static let image = "Ego-view image:"
    public static let objects = "Objects (including you) in the scene:"

    /// Role and situation; before everything.
    public var beforeObjects: String
    /// Before the image tokens.
    public var imagePrompt: String = Prompt.image
    /// Before the object tokens.
    public var objectsPrompt: String = Prompt.objects
    /// The dialogue up to the answer that is asked for; after the object tokens.
    public var afterObjects: String

    /// The prompt for an instruction, or for the last one of a dialogue: `USER: a ASSISTANT: b</s>USER: c ASSISTANT:`.
    ///
    /// User text stands as it is; the assistant's earlier answers are stripped of white space at both ends.
    public init(instruction: String, history: [Turn] = [], situation: Situation = .none) {
        beforeObjects = Prompt.role + situation.text
        var dialogue = ""
        for turn in history {
            dialogue += "USER: \(turn.user) ASSISTANT: \(turn.assistant.strippedLikePython)</s>"
        }
        afterObjects = dialogue + "USER: \(instruction) ASSISTANT:"
    }
}

/// Ids of a prompt's four parts, each encoded on its own.
public struct PromptTokens: Equatable, Sendable {
    /// Begins with BOS.
    public let beforeObjects: [Int32]
    public let imagePrompt: [Int32]
    public let objectsPrompt: [Int32]
    public let afterObjects: [Int32]

    /// LEO's limit for `afterObjects`, a BOS that is then dropped included.
    public static let defaultMaxContext = 256

    /// Only `afterObjects` is limited: of too long a dialogue the last `maxContext - 1` ids remain.
    ///
    /// - Precondition: `maxContext` is at least 1
    public init(_ prompt: Prompt, tokenizer: Tokenizer, maxContext: Int = PromptTokens.defaultMaxContext) {
        beforeObjects = tokenizer.encode(prompt.beforeObjects)
        imagePrompt = tokenizer.encode(prompt.imagePrompt, addsBOS: false)
        objectsPrompt = tokenizer.encode(prompt.objectsPrompt, addsBOS: false)
        let context = tokenizer.encode(prompt.afterObjects, maxLength: maxContext, truncating: .left)
        afterObjects = Array(context.dropFirst())
    }

    /// Number of text tokens; image and object tokens come on top.
    public var count: Int { beforeObjects.count + imagePrompt.count + objectsPrompt.count + afterObjects.count }
}
