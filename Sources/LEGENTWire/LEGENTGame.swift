import LEOAction

/// A game that a client plays to an agent: the embedded world, or anything that answers actions with observations.
public protocol LEGENTGame: Sendable {
    /// What the game sends before it knows any settings. The toolkit reads nothing of it.
    func firstObservation() async throws -> LEGENTObservation
    /// Takes the settings of INIT. What comes back is thrown away by the agent's side.
    func start(_ settings: LEGENTSettings) async throws -> LEGENTObservation
    /// Begins a task in a scene of LEGENT's form; empty text asks for a scene of the game's own.
    func reset(sceneJSON: String, calls: [LEGENTCall]) async throws -> LEGENTObservation
    /// Executes an action, then its calls.
    func step(_ action: LEGENTAction) async throws -> LEGENTObservation
    /// Hears that the session is over, however it ended: by CLOSE, a broken connection, an error or because it was cancelled.
    /// Nothing else is called after it.
    func end() async
}

extension LEGENTGame {
    public func firstObservation() async throws -> LEGENTObservation { LEGENTObservation() }
    public func end() async {}
}
