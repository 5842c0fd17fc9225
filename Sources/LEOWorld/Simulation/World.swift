import Foundation
import LEOAction

/// Somebody who walks: the agent or the player.
public struct Avatar: Sendable, Equatable {
    /// Of the feet.
    public var position: SIMD3<Double>
    /// Degrees about the vertical, positive to the right, in [-180, 180).
    public var yaw: Double
    /// Degrees, positive downwards.
    public var pitch: Double
    /// What it holds.
    public var held: Int?

    public init(position: SIMD3<Double>, yaw: Double, pitch: Double = 0, held: Int? = nil) {
        (self.position, self.yaw, self.pitch, self.held) = (position, yaw, pitch, held)
    }

    /// Ground position, (x, z).
    public var ground: SIMD2<Double> { SIMD2(position.x, position.z) }
    /// Where it faces on the ground, a unit vector.
    public var heading: SIMD2<Double> {
        let z = RotationMatrix(degrees: SIMD3(0, yaw, 0)).z
        return SIMD2(z.x, z.z)
    }
    public var forward: SIMD3<Double> { SIMD3(heading.x, 0, heading.y) }
}

/// A running scene: rooms that stay, things that can be moved, an agent that acts and a player who talks to it.
///
/// A value. A copy is a snapshot; worlds share nothing that changes, so any number of them can step in parallel. The same
/// scene and the same actions give the same states bit for bit.
///
/// - Units: metres and degrees in Unity's frame, see `Transform`
public struct World: Sendable {
    /// As the world began.
    public let scene: WorldScene
    /// Resolution and field of view of the agent's camera, as INIT sets them.
    public var settings: LEGENTSettings
    /// Of each instance, by its index in the scene.
    public internal(set) var transforms: [Transform]
    /// What each instance stands on or in, nil for the floor, walls and what is held.
    public internal(set) var parents: [Int?]
    /// Which surface of the parent.
    public internal(set) var parentSurfaces: [Int?]
    /// Hidden instances are not seen and stop nobody.
    public internal(set) var hidden: [Bool]
    public internal(set) var agent: Avatar
    public internal(set) var player: Avatar
    /// Speech of the player that the agent has not heard yet; one is heard per step.
    public internal(set) var pendingText: [String]
    /// Steps taken.
    public internal(set) var stepCount = 0
    /// Metres the agent has walked.
    public internal(set) var pathLength = 0.0
    /// What the agent said last, "" if it never spoke.
    public internal(set) var lastSpeech = ""
    /// Changes whenever something other than agent and player moved; for caches of pictures and paths.
    public internal(set) var furnitureVersion = 0

    var collisions: CollisionMap
    var navigation: NavigationGrid?
    /// Connected parts of the grid, as of `regionsVersion`.
    var regions: [Int32] = []
    var regionsVersion = -1
    let shapes: RayShapeStore
    /// What is left of each wall between its holes, in the wall's frame.
    let wallBoxes: [[Box]]

    /// - Parameter shapes: share one between worlds of the same models to build each model's tree once
    /// - Errors: `.invalidScene` for numbers that are not finite, parents that do not exist or stand on each other in a
    ///   circle, and scales of zero
    public init(
        _ scene: WorldScene, settings: LEGENTSettings = LEGENTSettings(), shapes: RayShapeStore = RayShapeStore()
    ) throws(SimulationError) {
        try Self.validate(scene)
        self.scene = scene
        self.settings = settings
        self.shapes = shapes
        transforms = scene.instances.map(\.transform)
        parents = scene.instances.map(\.parent)
        parentSurfaces = scene.instances.map(\.parentSurface)
        hidden = Array(repeating: false, count: scene.instances.count)
        agent = Avatar(position: scene.agent.position, yaw: Self.normalized(scene.agent.rotation.y))
        player = Avatar(position: scene.player.position, yaw: Self.normalized(scene.player.rotation.y))
        pendingText = scene.prompt.isEmpty ? [] : [scene.prompt]
        collisions = CollisionMap(
            walker: .init(feet: agent.position.y, step: WorldRules.stepHeight, height: WorldRules.agentHeight))
        wallBoxes = scene.walls.map(\.boxes)
        for (index, wall) in scene.walls.enumerated() {
            for box in wallBoxes[index] { collisions.insert(Solid(box, in: wall.transform, owner: .wall(index))) }
        }
        for index in scene.instances.indices { insertSolids(of: index) }
    }

