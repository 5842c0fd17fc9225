import ArgumentParser
import Foundation
import LEO
import LEOModel
import LEOScene
import LEOText

struct Ask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a model about a scene.",
        discussion: """
            The answer goes to standard output, as it comes when decoding greedily (--beams 1) or by sampling, at the end
            of a beam search. Notices and timings go to standard error.

              leo ask leo-7b.leo --scene office.ply "What is on the desk?"
              leo ask leo-7b.leo --scene office.ply --object 12 --beams 1 "Describe this object."
              leo ask leo-7b.leo --scene kinect.pcd --no-image "Is there a chair?"
              leo ask leo-7b.leo --scene office.ply --answers answers.txt "What color is the chair?"
              leo ask leo-7b.leo --scene office.ply --image view.png --space legent "Go to the lamp."
            """)

    @Argument(help: ArgumentHelp("A .leo file.", valueName: "model"))
    var model: String
    @Argument(help: ArgumentHelp("What to ask or do.", valueName: "instruction"))
    var instruction: String

    @Option(help: ArgumentHelp("Point cloud of the scene: PLY, PCD or NumPy.", valueName: "file"))
    var scene: String?
    @Option(help: ArgumentHelp("Property of the points that holds instance ids; without it, the usual names are tried, then clustering.", valueName: "name"))
    var labelProperty: String?
    @Option(help: ArgumentHelp("What the agent sees: PNG or JPEG. Without it, an organised point cloud is its own picture.", valueName: "file"))
    var image: String?
    @Flag(help: "Ask without a picture, even if the point cloud holds one.")
    var noImage = false
    @Option(parsing: .unconditional, help: ArgumentHelp("Ask about this object, or the one nearest to a point; the agent then stands at it.", valueName: "id|x,y,z"))
    var object: ObjectTarget?
    @Option(help: ArgumentHelp("Where the agent is, in words; follows the default sentence.", valueName: "text"))
    var situation: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("The agent's position in metres.", valueName: "x,y,z"))
    var position: Vector3?
    @Option(parsing: .unconditional, help: ArgumentHelp("The agent's orientation, a quaternion.", valueName: "x,y,z,w"))
    var orientation: Vector4?
    @Option(help: ArgumentHelp(#"Earlier turns, JSON: [{"user": …, "assistant": …}, …]."#, valueName: "file"))
    var dialogue: String?
    @Option(help: ArgumentHelp("Score these answers (a line each, or a JSON array) instead of generating one.", valueName: "file"))
    var answers: String?
    @Option(help: ArgumentHelp("Answer with an action of this space and nothing else.", valueName: Request.Space.names.joined(separator: "|")))
    var space: SpaceName?

    @OptionGroup var adapter: AdapterOption
    @OptionGroup(title: "Decoding") var decoding: DecodingArguments
    @Option(help: ArgumentHelp("Chooses the points of each object, the place at --object, and samples.", valueName: "n"))
    var seed: UInt64 = 0
    @Option(help: ArgumentHelp("Threads; 0 takes every core.", valueName: "n"))
    var threads = 0
    @Flag(help: "Compute all of the prompt, also what the file stores of it.")
    var noReuse = false
    @Flag(help: "Print the time of each stage on standard error.")
    var timings = false
    @OptionGroup var format: JSONOption

    static func checkThreads(_ count: Int) throws {
        if !(0...1024).contains(count) { throw ValidationError("--threads: expected 0 to 1024, found \(count).") }
    }

    func validate() throws {
        try Self.checkThreads(threads)
        if image != nil, noImage { throw ValidationError("--image and --no-image exclude each other.") }
        if object != nil, scene == nil { throw ValidationError("--object needs --scene.") }
        if space != nil, answers != nil { throw ValidationError("--space and --answers exclude each other.") }
        if labelProperty != nil, scene == nil { throw ValidationError("--label-property needs --scene.") }
    }

    func run() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        var options = EngineOptions()
        options.threads = threads
        let engine = try Engine(path: model.expandingTilde, options: options)
        let adapter = try adapter.load(on: engine)
        let opened = clock.now
        var request = try makeRequest(engine.configuration)
        request.adapter = adapter
        let read = clock.now
        // Shown before the long part; the answer repeats them.
        let early = request.scene?.notices ?? []
        early.forEach(StandardError.notice)

        let response = try engine.respond(to: request)
        let streams = !format.json && request.answers == nil
        if streams {
            for try await piece in response { StandardOutput.write(piece.text) }
            StandardOutput.line()
        }
        let answer = try await response.answer
        answer.notices.filter { !early.contains($0) }.forEach(StandardError.notice)
        if let action = answer.action, !format.json { ActionReport(action).explanation.map(StandardError.notice) }
        let times = StageTimes(
            opening: (opened - start) / .seconds(1), reading: (read - opened) / .seconds(1), answer.timings)
        if format.json {
            try StandardOutput.json(AskReport(model: engine.name(with: adapter), answers: request.answers, answer, times))
        } else if let scores = answer.answerScores, let texts = request.answers {
            let order = texts.indices.sorted { scores.losses[$0] < scores.losses[$1] }
            let rows = order.map { [String(format: "%.4f", scores.losses[$0]), texts[$0]] }
            StandardOutput.line(Table(["loss", "answer"], rows, right: [0]).text)
        }
        if timings { StandardError.line(times.text) }
    }

    private func makeRequest(_ configuration: ModelConfiguration) throws -> Request {
        var request = Request(instruction)
        if let scene {
            let cloud = try PointCloud(contentsOf: scene.expandingTilde)
            var options = SceneOptions(instanceProperty: labelProperty, maximumObjects: configuration.maximumObjects)
            if case .id(let id) = object?.value { options.requiredIDs = [id] }
            request.scene = try Scene(cloud, options: options)
            if image == nil, !noImage, let own = cloud.image {
                StandardError.notice("\(scene): its own \(own.width) x \(own.height) view is the picture; --no-image asks without")
                request.image = own
            }
        }
        if let image { request.image = try ImageReading.image(image.expandingTilde) }
        if let situation { request.situation = .described(situation) }
        if position != nil || orientation != nil {
            request.pose = Request.Pose(
                position: position?.value ?? .zero, orientation: orientation?.value ?? SIMD4(0, 0, 0, 1))
        }
        request.object = object?.value
        request.seed = seed
        if let dialogue { request.history = try RequestFiles.dialogue(dialogue.expandingTilde) }
        if let answers { request.answers = try RequestFiles.answers(answers.expandingTilde) }
        request.decoding = try decoding.options(seed: seed)
        request.actionSpace = space?.value
        request.reusesResults = !noReuse
        return request
    }
}

