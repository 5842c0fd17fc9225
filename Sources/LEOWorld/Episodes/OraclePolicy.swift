import LEOAction
import LEOScene

/// The agent that knows the scene: LEGENT's scripted controller in LEGENT's action space, a planner in Habitat's.
public struct OraclePolicy: EpisodePolicy {
    private var script: [LEGENTController.Step]?
    private var follower: LEGENTController.PathFollower?
    private var tries = 0
    private var plan: [HabitatPlanner.Step]?

    public init() {}

    public mutating func action(
        in world: inout World, _ observation: WorldObservation, _ episode: Episode, _ space: EpisodeSpace
    ) throws -> EpisodeAction {
        switch space {
        case .legent: return .legent(try legentAction(in: &world, episode))
        case .habitat: return .habitat(try habitatAction(in: &world, episode))
        }
    }

    // MARK: LEGENT

    private mutating func legentAction(in world: inout World, _ episode: Episode) throws -> LEGENTAction {
        var steps = try script ?? Self.script(for: episode, in: &world)
        defer { script = steps }
        while let step = steps.first {
            if let action = try perform(step, in: &world, episode) { return action }
            steps.removeFirst()
            follower = nil
            tries = 0
        }
        return .finish
    }

    /// What a toolkit's solution comes to, but for the right objects.
    private static func script(for episode: Episode, in world: inout World) throws -> [LEGENTController.Step] {
        func goTo(_ index: Int) -> [LEGENTController.Step] {
            [.lookStraightAhead, .followPath(object: index), .lookAt(object: index)]
        }
        if episode.kind == .come { return [.lookStraightAhead, .followPath(object: nil)] }
        guard let goal = nearest(of: episode.kind == .exist ? episode.destinations : episode.goals, in: &world) else {
            throw SimulationError.unreachable(what: "goal")
        }
        switch episode.kind {
        case .come: return []
        case .objectNavigation, .goto: return goTo(goal)
        case .take: return goTo(goal) + [.grab]
        case .bring: return goTo(goal) + [.grab, .lookStraightAhead, .followPath(object: nil)]
        case .put:
            guard let place = nearest(of: episode.destinations, in: &world) else {
                throw SimulationError.unreachable(what: "place to put it")
            }
            return goTo(goal) + [.grab] + goTo(place) + [.release]
        case .whereIs:
            return [.followPathUntilVisible(object: goal), .turnUntilVisible(object: goal), .speak("It's on the \(episode.answer).")]
        case .exist: return goTo(goal) + [.speak(episode.answer == "yes" ? "Yes." : "No.")]
        }
    }

    /// The instance with the shortest way; ways that end out of sight of it count last.
    private static func nearest(of candidates: [Int], in world: inout World) -> Int? {
        var best: (length: Double, index: Int)?
        for index in candidates {
            guard let length = world.shortestPath(to: index), length < best?.length ?? .infinity else { continue }
            best = (length, index)
        }
        return best?.index
    }

    /// The next action of a step, nil when it is done.
    private mutating func perform(
        _ step: LEGENTController.Step, in world: inout World, _ episode: Episode
    ) throws -> LEGENTAction? {
        let view = world.agentView
        let forward = view.orientation.z
        tries += 1
        switch step {
        case .lookStraightAhead:
            return LEGENTController.lookStraightAhead(cameraForward: forward)
        case .followPath(let object):
            if let action = follow(object, in: &world) { return action }
            // Half a metre short of the end may be the wrong side of a door.
            guard let object, !world.isNear(object, within: Episode.nearDistance), tries < EpisodeSpace.legent.maximumSteps,
                let end = follower?.corners.last
            else { return nil }
            return walk(to: end, in: world)
        case .followPathUntilVisible(let object):
            let way = world.transforms[object].position - world.agent.position
            let distance = (way.x * way.x + way.z * way.z).squareRoot()
            if distance < LEGENTController.findDistance, world.isInView(object) { return nil }
            return follow(object, in: &world)
        case .lookAt(let object):
            return LEGENTController.lookAt(aim(at: object, in: world, episode), cameraPosition: view.position, cameraForward: forward)
        case .turnUntilVisible(let object):
            if world.isInView(object) { return nil }
            return LEGENTController.lookAt(
                world.transforms[object].position, cameraPosition: view.position, cameraForward: forward, horizontalOnly: true)
        case .grab:
            // What hides the thing does so at every try.
            return tries > 1 ? nil : LEGENTController.grab(held: world.agent.held)
        case .release:
            return tries > 1 ? nil : LEGENTController.release(held: world.agent.held)
        case .speak(let text):
            // Once said, the episode is over.
            var action = LEGENTAction.step
            action.text = text
            return tries > 1 ? nil : action
        }
    }

    private mutating func follow(_ object: Int?, in world: inout World) -> LEGENTAction? {
        var follower = self.follower
            ?? LEGENTController.PathFollower(corners: object.map { world.pathToObject($0) } ?? world.pathToUser())
        let action = follower.next(position: world.agent.position, forward: world.agent.forward)
        self.follower = follower
        return action
    }

    /// Turns to a point, then walks there.
    private func walk(to point: SIMD3<Double>, in world: World) -> LEGENTAction? {
        let way = SIMD2(point.x, point.z) - world.agent.ground
        let length = (way * way).sum().squareRoot()
        guard length > 0.01 else { return nil }
        var action = LEGENTAction.step
        let turn = LEGENTController.signedAngle(from: world.agent.heading, to: way)
        if abs(turn) > LEGENTController.tolerance { action.rotateRight = min(max(turn, -90), 90) } else { action.teleportForward = length }
        return action
    }

    /// Where to look at an instance: its middle, or the highest surface of what something is to be put on.
    private func aim(at object: Int, in world: World, _ episode: Episode) -> SIMD3<Double> {
        let transform = world.transforms[object]
        guard episode.kind == .put, world.agent.held != nil,
            let top = world.scene.instances[object].model.surfaces.filter({ !$0.isInside }).max(by: { $0.center.y < $1.center.y })
        else { return transform.position }
        return transform.apply(to: top.center)
    }

    // MARK: Habitat

    private mutating func habitatAction(in world: inout World, _ episode: Episode) throws -> HabitatAction {
        // Somebody may have stepped into the way.
        if let next = plan?.last {
            let off = next.position - world.agent.ground
            if (off * off).sum() > 1e-12 { plan = nil }
        }
        if plan == nil { plan = try HabitatPlanner.plan(for: episode, in: &world).reversed() }
        return plan?.popLast()?.action ?? .stop
    }
}

/// Draws every step by lot.
public struct RandomPolicy: EpisodePolicy {
    private var random: SplitMix64

    public init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// One of the space's actions, each as likely. Habitat: its eight. LEGENT: move up to 2 m, turn, look up or down by any
    /// angle of the range, grab, finish.
    public mutating func action(
        in world: inout World, _ observation: WorldObservation, _ episode: Episode, _ space: EpisodeSpace
    ) -> EpisodeAction {
        if space == .habitat { return .habitat(HabitatAction.allCases[random.nextIndex(below: HabitatAction.allCases.count)]) }
        var action = LEGENTAction.step
        switch random.nextIndex(below: 5) {
        case 0: action.teleportForward = random.nextUnit() * 2
        case 1: action.rotateRight = random.nextUnit() * 360 - 180
        case 2: action.rotateDown = random.nextUnit() * 180 - 90
        case 3: action.grabs = true
        default: action = .finish
        }
        return .legent(action)
    }
}
