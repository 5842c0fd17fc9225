import Foundation
import LEOAction
import LEOConvert
import LEOTensor

/// Recorded demonstrations.
extension AnnotationReader {
    /// Scenes of Matterport3D that are for evaluation.
    static let heldScenes: Set<String> = ["17DRP5sb8fy", "5LpN3gDmAk7", "82sE5b5pLXE", "D7N2EKCX4Sj", "HxpKQynjfin"]
    /// Longer demonstrations are left out.
    static let longestDemonstration = 500

    func readNavigation(into table: inout AnnotationTable) throws(DataError) {
        let demos = folders.instruction.appendingPath("mp3d_objnav/demos")
        var dropped = 0
        for scene in try names(in: demos, needed: needed) where Self.heldScenes.contains(scene) == (split != .train) {
            let sceneFolder = demos.appendingPath(scene)
            guard DataFolders.isFolder(sceneFolder) else { continue }
            for demo in try names(in: sceneFolder, needed: needed)
            where DataFolders.isFolder(sceneFolder.appendingPath(demo)) {
                let path = sceneFolder.appendingPath(demo).appendingPath("demo.json")
                let root = try AnnotationNode(contentsOf: path, needed: needed)
                let steps = try root.member("agent").items()
                if steps.count > Self.longestDemonstration {
                    dropped += 1
                } else {
                    try addNavigation(root, steps, file: "instruction/mp3d_objnav/demos/\(scene)/\(demo)", demo, &table)
                }
            }
        }
        if dropped > 0 {
            table.notices.append("\(dropped) demonstrations of more than \(Self.longestDemonstration) steps were left out")
        }
    }

    private func addNavigation(
        _ root: AnnotationNode, _ steps: [AnnotationNode], file: String, _ demo: String, _ table: inout AnnotationTable
    ) throws(DataError) {
        let scene = try scene(of: root, "scene_id")
        let goal = try root.member("goal").string()
        var actions: [HabitatAction] = []
        var states: [AnnotationNode] = []
        for step in steps {
            let parts = try step.items()
            guard parts.count == 2 else { throw step.malformed("a state and an action") }
            guard let action = HabitatAction(name: try parts[1].string()) else {
                throw parts[1].malformed("one of \(HabitatAction.allCases.map(\.name).joined(separator: ", "))")
            }
            states.append(parts[0])
            actions.append(action)
        }
        for (index, state) in states.enumerated() {
            let position = try state.member("position").numbers(3)
            let rotation = try state.member("rotation").numbers(4)
            let history = ActionHistory.before(step: index, of: actions, padding: .stop)
            let past = history.map(\.token).joined()
            let image = "\(file)/images/\(String(format: "%04d", index)).png"
            var record = AnnotationRecord(
                id: "\(scene)/\(demo)/\(index)", source: .mp3d, sceneID: scene,
                instruction: .fixed(
                    "The task is navigation. Your goal is to find \(goal) by moving around in the scene. Past actions: \(past)."
                ),
                references: [actions[index].token])
            record.position = SIMD3(position[0], position[1], position[2])
            record.orientation = SIMD4(rotation[0], rotation[1], rotation[2], rotation[3])
            record.step = EpisodeStep(
                goal: goal, file: "\(file)/demo.json", index: index, count: actions.count, isDone: false, imageFile: image,
                action: .navigation(actions[index], history: history))
            table.records.append(record)
        }
    }

    // MARK: CLIPort

    func readManipulation(into table: inout AnnotationTable) throws(DataError) {
        let demos = folders.instruction.appendingPath("cliport/demos")
        for task in try names(in: demos, needed: needed) where DataFolders.isFolder(demos.appendingPath(task)) {
            for name in try names(in: demos.appendingPath(task), needed: needed) where name.hasSuffix(".pkl") {
                let scene = "\(task)/\(name)"
                guard Self.isForEvaluation(scene) == (split != .train) else { continue }
                try addManipulation(scene, demos.appendingPath(scene), &table)
            }
        }
    }

    /// Whether one of 000000 to 000099 stands anywhere in the name, also within a longer number: 1000001 holds 000001.
    static func isForEvaluation(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard bytes.count >= 6 else { return false }
        return (0...bytes.count - 6).contains { start in
            bytes[start..<start + 4].allSatisfy { $0 == UInt8(ascii: "0") }
                && bytes[start + 4..<start + 6].allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        }
    }

    private func addManipulation(_ scene: String, _ path: String, _ table: inout AnnotationTable) throws(DataError) {
        let steps = try PickleNode(contentsOf: path, needed: needed).items()
        var goals: [String] = []
        // Nil once everything is done.
        var actions: [CLIPortAction?] = []
        for step in steps {
            let goal = try step.member("info").member("lang_goal")
            guard let text = goal.value.string else { throw goal.malformed("a text") }
            goals.append(text)
            let act = try step.member("act")
            guard !act.value.isNone else {
                actions.append(nil)
                continue
            }
            do {
                actions.append(
                    CLIPortAction(pick: try CLIPortCell(pose(act, "pose0")), place: try CLIPortCell(pose(act, "pose1"))))
            } catch let error as ActionError {
                throw .action(file: path, field: act.field, error)
            } catch { throw DataError(error, file: path) }
        }
        let space = CLIPortActionSpace()
        let padded = actions.map { $0 ?? .dummy }
        for index in steps.indices {
            let history = ActionHistory.before(step: index, of: padded, padding: .dummy)
            let isDone = actions[index] == nil
            let goal = goals[isDone && index > 0 ? index - 1 : index]
            let past = history.map { space.text(for: $0) }.joined()
            var record = AnnotationRecord(
                id: "\(scene)/\(index)", source: .cliport, sceneID: scene,
                instruction: .fixed("The task is manipulation. Your goal is to \(goal). Past actions: \(past)."),
                references: [space.text(for: padded[index])])
            record.step = EpisodeStep(
                goal: goal, file: "instruction/cliport/demos/\(scene)", index: index, count: steps.count, isDone: isDone,
                imageFile: nil, action: .manipulation(padded[index], history: history))
            table.records.append(record)
        }
    }

    private func pose(_ act: PickleNode, _ name: String) throws(DataError) -> CLIPortPose {
        let node = try act.member(name)
        let parts = try node.items()
        guard parts.count == 2 else { throw node.malformed("a position and an orientation") }
        let position = try parts[0].numbers(3)
        let turn = try parts[1].numbers(4)
        return CLIPortPose(
            position: SIMD3(position[0], position[1], position[2]), orientation: SIMD4(turn[0], turn[1], turn[2], turn[3]))
    }
}
