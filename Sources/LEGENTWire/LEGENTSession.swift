import LEOAction

/// One game as the agent's side sees it, between INIT and CLOSE.
@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
public struct LEGENTSession: Sendable {
    let channel: GameChannel
    let patience: Duration

    /// The game's address, `ipv4:127.0.0.1:40112`.
    public var peer: String { channel.peer }

    /// Begins a task.
    ///
    /// - Parameter sceneJSON: the scene; empty for one of the game's own
    /// - Returns: the first observation in the scene
    /// - Throws: see `step`
    public func reset(sceneJSON: String = "", calls: [LEGENTCall] = []) async throws -> LEGENTObservation {
        var action = LEGENTAction()
        action.kind = .reset
        action.jsonActions = sceneJSON
        action.calls = calls
        return try await step(action)
    }

    /// Replies to the game and waits for what comes of it.
    ///
    /// - Throws: `LEGENTWireError.gameVanished`, `.gameSilent`, `.gameExited`; `LEGENTMessageError` for an observation that
    ///   cannot be read, which ends the session; `CancellationError`
    public func step(_ action: LEGENTAction) async throws -> LEGENTObservation {
        try await channel.reply(LEGENTActionMessage(action))
        let message = try await channel.nextObservation(within: patience)
        // A game that ends owes nothing but its type.
        if message.type == "EXITED" { throw LEGENTWireError.gameExited(peer: peer) }
        return try LEGENTObservation(message)
    }

    /// INIT with the settings; the observation that comes of it is thrown away, as the toolkit does.
    func begin(_ settings: LEGENTSettings) async throws {
        let first = try await channel.nextObservation(within: patience)
        if first.type == "EXITED" { throw LEGENTWireError.gameExited(peer: peer) }
        var action = LEGENTAction()
        action.kind = .initialize
        action.jsonActions = settings.json
        try await channel.reply(LEGENTActionMessage(action))
        let second = try await channel.nextObservation(within: patience)
        if second.type == "EXITED" { throw LEGENTWireError.gameExited(peer: peer) }
    }
}