    private static func validate(_ scene: WorldScene) throws(SimulationError) {
        func check(_ transform: Transform, _ field: String) throws(SimulationError) {
            for (name, value) in [("position", transform.position), ("rotation", transform.rotation), ("scale", transform.scale)] {
                let limit = 1e6
                guard abs(value.x) <= limit, abs(value.y) <= limit, abs(value.z) <= limit else {
                    throw .invalidScene(field: "\(field).\(name)", expected: "numbers within ±\(limit)", found: "\(value)")
                }
            }
            guard transform.scale.x != 0, transform.scale.y != 0, transform.scale.z != 0 else {
                throw .invalidScene(field: "\(field).scale", expected: "no zero", found: "\(transform.scale)")
            }
        }
        try check(scene.agent, "agent")
        try check(scene.player, "player")
        for (index, wall) in scene.walls.enumerated() { try check(wall.transform, "walls[\(index)]") }
        for (index, floor) in scene.floors.enumerated() { try check(floor.transform, "floors[\(index)]") }
        let count = scene.instances.count
        for (index, instance) in scene.instances.enumerated() {
            try check(instance.transform, "instances[\(index)]")
            guard let parent = instance.parent else { continue }
            guard parent >= 0, parent < count else {
                throw .invalidScene(field: "instances[\(index)].parent", expected: "0..<\(count)", found: "\(parent)")
            }
            if let surface = instance.parentSurface {
                let surfaces = scene.instances[parent].model.surfaces.count
                guard surface >= 0, surface < surfaces else {
                    throw .invalidScene(
                        field: "instances[\(index)].parentSurface", expected: "0..<\(surfaces)", found: "\(surface)")
                }
            }
            var ancestor: Int? = parent
            var steps = 0
            while let current = ancestor, current >= 0, current < count {
                steps += 1
                guard steps <= count, current != index else {
                    throw .invalidScene(field: "instances[\(index)].parent", expected: "no circle", found: "\(parent)")
                }
                ancestor = scene.instances[current].parent
            }
        }
    }

    // MARK: Stepping

    /// Carries out one action, then its API calls.
    ///
    /// Order: move (by one frame, or at once with teleport), turn, look at the image point, grab, speak, calls. Walking
    /// stops at walls, things and the player and does not slide along them. A jump lands before the next observation.
    /// `choice` has no meaning here. Of move_forward and move_right only the signs count; angles of any size are turned,
    /// because the toolkit's own controller sends some beyond their documented range.
    ///
    /// - Parameter photographer: who writes the files that some calls ask for
    /// - Returns: what the player just said and what the calls returned; the picture is the renderer's business
    /// - Errors: `.invalidAction`, `.notAStep` and those of the calls. Everything but the writing of files is checked
    ///   before anything moves; a call that cannot write fails after the action
    @discardableResult
    public mutating func step(
        _ action: LEGENTAction, photographer: (any WorldPhotographer)? = nil
    ) throws(SimulationError) -> WorldObservation {
        guard action.kind == .step else { throw .notAStep(kind: action.kind.rawValue) }
        for (name, value) in [
            ("move_right", action.moveRight), ("move_forward", action.moveForward), ("rotate_right", action.rotateRight),
            ("rotate_down", action.rotateDown), ("teleport_forward", action.teleportForward), ("look_x", action.lookX),
            ("look_y", action.lookY),
        ] where !value.isFinite {
            throw .invalidAction(reason: "LEGENT \(name): expected a finite number, found \(value)")
        }
        // Most steps call nothing.
        let calls = action.calls.isEmpty ? [] : try parseCalls(action.calls, photographer: photographer)

        var observation = WorldObservation()
        if action.usesTeleport {
            let limit = WorldRules.teleportLimit
            observation.walked = walkAgent(by: min(max(action.teleportForward, -limit), limit), along: agent.heading)
        } else if action.moveForward != 0 || action.moveRight != 0 {
            let ahead = agent.heading
            func sign(_ value: Double) -> Double { value > 0 ? 1 : value < 0 ? -1 : 0 }
            let way = ahead * sign(action.moveForward) + SIMD2(ahead.y, -ahead.x) * sign(action.moveRight)
            observation.walked = walkAgent(by: WorldRules.frameMove, along: way / (way * way).sum().squareRoot())
        }
        if action.rotateRight != 0 || action.rotateDown != 0 { turnAgent(right: action.rotateRight, down: action.rotateDown) }
        if action.looksAtPoint { look(atX: action.lookX, y: action.lookY) }
        carry()
        if action.grabs { observation.grabbed = grabOrPut() }
        if !action.text.isEmpty { lastSpeech = action.text }
        stepCount += 1
        if !calls.isEmpty {
            var returns = LEGENTAPIReturns()
            for call in calls { try run(call, photographer, &returns) }
            observation.returns = returns == LEGENTAPIReturns() ? nil : returns
        }
        // Last, so that what the player says is not lost with a call that fails.
        if !pendingText.isEmpty { observation.text = pendingText.removeFirst() }
        return observation
    }

    /// The observation before any action: what the player says at once.
    public mutating func observe() -> WorldObservation {
        var observation = WorldObservation()
        if !pendingText.isEmpty { observation.text = pendingText.removeFirst() }
        return observation
    }

    /// Makes the player say something; the agent hears it with its next observation.
    public mutating func say(_ text: String) {
        if !text.isEmpty { pendingText.append(text) }
    }