/// An adapter that answers instead of the model itself.
struct AdapterOption: ParsableArguments {
    @Option(help: ArgumentHelp("Answer with this adapter of the model, a .leo file.", valueName: "file"))
    var adapter: String?

    var path: String? { adapter?.expandingTilde }

    /// Loads the adapter, if one is given, and says what a person should know of what answers.
    func load(on engine: Engine) throws -> Adapter? {
        let loaded = try path.map { try engine.loadAdapter(path: $0) }
        (loaded?.notices ?? engine.notices).forEach(StandardError.notice)
        return loaded
    }
}

/// How the answer is decoded; the defaults are LEO's.
struct DecodingArguments: ParsableArguments {
    @Option(help: ArgumentHelp("New tokens at most; without it, LEO's 255.", valueName: "n"))
    var maxTokens: Int?
    @Option(help: ArgumentHelp("New tokens before the answer may end.", valueName: "n"))
    var minTokens: Int?
    @Option(help: ArgumentHelp("Beams; 1 decodes greedily. LEO uses 5.", valueName: "n"))
    var beams: Int?
    @Option(parsing: .unconditional, help: ArgumentHelp("Sample, at this temperature.", valueName: "t"))
    var temperature: Double?
    @Option(help: ArgumentHelp("Sample from the k likeliest tokens; 0 is off.", valueName: "k"))
    var topK: Int?
    @Option(help: ArgumentHelp("Sample from the likeliest tokens of this total probability.", valueName: "p"))
    var topP: Double?
    @Option(parsing: .unconditional, help: ArgumentHelp("Penalty for tokens that occurred before; 1 is off.", valueName: "p"))
    var repetitionPenalty = 3.0
    @Option(parsing: .unconditional, help: ArgumentHelp("Beam scores are divided by length^p.", valueName: "p"))
    var lengthPenalty = 1.0
    @Option(help: ArgumentHelp("Decode as this release of transformers: 4.28 (LEO's) or 4.57.", valueName: "release"))
    var rules = Rules.v4_28

    enum Rules: String, CaseIterable, ExpressibleByArgument {
        case v4_28 = "4.28"
        case v4_57 = "4.57"
    }

    private var samples: Bool { temperature != nil || topK != nil || topP != nil }

    func validate() throws {
        if samples, let beams, beams > 1 {
            throw ValidationError("--beams goes without --temperature, --top-k and --top-p: sampling draws one sequence.")
        }
        if minTokens != nil, rules == .v4_57 {
            throw ValidationError("--min-tokens: the 4.57 rules count the prompt too; use --rules 4.28.")
        }
        if let minTokens, minTokens < 0 { throw ValidationError("--min-tokens: expected at least 0, found \(minTokens).") }
        if let minTokens, minTokens > DecodingOptions.maximumLength {
            throw ValidationError("--min-tokens: expected at most \(DecodingOptions.maximumLength), found \(minTokens).")
        }
        do { _ = try options(seed: 0) } catch { throw ValidationError(error.description) }
    }

    func options(seed: UInt64) throws(TokenDecodingError) -> DecodingOptions {
        var options = DecodingOptions()
        options.rules = rules == .v4_28 ? .transformers4_28_1 : .transformers4_57
        options.maxNewTokens = maxTokens
        // The seed BOS of 4.28 counts.
        if let minTokens { options.minLength = minTokens + 1 }
        options.repetitionPenalty = repetitionPenalty
        options.lengthPenalty = lengthPenalty
        if samples {
            options.strategy = .sampling(temperature: temperature ?? 1, topK: topK ?? 50, topP: topP ?? 1, seed: seed)
            options.beams = 1
        } else {
            options.beams = beams ?? options.beams
            options.strategy = options.beams == 1 ? .greedy : .beam
        }
        try options.validate()
        return options
    }
}
