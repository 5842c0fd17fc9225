import Foundation

/// Something to compute that may be computed on another thread meanwhile; see `Work`.
package protocol AnyWork: Sendable {
    func compute()
}

/// A value that one of several threads computes, to be asked for when all are done; if none has, it is computed then.
///
/// Errors surface where the value is asked for, so which of several is thrown does not depend on who was faster.
package final class Work<Value: Sendable>: AnyWork, @unchecked Sendable {
    private let body: @Sendable () throws -> Value
    /// Written once, by one thread, before `perform` returns.
    private var result: Result<Value, any Error>?

    package init(_ body: @escaping @Sendable () throws -> Value) { self.body = body }

    package func compute() { result = Result(catching: body) }

    package func value() throws -> Value { try (result ?? Result(catching: body)).get() }
}

extension Sequence<any AnyWork> {
    /// Computes all, each on one thread, those in front first. With one thread it does nothing: each is computed when it is asked
    /// for.
    package func perform(threads: Int) {
        let list = Array(self)
        guard threads > 1, list.count > 1 else { return }
        DispatchQueue.concurrentPerform(iterations: list.count) { list[$0].compute() }
    }
}
