import LEOAction
import LEOScene

/// Makes episodes from seeds: the same seed, kind and options give the same episode.
///
/// Every episode can be solved and none is solved at its start. Object navigation, goto, take, bring and put begin at
/// least `shortest` metres of walking away from the goal, come with at least 3 m between agent and player, as LEGENT asks.
/// For take, bring and put the scripted agent has done it once before the episode is given out.
public struct EpisodeGenerator: Sendable {
    public var kind: EpisodeKind
    public var options: WorldGenerator.Options
    /// Metres to the goal at least and at most.
    public var shortest = 2.0
    public var longest = 30.0

    public init(kind: EpisodeKind, options: WorldGenerator.Options = .standard) {
        self.kind = kind
        self.options = options
    }

    /// Scenes tried for a seed.
    private static let attempts = 40
    private static let comeDistance = 3.0

    /// - Parameter shapes: shared between the worlds in which episodes are tried
    /// - Errors: `.noEpisode` if none of 40 scenes has one, which happens only with options that leave scenes empty
    public func episode(seed: UInt64, shapes: RayShapeStore = RayShapeStore()) throws(SimulationError) -> Episode {
        var random = SplitMix64(seed: seed)
        for _ in 0..<Self.attempts {
            let scene = WorldGenerator.scene(seed: random.next(), options: options)
            if let episode = try attempt(scene, seed: seed, shapes: shapes, &random) { return episode }
        }
        throw .noEpisode(kind: kind.rawValue, seed: seed)
    }

    private func attempt(
        _ scene: WorldScene, seed: UInt64, shapes: RayShapeStore, _ random: inout SplitMix64
    ) throws(SimulationError) -> Episode? {
        guard var episode = propose(for: scene, seed: seed, &random) else { return nil }
        for _ in 0..<12 {
            var world = try World(episode.scene, shapes: shapes)
            if let length = world.shortestPath(for: episode), isFit(length, episode, &world) {
                episode.shortestPath = length
                episode.scene.prompt = episode.instruction
                return try isSolvable(episode, shapes: shapes) ? episode : nil
            }
            // The same task from another place.
            guard let start = world.randomStandingPlace(&random) else { return nil }
            episode.scene.agent.position = SIMD3(start.x, scene.agent.position.y, start.y)
            episode.scene.agent.rotation = SIMD3(0, Double(random.nextIndex(below: 24)) * 15, 0)
        }
        return nil
    }

    private func isFit(_ length: Double, _ episode: Episode, _ world: inout World) -> Bool {
        switch kind {
        case .come:
            let away = LEGENTController.hasCome(agent: world.agent.position, player: world.player.position).distance
            return away >= Self.comeDistance && length <= longest
        case .whereIs, .exist:
            return length <= longest
        case .objectNavigation, .goto, .take, .bring, .put:
            guard length >= shortest, length <= longest else { return false }
            let first = kind == .bring || kind == .put ? episode.goals.compactMap { world.shortestPath(to: $0) }.min() : nil
            if let first, first < shortest { return false }
            return !episode.isSuccess(in: &world, after: .init(isFinished: true))
        }
    }

    private func isSolvable(_ episode: Episode, shapes: RayShapeStore) throws(SimulationError) -> Bool {
        switch kind {
        case .objectNavigation, .goto, .come, .whereIs, .exist: return true
        case .take, .bring, .put:
            var policy = OraclePolicy()
            return try EpisodeRunner.run(&policy, episode, space: .legent, shapes: shapes).isSuccess
        }
    }

    // MARK: Proposals

