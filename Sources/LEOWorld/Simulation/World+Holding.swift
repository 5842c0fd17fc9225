import Foundation

/// Taking things and putting them down.
///
/// What is held, and what stands on it, stops nobody and is not seen. It stands upright again when it is put down: on the
/// surface in the middle of the view at the free spot nearest to the point there, or else on the floor before the agent.
/// It never overlaps anything and is never lost: where there is no room at all the agent keeps it.
extension World {
    mutating func grabOrPut() -> GrabResult {
        if let held = agent.held { return putDown(held) }
        guard let index = grabTarget() else { return .nothing }
        take(index)
        agent.held = index
        carry()
        return .took(index)
    }

    /// What a grab would take: the interactable thing in the middle of the view within reach, or the one that can be seen
    /// nearest to the middle within `WorldRules.aimTolerance`.
    public func grabTarget() -> Int? {
        let view = agentView
        let ahead = view.direction(x: 0.5, y: 0.5)
        if let hit = castRay(Ray(origin: view.position, direction: ahead), limit: WorldRules.reach),
            case .instance(let index) = hit.target, canBeGrabbed(index)
        {
            return index
        }
        var best: (angle: Double, index: Int)?
        for index in transforms.indices where canBeGrabbed(index) {
            let way = transforms[index].position - view.position
            let length = (way * way).sum().squareRoot()
            guard length > 1e-6, length <= WorldRules.reach else { continue }
            let angle = acos(min(max((way * ahead).sum() / length, -1), 1)) * 180 / .pi
            guard angle <= WorldRules.aimTolerance, angle < best?.angle ?? .infinity else { continue }
            let hit = castRay(Ray(origin: view.position, direction: way / length), limit: length)
            if hit == nil || hit?.target == .instance(index) { best = (angle, index) }
        }
        return best?.index
    }

    private func canBeGrabbed(_ index: Int) -> Bool {
        scene.instances[index].isInteractable && !hidden[index] && !isHeld(index)
    }

    /// Lifts an instance off what it stands on, with all that stands on it.
    private mutating func take(_ index: Int) {
        for each in withDescendants(index) { removeSolids(of: each) }
        parents[index] = nil
        parentSurfaces[index] = nil
        furnitureVersion += 1
    }

    /// Moves what the agent holds along with it.
    mutating func carry() {
        guard let held = agent.held else { return }
        let offset = agent.forward * WorldRules.heldForward
        let position = agent.position + offset + SIMD3(0, WorldRules.agentEyes - WorldRules.heldDown, 0)
        moveRigidly(held, to: Transform(
            position: position, rotation: SIMD3(0, agent.yaw, 0), scale: transforms[held].scale))
    }

    mutating func carryPlayer() {
        guard let held = player.held else { return }
        let position = player.position + player.forward * WorldRules.heldForward
            + SIMD3(0, WorldRules.playerEyes - WorldRules.heldDown, 0)
        moveRigidly(held, to: Transform(
            position: position, rotation: SIMD3(0, player.yaw, 0), scale: transforms[held].scale))
    }

    /// Places an instance; what stands on it keeps its place there. Solids are the caller's business.
    mutating func moveRigidly(_ index: Int, to transform: Transform) {
        let before = transforms[index]
        transforms[index] = transform
        let family = withDescendants(index).dropFirst()
        guard !family.isEmpty else { return }
        let from = before.orientation, to = transform.orientation
        for each in family {
            let local = from.inverseApply(to: transforms[each].position - before.position)
            transforms[each].position = to.apply(to: local) + transform.position
            transforms[each].rotation.y = Self.normalized(transforms[each].rotation.y + transform.rotation.y - before.rotation.y)
        }
    }

    // MARK: Putting down

    private mutating func putDown(_ held: Int) -> GrabResult {
        let view = agentView
        let ahead = view.direction(x: 0.5, y: 0.5)
        let hit = castRay(Ray(origin: view.position, direction: ahead), limit: WorldRules.reach)
        var spot: Spot?
        if let hit, case .instance(let index) = hit.target { spot = spotOn(index, near: hit.point, for: held) }
        if spot == nil {
            let aim = hit?.point ?? view.position + ahead * WorldRules.reach
            spot = floorSpot(near: SIMD2(aim.x, aim.z), for: held) ?? floorSpot(near: agent.ground + agent.heading * 0.7, for: held)
        }
        guard let spot else { return .nothing }
        agent.held = nil
        settle(held, at: spot)
        return .put(held, on: spot.parent)
    }

