import Foundation
import LEOAction

/// Finds a way in Habitat's steps: 0.25 m and 30 degrees.
///
/// A* over where the agent really gets to. Places within 2.5 cm with one heading count as the same, and the distance that is
/// left over the grid is the estimate, so that the search goes straight for the goal.
enum HabitatPlanner {
    /// How much a turn costs beside a step forward.
    private static let turnCost: Float = 0.15
    /// The grid's steps to eight sides make ways up to 8 % longer than they are.
    private static let gridStretch: Float = 1 / 1.09
    private static let headings = 12
    /// How places are told apart, in metres, and how much the estimate counts. Where the way is too long to be found so
    /// finely, one that is a little longer will do.
    private static let efforts: [(mergeDistance: Double, weight: Float)] = [(0.025, 1), (0.1, 1.5)]
    private static let mostNodes = 400_000

    private struct Node {
        var position: SIMD2<Double>
        var heading: Int
        var cost: Float
        var parent: Int32
        var action: HabitatAction
        var isClosed = false
    }

    /// A step and where it is taken.
    struct Step: Sendable {
        var action: HabitatAction
        var position: SIMD2<Double>
    }

    /// Steps up to where the episode succeeds by stopping, stop included.
    ///
    /// - Errors: `.unreachable`; `.invalidAction` for kinds that need more than walking
    static func plan(for episode: Episode, in world: inout World) throws(SimulationError) -> [Step] {
        var goals: [Int] = []
        // Cells tell by their middles whether something is in sight; the agent stands somewhere in them.
        var isDone: (World, SIMD2<Double>) -> Bool = { _, _ in true }
        switch episode.kind {
        case .objectNavigation, .goto:
            var things: [(index: Int, best: Double)] = []
            for index in episode.goals {
                let places = world.standingGoals(to: index, margin: Episode.nearDistance - 0.1)
                guard let nearest = places.first else { continue }
                goals += places.map(\.cell)
                things.append((index, nearest.distance))
            }
            isDone = { [things] world, ground in
                things.contains { world.isNear($0.index, from: ground, best: $0.best, within: Episode.nearDistance) }
            }
        case .come:
            goals = world.withNavigation { world, grid, regions in
                (0..<grid.count).filter { cell in
                    let apart = grid.center(of: cell) - world.player.ground
                    return grid.isFree(cell) && (apart * apart).sum().squareRoot() < Episode.comeDistance - 0.1
                }
            }
        case .take, .bring, .put, .whereIs, .exist:
            throw .invalidAction(reason: "Habitat's actions: no plan for \(episode.kind.rawValue), which needs aim or speech")
        }
        let found: [Step]? = world.withNavigation { world, grid, _ in
            let person = (center: world.player.ground, radius: WorldRules.agentRadius + WorldRules.playerRadius + 0.03)
            let left = GridSearch(grid: grid, person: episode.kind == .come ? nil : person).distances(to: goals)
            let cells = Set(goals)
            for effort in efforts {
                let steps = search(in: world, grid, left, effort.mergeDistance, weight: effort.weight) { cell, ground in
                    cells.contains(cell) && isDone(world, ground)
                }
                if let steps { return steps }
            }
            return nil
        }
        guard let found else { throw .unreachable(what: "goal") }
        return found
    }

    private static func search(
        in world: World, _ grid: NavigationGrid, _ left: [Float], _ mergeDistance: Double, weight: Float,
        isGoal: (Int, SIMD2<Double>) -> Bool
    ) -> [Step]? {
        let directions = (0..<headings).map { step -> SIMD2<Double> in
            let z = RotationMatrix(degrees: SIMD3(0, World.normalized(world.agent.yaw + Double(step) * World.habitatTurn), 0)).z
            return SIMD2(z.x, z.z)
        }
        /// Least number of steps forward that are left from a place; infinite off the grid.
        func estimate(_ position: SIMD2<Double>) -> Float {
            guard let cell = grid.index(of: position) else { return .infinity }
            var least = left[cell]
            if least == .infinity {
                // Nearer to things than the grid allows: what the free cells around say.
                for dz in -2...2 {
                    for dx in -2...2 {
                        let column = cell % grid.width + dx, row = cell / grid.width + dz
                        guard column >= 0, column < grid.width, row >= 0, row < grid.height else { continue }
                        least = min(least, left[row * grid.width + column] + Float(grid.cell) * 2)
                    }
                }
            }
            return least / Float(World.habitatMove) * gridStretch * weight
        }
        func key(_ position: SIMD2<Double>, _ heading: Int) -> SIMD3<Int32>? {
            guard grid.index(of: position) != nil else { return nil }
            let place = ((position - grid.origin) / mergeDistance).rounded(.down)
            return SIMD3(Int32(place.x), Int32(place.y), Int32(heading))
        }

        let start = estimate(world.agent.ground)
        guard start.isFinite, let startKey = key(world.agent.ground, 0) else { return nil }
        var nodes = [Node(position: world.agent.ground, heading: 0, cost: 0, parent: -1, action: .stop)]
        var known = [startKey: 0]
        var heap = CellHeap()
        heap.push(start, 0)
        while let (_, index) = heap.pop() {
            if nodes[index].isClosed { continue }
            nodes[index].isClosed = true
            let node = nodes[index]
            if let cell = grid.index(of: node.position), isGoal(cell, node.position) { return trace(index, nodes) }
            guard nodes.count < mostNodes else { return nil }
            func reach(_ position: SIMD2<Double>, _ heading: Int, _ cost: Float, _ action: HabitatAction) {
                let left = estimate(position)
                guard left.isFinite, let key = key(position, heading) else { return }
                let total = node.cost + cost
                if let other = known[key] {
                    guard !nodes[other].isClosed, total < nodes[other].cost else { return }
                    // The older entry stays in the heap and is passed over.
                    nodes[other].isClosed = true
                }
                known[key] = nodes.count
                nodes.append(Node(position: position, heading: heading, cost: total, parent: Int32(index), action: action))
                heap.push(total + left, nodes.count - 1)
            }
            let free = world.freeWay(
                from: node.position, along: directions[node.heading], limit: World.habitatMove, radius: WorldRules.agentRadius,
                other: world.player.ground)
            // A step that is cut short counts as a whole one, but leads to places that whole ones do not.
            if free > 0.02 { reach(node.position + directions[node.heading] * free, node.heading, 1, .moveForward) }
            reach(node.position, (node.heading + 1) % headings, turnCost, .turnRight)
            reach(node.position, (node.heading + headings - 1) % headings, turnCost, .turnLeft)
        }
        return nil
    }

    private static func trace(_ end: Int, _ nodes: [Node]) -> [Step] {
        var steps = [Step(action: .stop, position: nodes[end].position)]
        var index = end
        while nodes[index].parent >= 0 {
            let parent = Int(nodes[index].parent)
            steps.append(Step(action: nodes[index].action, position: nodes[parent].position))
            index = parent
        }
        return steps.reversed()
    }
}
