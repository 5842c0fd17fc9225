import LEGENTWire
import LEOAction
import LEOImageIO
import LEOScene
import Synchronization

/// A picture whose pixels tell which step it shows.
func picture(_ step: Int, width: Int = 8, height: Int = 6) throws -> [UInt8] {
    let pixels = (0..<(3 * width * height)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ step) }
    return try Image(width: width, height: height, pixels: pixels).pngBytes()
}

/// A game that counts what it is told, and answers with pictures that tell the count.
actor CountingGame: LEGENTGame {
    private(set) var settings: LEGENTSettings?
    private(set) var scenes: [String] = []
    private(set) var actions: [LEGENTAction] = []
    /// What the observation of a step says, in place of a good one.
    private let spoil: @Sendable (Int, inout LEGENTObservation) -> Void
    private let failsAt: Int?

    struct Failure: Error, Equatable {}

    init(failsAt: Int? = nil, spoil: @escaping @Sendable (Int, inout LEGENTObservation) -> Void = { _, _ in }) {
        self.spoil = spoil
        self.failsAt = failsAt
    }

    private func observation() throws -> LEGENTObservation {
        var observation = LEGENTObservation()
        observation.image = try picture(actions.count)
        observation.gameState.agent = LEGENTGameState.Placement(
            position: SIMD3(Double(actions.count), 0, 0.5), rotation: .zero, forward: SIMD3(0, 0, 1))
        if actions.last?.calls.isEmpty == false {
            observation.apiReturns = LEGENTAPIReturns()
            observation.apiReturns?.corners = [.zero, SIMD3(1, 0, 2)]
        }
        spoil(actions.count, &observation)
        return observation
    }

    func start(_ settings: LEGENTSettings) throws -> LEGENTObservation {
        self.settings = settings
        return try observation()
    }

    func reset(sceneJSON: String, calls: [LEGENTCall]) throws -> LEGENTObservation {
        scenes.append(sceneJSON)
        return try observation()
    }

    func step(_ action: LEGENTAction) throws -> LEGENTObservation {
        actions.append(action)
        if actions.count == failsAt { throw Failure() }
        return try observation()
    }
}

/// A running server, and what it reported.
@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
final class RunningServer: Sendable {
    private let events = Mutex<[LEGENTServer.Event]>([])
    private let task = Mutex<Task<Void, any Error>?>(nil)

    /// Serves on a free port of this machine while `body` runs.
    static func with<Result: Sendable>(
        patience: Duration = .seconds(20), maximumSessions: Int = 16, settings: LEGENTSettings? = nil,
        play: @escaping @Sendable (LEGENTSession) async throws -> Void,
        body: (RunningServer, Int) async throws -> Result
    ) async throws -> Result {
        let running = RunningServer()
        var options = LEGENTServer.Options()
        options.host = "127.0.0.1"
        options.port = 0
        options.patience = patience
        options.maximumSessions = maximumSessions
        options.settings.width = 64
        if let settings { options.settings = settings }
        let server = LEGENTServer(options)
        let task = Task { try await server.run(report: { running.add($0) }, play: play) }
        running.task.withLock { $0 = task }
        do {
            let port = try await running.wait { events in
                events.lazy.compactMap { if case .listening(_, let port) = $0 { port } else { nil } }.first
            }
            let result = try await body(running, port)
            task.cancel()
            try await task.value
            return result
        } catch {
            task.cancel()
            throw error
        }
    }

    /// What a user does with Ctrl-C.
    func stop() { task.withLock { $0?.cancel() } }

    private func add(_ event: LEGENTServer.Event) { events.withLock { $0.append(event) } }

    /// Ends of sessions so far, in order: nil for CLOSE, else the error.
    var endings: [String?] {
        events.withLock { $0 }.compactMap { if case .ended(_, let error) = $0 { .some(error.map { "\($0)" }) } else { nil } }
    }

    var refusals: [String] {
        events.withLock { $0 }.compactMap { if case .refused(_, let error) = $0 { "\(error)" } else { nil } }
    }

    struct Timeout: Error {}

    /// Waits, at most ten seconds, for the events to hold something.
    func wait<Value>(for value: ([LEGENTServer.Event]) -> Value?) async throws -> Value {
        for _ in 0..<1000 {
            if let found = value(events.withLock { $0 }) { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Timeout()
    }

    func ending(_ index: Int = 0) async throws -> String? {
        let ending: [String?] = try await wait { _ in self.endings.count > index ? [self.endings[index]] : nil }
        return ending[0]
    }
}