    /// Where something can stand.
    struct Spot {
        var position: SIMD3<Double>
        var yaw: Double
        var parent: Int?
        var surface: Int?
    }

    private mutating func settle(_ index: Int, at spot: Spot) {
        moveRigidly(index, to: Transform(
            position: spot.position, rotation: SIMD3(0, spot.yaw, 0), scale: transforms[index].scale))
        parents[index] = spot.parent
        parentSurfaces[index] = spot.surface
        for each in withDescendants(index) { insertSolids(of: each) }
        furnitureVersion += 1
    }

    /// The free spot of an instance's surfaces nearest to a point; where the instance has none, of what it stands on.
    private func spotOn(_ index: Int, near point: SIMD3<Double>, for held: Int) -> Spot? {
        var current: Int? = index
        while let support = current {
            let surfaces = scene.instances[support].model.surfaces
            let order = surfaces.indices.map { (distance: distance(from: point, to: surfaces[$0], of: support), surface: $0) }
                .sorted { ($0.distance, $0.surface) < ($1.distance, $1.surface) }
            for (_, surface) in order {
                if let spot = spot(on: surface, of: support, near: point, for: held) { return spot }
            }
            current = parents[support]
        }
        return nil
    }

    private func distance(from point: SIMD3<Double>, to surface: Surface, of index: Int) -> Double {
        let local = transforms[index].inverseApply(to: point) - surface.center
        let half = SIMD3(surface.halfExtents.x, 0, surface.halfExtents.y)
        let apart = (local - local.clamped(lowerBound: -half, upperBound: half)) * transforms[index].scale
        return (apart * apart).sum().squareRoot()
    }

    /// Tries spots of one surface outwards from the point, on a grid of 4 cm, as the thing is turned in the hand and a
    /// quarter turned.
    private func spot(on surface: Int, of support: Int, near point: SIMD3<Double>, for held: Int) -> Spot? {
        let base = transforms[support], area = scene.instances[support].model.surfaces[surface]
        // Only level surfaces hold anything.
        guard base.orientation.y.y > 0.999 else { return nil }
        let size = scene.instances[held].model.size * transforms[held].scale
        guard abs(size.y) <= area.clearance * abs(base.scale.y) else { return nil }
        let half = SIMD2(area.halfExtents.x * abs(base.scale.x), area.halfExtents.y * abs(base.scale.z))
        let center = base.apply(to: area.center)
        let top = Footprint(
            center: SIMD2(center.x, center.z), axis: SIMD2(base.orientation.x.x, base.orientation.x.z), half: half)
        for turn in [0.0, 90] {
            // Along the surface's sides, so that the rectangle fits wherever its extents do.
            let yaw = Self.normalized(base.rotation.y + turn)
            let extents = turn == 0 ? SIMD2(abs(size.x), abs(size.z)) / 2 : SIMD2(abs(size.z), abs(size.x)) / 2
            let room = half - extents
            guard room.x >= 0, room.y >= 0 else { continue }
            let aim = top.local(SIMD2(point.x, point.z)).clamped(lowerBound: -room, upperBound: room)
            for local in Self.spiral(around: aim, within: room, step: 0.04) {
                let ground = top.world(local)
                let position = SIMD3(ground.x, center.y + abs(size.y) / 2, ground.y)
                if isFree(held, at: position, yaw: yaw) {
                    return Spot(position: position, yaw: yaw, parent: support, surface: surface)
                }
            }
        }
        return nil
    }

