import ExecutionPlan
import Foundation

/// A piece of an answer, as soon as it is certain.
public struct Piece: Sendable, Equatable {
    /// Often empty: bytes of one character may come in several tokens.
    public let text: String
    /// The token it came with; nil for text that was held back to the end.
    public let id: Int32?
}

/// An answer on its way. Iterate over its pieces, or await `answer`; both may be done, in any order.
///
/// Beams change until the end, so a beam search gives one piece, the whole text. Cancelling the task that waits stops the
/// computation at its next step.
public struct Response: AsyncSequence, Sendable {
    public typealias Element = Piece
    private let stream: AsyncThrowingStream<Piece, any Error>
    private let outcome: Outcome
    private let cancellation: Cancellation

    init(_ stream: AsyncThrowingStream<Piece, any Error>, _ outcome: Outcome, _ cancellation: Cancellation) {
        self.stream = stream
        self.outcome = outcome
        self.cancellation = cancellation
    }

    public func makeAsyncIterator() -> AsyncThrowingStream<Piece, any Error>.AsyncIterator { stream.makeAsyncIterator() }

    /// The finished answer.
    ///
    /// - Throws: `CancellationError`, `RequestError`, `CapacityError`, `TokenDecodingError`
    public var answer: Answer {
        get async throws {
            try await withTaskCancellationHandler {
                try await outcome.value()
            } onCancel: {
                cancellation.cancel()
            }
        }
    }

    /// Stops the computation at its next step.
    public func cancel() { cancellation.cancel() }
}

/// A result that is set once and awaited by anyone.
final class Outcome: Sendable {
    private let lock = NSLock()
    nonisolated(unsafe) private var result: Result<Answer, any Error>?
    nonisolated(unsafe) private var waiting: [CheckedContinuation<Answer, any Error>] = []

    func set(_ result: Result<Answer, any Error>) {
        let continuations = lock.withLock {
            self.result = result
            defer { waiting = [] }
            return waiting
        }
        for continuation in continuations { continuation.resume(with: result) }
    }

    func value() async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let known = lock.withLock {
                if result == nil { waiting.append(continuation) }
                return result
            }
            if let known { continuation.resume(with: known) }
        }
    }
}
