import ArgumentParser
import Foundation
import LEO
import LEOAction
import LEOImageIO
import LEOModel
import LEOScene
import LEOTensor
import LEOText

/// Three numbers with commas between them.
struct Vector3: ExpressibleByArgument {
    let value: SIMD3<Float>
    init?(argument: String) {
        guard let numbers = finiteNumbers(argument, count: 3) else { return nil }
        value = SIMD3(numbers[0], numbers[1], numbers[2])
    }
}

/// An object's id, or three numbers with commas between them.
struct ObjectTarget: ExpressibleByArgument {
    let value: Request.Target
    init?(argument: String) {
        if let id = Int(argument) {
            value = .id(id)
        } else if let point = Vector3(argument: argument) {
            value = .point(SIMD3<Double>(point.value))
        } else {
            return nil
        }
    }
}

/// Four numbers with commas between them.
struct Vector4: ExpressibleByArgument {
    let value: SIMD4<Float>
    init?(argument: String) {
        guard let numbers = finiteNumbers(argument, count: 4) else { return nil }
        value = SIMD4(numbers[0], numbers[1], numbers[2], numbers[3])
    }
}

/// An action space, by name.
struct SpaceName: ExpressibleByArgument {
    let value: Request.Space
    init?(argument: String) {
        guard let space = Request.Space(name: argument) else { return nil }
        value = space
    }
    static var allValueStrings: [String] { Request.Space.names }
}

private func finiteNumbers(_ text: String, count: Int) -> [Float]? {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map {
        Float($0.trimmingCharacters(in: .whitespaces))
    }
    guard numbers.count == count, numbers.allSatisfy({ $0?.isFinite == true }) else { return nil }
    return numbers.compactMap { $0 }
}

/// Files that `leo ask` takes parts of a request from.
enum RequestFiles {
    private struct Turn: Decodable {
        let user: String
        let assistant: String
    }

    static func dialogue(_ path: String) throws -> [Prompt.Turn] {
        let data = try Files.contents(path)
        do {
            return try JSONDecoder().decode([Turn].self, from: data).map { Prompt.Turn(user: $0.user, assistant: $0.assistant) }
        } catch {
            throw CommandError.file(path: path, reason: #"expected JSON like [{"user": "…", "assistant": "…"}]"#)
        }
    }

    /// A JSON array of texts, or a text a line; empty lines are passed over.
    static func answers(_ path: String) throws -> [String] {
        let data = try Files.contents(path)
        guard let text = String(data: data, encoding: .utf8) else { throw CommandError.file(path: path, reason: "is not UTF-8 text") }
        let answers: [String]
        if text.drop(while: \.isWhitespace).first == "[" {
            guard let list = try? JSONDecoder().decode([String].self, from: data) else {
                throw CommandError.file(path: path, reason: "expected a JSON array of texts")
            }
            answers = list
        } else {
            answers = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        }
        guard !answers.isEmpty else { throw CommandError.file(path: path, reason: "holds no answer") }
        return answers
    }
}

enum ImageReading {
    /// Reads a picture; what its codec found odd becomes a notice.
    static func image(_ path: String) throws -> Image {
        let file = try MappedFile(path: path)
        defer { withExtendedLifetime(file) {} }
        let decoded = try decodeImage(file.bytes, name: path)
        if let warning = decoded.warning { StandardError.notice("\(path): \(warning)") }
        return decoded.image
    }
}

/// Seconds of each stage of one question, in order.
struct StageTimes: Encodable {
    let opening: Double
    let reading: Double
    let adapter: Double
    let preprocessing: Double
    let image: Double
    let points: Double
    let spatial: Double
    let prefill: Double
    let decoding: Double
    let firstToken: Double
    let total: Double
    let objects: Int
    let reusedObjects: Int
    let reusesImage: Bool
    let reusesScene: Bool
    let promptTokens: Int
    let keptTokens: Int
    let storedTokens: Int
    let rowsRead: Int
    let steps: Int

    init(opening: Double, reading: Double, _ timings: Timings) {
        self.opening = opening
        self.reading = reading
        adapter = timings.adapter
        preprocessing = timings.preprocessing
        image = timings.image
        points = timings.points
        spatial = timings.spatial
        prefill = timings.prefill
        decoding = timings.decoding
        firstToken = timings.firstToken
        total = timings.total
        objects = timings.objects
        reusedObjects = timings.reusedObjects
        reusesImage = timings.reusesImage
        reusesScene = timings.reusesScene
        promptTokens = timings.promptTokens
        keptTokens = timings.keptTokens
        storedTokens = timings.storedTokens
        rowsRead = timings.rowsRead
        steps = timings.steps
    }