    /// The free spot on the floor nearest to a point, within 1.5 m of it, within reach of the agent and with no wall between.
    private func floorSpot(near aim: SIMD2<Double>, for held: Int) -> Spot? {
        let size = scene.instances[held].model.size * transforms[held].scale
        let yaw = agent.yaw
        // What is aimed at may lie in or behind a wall: begin where the way to it ends.
        let way = aim - agent.ground
        let length = (way * way).sum().squareRoot()
        let free = length > 1e-9
            ? collisions.sweep(from: agent.ground, along: way / length, limit: length, radius: 0, wallsOnly: true) : 0
        let start = length > 1e-9 ? agent.ground + way / length * free : aim
        let side = SIMD2(repeating: 1.5)
        for offset in Self.spiral(around: .zero, within: side, step: 0.06) {
            let ground = start + offset
            let apart = ground - agent.ground
            let distance = (apart * apart).sum().squareRoot()
            guard distance <= WorldRules.reach, let floor = floorHeight(at: ground) else { continue }
            let position = SIMD3(ground.x, floor + abs(size.y) / 2, ground.y)
            guard isFree(held, at: position, yaw: yaw),
                collisions.isClear(from: agent.ground, to: ground, radius: 0, wallsOnly: true),
                distance >= WorldRules.agentRadius + (size.x * size.x + size.z * size.z).squareRoot() / 2
            else { continue }
            return Spot(position: position, yaw: yaw, parent: nil, surface: nil)
        }
        return nil
    }

    /// Height of the floor that one walks on at a point, nil beside all floors. A scene without floors has one at the
    /// agent's feet.
    func floorHeight(at ground: SIMD2<Double>) -> Double? {
        if scene.floors.isEmpty { return agent.position.y }
        var best: Double?
        for floor in scene.floors {
            let solid = Solid(Box(center: .zero, size: floor.size), in: floor.transform, owner: .wall(0))
            guard solid.top <= agent.position.y + WorldRules.stepHeight, solid.footprint.distance(to: ground) <= 0 else { continue }
            best = max(best ?? -.infinity, solid.top)
        }
        return best
    }

    /// Whether an instance, and what stands on it, would overlap nothing and nobody.
    private func isFree(_ index: Int, at position: SIMD3<Double>, yaw: Double) -> Bool {
        let before = transforms[index]
        let target = Transform(position: position, rotation: SIMD3(0, yaw, 0), scale: before.scale)
        let family = withDescendants(index)
        for each in family {
            let transform: Transform
            if each == index {
                transform = target
            } else {
                let local = before.orientation.inverseApply(to: transforms[each].position - before.position)
                transform = Transform(
                    position: target.orientation.apply(to: local) + position,
                    rotation: transforms[each].rotation + SIMD3(0, yaw - before.rotation.y, 0), scale: transforms[each].scale)
            }
            var solid = Solid(Box(center: .zero, size: scene.instances[each].model.size), in: transform, owner: .instance(each))
            // Standing on something is no overlap.
            solid.bottom += 0.003
            if collisions.overlaps(solid, ignoring: { family.contains($0) }) { return false }
            for (avatar, radius, height) in [
                (agent, WorldRules.agentRadius, WorldRules.agentHeight), (player, WorldRules.playerRadius, WorldRules.playerHeight),
            ] where solid.bottom < avatar.position.y + height && solid.top > avatar.position.y {
                if solid.footprint.distance(to: avatar.ground) < radius { return false }
            }
        }
        return true
    }

    /// Points of a grid around a point, nearest first, within a rectangle about the origin.
    private static func spiral(around aim: SIMD2<Double>, within half: SIMD2<Double>, step: Double) -> [SIMD2<Double>] {
        func range(_ axis: Int) -> [Double] {
            let low = Int(((-half[axis] - aim[axis]) / step).rounded(.up)), high = Int(((half[axis] - aim[axis]) / step).rounded(.down))
            // Large surfaces are searched around the point only.
            let from = max(low, -40), to = min(high, 40)
            return from <= to ? (from...to).map { Double($0) * step } : [0]
        }
        let columns = range(0), rows = range(1)
        return columns.flatMap { x in rows.map { SIMD2(x, $0) } }
            .sorted { a, b in
                let (first, second) = ((a * a).sum(), (b * b).sum())
                return first != second ? first < second : (a.x, a.y) < (b.x, b.y)
            }
            .map { aim + $0 }
    }
}
