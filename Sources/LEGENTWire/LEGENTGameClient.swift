import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LEOAction
import Synchronization

/// The game's side of LEGENT: connects to an agent, shows it what it sees and does what it says, until it says CLOSE.
@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
public struct LEGENTGameClient: Sendable {
    /// A name, or an IPv4 or IPv6 address.
    public var host: String
    public var port: Int
    /// How long to wait for an agent to listen.
    public var patience = Duration.seconds(60)

    public init(host: String = "localhost", port: Int = LEGENTServer.defaultPort) {
        self.host = host
        self.port = port
    }

    /// How a session ended.
    public enum Ending: Sendable, Equatable {
        case closed
        /// The connection broke while the game waited. The toolkit stops its server with CLOSE, so this is an end like it.
        case disconnected(reason: String)
    }

    /// What happens while a session runs.
    public enum Event: Sendable {
        /// Nobody listens yet.
        case waiting(reason: String)
        case connected
        case received(LEGENTAction)
    }

    private var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Plays one session.
    ///
    /// - Throws: `LEGENTWireError.nobodyListens`, `.refused`, `.outOfOrder`, `.invalidAddress`; `LEGENTMessageError` for a
    ///   message that means nothing; whatever the game throws, after the agent was told that the game ends
    @discardableResult
    public func play(_ game: some LEGENTGame, report: @escaping @Sendable (Event) -> Void = { _ in }) async throws -> Ending {
        do {
            let ending = try await playSession(game, report: report)
            await game.end()
            return ending
        } catch {
            await game.end()
            throw error
        }
    }

    private func playSession(_ game: some LEGENTGame, report: @escaping @Sendable (Event) -> Void) async throws -> Ending {
        guard (1...65535).contains(port) else {
            throw LEGENTWireError.invalidAddress(address, reason: "a port is 1 to 65535")
        }
        let clock = ContinuousClock()
        let deadline = clock.now + patience
        let first = try await game.firstObservation()
        var hasReported = false
        while true {
            switch try await attempt(first, game, until: deadline, report: report) {
            case .ended(let ending): return ending
            case .unreachable(let reason):
                guard clock.now < deadline else {
                    throw LEGENTWireError.nobodyListens(address: address, seconds: patience / .seconds(1), reason: reason)
                }
                if !hasReported { report(.waiting(reason: reason)) }
                hasReported = true
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    // MARK: One connection

    private enum Outcome: Sendable {
        case ended(Ending)
        case unreachable(reason: String)
    }

    /// Whether there ever was a connection.
    private final class Contact: Sendable {
        private let flag = Mutex(false)
        var isMade: Bool { flag.withLock { $0 } }
        func make() { flag.withLock { $0 = true } }
    }

    private func attempt(
        _ first: LEGENTObservation, _ game: some LEGENTGame, until deadline: ContinuousClock.Instant,
        report: @escaping @Sendable (Event) -> Void
    ) async throws -> Outcome {
        let contact = Contact()
        let transport: HTTP2ClientTransport.Posix
        do {
            transport = try HTTP2ClientTransport.Posix(
                target: .dns(host: host, port: port), transportSecurity: .plaintext,
                config: .defaults { config in
                    config.http2.targetWindowSize = 8 << 20
                    // Agents may think for long.
                    config.connection.maxIdleTime = nil
                    config.channelDebuggingCallbacks.onCreateHTTP2Stream = { channel in
                        contact.make()
                        return channel.eventLoop.makeSucceededVoidFuture()
                    }
                })
        } catch {
            throw LEGENTWireError.invalidAddress(address, reason: "\(error)")
        }
        return try await withThrowingTaskGroup(of: Outcome?.self) { group in
            group.addTask {
                try await withGRPCClient(transport: transport) { client in
                    try await exchange(Communicator_Communicator.Client(wrapping: client), first, game, report: report)
                }
            }
            // A name that nobody knows is looked up for ever.
            group.addTask {
                try await Task.sleep(until: max(deadline, .now + .milliseconds(100)), clock: .continuous)
                return contact.isMade ? nil : .unreachable(reason: "\(host) could not be found or reached")
            }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                if let outcome { return outcome }
            }
            throw CancellationError()
        }
    }

    private func exchange(
        _ communicator: Communicator_Communicator.Client<HTTP2ClientTransport.Posix>, _ first: LEGENTObservation,
        _ game: some LEGENTGame, report: @escaping @Sendable (Event) -> Void
    ) async throws -> Outcome {
        var options = CallOptions.defaults
        options.maxRequestMessageBytes = LEGENTServer.maximumMessageBytes
        options.maxResponseMessageBytes = LEGENTServer.maximumMessageBytes
        var observation = LEGENTObservationMessage(first)
        var hasReply = false
        while true {
            let reply: Communicator_ActionProto
            do {
                reply = try await communicator.getAction(Communicator_ObservationProto(observation), options: options)
            } catch let error as RPCError {
                try Task.checkCancellation()
                let reason = error.message.isEmpty ? "\(error.code)" : error.message
                switch error.code {
                case .unavailable, .cancelled:
                    return hasReply ? .ended(.disconnected(reason: reason)) : .unreachable(reason: reason)
                default: throw LEGENTWireError.refused(address: address, reason: "\(error.code): \(reason)")
                }
            }
            let action = try LEGENTActionMessage(reply).action()
            if !hasReply {
                report(.connected)
                guard action.kind == .initialize || action.kind == .close else {
                    throw LEGENTWireError.outOfOrder(
                        peer: address, expected: "INIT as the first reply", found: action.kind.rawValue)
                }
            }
            hasReply = true
            report(.received(action))
            do {
                switch action.kind {
                case .initialize:
                    observation = LEGENTObservationMessage(try await game.start(LEGENTSettings(json: action.jsonActions)))
                case .reset:
                    observation = LEGENTObservationMessage(
                        try await game.reset(sceneJSON: action.jsonActions, calls: action.calls))
                case .step: observation = LEGENTObservationMessage(try await game.step(action))
                case .close: return .ended(.closed)
                }
            } catch {
                await sayGoodbye(communicator)
                throw error
            }
        }
    }

    /// Tells an agent that the game ends, so that it does not wait for it; nobody is there to hear a reply.
    private func sayGoodbye(_ communicator: Communicator_Communicator.Client<HTTP2ClientTransport.Posix>) async {
        var goodbye = LEGENTObservationMessage()
        goodbye.type = "EXITED"
        goodbye.gameStates = "{}"
        var options = CallOptions.defaults
        options.timeout = .seconds(2)
        _ = try? await communicator.getAction(Communicator_ObservationProto(goodbye), options: options)
    }
}
