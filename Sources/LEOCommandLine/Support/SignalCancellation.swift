import ArgumentParser
import Foundation
import Synchronization

/// Lets Ctrl-C and `kill` end work that runs until then: its task is cancelled, so that it can say goodbye.
@available(macOS 15.0, *)
enum SignalCancellation {
    private final class Received: Sendable {
        private let number = Mutex<Int32>(0)

        var first: Int32 { number.withLock { $0 } }

        /// Whether no signal came before.
        func take(_ signal: Int32) -> Bool {
            number.withLock { number in
                defer { if number == 0 { number = signal } }
                return number == 0
            }
        }
    }

    /// - Throws: what `body` throws; an exit code of 128 + the signal's number where a signal ended it
    static func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let received = Received()
        let task = Task { try await body() }
        let signals = [SIGINT, SIGTERM]
        let sources = signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // A second one does not wait for anybody.
                if received.take(number) { task.cancel() } else { _exit(128 + number) }
            }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            for number in signals { signal(number, SIG_DFL) }
        }
        let result = await task.result
        if received.first != 0 { throw ExitCode(128 + received.first) }
        try result.get()
    }
}
