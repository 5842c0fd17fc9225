import Foundation
import LEOAction
import LEOScene
import LEOWorld

/// Does what a table's instructions say, a pick and a place each.
struct TabletopDemonstrator {
    struct Move {
        /// Where the gripper takes hold, and where it lets go.
        let pick: CLIPortPose
        let place: CLIPortPose
        let instruction: String
    }

    private(set) var table: TabletopScene
    /// How many things were put into each object.
    private var filled: [Int: Int] = [:]

    init(_ table: TabletopScene) { self.table = table }

    /// Poses of a step; the table then is as after it.
    mutating func perform(_ step: TabletopScene.Step) -> Move {
        let object = table.objects[step.object]
        let target = table.objects[step.target]
        let grip = object.position + SIMD3(0, 0, object.shape.size.z)
        var place = target.position + SIMD3(0, 0, target.shape.restHeight)
        var rotation = target.shape == .bowl ? object.rotation : target.rotation
        if target.shape == .bowl {
            // A second block finds a place beside the first.
            let offsets = [SIMD3(0, 0, 0), SIMD3(0.03, 0.03, 0), SIMD3(-0.03, -0.03, 0), SIMD3(0.03, -0.03, 0), SIMD3<Double>(-0.03, 0.03, 0)]
            let count = filled[step.target, default: 0]
            place += offsets[count % offsets.count]
            filled[step.target] = count + 1
        }
        rotation = Self.normalized(rotation)
        let move = Move(
            pick: Self.pose(grip, Self.normalized(object.rotation)), place: Self.pose(place, rotation), instruction: step.instruction)
        table.objects[step.object].position = place
        table.objects[step.object].rotation = rotation
        return move
    }

    /// In 0..<2 pi and not on the edge of a bin, where tokenizers differ in the last bit.
    private static func normalized(_ angle: Double) -> Double {
        var angle = angle.truncatingRemainder(dividingBy: 2 * .pi)
        if angle < 0 { angle += 2 * .pi }
        let bin = 2 * Double.pi / Double(CLIPortCell.rotationCount)
        let place = angle / bin - (angle / bin).rounded(.down)
        return place < 1e-6 ? angle + bin * 1e-5 : place > 1 - 1e-6 ? angle - bin * 1e-5 : angle
    }

    private static func pose(_ position: SIMD3<Double>, _ angle: Double) -> CLIPortPose {
        CLIPortPose(position: position, orientation: SIMD4(0, 0, sin(angle / 2), cos(angle / 2)))
    }
}

/// What CLIPort's cameras make of a table: maps from straight above, [320, 160] with u (along y) slowest.
struct TabletopView {
    /// Red, green, blue.
    private(set) var colors: [UInt8]
    /// Metres above the table.
    private(set) var heights: [Float]
    /// 0 for the table, else the object's index + 1.
    private(set) var labels: [Int32]

    private static let pixel = 0.003125

    init(_ table: TabletopScene) throws(RenderError) {
        let (uCount, vCount) = (CLIPortCell.uCount, CLIPortCell.vCount)
        // The world's x is -y of the table, its z is x.
        let view = TopDownView(center: SIMD2(0, 0.5), pixelsPerMetre: 1 / Self.pixel, width: uCount, height: vCount)
        let ceiling = 1.0
        let scene = RenderScene(table.worldScene, options: RenderScene.Options(showsPlayer: false, showsAgent: false))
        let frame = try view.render(scene, ceiling: ceiling)
        colors = [UInt8](repeating: 0, count: 3 * uCount * vCount)
        heights = [Float](repeating: 0, count: uCount * vCount)
        labels = [Int32](repeating: 0, count: uCount * vCount)
        for row in 0..<vCount {
            for column in 0..<uCount {
                let source = row * uCount + column
                let target = (uCount - 1 - column) * vCount + (vCount - 1 - row)
                for channel in 0..<3 { colors[3 * target + channel] = frame.pixels[3 * source + channel] }
                let height = Float(ceiling) - frame.depth[source]
                heights[target] = height.isFinite && height > 0 ? height : 0
                labels[target] = frame.ids[source] >= 0 ? frame.ids[source] + 1 : 0
            }
        }
    }

    /// The map as points: every pixel of an object and each 16th of the table.
    func cloud() -> (positions: [Float], colors: [UInt8], labels: [Int32]) {
        var cloud: (positions: [Float], colors: [UInt8], labels: [Int32]) = ([], [], [])
        for u in 0..<CLIPortCell.uCount {
            for v in 0..<CLIPortCell.vCount {
                let index = u * CLIPortCell.vCount + v
                if labels[index] == 0, u % 4 != 0 || v % 4 != 0 { continue }
                cloud.positions += [
                    Float(0.25 + (Double(v) + 0.5) * Self.pixel), Float(-0.5 + (Double(u) + 0.5) * Self.pixel), heights[index],
                ]
                cloud.colors += colors[(3 * index)..<(3 * index + 3)] + [255]
                cloud.labels.append(labels[index])
            }
        }
        return cloud
    }
}
