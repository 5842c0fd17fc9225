import Foundation
import LEGENTWire
import LEOAction
import LEOImageIO
import LEOWorld

/// The embedded world as LEGENT's game.
actor WorldGame: LEGENTGame {
    /// Where scenes come from when the agent sends none.
    enum Source: Sendable {
        case anySeed
        case seed(UInt64)
        case scene(WorldScene)
    }

    private let source: Source
    private let speech: String?
    private let notice: @Sendable (String) -> Void
    private let recorder: LEGENTVideoRecorder
    private let photographer: SceneFiles
    private var settings = LEGENTSettings()
    private var world: World
    private var drawing: WorldDrawing
    private var generator = SystemRandomNumberGenerator()

    /// - Parameter notice: told what the agent should not have asked for
    init(_ source: Source, speech: String?, notice: @escaping @Sendable (String) -> Void) throws {
        self.source = source
        self.speech = speech
        self.notice = notice
        recorder = LEGENTVideoRecorder(notice: notice)
        photographer = SceneFiles(recorder: recorder)
        var generator = SystemRandomNumberGenerator()
        let scene = Self.scene(source, speech, &generator)
        world = try World(scene)
        drawing = WorldDrawing(scene)
    }

    private static func scene(
        _ source: Source, _ speech: String?, _ generator: inout SystemRandomNumberGenerator
    ) -> WorldScene {
        var scene: WorldScene
        switch source {
        case .anySeed: scene = WorldGenerator.scene(seed: generator.next())
        case .seed(let seed): scene = WorldGenerator.scene(seed: seed)
        case .scene(let given): scene = given
        }
        if let speech { scene.prompt = speech }
        return scene
    }

    // MARK: The game

    func start(_ settings: LEGENTSettings) throws -> LEGENTObservation {
        recorder.finish()
        self.settings = settings
        world.settings = settings
        // What the player says is for the first observation of a scene; this one nobody looks at.
        return try observation(WorldObservation(), after: LEGENTAction())
    }

    func reset(sceneJSON: String, calls: [LEGENTCall]) throws -> LEGENTObservation {
        recorder.finish()
        var scene: WorldScene
        if sceneJSON.isEmpty {
            scene = Self.scene(source, speech, &generator)
        } else {
            let reading = try SceneJSON.read(Array(sceneJSON.utf8), file: "scene of the agent")
            reading.notices.forEach(notice)
            scene = reading.scene
            if let speech { scene.prompt = speech }
        }
        world = try World(scene, settings: settings)
        drawing = WorldDrawing(scene)
        var heard = world.observe()
        var action = LEGENTAction()
        action.calls = calls
        if !calls.isEmpty { heard.returns = perform(action).returns }
        return try observation(heard, after: action)
    }

    func step(_ action: LEGENTAction) throws -> LEGENTObservation { try observation(perform(action), after: action) }

    func end() { recorder.finish() }

    /// An action that makes no sense does not end the game: nothing happens, and the person who watches is told. The agent is
    /// told as well if it waits for answers of calls.
    private func perform(_ action: LEGENTAction) -> WorldObservation {
        do {
            return try world.step(action, photographer: photographer)
        } catch {
            notice(error.description)
            var heard = world.observe()
            if !action.calls.isEmpty {
                heard.returns = LEGENTAPIReturns()
                heard.returns?.error = error.description
            }
            return heard
        }
    }

    private func observation(_ heard: WorldObservation, after action: LEGENTAction) throws -> LEGENTObservation {
        var observation = LEGENTObservation()
        let view = try drawing.view(of: world, world.agentView)
        recorder.add(view, isLeap: action.usesTeleport)
        observation.image = try view.pngBytes()
        observation.text = heard.text
        observation.gameState = world.gameState
        observation.apiReturns = heard.returns
        return observation
    }
}
