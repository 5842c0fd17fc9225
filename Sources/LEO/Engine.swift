import ExecutionPlan
import Foundation
import LEOArchive
import LEOModel
import LEOTensor
import LEOText

/// How an engine runs.
public struct EngineOptions: Sendable {
    /// Threads of every step; 0 takes every core the process may use.
    public var threads = 0
    /// Bytes that results of the encoders may take: image tokens, embeddings of objects, object tokens of scenes. A request
    /// that shows the same again gets the same to the last bit; what was not used longest leaves first. 0 keeps nothing.
    public var encodingCacheByteCount = 64 << 20
    /// Whether requests may use what earlier ones computed, and what the file stores of LEO's role prompt; see
    /// `Request.reusesResults`.
    public var reusesResults = true
    /// When the keys and values that a file stores of LEO's role prompt are used.
    public var storedPrompt = StoredPrompt.whereExact
    public init() {}

    public enum StoredPrompt: Sendable, CaseIterable {
        case never
        /// Where the kernels are those that computed them: answers are the same to the last bit.
        case whereExact
        /// With other kernels too: what they computed differs in rounding.
        case always
    }
}

/// A model, opened and compiled, ready to answer. Share one among as many sessions and tasks as you like.
///
/// ```swift
/// let engine = try Engine(path: "leo-7b.leo")
/// let response = try engine.respond(to: Request("What is on the desk?", scene: scene))
/// for try await piece in response { print(piece.text, terminator: "") }
/// ```
///
/// Opening maps the file: it takes milliseconds and reads almost nothing. Computations of several requests take turns, so
/// that each uses all threads.
public final class Engine: Sendable {
    public let archive: Archive
    public let tokenizer: Tokenizer
    public var configuration: ModelConfiguration { network.configuration }
    /// What a person should know, for example that a stored prompt is not used.
    public var notices: [String] { base.notices }
    package var network: Network { base.network }
    let base: ModelVariant
    let options: EngineOptions
    let compile: CompileOptions
    /// One computation at a time.
    let gate = NSLock()
    private let idle = SessionPool()
    let spaces = SpaceCache()
    let encodings: EncodingCache
    private let counters = Counters()

    /// - Throws: `ArchiveError`, `ConfigurationError`, `TokenizerError`, `GraphError`, each naming file, field and reason.
    public init(path: String, options: EngineOptions = EngineOptions()) throws {
        archive = try Archive(path: path)
        if let base = archive.base { throw EngineError.adapter(file: path, base: base.name) }
        self.options = options
        var compile = CompileOptions()
        compile.workers = options.threads
        self.compile = compile
        encodings = EncodingCache(byteLimit: options.encodingCacheByteCount)
        let reading = Work { [archive] in try Self.tokenizer(of: archive) }
        base = try ModelVariant(archive, number: 0, compile: compile, storedPrompt: options.storedPrompt, alongside: [reading])
        let configuration = base.network.configuration
        tokenizer = try reading.value()
        guard tokenizer.vocabularyCount <= configuration.language.vocabulary else {
            throw EngineError.tokenizer(
                file: path, reason: "expected at most \(configuration.language.vocabulary) pieces, found \(tokenizer.vocabularyCount)")
        }
    }

    package static let tokenizerName = "tokenizer.model"

    private static func tokenizer(of archive: Archive) throws -> Tokenizer {
        let bytes = try archive.tensor(
            TensorSpecification(name: tokenizerName, elementType: .u8, shape: archive.tensor(named: tokenizerName)?.shape ?? [0]))
        do {
            return try bytes.withBytes { bytes throws(TokenizerError) in try Tokenizer(sentencePieceModel: bytes) }
        } catch let error as TokenizerError {
            throw EngineError.tokenizer(file: archive.path, reason: error.description)
        }
    }

    /// Memory of its own for one conversation or robot: caches, arenas, about the size that `leo plan` prints.
    public func makeSession() throws -> Session { try Session(self) }

    /// Opens an adapter on this model, for any number of requests. Maps the file and compiles a plan: milliseconds, once.
    ///
    /// - Throws: `EngineError.model` for a file that is no adapter; `ArchiveError.wrongBase`, which names both fingerprints; `ArchiveError`, `ConfigurationError`, `GraphError`
    public func loadAdapter(path: String) throws -> Adapter {
        try Adapter(try Archive(path: path), self, number: counters.nextModel())
    }

    /// The name of what answers: the model's, and the adapter's behind it.
    package func name(with adapter: Adapter?) -> String {
        configuration.name + (adapter.map { " + " + $0.configuration.name } ?? "")
    }

    /// What all requests so far did not have to compute.
    public var reuse: ReuseCounts { counters.reuse }

    func count(_ timings: Timings) { counters.add(timings) }

    /// Bytes that results of the encoders take.
    package var encodingByteCount: Int { encodings.byteCount }

    /// Answers with a session of the engine's pool.
    public func respond(to request: Request) throws -> Response {
        let session = try idle.take() ?? makeSession()
        return session.respond(to: request) { [idle] in idle.put(session) }
    }
}

/// What the requests to an engine computed and what was there already.
public struct ReuseCounts: Sendable, Equatable {
    public internal(set) var requests = 0
    /// Objects shown, and those whose embedding was there.
    public internal(set) var objects = 0
    public internal(set) var reusedObjects = 0
    /// Requests whose image tokens, and whose object tokens, were there.
    public internal(set) var reusedImages = 0
    public internal(set) var reusedScenes = 0
    /// Tokens of all prompts; of these, those kept from the prompt before, and those stored in the file.
    public internal(set) var promptTokens = 0
    public internal(set) var keptTokens = 0
    public internal(set) var storedTokens = 0
}

private final class Counters: Sendable {
    private let lock = NSLock()
    nonisolated(unsafe) private var counts = ReuseCounts()
    nonisolated(unsafe) private var models = 0

    var reuse: ReuseCounts { lock.withLock { counts } }

    func nextModel() -> Int {
        lock.withLock {
            models += 1
            return models
        }
    }

    func add(_ timings: Timings) {
        lock.withLock {
            counts.requests += 1
            counts.objects += timings.objects
            counts.reusedObjects += timings.reusedObjects
            counts.reusedImages += timings.reusesImage ? 1 : 0
            counts.reusedScenes += timings.reusesScene ? 1 : 0
            counts.promptTokens += timings.promptTokens
            counts.keptTokens += timings.keptTokens
            counts.storedTokens += timings.storedTokens
        }
    }
}

/// Sessions that are free, so that requests without one of their own need not allocate.
private final class SessionPool: Sendable {
    private let lock = NSLock()
    nonisolated(unsafe) private var sessions: [Session] = []

    func take() -> Session? { lock.withLock { sessions.popLast() } }
    func put(_ session: Session) { lock.withLock { sessions.append(session) } }
}

/// An archive that is valid but holds no usable model.
public enum EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    case tokenizer(file: String, reason: String)
    /// The file is an adapter, not a model.
    case adapter(file: String, base: String)
    /// The file is a model, not an adapter.
    case model(file: String)

    public var description: String {
        switch self {
        case .tokenizer(let file, let reason): "\(file): tokenizer.model: \(reason)"
        case .model(let file): "\(file): is a model, expected an adapter of one, as `leo convert --base` makes them"
        case .adapter(let file, let base): "\(file): is an adapter, expected a model: open its base, \(base), and load it there"
        }
    }
}
