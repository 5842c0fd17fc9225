import LEOAction

/// What an agent is asked to do.
///
/// LEGENT's toolkit defines success for come and where alone; the rest is this project's definition.
public enum EpisodeKind: String, Sendable, Equatable, CaseIterable {
    /// Find any thing of a category, then stop: success when the agent stops near one.
    case objectNavigation = "objnav"
    /// Come to the player: success as soon as they are less than 2 m apart on the ground.
    case come
    /// Go to a thing and finish near it; near as for object navigation.
    case goto
    /// Take a thing: success as soon as the agent holds one of that name.
    case take
    /// Bring a thing: success as soon as the agent holds one of that name less than 2 m from the player.
    case bring
    /// Put a thing on another: success as soon as one of the first name, not held, stands on or in one of the second.
    case put
    /// Say where a thing is: success when speech contains the name of what it stands on, whatever its case.
    case whereIs = "where"
    /// Say whether a thing of one name stands on one of another: success when speech contains yes or no, as it is, and
    /// not the other.
    case exist
}

/// The actions that an agent has.
public enum EpisodeSpace: String, Sendable, Equatable, CaseIterable {
    case legent
    case habitat

    /// Steps after which an episode has failed.
    public var maximumSteps: Int {
        switch self {
        case .legent: 100
        case .habitat: 500
        }
    }
}

/// One task in one scene.
public struct Episode: Sendable {
    public var kind: EpisodeKind
    public var seed: UInt64
    public var scene: WorldScene
    /// What the player says, as LEGENT words it.
    public var instruction: String
    /// Instances that the instruction can mean; empty for come.
    public var goals: [Int]
    /// Instances that it can mean by what is put on, or asked about; empty for kinds with one noun.
    public var destinations: [Int]
    /// The right answer in lower case, "" for kinds without.
    public var answer: String
    /// Length of the shortest way for an agent that begins where the scene has it, in metres: to the standing place nearest
    /// to the nearest goal, or to the player; for bring and put from the goal on to the player or the destination.
    public var shortestPath: Double

    public init(
        kind: EpisodeKind, seed: UInt64, scene: WorldScene, instruction: String, goals: [Int] = [], destinations: [Int] = [],
        answer: String = "", shortestPath: Double
    ) {
        (self.kind, self.seed, self.scene, self.instruction) = (kind, seed, scene, instruction)
        (self.goals, self.destinations, self.answer, self.shortestPath) = (goals, destinations, answer, shortestPath)
    }

    /// How much farther from a goal than the nearest place to stand the agent may be to count as near; metres on the
    /// ground, strictly, with no wall between. Distances are to the goal's bounding box.
    public static let nearDistance = 1.0
    /// Metres on the ground to the player, strictly.
    public static let comeDistance = LEGENTController.comeDistance

    /// What an agent did last, as far as success depends on it.
    public struct Claim: Sendable, Equatable {
        /// It said that it has finished, or stopped.
        public var isFinished = false
        /// What it said in this step.
        public var speech = ""

        public init(isFinished: Bool = false, speech: String = "") {
            self.isFinished = isFinished
            self.speech = speech
        }

        /// An episode ends with it: finishing, or any speech.
        public var ends: Bool { isFinished || !speech.isEmpty }
    }

    /// Whether the task is done.
    public func isSuccess(in world: inout World, after claim: Claim) -> Bool {
        switch kind {
        case .objectNavigation, .goto:
            guard claim.isFinished else { return false }
            return goals.contains { world.isNear($0, within: Self.nearDistance) }
        case .come:
            return LEGENTController.hasCome(agent: world.agent.position, player: world.player.position).isDone
        case .take:
            return world.agent.held.map(goals.contains) ?? false
        case .bring:
            guard let held = world.agent.held, goals.contains(held) else { return false }
            return LEGENTController.hasCome(agent: world.agent.position, player: world.player.position).isDone
        case .put:
            return goals.contains { goal in
                !world.isHeld(goal) && (world.parents[goal].map(destinations.contains) ?? false)
            }
        case .whereIs:
            return !claim.speech.isEmpty && LEGENTController.answers(claim.speech, answer: answer)
        case .exist:
            let other = answer == "yes" ? "no" : "yes"
            let words = claim.speech.lowercased().split { !$0.isLetter }
            return words.contains { $0 == answer } && !words.contains { $0 == other }
        }
    }
}

extension World {
    /// Whether the agent is hardly farther from an instance than one can get at best, with no wall between.
    ///
    /// - Parameter margin: metres on the ground beyond the distance from the standing place nearest to the instance
    public mutating func isNear(_ index: Int, within margin: Double) -> Bool {
        guard transforms.indices.contains(index) else { return false }
        let distance = footprint(of: index).distance(to: agent.ground)
        // The nearest place to stand is never nearer than contact, so below the margin it need not be known.
        guard let best = distance < margin ? 0 : standingDistance(to: index) else { return false }
        return isNear(index, from: agent.ground, best: best, within: margin)
    }

    /// The same for an agent at `ground`, where the nearest place to stand is `best` metres from the instance.
    func isNear(_ index: Int, from ground: SIMD2<Double>, best: Double, within margin: Double) -> Bool {
        footprint(of: index).distance(to: ground) - best < margin && isOpen(from: ground, toward: index)
    }

    /// Metres on the ground from the box of an instance to the nearest place where the agent can get to stand, nil if no
    /// place is within sight of it.
    public mutating func standingDistance(to index: Int) -> Double? {
        standingGoals(to: index, margin: 0).first.map(\.distance)
    }

    /// Cells that the agent can reach and from which an instance is near, with their distances to its box; nearest first.
    mutating func standingGoals(to index: Int, margin: Double) -> [(cell: Int, distance: Double)] {
        withNavigation { world, grid, regions in
            let search = GridSearch(grid: grid)
            guard let start = world.anchor(in: search) else { return [] }
            let footprint = world.footprint(of: index)
            let reach = 4 + margin
            let half = footprint.halfBounds + SIMD2(repeating: reach)
            let low = (footprint.center - half - grid.origin) / grid.cell, high = (footprint.center + half - grid.origin) / grid.cell
            let columns = max(Int(low.x), 0)..<max(min(Int(high.x) + 1, grid.width), max(Int(low.x), 0))
            let rows = max(Int(low.y), 0)..<max(min(Int(high.y) + 1, grid.height), max(Int(low.y), 0))
            var near: [(cell: Int, distance: Double)] = []
            for row in rows {
                for column in columns {
                    let cell = row * grid.width + column
                    guard regions[cell] == regions[start] else { continue }
                    let distance = footprint.distance(to: grid.center(of: cell))
                    if distance <= reach { near.append((cell, distance)) }
                }
            }
            near.sort { ($0.distance, $0.cell) < ($1.distance, $1.cell) }
            // Seen from the nearest on: the first in sight says how near one can get.
            var best: Double?
            var goals: [(cell: Int, distance: Double)] = []
            for candidate in near {
                if let best, candidate.distance - best > margin { break }
                guard world.isOpen(from: grid.center(of: candidate.cell), toward: index) else { continue }
                if best == nil { best = candidate.distance }
                goals.append(candidate)
                if margin == 0 { break }
            }
            return goals
        }
    }
}
