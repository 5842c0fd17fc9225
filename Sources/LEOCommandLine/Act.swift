import ArgumentParser
import Foundation
import LEO
import LEOTasks
import LEOWorld

struct Act: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a model act in an embedded world.",
        discussion: """
            The model sees the agent's view and the things of the scene, is asked LEO's navigation prompt with its last four
            actions, and answers with an action of the space and nothing else, until it finishes, succeeds, or has no steps
            left. Ctrl-C ends it after what is done.

              leo act leo-7b.leo --world 7 --task "Go to the lamp."
              leo act leo-7b.leo --world house.json --task "Come here." --space legent --max-steps 25 --record runs
              leo act leo-7b.leo --adapter tidy.leo --world 7 --task "Find the cup."
            """)

    @Argument(help: ArgumentHelp("A .leo file.", valueName: "model"))
    var model: String
    @Option(help: ArgumentHelp("A seed that a world is made of, or a scene file in LEGENT's JSON.", valueName: "seed|file"))
    var world: String
    @Option(help: ArgumentHelp("What to do, in LEGENT's words.", valueName: "text"))
    var task: String
    @Option(help: ArgumentHelp("Actions to choose from.", valueName: "habitat|legent"))
    var space = EpisodeSpace.habitat
    @Option(help: ArgumentHelp("Steps at most; without it, 500 of Habitat's or 100 of LEGENT's.", valueName: "n"))
    var maxSteps: Int?
    @Option(help: ArgumentHelp("Folder that gets the trajectory as LEGENT's toolkit has it, and the path from above.", valueName: "dir"))
    var record: String?
    @OptionGroup var adapter: AdapterOption
    @OptionGroup(title: "Decoding") var decoding: DecodingArguments
    @Option(help: ArgumentHelp("Chooses the points of things, and samples.", valueName: "n"))
    var seed: UInt64 = 0
    @Option(help: ArgumentHelp("Threads; 0 takes every core.", valueName: "n"))
    var threads = 0
    @Flag(help: "Compute every step anew, also what the file stores of the prompt.")
    var noReuse = false
    @Flag(help: "Say on standard error what did not have to be computed.")
    var timings = false
    @OptionGroup var format: JSONOption

    func validate() throws {
        try Ask.checkThreads(threads)
        if let maxSteps, !(1...EpisodeEvaluation.largestSteps).contains(maxSteps) {
            throw ValidationError("--max-steps: expected 1 to \(EpisodeEvaluation.largestSteps), found \(maxSteps).")
        }
        if task.allSatisfy(\.isWhitespace) { throw ValidationError("--task: expected words.") }
    }

    func run() async throws {
        var engineOptions = EngineOptions()
        engineOptions.threads = threads
        engineOptions.reusesResults = !noReuse
        let engine = try Engine(path: model.expandingTilde, options: engineOptions)
        var run = try AgentRun(task, in: try WorldChoice.scene(world), world: world, space: space)
        run.maximumSteps = maxSteps
        run.options.decoding = try decoding.options(seed: seed)
        run.options.seed = seed
        run.options.adapter = try adapter.load(on: engine)
        run.recordFolder = record?.expandingTilde
        if !run.isScored { StandardError.notice("success is not defined for this task in this scene; the run ends with the model or the steps") }
        let prints = !format.json
        let stopped = StoppedBy()
        let report = try await Stoppable.run(stopped) { [run] in
            try await run.run(engine) { step in
                if prints { StandardOutput.line(Self.line(step)) }
            }
        }
        if format.json {
            try StandardOutput.json(report)
        } else {
            let outcome = report.interrupted ? "interrupted" : report.success.map { $0 ? "success" : "no success" } ?? (report.finished ? "finished" : "ended")
            var line = "\(outcome) after \(report.steps.count) steps, \(String(format: "%.2f", report.pathLength)) m"
            if let shortest = report.shortestPath { line += String(format: " (shortest %.2f m)", shortest) }
            StandardOutput.line(line)
            if let record = report.record { StandardOutput.line("recorded: \(record)") }
        }
        if timings { StandardError.line(engine.reuse.text) }
        if let signal = stopped.signal { throw ExitCode(128 + signal) }
    }

    private static func line(_ step: AgentStep) -> String {
        let place = step.position.map { String(format: "%.2f", $0) }.joined(separator: ", ")
        let number = "\(step.index + 1)".leftPadded(4)
        let yaw = Int(step.yaw.rounded())
        return "\(number)  \(step.action.padded(24))  at (\(place)) facing \(yaw == -180 ? 180 : yaw)°  \(Units.seconds(step.seconds))"
    }
}

extension ReuseCounts {
    /// What was there already, in a line.
    fileprivate var text: String {
        "reused: \(reusedObjects) of \(objects) objects, \(reusedScenes) of \(requests) scenes, \(reusedImages) images, "
            + "\(keptTokens) kept and \(storedTokens) stored of \(promptTokens) tokens of prompts"
    }
}

/// A world as commands name it.
enum WorldChoice {
    /// The scene of a seed, or of a file; what its reader replaced becomes notices.
    static func scene(_ name: String) throws -> WorldScene {
        if let seed = UInt64(name) { return WorldGenerator.scene(seed: seed) }
        let reading: SceneJSON.Reading
        do { reading = try SceneJSON.read(path: name.expandingTilde) } catch {
            guard case .unreadable(_, let reason) = error else { throw error }
            throw CommandError.file(path: name, reason: "is neither a seed (a whole number) nor a scene file that can be read: \(reason)")
        }
        reading.notices.forEach(StandardError.notice)
        return reading.scene
    }
}

extension EpisodeSpace: ExpressibleByArgument {}
