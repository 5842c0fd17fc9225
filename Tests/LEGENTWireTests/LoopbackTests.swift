import Foundation
import LEGENTWire
import LEOAction
import LEOScene
import Synchronization
import Testing

/// Server and client over a real connection.
@Suite(.timeLimit(.minutes(2)))
struct LoopbackTests {
    private func client(_ port: Int) -> LEGENTGameClient {
        var client = LEGENTGameClient(host: "127.0.0.1", port: port)
        client.patience = .seconds(10)
        return client
    }

    private static func action(_ change: (inout LEGENTAction) -> Void) -> LEGENTAction {
        var action = LEGENTAction.step
        change(&action)
        return action
    }

    @Test func sessionCarriesEverythingBothWays() async throws {
        let actions = [
            Self.action { $0.teleportForward = 1.5 }, Self.action { $0.text = "Hier, 你好" },
            Self.action { $0.calls = [.pathToUser, .objectInView(3)] },
        ]
        let seen = Mutex<[LEGENTObservation]>([])
        let scene = "{\"instances\": [], \"prompt\": \"Come here.\"}"
        try await RunningServer.with { session in
            var observations = [try await session.reset(sceneJSON: scene)]
            for action in actions { observations.append(try await session.step(action)) }
            seen.withLock { $0 = observations }
        } body: { server, port in
            let game = CountingGame()
            let received = Mutex<[LEGENTAction.Kind]>([])
            let ending = try await client(port).play(game) { event in
                if case .received(let action) = event { received.withLock { $0.append(action.kind) } }
            }
            #expect(ending == .closed)
            #expect(received.withLock { $0 } == [.initialize, .reset, .step, .step, .step, .close])
            #expect(await game.settings?.width == 64)
            #expect(await game.settings?.height == 448)
            #expect(await game.scenes == [scene])
            #expect(await game.actions == actions)
            #expect(try await server.ending() == nil)
        }
        let observations = seen.withLock { $0 }
        #expect(observations.map { $0.gameState.agent?.position.x } == [0, 1, 2, 3])
        #expect(observations.map { $0.apiReturns?.corners?.count } == [nil, nil, nil, 2])
        for (index, observation) in observations.enumerated() {
            #expect(try observation.view().pixels[0] == UInt8(index))
        }
    }

    @Test func holdsLargeMessages() async throws {
        // More than gRPC's usual limit of 4 MiB.
        let large = [UInt8](repeating: 0x41, count: 9 << 20)
        let size = Mutex(0)
        try await RunningServer.with { session in
            let observation = try await session.reset(sceneJSON: "{\"prompt\": \"\(String(repeating: "x", count: 6 << 20))\"}")
            size.withLock { $0 = observation.image.count }
        } body: { _, port in
            let game = CountingGame { _, observation in observation.image = large }
            let ending = try await client(port).play(game)
            #expect(ending == .closed)
            #expect(await game.scenes.first?.utf8.count == 6 << 20 + 14)
        }
        #expect(size.withLock { $0 } == 9 << 20)
    }

