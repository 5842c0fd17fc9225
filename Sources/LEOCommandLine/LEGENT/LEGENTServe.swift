import ArgumentParser
import Foundation
import LEGENTWire
import LEO
import LEOAction

@available(macOS 15.0, *)
struct LEGENTServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Play games with a model: the agent's side of LEGENT.",
        discussion: """
            Listens for games. Each gets its settings and a scene, then the model answers every view with an action, from
            what the player says until it finishes. Actions go to standard output, notices to standard error. Ends with
            Ctrl-C, which closes the games.

              leo legent serve leo-7b.leo
              leo legent serve leo-7b.leo --scene-file scene.json --instruction "Come here." --record tasks/
              leo world legent --seed 7      # in another terminal: a game, without LEGENT's own
            """)

    @Argument(help: ArgumentHelp("A .leo file.", valueName: "model"))
    var model: String

    @OptionGroup var connection: LEGENTConnection<AgentSide>

    @Option(help: ArgumentHelp("Scene for the game, LEGENT's JSON; without it the game makes its own.", valueName: "file"))
    var sceneFile: String?
    @Option(help: ArgumentHelp("What to do at once; without it, what the player says.", valueName: "text"))
    var instruction: String?
    @Option(help: ArgumentHelp("Actions at most for one task.", valueName: "n"))
    var maxSteps = 25
    @Option(help: ArgumentHelp("Tasks after which a game is closed; without it the game decides.", valueName: "n"))
    var tasks: Int?
    @Flag(help: "Let the model act only: it does not speak.")
    var noSpeech = false
    @Option(help: ArgumentHelp("Pixels of the game's view, both sides.", valueName: "n"))
    var resolution = 448
    @Option(help: ArgumentHelp("Vertical field of view in degrees.", valueName: "degrees"))
    var fieldOfView = 120.0
    @Option(help: ArgumentHelp("Write a trajectory of every task into this folder.", valueName: "dir"))
    var record: String?
    @Option(help: ArgumentHelp("Threads; 0 takes every core.", valueName: "n"))
    var threads = 0

    func validate() throws {
        try Ask.checkThreads(threads)
        if !(1...10000).contains(maxSteps) { throw ValidationError("--max-steps: expected 1 to 10000, found \(maxSteps).") }
        if let tasks, tasks < 1 { throw ValidationError("--tasks: expected at least 1, found \(tasks).") }
        if let instruction, instruction.isEmpty { throw ValidationError("--instruction: expected some text.") }
        if !(1...LEGENTSettings.maximumSide).contains(resolution) {
            throw ValidationError("--resolution: expected 1 to \(LEGENTSettings.maximumSide), found \(resolution).")
        }
        if !(1..<180).contains(fieldOfView) {
            throw ValidationError("--field-of-view: expected 1 to less than 180 degrees, found \(fieldOfView).")
        }
    }

    func run() async throws {
        // Errors of the small files come before the model is opened.
        var setting = LEGENTPlay(
            instruction: instruction, maximumSteps: maxSteps, maximumTasks: tasks, recordFolder: record?.expandingTilde)
        if let sceneFile { setting.sceneJSON = try LEGENTSceneFile.read(sceneFile.expandingTilde) }
        var options = EngineOptions()
        options.threads = threads
        let engine = try Engine(path: model.expandingTilde, options: options)
        let agent = try LEGENTModelAgent(engine, speaks: !noSpeech)
        let play = setting

        var serverOptions = LEGENTServer.Options()
        serverOptions.host = connection.host
        serverOptions.port = connection.port
        serverOptions.patience = .seconds(connection.patience)
        serverOptions.settings.width = resolution
        serverOptions.settings.height = resolution
        serverOptions.settings.fieldOfView = fieldOfView
        let server = LEGENTServer(serverOptions)
        try await Stoppable.runUntilStopped {
            try await server.run(report: Self.report) { session in
                try await play.run(session, agent: agent)
            }
        }
    }

    private static func report(_ event: LEGENTServer.Event) {
        switch event {
        case .listening(let address, let port): StandardError.line("listening on \(address) port \(port)")
        case .began(let peer): StandardError.line("\(peer): connected")
        case .ended(let peer, nil): StandardError.line("\(peer): closed")
        case .ended(let peer, .some(let error)):
            // Most errors name the game already.
            let text = "\(error)"
            StandardError.line("error: " + (text.hasPrefix(peer) ? text : "\(peer): \(text)"))
        case .refused(let peer, let error):
            let text = "\(error)"
            StandardError.line("error: " + (text.hasPrefix(peer) ? text : "\(peer): \(text)"))
        }
    }
}