    /// A task for the things of a scene, nil if they suit none.
    private func propose(for scene: WorldScene, seed: UInt64, _ random: inout SplitMix64) -> Episode? {
        let things = scene.instances.indices.filter { scene.instances[$0].model.name != "" }
        func named(_ name: String) -> [Int] { things.filter { scene.instances[$0].model.name == name } }
        func name(_ index: Int) -> String { scene.instances[index].model.name }
        func pick(_ candidates: [Int]) -> Int? {
            candidates.isEmpty ? nil : candidates[Int(random.next() % UInt64(candidates.count))]
        }
        func parentName(_ index: Int) -> String? { scene.instances[index].parent.map(name) }
        var episode = Episode(kind: kind, seed: seed, scene: scene, instruction: "", shortestPath: 0)
        switch kind {
        case .come:
            episode.instruction = "Come here."
        case .objectNavigation, .goto:
            guard let goal = pick(things) else { return nil }
            episode.goals = named(name(goal))
            episode.instruction = kind == .goto ? "Go to the \(name(goal))." : "Find the \(name(goal))."
        case .take, .bring:
            guard let goal = pick(things.filter { scene.instances[$0].isInteractable }) else { return nil }
            episode.goals = named(name(goal)).filter { scene.instances[$0].isInteractable }
            episode.instruction = kind == .take ? "Take the \(name(goal))." : "Bring the \(name(goal))."
        case .put:
            guard let goal = pick(things.filter { scene.instances[$0].isInteractable }) else { return nil }
            episode.goals = named(name(goal)).filter { scene.instances[$0].isInteractable }
            let supports = things.filter { index in
                let model = scene.instances[index].model
                return !scene.instances[index].isInteractable && model.surfaces.contains { !$0.isInside }
                    && !episode.goals.contains { parentName($0) == model.name }
            }
            guard let destination = pick(supports) else { return nil }
            episode.destinations = named(name(destination))
            episode.instruction = "Put the \(name(goal)) on the \(name(destination))."
        case .whereIs:
            guard let goal = pick(things.filter { scene.instances[$0].parent != nil }), let place = parentName(goal) else { return nil }
            // One place only, or the question has several answers.
            guard named(name(goal)).allSatisfy({ parentName($0) == place }) else { return nil }
            episode.goals = named(name(goal))
            episode.answer = place.lowercased()
            episode.instruction = "Where is the \(name(goal))?"
        case .exist:
            guard let goal = pick(things.filter { scene.instances[$0].isInteractable }) else { return nil }
            let places = Set(named(name(goal)).compactMap(parentName))
            let wantsYes = random.next() & 1 == 0
            let supports = things.filter { index in
                !scene.instances[index].isInteractable && !scene.instances[index].model.surfaces.isEmpty
                    && places.contains(name(index)) == wantsYes
            }
            guard let destination = pick(supports) else { return nil }
            episode.goals = named(name(goal))
            episode.destinations = named(name(destination))
            episode.answer = wantsYes ? "yes" : "no"
            episode.instruction = "Is there a \(name(goal)) on the \(name(destination))?"
        }
        return episode
    }
}

extension World {
    /// Length of the shortest way an episode asks for, nil if there is none.
    mutating func shortestPath(for episode: Episode) -> Double? {
        guard episode.kind != .come else {
            let corners = pathToUser()
            guard let last = corners.last else { return nil }
            let apart = SIMD2(last.x, last.z) - player.ground
            return (apart * apart).sum().squareRoot() < 1 ? Self.length(of: corners) : nil
        }
        let goals = episode.kind == .exist ? episode.destinations : episode.goals
        guard episode.kind == .bring || episode.kind == .put else { return goals.compactMap { shortestPath(to: $0) }.min() }
        // From each goal's standing place on to the player or to the place to put it.
        return goals.compactMap { goal -> Double? in
            guard let first = shortestPath(to: goal), let end = pathToObject(goal, avoidsPlayer: true).last else { return nil }
            let start = agent.position
            defer { agent.position = start }
            agent.position = SIMD3(end.x, start.y, end.z)
            let second = episode.kind == .bring
                ? Self.length(of: pathToUser()) : episode.destinations.compactMap { shortestPath(to: $0) }.min()
            return second.map { first + $0 }
        }.min()
    }

    /// Length of the way to the standing place nearest to an instance, nil if no place is in sight of it.
    mutating func shortestPath(to index: Int) -> Double? {
        let corners = pathToObject(index, avoidsPlayer: true)
        guard let last = corners.last, isOpen(from: SIMD2(last.x, last.z), toward: index) else { return nil }
        return Self.length(of: corners)
    }

    /// Somewhere the agent can get to, by a fair draw.
    mutating func randomStandingPlace(_ random: inout SplitMix64) -> SIMD2<Double>? {
        let cells: [SIMD2<Double>] = withNavigation { world, grid, regions in
            guard let start = world.anchor(in: GridSearch(grid: grid)) else { return [] }
            return (0..<grid.count).filter { regions[$0] == regions[start] }.map(grid.center(of:))
        }
        return cells.isEmpty ? nil : cells[Int(random.next() % UInt64(cells.count))]
    }
}
