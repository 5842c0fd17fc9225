import Foundation
import LEOTensor

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
        do { try makeFolder("\(folder)/.\(id)") } catch { throw .init(error) }
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
        try LEGENTFile.write([UInt8](image), to: "\(unfinished)/\(name)")
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
        let code = FileCalls.system.rename(unfinished, "\(folder)/\(id)")
        if code != 0 { throw .init(FileError(path: "\(folder)/\(id)", action: "rename \(unfinished) to it", code: code)) }
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
        do { names = try folderNames(folder) } catch { throw .init(error) }
        var list: [LEGENTTrajectory] = []
        for name in names where !name.hasPrefix(".") {
            let file = "\(folder)/\(name)/trajectory.json"
            if FileManager.default.fileExists(atPath: file) { list.append(try LEGENTTrajectory(contentsOf: file)) }
        }
        try LEGENTFile.write(JSONText.array(list.map(\.value)).indented, to: "\(folder)/trajectories.json")
        return list
    }
}
