import ArgumentParser
import Foundation
import LEGENTWire
import LEOAction
import LEOWorld

@available(macOS 15.0, *)
struct WorldLEGENT: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "legent",
        abstract: "Be the game of a LEGENT agent: connect to it, show it the world, do what it says.",
        discussion: """
            Stands in for LEGENT's own game: the agent's side can be LEGENT's Python toolkit, Environment(env_path=None), or
            leo legent serve. Waits until one listens, plays one session, and ends with it.

              leo world legent --seed 7 --say "Come here."
              leo world legent --scene house.json --port 50099

            A video that the agent asks for (SetVideoRecordingPath) is Motion-JPEG in AVI, whatever its name.
            """)

    @OptionGroup var connection: LEGENTConnection<GameSide>

    @Option(help: ArgumentHelp("Scene of this seed, where the agent sends none; without it, another one every time.", valueName: "n"))
    var seed: UInt64?
    @Option(help: ArgumentHelp("Scene of this file, LEGENT's JSON, where the agent sends none.", valueName: "file"))
    var scene: String?
    @Option(help: ArgumentHelp("What the player says when a scene begins, in place of what the scene has.", valueName: "text"))
    var say: String?

    func validate() throws {
        if seed != nil, scene != nil { throw ValidationError("--seed and --scene exclude each other.") }
    }

    func run() async throws {
        let source: WorldGame.Source
        if let scene {
            let reading = try SceneJSON.read(path: scene.expandingTilde)
            reading.notices.forEach(StandardError.notice)
            source = .scene(reading.scene)
        } else {
            source = seed.map { .seed($0) } ?? .anySeed
        }
        let game = try WorldGame(source, speech: say) { StandardError.notice($0) }
        var client = LEGENTGameClient(host: connection.host, port: connection.port)
        client.patience = .seconds(connection.patience)
        let player = client
        let address = "\(connection.host):\(connection.port)"
        try await Stoppable.runUntilStopped {
            let ending = try await player.play(game) { event in
                switch event {
                case .waiting(let reason): StandardError.line("\(address): waiting for an agent (\(reason))")
                case .connected: StandardError.line("\(address): connected")
                case .received(let action): Self.show(action)
                }
            }
            switch ending {
            case .closed: StandardError.line("\(address): closed")
            case .disconnected(let reason): StandardError.line("\(address): the agent has gone (\(reason))")
            }
        }
    }

    /// A line for everything the agent does.
    private static func show(_ action: LEGENTAction) {
        switch action.kind {
        case .initialize: StandardOutput.line("start")
        case .reset: StandardOutput.line(action.jsonActions.isEmpty ? "reset" : "reset to a scene of \(Units.bytes(action.jsonActions.utf8.count))")
        case .close: StandardOutput.line("close")
        case .step:
            var parts = [(try? LEGENTCode.write(action)) ?? "?"].filter { !$0.isEmpty }
            if !action.usesTeleport, action.moveForward != 0 || action.moveRight != 0 {
                parts.append("walk(\(action.moveForward), \(action.moveRight))")
            }
            parts += action.calls.map { "\($0.name)(\($0.arguments))" }
            StandardOutput.line(parts.isEmpty ? "wait" : parts.joined(separator: ", "))
        }
    }
}
