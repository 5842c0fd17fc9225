import LEOAction
import LEOData
import LEOScene
import LEOTensor
import LEOWorld

/// Demonstrations on CLIPort's table, in its layout.
extension WorldTaskWriter {
    /// Loaders take a file for evaluation if its path has one of the numbers 000000 to 000099 in it.
    private static let heldNumbers = 100

    mutating func writeManipulation() throws {
        let tasks = TabletopScene.Task.allCases
        for (split, count) in Self.parts(of: .leo(.cliport), options) where count > 0 {
            guard split == .train || count <= Self.heldNumbers * tasks.count else {
                throw WorldTaskError.invalidOption(
                    name: "validation count", reason: "cliport has names for \(Self.heldNumbers * tasks.count) at most, found \(count)")
            }
            for index in 0..<count {
                let task = tasks[index % tasks.count]
                let number = index / tasks.count + (split == .train ? Self.heldNumbers : 0)
                var random = random("cliport \(split.rawValue)", index)
                let file = "instruction/cliport/demos/\(task.rawValue)/\(Self.padded(number, digits: 6))-\(2 * number + 1).pkl"
                let steps = try Self.demonstration(TabletopScene(seed: random.next(), task: task))
                try DatasetFiles.writePickle(.list(steps), to: path(file))
                wrote(file)
                try advance(1, "cliport \(split.rawValue)")
            }
            finish(.cliport, split, count, "instruction/cliport/demos")
        }
    }

    private static func demonstration(_ table: TabletopScene) throws -> [PythonValue] {
        var demonstrator = TabletopDemonstrator(table)
        var steps: [PythonValue] = []
        for step in table.steps {
            let observation = try observation(of: demonstrator.table)
            let move = demonstrator.perform(step)
            steps.append(
                .record([
                    "obs": observation, "act": .record(["pose0": pose(move.pick), "pose1": pose(move.place)]), "reward": .double(0),
                    "info": .record(["lang_goal": .string(move.instruction)]),
                ]))
        }
        steps.append(
            .record([
                "obs": try observation(of: demonstrator.table), "act": .none, "reward": .double(1),
                "info": .record(["lang_goal": .string("done \(table.task.rawValue)")]),
            ]))
        return steps
    }

    private static func pose(_ pose: CLIPortPose) -> PythonValue {
        let (p, q) = (pose.position, pose.orientation)
        return .tuple([
            .array(Tensor(.f64, [p.x, p.y, p.z], shape: [3])), .array(Tensor(.f64, [q.x, q.y, q.z, q.w], shape: [4])),
        ])
    }

    private static func observation(of table: TabletopScene) throws -> PythonValue {
        let view = try TabletopView(table)
        let cloud = view.cloud()
        let count = cloud.labels.count
        let (u, v) = (CLIPortCell.uCount, CLIPortCell.vCount)
        return .record([
            "pointcloud": .array(Tensor(.f32, cloud.positions, shape: [count, 3])),
            "colorcloud": .array(Tensor(.u8, cloud.colors, shape: [count, 4])),
            "segmentcloud": .array(Tensor(.i32, cloud.labels, shape: [count, 1])),
            "colormap": .array(Tensor(.u8, view.colors, shape: [u, v, 3])),
            "depthmap": .array(Tensor(.f32, view.heights, shape: [u, v])),
        ])
    }
}
