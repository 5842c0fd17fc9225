import Foundation
import LEGENTWire
import LEO
import LEOAction
import LEOImageIO
import LEOModel
import LEOScene

/// Decides on actions in LEGENT's code form from what an agent may look at: the view and what was said.
struct LEGENTModelAgent: Sendable {
    private let engine: Engine
    private let space: LEGENTActionSpace
    private let constraint: any TokenConstraint

    /// - Throws: `ActionError` for a vocabulary that cannot spell the actions
    init(_ engine: Engine, speaks: Bool) throws {
        self.engine = engine
        var options = LEGENTActionSpace.Options()
        if !speaks { options.speech = .none }
        space = try LEGENTActionSpace(tokenizer: engine.tokenizer, options: options)
        constraint = try space.makeConstraint()
    }

    /// - Parameter past: actions of this task so far, oldest first
    func action(task: String, past: [LEGENTAction], view: Image) async throws -> LEGENTAction {
        var request = Request(try instruction(task, past: past), image: view)
        request.constraint = constraint
        request.decoding.strategy = .greedy
        request.decoding.beams = 1
        // An action may well say a number twice.
        request.decoding.repetitionPenalty = 1
        request.decoding.maxNewTokens = space.maximumNewTokens
        return try space.action(from: try await engine.respond(to: request).answer.ids)
    }

    /// The task and as many past actions as LEO's own prompts show.
    private func instruction(_ task: String, past: [LEGENTAction]) throws -> String {
        let recent = try past.suffix(ActionHistory.length).map { try space.text(for: $0) }
        return recent.isEmpty ? task : "\(task) Past actions: \(recent.joined(separator: "; "))."
    }
}

/// One game, from the scene to its end.
struct LEGENTPlay: Sendable {
    var instruction: String?
    var maximumSteps: Int
    var maximumTasks: Int?
    var recordFolder: String?
    var sceneJSON: String?

    @available(macOS 15.0, *)
    func run(_ session: LEGENTSession, agent: LEGENTModelAgent) async throws {
        var observation = try await session.reset(sceneJSON: sceneJSON ?? "")
        var fixedTask = instruction
        var done = 0
        while maximumTasks.map({ done < $0 }) ?? true {
            let task: String
            if let fixed = fixedTask {
                task = fixed
                fixedTask = nil
            } else {
                task = try await words(session, &observation)
            }
            try await run(task, session, agent, &observation)
            done += 1
        }
    }

    /// Waits for the player to say something; the game shows a view for every action, so doing nothing passes the time.
    @available(macOS 15.0, *)
    private func words(_ session: LEGENTSession, _ observation: inout LEGENTObservation) async throws -> String {
        if observation.text.isEmpty { StandardError.line("\(session.peer): waiting for the player to say what to do") }
        while observation.text.isEmpty {
            try await Task.sleep(for: .milliseconds(50))
            observation = try await session.step(.step)
        }
        return observation.text
    }

    /// Acts until the model finishes, steps run out, or the player says something else, which begins a new task.
    @available(macOS 15.0, *)
    private func run(
        _ task: String, _ session: LEGENTSession, _ agent: LEGENTModelAgent, _ observation: inout LEGENTObservation
    ) async throws {
        StandardOutput.line("\(session.peer): task: \(task)")
        var recorder = try recorder(task)
        do {
            var past: [LEGENTAction] = []
            while past.count < maximumSteps {
                let clock = ContinuousClock()
                let start = clock.now
                let view = try observation.view()
                let action = try await agent.action(task: task, past: past, view: view)
                let code = try LEGENTCode.write(action)
                StandardOutput.line("\(session.peer): \(past.count + 1): \(code)")
                StandardError.line(
                    "\(session.peer): step \(past.count + 1) took " + Units.seconds((clock.now - start) / .seconds(1)))
                try recorder?.add(image: Data(view.pngBytes()), action: code)
                past.append(action)
                observation = try await session.step(action)
                if action.isFinish || !observation.text.isEmpty { break }
            }
            if past.last?.isFinish != true { StandardError.line("\(session.peer): stopped after \(past.count) actions") }
            if let finished = try recorder?.finish() {
                StandardError.line("\(session.peer): recorded \(finished.id)")
                if let recordFolder { try LEGENTTrajectoryRecorder.writeIndex(of: recordFolder) }
            }
        } catch {
            recorder?.discard()
            throw error
        }
    }

    private func recorder(_ task: String) throws -> LEGENTTrajectoryRecorder? {
        guard let recordFolder else { return nil }
        let setting = try sceneJSON.map { try LEGENTTaskSetting(task: task, sceneJSON: $0) } ?? LEGENTTaskSetting(task: task)
        return try LEGENTTrajectoryRecorder(folder: recordFolder, setting: setting)
    }
}

/// A scene in LEGENT's JSON, from a file of the user.
enum LEGENTSceneFile {
    /// The scene on one line, also that of a task setting. Prefabs that are files become absolute paths, as the toolkit
    /// makes them.
    static func read(_ path: String) throws -> String {
        let file = try JSONText(parsing: Array(try Files.contents(path, limit: 256 << 20)), field: path)
        let scene = file["instances"] == nil ? file["scene"] ?? file : file
        guard case .object(let members) = scene else {
            throw LEGENTMessageError.invalidValue(field: path, expected: "a scene, an object", found: scene.kind)
        }
        return JSONText.object(members.map { member in
            guard member.key == "instances", case .array(let instances) = member.value else { return member }
            return JSONText.Member(member.key, .array(instances.map(absolute)))
        }).line
    }

    private static func absolute(_ instance: JSONText) -> JSONText {
        guard case .object(let members) = instance else { return instance }
        return .object(members.map { member in
            guard member.key == "prefab", case .string(let prefab) = member.value, Files.kind(prefab).exists else { return member }
            return JSONText.Member(member.key, .string(URL(fileURLWithPath: prefab).standardizedFileURL.path))
        })
    }
}
