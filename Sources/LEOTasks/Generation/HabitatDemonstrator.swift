import Foundation
import LEOAction
import LEOScene
import LEOWorld

/// Finds things as Habitat's shortest-path follower does: by steps of a quarter of a metre and turns of 30 degrees.
package struct HabitatDemonstrator {
    /// Metres a step, degrees a turn.
    static let step = World.habitatMove
    static let turn = World.habitatTurn
    /// Metres from the thing's box at which it counts as found, if the agent looks its way.
    static let stopDistance = 0.8
    package struct Pose: Equatable {
        package var ground: SIMD2<Double>
        package var yaw: Double
    }

    /// What was done where; the last action is stop.
    package struct Demonstration {
        package let goal: String
        package let steps: [(pose: Pose, action: HabitatAction)]
    }

    private let space: FreeSpace
    private let truth: SceneTruth
    private let world: World

    package init(_ truth: SceneTruth) throws(SimulationError) {
        self.truth = truth
        world = try World(truth.scene)
        space = truth.scene.freeSpace()
    }

    /// The way to the nearest thing of a name from somewhere far off; nil where no try led to one.
    package func demonstration(using random: inout SplitMix64) -> Demonstration? {
        let names = Set(truth.furniture.map(\.name)).sorted()
        guard let part = space.largestPart, !names.isEmpty else { return nil }
        let cells = space.cells(of: part)
        for _ in 0..<12 {
            guard let goal = random.pick(names), let cell = random.pick(cells) else { return nil }
            let start = Pose(ground: space.point(cell), yaw: Double(random.nextIndex(below: 12)) * Self.turn)
            let targets = truth.things(called: goal)
            guard targets.allSatisfy({ Self.distance(start.ground, $0) > 1.5 }),
                let actions = path(from: start, to: targets, part: part)
            else { continue }
            var steps: [(pose: Pose, action: HabitatAction)] = []
            var pose = start
            for action in actions {
                steps.append((pose, action))
                pose = Self.moved(pose, action)
            }
            steps.append((pose, .stop))
            return Demonstration(goal: goal, steps: steps)
        }
        return nil
    }

    static func distance(_ ground: SIMD2<Double>, _ thing: Thing) -> Double {
        let point = SIMD3(ground.x, 0, ground.y)
        return SceneTruth.gap(Box(minimum: point, maximum: point), thing.box)
    }

    static func moved(_ pose: Pose, _ action: HabitatAction) -> Pose {
        var pose = pose
        switch action {
        case .moveForward:
            let forward = RotationMatrix(degrees: SIMD3(0, pose.yaw, 0)).z
            pose.ground += SIMD2(forward.x, forward.z) * step
        case .turnLeft: pose.yaw -= turn
        case .turnRight: pose.yaw += turn
        default: break
        }
        return pose
    }

    /// Whether one of the things is near, with no wall between, and nearly straight ahead.
    private func hasFound(_ pose: Pose, _ targets: [Thing]) -> Bool {
        let eye = Situation.Pose(position: SIMD3(pose.ground.x, 0, pose.ground.y), yaw: pose.yaw)
        return targets.contains { target in
            Self.distance(pose.ground, target) <= Self.stopDistance
                && abs(eye.bearing(to: target.box.center)) <= Self.turn / 2 + 1e-6
                && world.isOpen(from: pose.ground, toward: target.instance)
        }
    }

    // MARK: Search

    /// A pose as the search tells poses apart: a tenth of a metre, a turn.
    private struct Key: Hashable {
        let x: Int32, z: Int32, heading: Int32

        init(_ pose: Pose) {
            x = Int32((pose.ground.x * 10).rounded())
            z = Int32((pose.ground.y * 10).rounded())
            heading = Int32((pose.yaw / HabitatDemonstrator.turn).rounded()) % 12
        }
    }

    private struct Node {
        let pose: Pose
        let parent: Int
        let action: HabitatAction
        let cost: Int32
    }

    /// Fewest actions, stop left out (A*; two poses in one tenth of a metre count as the same).
    private func path(from start: Pose, to targets: [Thing], part: Int32) -> [HabitatAction]? {
        func estimate(_ pose: Pose) -> Int32 {
            let distance = targets.map { Self.distance(pose.ground, $0) }.min() ?? 0
            return Int32(max(0, (distance - Self.stopDistance) / Self.step))
        }
        var nodes = [Node(pose: start, parent: -1, action: .stop, cost: 0)]
        var seen: Set<Key> = []
        // Open nodes by estimated total; costs are small whole numbers.
        var buckets: [[Int]] = []
        func push(_ index: Int, _ total: Int32) {
            while buckets.count <= Int(total) { buckets.append([]) }
            buckets[Int(total)].append(index)
        }
        push(0, estimate(start))
        var level = 0
        while level < buckets.count {
            guard let index = buckets[level].popLast() else {
                level += 1
                continue
            }
            let node = nodes[index]
            if !seen.insert(Key(node.pose)).inserted { continue }
            if hasFound(node.pose, targets) {
                var actions: [HabitatAction] = []
                var current = index
                while nodes[current].parent >= 0 {
                    actions.append(nodes[current].action)
                    current = nodes[current].parent
                }
                return actions.reversed()
            }
            // Longer demonstrations are dropped by the loader; a house has no way so long.
            if node.cost >= 400 { continue }
            for action in [HabitatAction.turnLeft, .turnRight, .moveForward] {
                let pose = Self.moved(node.pose, action)
                if action == .moveForward, !isFree(from: node.pose.ground, to: pose.ground, part: part) { continue }
                if seen.contains(Key(pose)) { continue }
                nodes.append(Node(pose: pose, parent: index, action: action, cost: node.cost + 1))
                push(nodes.count - 1, max(node.cost + 1 + estimate(pose), Int32(level)))
            }
        }
        return nil
    }

    private func isFree(from a: SIMD2<Double>, to b: SIMD2<Double>, part: Int32) -> Bool {
        (1...3).allSatisfy { space.part(at: a + (b - a) * (Double($0) / 3)) == part }
    }
}

/// Habitat's frame: right-handed, y up, forward is -z.
enum HabitatFrame {
    static func point(_ world: SIMD3<Double>) -> SIMD3<Double> { SIMD3(world.x, world.y, -world.z) }

    /// A point of LEO's frame.
    static func point(leo: SIMD3<Double>) -> SIMD3<Double> { point(LEOFrame.worldPoint(leo)) }

    /// x, y, z, w of a heading; a turn to the right is negative about y.
    static func rotation(yaw: Double) -> SIMD4<Double> {
        let half = -yaw.remainder(dividingBy: 360) * .pi / 360
        return SIMD4(0, sin(half), 0, cos(half))
    }
}