    @Test func servesOneGameAfterAnotherAndSeveralAtOnce() async throws {
        try await RunningServer.with { session in
            _ = try await session.reset()
            for _ in 0..<5 { _ = try await session.step(.step) }
        } body: { server, port in
            for _ in 0..<2 { #expect(try await client(port).play(CountingGame()) == .closed) }
            try await withThrowingTaskGroup(of: LEGENTGameClient.Ending.self) { group in
                for _ in 0..<4 { group.addTask { try await self.client(port).play(CountingGame()) } }
                for try await ending in group { #expect(ending == .closed) }
            }
            _ = try await server.ending(5)
            #expect(server.endings == [nil, nil, nil, nil, nil, nil])
        }
    }

    @Test func agentErrorEndsOneSessionAndIsTold() async throws {
        struct Broken: Error, CustomStringConvertible { let description = "the model has no memory" }
        let isFirst = Mutex(true)
        try await RunningServer.with { session in
            _ = try await session.reset()
            if isFirst.withLock({ first in defer { first = false }; return first }) { throw Broken() }
        } body: { server, port in
            do {
                try await client(port).play(CountingGame())
                Issue.record("the game heard no error")
            } catch let error as LEGENTWireError {
                #expect("\(error)".contains("the model has no memory"), "\(error)")
            }
            #expect(try await server.ending() == "the model has no memory")
            #expect(try await client(port).play(CountingGame()) == .closed)
        }
    }

    @Test(arguments: ["image", "game_states", "api_returns"])
    func malformedObservationEndsOneSessionAndIsNamed(field: String) async throws {
        let isFirst = Mutex(true)
        try await RunningServer.with { session in
            var observation = try await session.reset()
            for _ in 0..<3 {
                _ = try observation.view()
                observation = try await session.step(.step)
            }
        } body: { server, port in
            let raw = RawGame(port: port)
            let error = try await raw.play { step, message in
                guard step == 3, isFirst.withLock({ first in defer { first = false }; return first }) else { return }
                switch field {
                case "image": message.image = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0]
                case "game_states": message.gameStates = #"{"agent": {"position": {"x": 0, "y": "high", "z": 0}}}"#
                default: message.apiReturns = "{\"corners\": 3}"
                }
            }
            #expect(error?.contains(field == "game_states" ? "game_states.agent.position.y" : field) == true, "\(error ?? "no error")")
            #expect(try await server.ending()?.contains(field) == true)
            // The server goes on.
            #expect(try await client(port).play(CountingGame()) == .closed)
        }
    }

    @Test func vanishingGameIsNoticedAndForgotten() async throws {
        let isThinking = Mutex(false)
        let wasCancelled = Mutex(false)
        try await RunningServer.with { session in
            _ = try await session.reset()
            isThinking.withLock { $0 = true }
            // A model that thinks for long.
            do { try await Task.sleep(for: .seconds(60)) } catch {
                wasCancelled.withLock { $0 = true }
                throw error
            }
        } body: { server, port in
            let game = Task { try await client(port).play(CountingGame()) }
            while !isThinking.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
            game.cancel()
            #expect(try await server.ending()?.contains("connection broke") == true)
            #expect(wasCancelled.withLock { $0 })
            await #expect(throws: CancellationError.self) { try await game.value }
        }
    }

    @Test func gameThatVanishesBetweenCallsIsNoticed() async throws {
        try await RunningServer.with { session in
            _ = try await session.reset()
            while true { _ = try await session.step(.step) }
        } body: { server, port in
            let stuck = StuckGame()
            let game = Task { try await client(port).play(stuck) }
            try await stuck.waitUntilStuck()
            game.cancel()
            #expect(try await server.ending()?.contains("connection broke") == true)
            _ = await game.result
        }
    }

    @Test func silentGameIsGivenUp() async throws {
        try await RunningServer.with(patience: .milliseconds(300)) { session in
            _ = try await session.reset()
            _ = try await session.step(.step)
        } body: { server, port in
            let game = Task { try await client(port).play(StuckGame()) }
            let reason = try await server.ending()
            #expect(reason?.contains("did not answer within") == true)
            game.cancel()
            _ = await game.result
        }
    }

    @Test func secondCallBeforeTheReplyIsRefusedAndTheSessionGoesOn() async throws {
        let goOn = Mutex(false)
        try await RunningServer.with { session in
            _ = try await session.reset()
            while !goOn.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
        } body: { server, port in
            let raw = RawGame(port: port)
            let (held, refused) = try await raw.callTwice { goOn.withLock { $0 = true } }
            #expect(refused.contains("expected no call before the last one has its reply"), "\(refused)")
            #expect(held == "CLOSE")
            #expect(try await server.ending() == nil)
            #expect(server.refusals.count == 1)
        }
    }

    @Test func brokenProtobufIsRefused() async throws {
        try await RunningServer.with { session in
            _ = try await session.reset()
        } body: { _, port in
            let error = try await RawGame(port: port).sendBytes([0x0a, 0x10, 0x53])
            #expect(error?.isEmpty == false)
            #expect(try await client(port).play(CountingGame()) == .closed)
        }
    }

    @Test func gameThatExitsEndsItsSession() async throws {
        try await RunningServer.with { session in
            _ = try await session.reset()
            while true { _ = try await session.step(.step) }
        } body: { server, port in
            let game = CountingGame(failsAt: 3)
            await #expect(throws: CountingGame.Failure()) { try await client(port).play(game) }
            let reason = try await server.ending()
            #expect(reason?.contains("the game ended") == true)
        }
    }

    @Test func tooManyGamesAreRefused() async throws {
        try await RunningServer.with(maximumSessions: 1) { session in
            _ = try await session.reset()
            try await Task.sleep(for: .seconds(60))
        } body: { server, port in
            let first = Task { try await client(port).play(CountingGame()) }
            _ = try await server.wait { events in events.count >= 2 ? true : nil }
            try await Task.sleep(for: .milliseconds(300))
            do {
                try await client(port).play(CountingGame())
                Issue.record("a second game was let in")
            } catch let error as LEGENTWireError {
                #expect("\(error)".contains("1 games are being played already"), "\(error)")
            }
            first.cancel()
            _ = await first.result
        }
    }

    @Test func stoppingTheServerClosesGames() async throws {
        // Where this process hardly gets time, the server's patience with open connections ends before CLOSE is out.
        for attempt in 1...5 {
            let isThinking = Mutex(false)
            let ending = try await RunningServer.with { session in
                _ = try await session.reset()
                isThinking.withLock { $0 = true }
                try await Task.sleep(for: .seconds(60))
            } body: { server, port in
                let game = Task { try await client(port).play(CountingGame()) }
                while !isThinking.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
                server.stop()
                return try await game.value
            }
            if ending == .closed { return }
            #expect(attempt < 5, "\(ending)")
        }
    }

    @Test func gameWaitsForAnAgentAndThenSaysSo() async throws {
        // A port that was free a moment ago.
        let port = try await RunningServer.with { _ in } body: { _, port in port }
        let waited = Mutex(false)
        // On a busy machine the first attempt alone may take longer than the shortest patience.
        for patience in [0.6, 5, 30] where !waited.withLock({ $0 }) {
            var client = client(port)
            client.patience = .seconds(patience)
            do {
                try await client.play(CountingGame()) { if case .waiting = $0 { waited.withLock { $0 = true } } }
                Issue.record("nobody listens, yet it ended well")
            } catch LEGENTWireError.nobodyListens(let address, _, _) {
                #expect(address == "127.0.0.1:\(port)")
            }
        }
        #expect(waited.withLock { $0 })
    }

    @Test func timesAreToldAsTheyAre() {
        for (seconds, text) in [(0.5, "0.5 s"), (60, "60 s")] {
            #expect(LEGENTWireError.nobodyListens(address: "a", seconds: seconds, reason: "r").description.contains("within \(text) (r)"))
            #expect(LEGENTWireError.gameSilent(peer: "a", seconds: seconds).description.hasSuffix("within \(text)"))
        }
    }

    @Test func unknownHostIsAnError() async throws {
        var client = LEGENTGameClient(host: "no-such-host.invalid")
        client.patience = .milliseconds(300)
        do {
            try await client.play(CountingGame())
            Issue.record("played with nobody")
        } catch LEGENTWireError.nobodyListens(let address, _, _) {
            #expect(address == "no-such-host.invalid:50051")
        }
    }

    @Test func takenPortIsAnError() async throws {
        try await RunningServer.with { _ in
        } body: { _, port in
            var options = LEGENTServer.Options()
            options.host = "127.0.0.1"
            options.port = port
            do {
                try await LEGENTServer(options).run { _ in }
                Issue.record("two servers on one port")
            } catch LEGENTWireError.cannotListen(let address, let reason) {
                #expect(address == "127.0.0.1:\(port)")
                #expect(!reason.isEmpty)
            }
        }
    }

    @Test(arguments: ["not an address", "300.1.1.1"])
    func wrongAddressIsAnError(host: String) async throws {
        var options = LEGENTServer.Options()
        options.host = host
        options.port = 0
        await #expect(throws: LEGENTWireError.self) { try await LEGENTServer(options).run { _ in } }
    }
}

/// A game that never finishes its first step.
private actor StuckGame: LEGENTGame {
    private var isStuck = false

    func start(_ settings: LEGENTSettings) throws -> LEGENTObservation { LEGENTObservation() }
    func reset(sceneJSON: String, calls: [LEGENTCall]) throws -> LEGENTObservation { LEGENTObservation() }
    func step(_ action: LEGENTAction) async throws -> LEGENTObservation {
        isStuck = true
        try await Task.sleep(for: .seconds(60))
        return LEGENTObservation()
    }

    func waitUntilStuck() async throws {
        for _ in 0..<1000 where !isStuck { try await Task.sleep(for: .milliseconds(10)) }
        try #require(isStuck)
    }
}
