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
    public init() {}
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
    package let network: Network
    /// One computation at a time.
    let gate = NSLock()
    private let idle = SessionPool()
    let spaces = SpaceCache()

    /// - Throws: `ArchiveError`, `ConfigurationError`, `TokenizerError`, `GraphError`, each naming file, field and reason.
    public init(path: String, options: EngineOptions = EngineOptions()) throws {
        archive = try Archive(path: path)
        var compile = CompileOptions()
        compile.workers = options.threads
        network = try Network(archive, options: compile)
        let bytes = try archive.tensor(
            TensorSpecification(
                name: Self.tokenizerName, elementType: .u8, shape: archive.tensor(named: Self.tokenizerName)?.shape ?? [0]))
        do {
            tokenizer = try bytes.withBytes { bytes throws(TokenizerError) in try Tokenizer(sentencePieceModel: bytes) }
        } catch let error as TokenizerError {
            throw EngineError.tokenizer(file: path, reason: error.description)
        }
        guard tokenizer.vocabularyCount <= configuration.language.vocabulary else {
            throw EngineError.tokenizer(
                file: path, reason: "expected at most \(configuration.language.vocabulary) pieces, found \(tokenizer.vocabularyCount)")
        }
    }

    private static let tokenizerName = "tokenizer.model"

    /// Memory of its own for one conversation or robot: caches, arenas, about the size that `leo plan` prints.
    public func makeSession() throws -> Session { try Session(self) }

    /// Answers with a session of the engine's pool.
    public func respond(to request: Request) throws -> Response {
        let session = try idle.take() ?? makeSession()
        return session.respond(to: request) { [idle] in idle.put(session) }
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

    public var description: String {
        switch self {
        case .tokenizer(let file, let reason): "\(file): tokenizer.model: \(reason)"
        }
    }
}
