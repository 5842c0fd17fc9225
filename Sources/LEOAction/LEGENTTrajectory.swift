import Foundation
import LEOTensor

/// What an agent was asked and did: a `trajectory.json`.
///
/// - Source: LEGENT toolkit, `legent/dataset/trajectory.py`
public struct LEGENTTrajectory: Sendable, Equatable {
    public struct Step: Sendable, Equatable {
        /// The view before the action, as a path below the data set's folder: `ID/0000.png`.
        public var image: String
        /// In code form.
        public var action: String

        public init(image: String, action: String) {
            self.image = image
            self.action = action
        }
    }

    public enum Interaction: Sendable, Equatable {
        case human(String)
        case agent([Step])
    }

    /// `20240311-165946-211047`
    public var id: String
    public var interactions: [Interaction]

    public init(id: String, interactions: [Interaction]) {
        self.id = id
        self.interactions = interactions
    }

    // MARK: Reading

    /// - Errors: `.file`, `.malformedJSON`; `.invalidValue` with the path of the value
    public init(contentsOf path: String) throws(LEGENTMessageError) {
        try self.init(JSONReader(try LEGENTFile.json(path), path: "\(path): "))
    }

    /// Reads a `trajectories.json`.
    public static func list(contentsOf path: String) throws(LEGENTMessageError) -> [LEGENTTrajectory] {
        var list: [LEGENTTrajectory] = []
        for item in try JSONReader(try LEGENTFile.json(path), path: "\(path): ").elements {
            list.append(try LEGENTTrajectory(item))
        }
        return list
    }

    package init(_ value: JSONReader) throws(LEGENTMessageError) {
        id = try value.required("id").string
        interactions = []
        for item in try value.required("interactions").elements {
            let from = try item.required("from")
            switch try from.string {
            case "human": interactions.append(.human(try item.required("text").string))
            case "agent":
                var steps: [Step] = []
                for step in try item.required("trajectory").elements {
                    steps.append(
                        Step(image: try step.required("image").string, action: try step.required("action").string))
                }
                interactions.append(.agent(steps))
            default: throw .invalidValue(field: from.path, expected: "human or agent", found: from.value.kind)
            }
        }
    }

    // MARK: Writing

    package var value: JSONText {
        .object([
            JSONText.Member("id", .string(id)),
            JSONText.Member("interactions", .array(interactions.map { interaction in
                switch interaction {
                case .human(let text):
                    .object([JSONText.Member("from", .string("human")), JSONText.Member("text", .string(text))])
                case .agent(let steps):
                    .object([
                        JSONText.Member("from", .string("agent")),
                        JSONText.Member("trajectory", .array(steps.map {
                            .object([JSONText.Member("image", .string($0.image)), JSONText.Member("action", .string($0.action))])
                        })),
                    ])
                }
            })),
        ])
    }

    /// The file's text: four blanks of indent, Unicode as it is.
    public var json: String { value.indented }

    /// Writes under a temporary name and renames.
    public func write(to path: String) throws(LEGENTMessageError) { try LEGENTFile.write(json, to: path) }

    /// The id for a trajectory that begins now, in local time: `%Y%m%d-%H%M%S-%f`.
    public static func id(for date: Date = Date(), timeZone: TimeZone = .current) -> String {
        // Rounded first: microseconds must not round up past their second.
        let microseconds = (date.timeIntervalSince1970 * 1e6).rounded()
        let seconds = (microseconds / 1e6).rounded(.down)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: seconds))
        func digits(_ value: Int?, _ width: Int) -> String {
            let text = "\(value ?? 0)"
            return String(repeating: "0", count: max(width - text.count, 0)) + text
        }
        return digits(parts.year, 4) + digits(parts.month, 2) + digits(parts.day, 2) + "-" + digits(parts.hour, 2)
            + digits(parts.minute, 2) + digits(parts.second, 2) + "-" + digits(Int(microseconds - seconds * 1e6), 6)
    }
}

/// What was asked, where, and how it is solved: a `task_setting.json`.
public struct LEGENTTaskSetting: Sendable, Equatable {
    public var task: String
    public var plan: [String] = []
    public var solution: [String] = []
    /// Lower-case word that speech must hold for success; `where` tasks have one.
    public var answer: String?
    /// Most steps that count.
    public var steps: Int?
    package var scene: JSONText?
    /// Keys that this program does not know.
    package var others: [JSONText.Member] = []

    private static let known: Set = ["task", "plan", "solution", "scene", "answer", "steps"]

    public init(task: String) { self.task = task }

    /// - Parameter sceneJSON: what RESET sends
    /// - Errors: `.malformedJSON`
    public init(task: String, sceneJSON: String) throws(LEGENTMessageError) {
        self.task = task
        scene = try JSONText(parsing: sceneJSON, field: "scene")
    }

    /// The scene on one line, for RESET.
    public var sceneJSON: String? { scene?.line }

    /// - Errors: `.file`, `.malformedJSON`; `.invalidValue` with the path of the value
    public init(contentsOf path: String) throws(LEGENTMessageError) {
        try self.init(JSONReader(try LEGENTFile.json(path), path: "\(path): "))
    }

    package init(_ value: JSONReader) throws(LEGENTMessageError) {
        task = try value.required("task").string
        plan = try Self.strings(value, "plan")
        solution = try Self.strings(value, "solution")
        answer = try value.optional("answer")?.string
        steps = try value.optional("steps")?.integer
        if let scene = try value.optional("scene") {
            guard case .object = scene.value else {
                throw .invalidValue(field: scene.path, expected: "an object", found: scene.value.kind)
            }
            self.scene = scene.value
        }
        if case .object(let members) = value.value { others = members.filter { !Self.known.contains($0.key) } }
    }

    private static func strings(_ value: JSONReader, _ key: String) throws(LEGENTMessageError) -> [String] {
        var list: [String] = []
        for item in try value.optional(key)?.elements ?? [] { list.append(try item.string) }
        return list
    }

    package var value: JSONText {
        var members = [
            JSONText.Member("task", .string(task)), JSONText.Member("plan", .array(plan.map(JSONText.string))),
            JSONText.Member("solution", .array(solution.map(JSONText.string))),
        ]
        if let scene { members.append(JSONText.Member("scene", scene)) }
        if let answer { members.append(JSONText.Member("answer", .string(answer))) }
        if let steps { members.append(JSONText.Member("steps", .integer(steps))) }
        return .object(members + others)
    }

    public var json: String { value.indented }

    /// Writes under a temporary name and renames.
    public func write(to path: String) throws(LEGENTMessageError) { try LEGENTFile.write(json, to: path) }
}

/// Text files of LEGENT.
package enum LEGENTFile {
    /// Files with more bytes are taken for something else.
    private static let limit = 1 << 30

    package static func json(_ path: String) throws(LEGENTMessageError) -> JSONText {
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch { throw .init(error) }
        defer { withExtendedLifetime(file) {} }
        guard file.byteCount <= limit else { throw .file(path: path, reason: "is larger than \(limit) bytes") }
        return try JSONText(parsing: Array(file.bytes), field: path)
    }

    package static func write(_ text: String, to path: String) throws(LEGENTMessageError) { try write(Array(text.utf8), to: path) }

    package static func write(_ bytes: [UInt8], to path: String) throws(LEGENTMessageError) {
        do { try writeAtomically(bytes, to: path) } catch { throw .init(error) }
    }
}
