import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LEOAction

/// The agent's side of LEGENT: games connect to it and ask what to do.
///
/// Each connection is a session of its own: INIT with the settings, an observation that is thrown away, then what `play`
/// does, then CLOSE. A session that fails ends alone; its game is told why.
@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
public struct LEGENTServer: Sendable {
    /// LEGENT's own port.
    public static let defaultPort = 50051
    /// The names of gRPC.
    package static var service: String { Communicator_Communicator.descriptor.fullyQualifiedService }
    package static var method: String { "/" + Communicator_Communicator.Method.GetAction.descriptor.fullyQualifiedMethod }
    /// The toolkit's limit for messages in both directions.
    public static let maximumMessageBytes = 500 << 20

    public struct Options: Sendable {
        /// An IPv4 or IPv6 address of this machine; `::` is all of them, IPv4 included.
        public var host = "::"
        /// 0 takes a free one.
        public var port = LEGENTServer.defaultPort
        public var settings = LEGENTSettings()
        /// How long a game may take for an action.
        public var patience = Duration.seconds(600)
        public var maximumSessions = 16

        public init() {}
    }

    /// What happens while the server runs.
    public enum Event: Sendable {
        case listening(address: String, port: Int)
        case began(peer: String)
        /// With the reason where the session did not end by CLOSE.
        case ended(peer: String, error: (any Error)?)
        /// A message that was refused without ending its session.
        case refused(peer: String, error: any Error)
    }

    public var options: Options

    public init(_ options: Options = Options()) { self.options = options }

