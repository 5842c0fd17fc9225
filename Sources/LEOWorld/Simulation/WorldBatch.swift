import Dispatch
import LEOAction

/// Several worlds that step together, spread over the processor's cores.
///
/// What each world does is what it would do alone: the number of cores changes nothing but the time.
public struct WorldBatch: Sendable {
    public private(set) var worlds: [World]

    public init(_ worlds: [World]) { self.worlds = worlds }

    /// Carries out one action in each world.
    ///
    /// - Parameter actions: one per world
    /// - Returns: one result per world; a world that refuses its action stays as it was and does not hold up the others
    public mutating func step(_ actions: [LEGENTAction]) -> [Result<WorldObservation, SimulationError>] {
        precondition(actions.count == worlds.count, "one action per world")
        return update { index, world in
            Result { () throws(SimulationError) in try world.step(actions[index]) }
        }
    }

    /// Calls `body` with each world, on all cores, and returns what it returned in order.
    public mutating func update<Value: Sendable>(_ body: @Sendable (Int, inout World) -> Value) -> [Value] {
        let count = worlds.count
        return worlds.withUnsafeMutableBufferPointer { worlds in
            // Every index is visited by one thread alone.
            nonisolated(unsafe) let worlds = worlds
            return parallelMap(count: count) { body($0, &worlds[$0]) }
        }
    }
}

/// `body` of 0..<count on all cores, results in order.
func parallelMap<Value: Sendable>(count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
    guard count > 0 else { return [] }
    return [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
        nonisolated(unsafe) let buffer = buffer
        DispatchQueue.concurrentPerform(iterations: count) { index in
            (buffer.baseAddress! + index).initialize(to: body(index))
        }
        initialized = count
    }
}