    /// Walks the player straight ahead or backwards, stopped by what would stop the agent, and by the agent.
    ///
    /// - Parameter heading: degrees to turn to before walking, nil to keep the heading; must be finite
    /// - Returns: metres walked
    @discardableResult
    public mutating func walkPlayer(by metres: Double, heading: Double? = nil) -> Double {
        if let heading, heading.isFinite { player.yaw = Self.normalized(heading) }
        guard metres.isFinite, metres != 0 else { return 0 }
        let direction = metres < 0 ? -player.heading : player.heading
        let limit = min(abs(metres), WorldRules.teleportLimit)
        let free = freeWay(
            from: player.ground, along: direction, limit: limit, radius: WorldRules.playerRadius, other: agent.ground)
        player.position += SIMD3(direction.x, 0, direction.y) * free
        carryPlayer()
        return free
    }

    // MARK: Moving

    /// - Returns: metres walked
    mutating func walkAgent(by metres: Double, along heading: SIMD2<Double>) -> Double {
        guard metres != 0 else { return 0 }
        let direction = metres < 0 ? -heading : heading
        let free = freeWay(
            from: agent.ground, along: direction, limit: abs(metres), radius: WorldRules.agentRadius, other: player.ground)
        agent.position += SIMD3(direction.x, 0, direction.y) * free
        pathLength += free
        return free
    }

    /// Metres a walker can go, less the skin where something stops it.
    func freeWay(
        from origin: SIMD2<Double>, along direction: SIMD2<Double>, limit: Double, radius: Double, other: SIMD2<Double>
    ) -> Double {
        let reach = limit + WorldRules.skin
        var free = collisions.sweep(from: origin, along: direction, limit: reach, radius: radius)
        let person = Footprint(center: other, half: .zero)
        free = min(free, person.sweep(
            from: origin, along: direction, radius: WorldRules.agentRadius + WorldRules.playerRadius))
        return free >= reach ? limit : max(free - WorldRules.skin, 0)
    }

    mutating func turnAgent(right: Double, down: Double) {
        agent.yaw = Self.normalized(agent.yaw + right)
        agent.pitch = min(max(agent.pitch + down, -WorldRules.pitchLimit), WorldRules.pitchLimit)
    }

    /// Turns so that what was at an image point comes to the middle. x and y are fractions of width and height from the
    /// upper left corner, cut to 0...1.
    mutating func look(atX x: Double, y: Double) {
        let direction = agentView.direction(x: min(max(x, 0), 1), y: min(max(y, 0), 1))
        agent.yaw = Self.normalized(atan2(direction.x, direction.z) * 180 / .pi)
        let level = (direction.x * direction.x + direction.z * direction.z).squareRoot()
        agent.pitch = min(max(-atan2(direction.y, level) * 180 / .pi, -WorldRules.pitchLimit), WorldRules.pitchLimit)
    }

    /// An angle in [-180, 180).
    static func normalized(_ degrees: Double) -> Double {
        if degrees >= -180, degrees < 180 { return degrees }
        let turned = degrees.remainder(dividingBy: 360)
        return turned >= 180 ? turned - 360 : turned
    }

    // MARK: Solids

    mutating func insertSolids(of index: Int) {
        let model = scene.instances[index].model
        let boxes = model.colliders.isEmpty ? [Box(center: .zero, size: model.size)] : model.colliders
        for box in boxes {
            let solid = Solid(box, in: transforms[index], owner: .instance(index))
            collisions.insert(solid)
            if collisions.walker.meets(solid) { navigation?.insert(solid) }
        }
    }

    mutating func removeSolids(of index: Int) {
        if navigation != nil {
            for solid in collisions.obstacles where solid.owner == .instance(index) { navigation?.remove(solid) }
        }
        collisions.removeAll(of: .instance(index))
    }

    /// Whether somebody holds an instance, or something it stands on.
    public func isHeld(_ index: Int) -> Bool {
        var current: Int? = index
        while let instance = current {
            if instance == agent.held || instance == player.held { return true }
            current = parents[instance]
        }
        return false
    }

    /// An instance and all that stands on it.
    func withDescendants(_ index: Int) -> [Int] {
        var all = [index]
        var next = 0
        while next < all.count {
            for child in parents.indices where parents[child] == all[next] { all.append(child) }
            next += 1
        }
        return all
    }
}

/// What a step brings back, apart from the picture.
public struct WorldObservation: Sendable, Equatable {
    /// What the player just said, "" for nothing.
    public var text = ""
    /// Metres the agent walked; less than asked where something was in the way.
    public var walked = 0.0
    /// What came of a grab, nil if the action had none.
    public var grabbed: GrabResult?
    /// What its calls returned, nil if none of them returned anything.
    public var returns: LEGENTAPIReturns?

    public init() {}
}

/// What came of a grab.
public enum GrabResult: Sendable, Equatable {
    case took(Int)
    /// Put on or in an instance, or on the floor.
    case put(Int, on: Int?)
    /// Nothing to take there, or no place to put what is held.
    case nothing
}