    /// Serves until the task is cancelled; then every game that waits gets CLOSE.
    ///
    /// - Parameters:
    ///   - play: plays one game; returning closes it. It is cancelled when its game vanishes. Several may run at once.
    /// - Throws: `LEGENTWireError.invalidAddress`, `.cannotListen`
    public func run(
        report: @escaping @Sendable (Event) -> Void = { _ in }, play: @escaping @Sendable (LEGENTSession) async throws -> Void
    ) async throws {
        let sessions = SessionTable(options: options, report: report, play: play)
        let transport = HTTP2ServerTransport.Posix(
            address: try address(), transportSecurity: .plaintext,
            config: .defaults { config in
                config.rpc.maxRequestPayloadSize = Self.maximumMessageBytes
                config.http2.targetWindowSize = 8 << 20
                // Games may send pings between their calls.
                config.connection.keepalive.clientBehavior.allowWithoutCalls = true
                config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(1)
                // A call can be held for minutes: notices a machine that went away.
                config.connection.keepalive.time = .seconds(60)
                // Tells at once about a game that vanishes between two calls.
                config.channelDebuggingCallbacks.onAcceptTCPConnection = { channel in
                    let port = channel.remoteAddress?.port
                    channel.closeFuture.whenComplete { _ in
                        if let port { Task { await sessions.connectionClosed(port: port) } }
                    }
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
            })
        let server = GRPCServer(transport: transport, services: [CommunicatorService(sessions: sessions)])
        // Not a child: cancelling it would break connections before CLOSE is sent.
        let serving = Task { try await server.serve() }
        let listening = Task {
            let address = try await transport.listeningAddress
            report(.listening(address: options.host, port: address.port ?? options.port))
        }
        let result = await withTaskCancellationHandler {
            await serving.result
        } onCancel: {
            Task {
                await sessions.stop()
                server.beginGracefulShutdown()
                // A game that holds its connection open does not hold the server.
                try? await Task.sleep(for: .seconds(2))
                serving.cancel()
            }
        }
        let didListen = (try? await listening.value) != nil
        await sessions.stop()
        if case .failure(let error) = result, !Task.isCancelled, !didListen {
            throw LEGENTWireError.cannotListen(address: "\(options.host):\(options.port)", reason: Self.reason(error))
        }
        if !Task.isCancelled { try result.get() }
    }

    private func address() throws(LEGENTWireError) -> GRPCNIOTransportHTTP2Posix.SocketAddress {
        guard (0...65535).contains(options.port) else {
            throw .invalidAddress("\(options.host):\(options.port)", reason: "a port is 0 to 65535")
        }
        let host = options.host == "localhost" ? "127.0.0.1" : options.host
        return host.contains(":") ? .ipv6(host: host, port: options.port) : .ipv4(host: host, port: options.port)
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? RuntimeError { return error.cause.map { "\($0)" } ?? error.message }
        return "\(error)"
    }
}

@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
extension GRPCNIOTransportHTTP2Posix.SocketAddress {
    fileprivate var port: Int? { ipv4?.port ?? ipv6?.port }
}

/// The running sessions, by the address of their games.
@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
private actor SessionTable {
    private struct Entry {
        let channel: GameChannel
        let task: Task<Void, Never>
    }

    private let options: LEGENTServer.Options
    private let report: @Sendable (LEGENTServer.Event) -> Void
    private let play: @Sendable (LEGENTSession) async throws -> Void
    private var entries: [String: Entry] = [:]
    private var isStopped = false

    init(
        options: LEGENTServer.Options, report: @escaping @Sendable (LEGENTServer.Event) -> Void,
        play: @escaping @Sendable (LEGENTSession) async throws -> Void
    ) {
        self.options = options
        self.report = report
        self.play = play
    }

    /// The session of a game; a new one where there is none or the last one has ended.
    func channel(for peer: String) async throws(LEGENTWireError) -> GameChannel {
        // While this waits another call may have put a new session in the place of the one that ended.
        while let entry = entries[peer] {
            let hasEnded = await entry.channel.hasEnded
            if !hasEnded { return entry.channel }
            if entries[peer]?.channel === entry.channel { entries[peer] = nil }
        }
        guard !isStopped else { throw .serverStopped }
        guard entries.count < options.maximumSessions else {
            throw .tooManySessions(peer: peer, maximum: options.maximumSessions)
        }
        let channel = GameChannel(peer: peer)
        let session = LEGENTSession(channel: channel, patience: options.patience)
        report(.began(peer: peer))
        let task = Task { await self.run(session) }
        entries[peer] = Entry(channel: channel, task: task)
        return channel
    }

    private func run(_ session: LEGENTSession) async {
        var failure: (any Error)?
        do {
            try await session.begin(options.settings)
            try await play(session)
        } catch {
            failure = error
        }
        let error = await session.end(failure)
        if entries[session.peer]?.channel === session.channel { entries[session.peer] = nil }
        report(.ended(peer: session.peer, error: error))
    }

    func gameVanished(_ channel: GameChannel) async {
        await channel.finish(throwing: LEGENTWireError.gameVanished(peer: channel.peer))
        if let entry = entries[channel.peer], entry.channel === channel { entry.task.cancel() }
    }

    /// Addresses are told as text; a port of a remote machine is enough to find those that can be meant.
    func connectionClosed(port: Int) async {
        for entry in entries.values where entry.channel.peer.hasSuffix(":\(port)") { await gameVanished(entry.channel) }
    }

    func stop() async {
        isStopped = true
        let close = LEGENTActionMessage(LEGENTAction.close)
        for entry in entries.values {
            await entry.channel.finish(throwing: LEGENTWireError.serverStopped, last: close)
            entry.task.cancel()
        }
    }

    nonisolated func refused(_ peer: String, _ error: any Error) { report(.refused(peer: peer, error: error)) }
}

@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
extension LEGENTSession {
    /// Sends CLOSE, or the error to the game where there is one, and returns what really ended the session.
    fileprivate func end(_ failure: (any Error)?) async -> (any Error)? {
        let close = LEGENTActionMessage(LEGENTAction.close)
        // A game that said goodbye needs no error.
        let isGoodbye = if case LEGENTWireError.gameExited? = failure { true } else { false }
        await channel.finish(throwing: failure ?? SessionClosed(), last: failure == nil || isGoodbye ? close : nil)
        guard let first = await channel.endReason, !(first is SessionClosed) else { return nil }
        return first
    }
}

/// A session that ended by CLOSE.
private struct SessionClosed: Error {}

extension LEGENTAction {
    static var close: LEGENTAction {
        var action = LEGENTAction()
        action.kind = .close
        return action
    }
}

@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
private struct CommunicatorService: Communicator_Communicator.SimpleServiceProtocol {
    let sessions: SessionTable

    func getAction(request: Communicator_ObservationProto, context: ServerContext) async throws -> Communicator_ActionProto {
        let peer = context.remotePeer
        do {
            let channel = try await sessions.channel(for: peer)
            let action = try await withRPCCancellationHandler {
                try await channel.exchange(LEGENTObservationMessage(request))
            } onCancelRPC: { [sessions] in
                Task { await sessions.gameVanished(channel) }
            }
            return Communicator_ActionProto(action)
        } catch {
            let refusal = Self.status(error)
            if refusal.endsNothing { sessions.refused(peer, error) }
            throw RPCError(code: refusal.code, message: "\(error)")
        }
    }

    /// The status for a game, and whether its session goes on.
    private static func status(_ error: any Error) -> (code: RPCError.Code, endsNothing: Bool) {
        switch error {
        case is LEGENTMessageError: (.invalidArgument, false)
        case LEGENTWireError.outOfOrder: (.failedPrecondition, true)
        case LEGENTWireError.tooManySessions: (.resourceExhausted, true)
        case LEGENTWireError.serverStopped: (.unavailable, true)
        case is LEGENTWireError, is CancellationError: (.cancelled, false)
        default: (.internalError, false)
        }
    }
}
