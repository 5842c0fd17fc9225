import Foundation
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
                    name: "validation count",
                    reason: "cliport has names for \(Self.heldNumbers * tasks.count) at most, found \(count)")
            }
            for index in 0..<count {
                let task = tasks[index % tasks.count]
                let number = index / tasks.count + (split == .train ? Self.heldNumbers : 0)
                var random = random("cliport \(split.rawValue)", index)
                let file =
                    "instruction/cliport/demos/\(task.rawValue)/\(Self.padded(number, digits: 6))-\(2 * number + 1).pkl"
                let steps = try Self.demonstration(TabletopScene(seed: random.next(), task: task))
                try DatasetFiles.writePickle(.list(steps), to: path(file))
                wrote(file)
                try advance(1, "cliport \(split.rawValue)")
            }
            finish(.cliport, split, count, "instruction/cliport/demos")
        }
    }

    /// What the table's expert does, step by step, and the table after it.
    private static func demonstration(_ table: TabletopScene) throws -> [PythonValue] {
        var world = TabletopWorld(table)
        var steps: [PythonValue] = []
        while let poses = world.expertPoses {
            // Each step of a task takes one action; more would mean that the table came out differently.
            guard steps.count < 2 * table.steps.count else {
                throw WorldTaskError.unusable(
                    seed: table.seed, reason: "the expert does not finish \(table.task.rawValue)")
            }
            let (pick, place) = (turned(poses.pick), turned(poses.place))
            steps.append(
                .record([
                    "obs": observation(of: world), "act": .record(["pose0": pose(pick), "pose1": pose(place)]),
                    "reward": .double(0),
                    "info": .record(["lang_goal": .string(world.instruction)]),
                ]))
            _ = world.apply(pick: pick, place: place)
        }
        steps.append(
            .record([
                "obs": observation(of: world), "act": .none, "reward": .double(1),
                "info": .record(["lang_goal": .string("done \(table.task.rawValue)")]),
            ]))
        return steps
    }

    /// The pose, its angle in 0..<2 pi and not on the edge of a token's bin, where tokenizers differ in the last bit.
    private static func turned(_ pose: CLIPortPose) -> CLIPortPose {
        var angle = 2 * atan2(pose.orientation.z, pose.orientation.w)
        angle = angle.truncatingRemainder(dividingBy: 2 * .pi)
        if angle < 0 { angle += 2 * .pi }
        let bin = 2 * Double.pi / Double(CLIPortCell.rotationCount)
        let place = angle / bin - (angle / bin).rounded(.down)
        if place < 1e-6 { angle += bin * 1e-5 }
        if place > 1 - 1e-6 { angle -= bin * 1e-5 }
        return CLIPortPose(position: pose.position, orientation: SIMD4(0, 0, sin(angle / 2), cos(angle / 2)))
    }

    private static func pose(_ pose: CLIPortPose) -> PythonValue {
        let (p, q) = (pose.position, pose.orientation)
        return .tuple([
            .array(Tensor(.f64, [p.x, p.y, p.z], shape: [3])), .array(Tensor(.f64, [q.x, q.y, q.z, q.w], shape: [4])),
        ])
    }

    /// The maps, and as points every pixel of an object and each 16th of the table; the table is segment 0.
    private static func observation(of world: TabletopWorld) -> PythonValue {
        let view = world.view()
        let (rows, columns) = (CLIPortCell.uCount, CLIPortCell.vCount)
        var positions: [Float] = []
        var colors: [UInt8] = []
        var segments: [Int32] = []
        for u in 0..<rows {
            for v in 0..<columns {
                let pixel = u * columns + v
                if view.segments[pixel] < 0, u % 4 != 0 || v % 4 != 0 { continue }
                let point = TabletopWorld.point(u: u, v: v)
                positions += [Float(point.x), Float(point.y), Float(view.heights[pixel])]
                colors += view.color.pixels[(3 * pixel)..<(3 * pixel + 3)] + [255]
                segments.append(view.segments[pixel] + 1)
            }
        }
        return .record([
            "pointcloud": .array(Tensor(.f32, positions, shape: [segments.count, 3])),
            "colorcloud": .array(Tensor(.u8, colors, shape: [segments.count, 4])),
            "segmentcloud": .array(Tensor(.i32, segments, shape: [segments.count, 1])),
            "colormap": .array(Tensor(.u8, view.color.pixels, shape: [rows, columns, 3])),
            "depthmap": .array(Tensor(.f32, view.heights.map { Float($0) }, shape: [rows, columns])),
        ])
    }
}
