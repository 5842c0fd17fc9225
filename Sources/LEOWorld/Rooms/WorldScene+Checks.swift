extension WorldScene {
    /// Where a body of `AgentBody` can stand, over all rooms and through doors.
    package func freeSpace() -> FreeSpace {
        guard var outline = rooms.first.map({ Rectangle(minimum: $0.minimum, maximum: $0.maximum) }) else {
            return FreeSpace(area: Rectangle(center: .zero, size: .zero))
        }
        for room in rooms {
            outline.minimum = pointwiseMin(outline.minimum, room.minimum)
            outline.maximum = pointwiseMax(outline.maximum, room.maximum)
        }
        var space = FreeSpace(area: outline)
        space.blockEdges()
        for wall in walls {
            for box in wall.solidParts where box.minimum.y < AgentBody.height && box.maximum.y > AgentBody.stepHeight {
                space.block(Rectangle(box))
            }
        }
        for instance in instances {
            for box in instance.worldColliders where Furnisher.stopsWalking(box) { space.block(Rectangle(box)) }
        }
        space.connect()
        return space
    }

    /// What breaks the promises of generated scenes, in words; empty if nothing does.
    package func violations() -> [String] {
        var found: [String] = []
        let bodies = instances.map(\.worldColliders)
        let bounds = instances.map(\.worldBounds)
        for index in instances.indices {
            let instance = instances[index]
            let name = "\(index) \(instance.model.name)"
            guard let id = instance.room, let room = rooms.first(where: { $0.id == id }) else {
                found.append("\(name) is in no room")
                continue
            }
            let inner = Rectangle(minimum: room.minimum, maximum: room.maximum).grown(by: 1e-6)
            if !inner.contains(Rectangle(bounds[index])) || bounds[index].minimum.y < -1e-6 {
                found.append("\(name) is not inside room \(id)")
            }
            for other in (index + 1)..<instances.count where bounds[index].overlaps(bounds[other]) {
                if bodies[index].contains(where: { body in bodies[other].contains { $0.overlaps(body) } }) {
                    found.append("\(name) overlaps \(other) \(instances[other].model.name)")
                }
            }
            if instance.parent != nil, !isSupported(index) { found.append("\(name) does not rest on its parent") }
        }
        let space = freeSpace()
        guard let part = space.part(at: SIMD2(agent.position.x, agent.position.z)) else {
            return found + ["the agent has no room to stand"]
        }
        if space.part(at: SIMD2(player.position.x, player.position.z)) != part {
            found.append("the agent cannot reach the player")
        }
        for (index, instance) in instances.enumerated() {
            let spot = SIMD2(instance.transform.position.x, instance.transform.position.z)
            let isNear =
                instance.parent != nil || instance.isInteractable
                ? space.reaches(spot, within: WorldGenerator.reach + 0.15, from: part)
                : space.reaches(Rectangle(bounds[index]).grown(by: 1.3), from: part)
            if !isNear { found.append("\(index) \(instance.model.name) is out of reach") }
        }
        for room in rooms where !space.reaches(Rectangle(minimum: room.minimum, maximum: room.maximum), from: part) {
            found.append("room \(room.id) is out of reach")
        }
        return found
    }

    /// Whether a thing stands exactly on the surface it says, within its rectangle and below its clearance.
    package func isSupported(_ index: Int) -> Bool {
        let instance = instances[index]
        guard let parent = instance.parent, instances.indices.contains(parent), parent != index,
            let number = instance.parentSurface, instances[parent].model.surfaces.indices.contains(number)
        else { return false }
        let host = instances[parent]
        let surface = host.model.surfaces[number]
        let bounds = instance.worldBounds
        let local = host.transform.inverseApply(
            to: SIMD3(instance.transform.position.x, bounds.minimum.y, instance.transform.position.z))
        let turn = instance.transform.rotation.y - host.transform.rotation.y
        let outline = Box(center: .zero, size: instance.model.size).upright(
            in: Transform(rotation: SIMD3(0, turn, 0), scale: instance.transform.scale))
        let place = Rectangle(
            center: SIMD2(local.x, local.z),
            size: SIMD2(outline.size.x, outline.size.z) / SIMD2(host.transform.scale.x, host.transform.scale.z))
        let room = Rectangle(center: SIMD2(surface.center.x, surface.center.z), size: surface.halfExtents * 2)
        return abs(local.y - surface.center.y) < 1e-6 && room.grown(by: 1e-4).contains(place)
            && instance.model.size.y <= surface.clearance
    }
}

extension Wall {
    /// The wall without its holes, as boxes in the world. Exact for walls along x or z.
    package var solidParts: [Box] {
        // Cut at the edges of all holes, then keep the cells that lie in none.
        let half = size / 2
        func cuts(_ axis: Int) -> [Double] {
            var values = [-half[axis], half[axis]]
            for hole in holes {
                values += [hole.center[axis] - hole.size[axis] / 2, hole.center[axis] + hole.size[axis] / 2]
            }
            return Set(values.filter { abs($0) <= half[axis] }).sorted()
        }
        let (xs, ys) = (cuts(0), cuts(1))
        var parts: [Box] = []
        for (left, right) in zip(xs, xs.dropFirst()) {
            for (bottom, top) in zip(ys, ys.dropFirst()) {
                let middle = SIMD2(left + right, bottom + top) / 2
                let isOpen = holes.contains { hole in
                    abs(middle.x - hole.center.x) < hole.size.x / 2 && abs(middle.y - hole.center.y) < hole.size.y / 2
                }
                if isOpen { continue }
                let box = Box(minimum: SIMD3(left, bottom, -half.z), maximum: SIMD3(right, top, half.z))
                parts.append(box.upright(in: transform))
            }
        }
        return parts
    }
}
