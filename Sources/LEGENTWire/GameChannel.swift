import LEOAction

/// Where a game's calls and the agent's decisions meet: a call brings an observation and is held until the agent has
/// replied.
@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
actor GameChannel {
    let peer: String
    /// The call that waits for a reply.
    private var call: CheckedContinuation<LEGENTActionMessage, any Error>?
    /// What a call brought and the agent has not taken yet.
    private var observation: LEGENTObservationMessage?
    /// The agent, waiting for a call.
    private var agent: CheckedContinuation<LEGENTObservationMessage, any Error>?
    /// Why nothing more can happen here.
    private var end: (any Error)?
    /// Counts waits, so that a timer that comes late does not end a later one.
    private var waits = 0

    init(peer: String) { self.peer = peer }

    var hasEnded: Bool { end != nil }
    /// What came first.
    var endReason: (any Error)? { end }

    // MARK: The game's side

    /// Brings an observation and waits for the agent.
    ///
    /// - Throws: `.outOfOrder` where the call before has no reply yet; what ended the session
    func exchange(_ observation: LEGENTObservationMessage) async throws -> LEGENTActionMessage {
        if let end { throw end }
        guard call == nil else {
            throw LEGENTWireError.outOfOrder(
                peer: peer, expected: "no call before the last one has its reply", found: "a second call")
        }
        return try await withCheckedThrowingContinuation { continuation in
            call = continuation
            if let agent {
                self.agent = nil
                agent.resume(returning: observation)
            } else {
                self.observation = observation
            }
        }
    }

    // MARK: The agent's side

    /// The observation of the next call, or of the one that waits already.
    func nextObservation(within patience: Duration) async throws -> LEGENTObservationMessage {
        if let end { throw end }
        if let observation {
            self.observation = nil
            return observation
        }
        waits += 1
        let wait = waits
        let timer = Task {
            try await Task.sleep(for: patience)
            self.giveUp(wait: wait, after: patience)
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { agent = $0 }
        } onCancel: {
            Task { await self.finish(throwing: CancellationError()) }
        }
    }

    private func giveUp(wait: Int, after patience: Duration) {
        guard wait == waits, agent != nil else { return }
        finish(throwing: LEGENTWireError.gameSilent(peer: peer, seconds: patience / .seconds(1)))
    }

    /// Answers the call that waits.
    func reply(_ action: LEGENTActionMessage) throws {
        if let end { throw end }
        guard let call else {
            throw LEGENTWireError.outOfOrder(peer: peer, expected: "a call to reply to", found: "none")
        }
        self.call = nil
        call.resume(returning: action)
    }

    // MARK: The end

    /// Ends the session: a call that waits gets `last` as its reply, or the error where there is none.
    func finish(throwing error: any Error, last: LEGENTActionMessage? = nil) {
        guard end == nil else { return }
        end = error
        observation = nil
        if let call {
            self.call = nil
            if let last { call.resume(returning: last) } else { call.resume(throwing: error) }
        }
        if let agent {
            self.agent = nil
            agent.resume(throwing: error)
        }
    }
}
