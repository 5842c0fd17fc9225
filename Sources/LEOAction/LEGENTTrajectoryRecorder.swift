import Foundation

/// Writes trajectories into a data set's folder, one folder each: frames, `trajectory.json` and `task_setting.json`.
///
/// A trajectory gets its own name when it is finished; until then its folder is hidden, so that no reader takes half of it.
public struct LEGENTTrajectoryRecorder: Sendable {
    /// The data set.
    public let folder: String
    public let id: String
    public let setting: LEGENTTaskSetting
    private var steps: [LEGENTTrajectory.Step] = []

    /// Begins a trajectory and makes the data set's folder where there is none.
    ///
    /// - Errors: `.file`
    public init(folder: String, setting: LEGENTTaskSetting, id: String? = nil) throws(LEGENTMessageError) {
        self.folder = folder
        self.setting = setting
        var id = id ?? LEGENTTrajectory.id()
        var date = Date()
        while FileManager.default.fileExists(atPath: "\(folder)/\(id)") || FileManager.default.fileExists(atPath: "\(folder)/.\(id)") {
            date += 1e-6
            id = LEGENTTrajectory.id(for: date)
        }
        self.id = id
        try Self.attempt(folder) { try FileManager.default.createDirectory(atPath: "\(folder)/.\(id)", withIntermediateDirectories: true) }
    }

    private var unfinished: String { "\(folder)/.\(id)" }
    public var count: Int { steps.count }

    /// Adds a step.
    ///
    /// - Parameters:
    ///   - image: a PNG file of the view before the action
    ///   - action: in code form
    /// - Errors: `.file`
    public mutating func add(image: Data, action: String) throws(LEGENTMessageError) {
        let number = "\(steps.count)"
        let name = String(repeating: "0", count: max(4 - number.count, 0)) + number + ".png"
        try LEGENTFile.write(image, to: "\(unfinished)/\(name)")
        steps.append(LEGENTTrajectory.Step(image: "\(id)/\(name)", action: action))
    }

    /// Writes the JSON files and gives the folder its name.
    ///
    /// - Errors: `.file`
    @discardableResult
    public func finish() throws(LEGENTMessageError) -> LEGENTTrajectory {
        let trajectory = LEGENTTrajectory(id: id, interactions: [.human(setting.task), .agent(steps)])
        try trajectory.write(to: "\(unfinished)/trajectory.json")
        try setting.write(to: "\(unfinished)/task_setting.json")
        try Self.attempt("\(folder)/\(id)") { try FileManager.default.moveItem(atPath: unfinished, toPath: "\(folder)/\(id)") }
        return trajectory
    }

    /// Removes what was written of an unfinished trajectory.
    public func discard() { try? FileManager.default.removeItem(atPath: unfinished) }

    /// Writes `trajectories.json`, the list of all finished trajectories of a data set, in order of their ids.
    ///
    /// - Errors: `.file`, and what reading them throws
    @discardableResult
    public static func writeIndex(of folder: String) throws(LEGENTMessageError) -> [LEGENTTrajectory] {
        var names: [String] = []
        try attempt(folder) { names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
        var list: [LEGENTTrajectory] = []
        for name in names where !name.hasPrefix(".") {
            let file = "\(folder)/\(name)/trajectory.json"
            if FileManager.default.fileExists(atPath: file) { list.append(try LEGENTTrajectory(contentsOf: file)) }
        }
        try LEGENTFile.write(JSONText.array(list.map(\.value)).indented, to: "\(folder)/trajectories.json")
        return list
    }

    private static func attempt(_ path: String, _ body: () throws -> Void) throws(LEGENTMessageError) {
        do { try body() } catch { throw .file(path: path, reason: error.localizedDescription) }
    }
}