    /// `119 tokens, 61 stored, 58 read, 16514.3/s`; the rate is that of the rows that were read.
    private var prompt: String {
        var parts = ["\(promptTokens) tokens"]
        if keptTokens > 0 { parts.append("\(keptTokens) kept") }
        if storedTokens > 0 { parts.append("\(storedTokens) stored") }
        if rowsRead < promptTokens { parts.append("\(rowsRead) read") }
        if prefill > 0, rowsRead > 0 { parts.append(String(format: "%.1f/s", Double(rowsRead) / prefill)) }
        return parts.joined(separator: ", ")
    }

    var text: String {
        func rate(_ count: Int, _ seconds: Double, _ unit: String) -> String {
            seconds > 0 && count > 0 ? String(format: "%d %@, %.1f/s", count, unit as NSString, Double(count) / seconds) : ""
        }
        let rows = [
            ["open model", Units.seconds(opening), ""],
            ["read files", Units.seconds(reading), ""],
            ["preprocess", Units.seconds(preprocessing), "\(objects) objects"],
            ["image", Units.seconds(image), reusesImage ? "seen before" : ""],
            ["points", Units.seconds(points), reusedObjects > 0 ? "\(objects) objects, \(reusedObjects) seen before" : rate(objects, points, "objects")],
            ["spatial", Units.seconds(spatial), reusesScene ? "seen before" : ""],
            ["prompt", Units.seconds(prefill), prompt],
            ["decode", Units.seconds(decoding), rate(steps, decoding, "steps")],
            ["first token", Units.seconds(firstToken), ""],
            ["total", Units.seconds(total), "without opening and reading"],
        ]
        return Table(["stage", "time", ""], rows, right: [1]).text
    }
}

/// What `leo ask --json` prints.
struct AskReport: Encodable {
    struct Scored: Encodable {
        let text: String
        let loss: Double
        let firstTokenProbability: Double
    }

    let model: String
    let text: String
    let ids: [Int32]
    let score: Double
    /// `end_of_sequence`, `budget` or `dead_end`.
    let finish: String
    let answers: [Scored]?
    let action: ActionReport?
    let notices: [String]
    let seconds: StageTimes

    init(model: String, answers texts: [String]?, _ answer: Answer, _ times: StageTimes) {
        self.model = model
        text = answer.text
        ids = answer.ids
        score = answer.score
        finish = switch answer.finish {
        case .endOfSequence: "end_of_sequence"
        case .budget: "budget"
        case .deadEnd: "dead_end"
        }
        answers = answer.answerScores.flatMap { scores in
            texts?.enumerated().map { index, text in
                Scored(text: text, loss: scores.losses[index], firstTokenProbability: scores.firstTokenProbabilities[index])
            }
        }
        action = answer.action.map(ActionReport.init)
        notices = answer.notices
        seconds = times
    }
}

/// An action as JSON: its space and its fields.
struct ActionReport: Encodable {
    struct Cell: Encodable {
        let u, v, rotation: Int
        /// Metres in the robot's frame.
        let x, y: Double
        init(_ cell: CLIPortCell) {
            (u, v, rotation) = (cell.u, cell.v, cell.rotation)
            let pose = cell.pose()
            (x, y) = (pose.position.x, pose.position.y)
        }
    }

    /// What the answer's symbols mean; nil where they say it themselves.
    var explanation: String? {
        if let name { return "the action is \(name)" }
        guard let pick, let place else { return nil }
        func words(_ cell: Cell) -> String {
            // The middle of the rotation's bin.
            let degrees = (Double(cell.rotation) + 0.5) * 360 / Double(CLIPortCell.rotationCount)
            return String(format: "(%.3f, %.3f) m turned %.0f°", cell.x, cell.y, degrees)
        }
        return "the action picks at \(words(pick)) and places at \(words(place))"
    }

    let space: String
    var name: String?
    var pick: Cell?
    var place: Cell?
    var moveForward: Double?
    var rotateRight: Double?
    var rotateDown: Double?
    var grab: Bool?
    var finish: Bool?
    var speak: String?

    init(_ action: AgentAction) {
        switch action {
        case .habitat(let action):
            space = "habitat"
            name = action.name
        case .cliport(let action):
            space = "cliport"
            pick = Cell(action.pick)
            place = Cell(action.place)
        case .legent(let action):
            space = "legent"
            moveForward = action.teleportForward
            rotateRight = action.rotateRight
            rotateDown = action.rotateDown
            grab = action.grabs
            finish = action.isFinish
            speak = action.text
        }
    }
}
