import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Work that a signal ends at its next step instead of wherever it is, so that what was done can be kept.
enum Stoppable {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// Runs `body` in a task that the first signal cancels; a second one ends the program at once.
    ///
    /// - Parameter kept: what to tell a person who stopped it
    /// - Throws: what `body` throws; `ExitCode(128 + N)` when signal N ended it
    static func run<Result: Sendable>(kept: String, _ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let received = StoppedBy()
        do { return try await run(received, body) } catch {
            guard let number = received.signal, error is CancellationError else { throw error }
            StandardError.line("\nerror: interrupted; \(kept)")
            throw ExitCode(128 + number)
        }
    }

    /// The same for work that goes on until it is stopped.
    static func runUntilStopped(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let received = StoppedBy()
        do { try await run(received, body) } catch where received.signal != nil {}
        if let number = received.signal { throw ExitCode(128 + number) }
    }

    /// The same for work that has a result all the same when it is stopped.
    ///
    /// - Parameter received: is told of the signal
    static func run<Result: Sendable>(
        _ received: StoppedBy, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // Nothing starts before its signals are heard.
        let (ready, start) = AsyncStream.makeStream(of: Never.self)
        let task = Task {
            for await _ in ready {}
            return try await body()
        }
        var sources: [any DispatchSourceSignal] = []
        for number in signals {
            // A signal that the parent had ignored (nohup) stays ignored.
            // The default action is a null pointer, hence bits instead of optionals.
            let old = unsafeBitCast(Foundation.signal(number, SIG_IGN), to: Int.self)
            guard old != unsafeBitCast(SIG_IGN, to: Int.self) else { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
            source.setEventHandler {
                if received.isFirst(number) { task.cancel() } else { _exit(128 + number) }
            }
            source.resume()
            sources.append(source)
        }
        start.finish()
        defer {
            for source in sources {
                source.cancel()
                Foundation.signal(Int32(source.handle), SIG_DFL)
            }
        }
        return try await task.value
    }
}

/// The signal that stopped something.
final class StoppedBy: Sendable {
    private let first = Mutex<Int32?>(nil)
    var signal: Int32? { first.withLock { $0 } }

    /// Whether none came before.
    func isFirst(_ signal: Int32) -> Bool {
        first.withLock { first in
            defer { first = first ?? signal }
            return first == nil
        }
    }
}
