import Foundation
import LEGENTWire
import LEOAction
import LEOScene
import Synchronization
import Testing
import TestSupport

/// A session that the toolkit recorded, played again over a real connection.
@Suite(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)), .timeLimit(.minutes(2)))
struct GoldenSessionTests {
    private static func session() throws -> JSONReader {
        let path = try #require(sharedFolder) + "/golden/legent/session.json"
        return JSONReader(try LEGENTFile.json(path), path: "session.json: ")
    }

    private static func bytes(_ message: JSONReader) throws -> [UInt8] {
        Array(try #require(Data(base64Encoded: try message.required("bytes_base64").string)))
    }

    @Test func serverSendsTheToolkitsBytes() async throws {
        let session = try Self.session()
        let exchanges = try session.required("exchanges").elements
        let golden = try exchanges.map { try Self.bytes($0.required("server_replies")) }
        let actions = try golden.map { try LEGENTActionMessage(protobuf: $0).action() }
        let scene = try session.required("scene").value.line
        let settings = try LEGENTSettings(json: session.required("env_config").value.line)
        let seen = Mutex<[LEGENTObservation]>([])
        let replies = try await RunningServer.with(settings: settings) { session in
            var observations = [try await session.reset(sceneJSON: scene)]
            for action in actions where action.kind == .step { observations.append(try await session.step(action)) }
            seen.withLock { $0 = observations }
        } body: { _, port in
            try await RawGame(port: port).replies(to: exchanges.map { try Self.bytes($0.required("client_sends")) })
        }
        #expect(replies == golden)

        let parsed = try exchanges.compactMap { try $0.optional("parsed_observation") }
        let observations = seen.withLock { $0 }
        #expect(observations.count == parsed.count)
        for (observation, golden) in zip(observations, parsed) {
            #expect(try observation.text == golden.required("text").string)
            #expect(try observation.frames().count == golden.required("num_frames").integer)
            let total = try observation.view().pixels.reduce(0) { $0 + Int($1) }
            #expect(try total == golden.required("image_sum").integer)
            #expect(try (observation.apiReturns?.corners?.count) == golden.optional("api_returns")?.required("corners").elements.count)
        }
    }

    @Test func gameSendsTheRecordedObservationsAndHearsTheActions() async throws {
        let exchanges = try Self.session().required("exchanges").elements
        let sent = try exchanges.map { try LEGENTObservationMessage(protobuf: Self.bytes($0.required("client_sends"))) }
        let replies = try exchanges.map { try LEGENTActionMessage(protobuf: Self.bytes($0.required("server_replies"))).action() }
        let game = RecordedGame(try sent.map { try LEGENTObservation($0) })
        let scene = try #require(replies.first { $0.kind == .reset }?.jsonActions)
        try await RunningServer.with { session in
            _ = try await session.reset(sceneJSON: scene)
            for action in replies where action.kind == .step { _ = try await session.step(action) }
        } body: { _, port in
            let ending = try await LEGENTGameClient(host: "127.0.0.1", port: port).play(game)
            #expect(ending == .closed)
        }
        #expect(await game.heard == replies.filter { $0.kind == .step })
        #expect(await game.remaining == 0)
    }
}

/// Shows what was recorded, whatever it is told.
private actor RecordedGame: LEGENTGame {
    private var observations: [LEGENTObservation]
    private(set) var heard: [LEGENTAction] = []
    private struct Over: Error {}

    init(_ observations: [LEGENTObservation]) { self.observations = observations }

    var remaining: Int { observations.count }

    private func next() throws -> LEGENTObservation {
        guard !observations.isEmpty else { throw Over() }
        return observations.removeFirst()
    }

    func firstObservation() throws -> LEGENTObservation { try next() }
    func start(_ settings: LEGENTSettings) throws -> LEGENTObservation { try next() }
    func reset(sceneJSON: String, calls: [LEGENTCall]) throws -> LEGENTObservation { try next() }
    func step(_ action: LEGENTAction) throws -> LEGENTObservation {
        heard.append(action)
        return try next()
    }
}
