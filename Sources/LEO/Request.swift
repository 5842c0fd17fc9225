import LEOAction
import LEOModel
import LEOScene
import LEOText

/// What is asked about a scene.
public struct Request: Sendable {
    /// Where the agent is and how it is turned; LEO's fill-ins are the origin and no rotation.
    public struct Pose: Sendable, Equatable {
        /// Metres, in the scene's frame.
        public var position: SIMD3<Float>
        /// Quaternion x, y, z, w; used as it is, not normalised.
        public var orientation: SIMD4<Float>
        public init(position: SIMD3<Float> = .zero, orientation: SIMD4<Float> = SIMD4(0, 0, 0, 1)) {
            self.position = position
            self.orientation = orientation
        }
    }

    /// Which object a request is about.
    public enum Target: Sendable, Equatable {
        /// By its id in the scene.
        case id(Int)
        /// The object nearest to this point, in metres of the scene's frame; the agent then stands right there.
        case point(SIMD3<Double>)
    }

    public var instruction: String
    /// Earlier turns of a dialogue.
    public var history: [Prompt.Turn] = []
    public var situation = Prompt.Situation.unspecified
    /// Nil asks without objects.
    public var scene: Scene?
    /// The ego view, or nil.
    public var image: Image?
    /// `.bgr` for navigation images, which LEO saw with swapped channels.
    public var imageChannels = Image.ChannelOrder.rgb
    /// Nil puts the agent at the origin, or at the object that `object` names.
    public var pose: Pose?
    /// Asks about one object: it comes first and the agent stands inside its box, as in LEO's object tasks.
    public var object: Target?
    /// Chooses the points of each object, and the agent's place for `object`.
    public var seed: UInt64 = 0
    /// Indices of the points that the network gets of each of the scene's objects, in their order; nil draws them. Goes
    /// without `object`.
    public var pickedPoints: [[Int]]?
    public var decoding = DecodingOptions()
    /// Scores these answers instead of generating one.
    public var answers: [String]?
    /// Admits only some token sequences.
    public var constraint: (any TokenConstraint)?
    /// Asks for an action: every answer is then one of this space, whatever the decoding strategy, and comes as one piece.
    /// The space sets the number of new tokens; a limit in `decoding` may shorten LEGENT's answers.
    public var actionSpace: Space?
    /// `[PAD]` was never trained; production excludes it. Off to reproduce the official code, which does not.
    public var excludesPadding = true
    /// The adapter to answer with; nil for the model's own. One of the engine that answers.
    public var adapter: Adapter?
    /// Whether what earlier requests computed may serve, and what the file stores of LEO's role prompt. The answer is the same.
    public var reusesResults = true

    public init(_ instruction: String, scene: Scene? = nil, image: Image? = nil) {
        self.instruction = instruction
        self.scene = scene
        self.image = image
    }
}

/// A finished answer.
public struct Answer: Sendable {
    /// White space at both ends removed, special tokens left out. Of an action: its official string.
    public let text: String
    /// What the model decided to do; nil where the request names no action space.
    public let action: AgentAction?
    /// Generated ids, without the seed.
    public let ids: [Int32]
    /// Sum of log-probabilities by the rules of the decoding strategy; see `DecodingResult`.
    public let score: Double
    public let finish: DecodingFinish
    /// Losses of the given answers; nil when text was generated.
    public let answerScores: AnswerScores?
    /// What a person should know, for example that objects were dropped.
    public let notices: [String]
    public let timings: Timings
}

/// Seconds of each stage of one request.
public struct Timings: Sendable, Equatable {
    /// Objects sampled and normalised, image resized.
    public internal(set) var preprocessing = 0.0
    /// Turning to the adapter of the request.
    public internal(set) var adapter = 0.0
    public internal(set) var image = 0.0
    public internal(set) var points = 0.0
    public internal(set) var spatial = 0.0
    /// Reading the prompt.
    public internal(set) var prefill = 0.0
    /// All generated tokens, or all scored answers.
    public internal(set) var decoding = 0.0
    /// From the start of the request to the first certain token.
    public internal(set) var firstToken = 0.0
    public internal(set) var total = 0.0
    /// Rows of the prompt, of which `keptTokens` and `storedTokens` were not computed.
    public internal(set) var promptTokens = 0
    /// Rows at the beginning that the session's previous prompt (with the same adapter) had as well.
    public internal(set) var keptTokens = 0
    /// Rows behind those that the file stores.
    public internal(set) var storedTokens = 0
    /// Rows behind all these, which were computed: what `prefill` took its time for. With `keptTokens` and `storedTokens` they
    /// are `promptTokens`; 0 where an answer of no tokens was asked for, and nothing was read.
    public internal(set) var rowsRead = 0
    /// Decoding steps, each for all beams.
    public internal(set) var steps = 0
    public internal(set) var objects = 0
    /// Objects whose embedding an earlier request had computed.
    public internal(set) var reusedObjects = 0
    /// Whether an earlier request had computed the image tokens.
    public internal(set) var reusesImage = false
    /// Whether an earlier request had computed the object tokens.
    public internal(set) var reusesScene = false
}

/// A request that cannot be answered.
public enum RequestError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownObject(Int, available: [Int])
    case objectWithoutScene
    case noAnswers
    case emptyAnswer(String)
    case imageSize(expected: Int)
    case notFinite(field: String)
    /// Points given for the objects of a scene do not fit them.
    case pickedPoints(reason: String)
    /// An action space together with something that excludes it.
    case actionSpaceExcludes(field: String)
    /// The vocabulary or the limit of tokens has no room for an action.
    case action(ActionError)
    /// Decoding ended before an action was complete: every token it needs was excluded or impossible.
    case noAction(space: String)
    /// The adapter was loaded by another engine.
    case foreignAdapter(path: String)

    public var description: String {
        switch self {
        case .unknownObject(let id, let available):
            "object \(id) is not in the scene; it has \(available.prefix(20).map(String.init).joined(separator: ", "))\(available.count > 20 ? ", …" : "")"
        case .objectWithoutScene: "an object was asked about, but there is no scene"
        case .noAnswers: "the list of answers is empty"
        case .emptyAnswer(let text): "the answer \"\(text)\" has no tokens"
        case .imageSize(let expected): "the model takes images of \(expected) pixels, which this build cannot make"
        case .notFinite(let field): "\(field): expected finite numbers"
        case .pickedPoints(let reason): "picked points: \(reason)"
        case .actionSpaceExcludes(let field): "\(field): expected none together with an action space"
        case .action(let error): error.description
        case .foreignAdapter(let path): "\(path): the adapter belongs to another engine than the one that is asked"
        case .noAction(let space): "no \(space) action could be completed: all tokens that it needs are excluded or impossible"
        }
    }
}
