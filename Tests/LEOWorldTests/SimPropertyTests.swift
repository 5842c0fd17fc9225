import LEOAction
import LEOWorld
import TestSupport
import Testing

/// Claims about many generated scenes and random actions.
@Suite struct SimPropertyTests {
    private func randomAction(_ random: inout SeededGenerator) -> LEGENTAction {
        var action = LEGENTAction.step
        switch Int.random(in: 0..<8, using: &random) {
        case 0: action.teleportForward = Double.random(in: -50..<50, using: &random)
        case 1, 2: action.teleportForward = Double.random(in: -1..<3, using: &random)
        case 3:
            action.usesTeleport = false
            action.moveForward = Double(Int.random(in: -1...1, using: &random))
            action.moveRight = Double(Int.random(in: -1...1, using: &random))
        case 4: action.grabs = true
        case 5:
            action.looksAtPoint = true
            action.lookX = Double.random(in: 0...1, using: &random)
            action.lookY = Double.random(in: 0...1, using: &random)
        default:
            action.rotateRight = Double.random(in: -180..<180, using: &random)
            action.rotateDown = Double.random(in: -90..<90, using: &random)
        }
        return action
    }

    /// 1000 scenes: after every action the agent is in a room or a doorway, and clear of all walls.
    @Test func nobodyEscapes() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in UInt64(0)..<8 {
                group.addTask {
                    for seed in part * SimGeometry.count(125)..<(part + 1) * SimGeometry.count(125) {
                        let scene = WorldGenerator.scene(seed: seed)
                        var world = try World(scene)
                        var random = SeededGenerator(seed: seed)
                        let walls = scene.walls.flatMap(\.solidParts).filter {
                            $0.minimum.y < WorldRules.agentHeight && $0.maximum.y > WorldRules.stepHeight
                        }
                        for step in 0..<120 {
                            try world.step(randomAction(&random))
                            let p = world.agent.ground
                            #expect(scene.rooms.contains { room in
                                let out = p.clamped(lowerBound: room.minimum, upperBound: room.maximum) - p
                                return (out * out).sum().squareRoot() < 0.3
                            }, "seed \(seed), step \(step): outside at \(p)")
                            for box in walls {
                                let low = SIMD2(box.minimum.x, box.minimum.z), high = SIMD2(box.maximum.x, box.maximum.z)
                                let out = p.clamped(lowerBound: low, upperBound: high) - p
                                #expect(
                                    (out * out).sum().squareRoot() > WorldRules.agentRadius - 1e-6,
                                    "seed \(seed), step \(step): in a wall at \(p)")
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Every leg of every path can be walked as it is, by the agent's own cylinder.
    @Test(arguments: 0..<SimGeometry.count(40)) func cornersSeeEachOther(seed: UInt64) throws {
        let world = try World(WorldGenerator.scene(seed: seed))
        for index in world.transforms.indices {
            var walker = world
            let corners = walker.pathToObject(index)
            for (a, b) in zip(corners, corners.dropFirst()) {
                let way = b - a
                let length = (way.x * way.x + way.z * way.z).squareRoot()
                var turn = LEGENTAction.step
                turn.rotateRight = SimGeometry.turn(from: walker.agent.yaw, to: SimGeometry.yaw(of: b - walker.agent.position))
                try walker.step(turn)
                var move = LEGENTAction.step
                move.teleportForward = length
                let walked = try walker.step(move).walked
                #expect(abs(walked - length) < 1e-6, "seed \(seed), object \(index): \(walked) of \(length)")
            }
        }
    }

    /// Generated scenes promise that everything can be reached; paths must find it.
    @Test(arguments: 0..<SimGeometry.count(40)) func everythingIsReached(seed: UInt64) throws {
        var world = try World(WorldGenerator.scene(seed: seed))
        let user = world.pathToUser()
        let end = try #require(user.last)
        let apart = end - world.player.position
        #expect((apart.x * apart.x + apart.z * apart.z).squareRoot() < 0.2, "seed \(seed): player")
        for index in world.transforms.indices {
            let corners = world.pathToObject(index)
            let last = try #require(corners.last, "seed \(seed): no way to \(index)")
            #expect(corners.first == SIMD3(world.agent.position.x, 0, world.agent.position.z))
            let distance = world.footprint(of: index).distance(to: SIMD2(last.x, last.z))
            #expect(distance < 2, "seed \(seed): \(index) \(world.scene.instances[index].model.name) \(distance)")
        }
    }

    @Test func sameActionsSameStates() throws {
        for seed in UInt64(0)..<10 {
            let scene = WorldGenerator.scene(seed: seed)
            func run() throws -> (World, [WorldObservation]) {
                var world = try World(scene)
                var random = SeededGenerator(seed: seed)
                let observations = try (0..<200).map { _ in try world.step(randomAction(&random)) }
                return (world, observations)
            }
            let (first, a) = try run(), (second, b) = try run()
            #expect(a == b)
            #expect(first.agent == second.agent && first.transforms == second.transforms && first.parents == second.parents)
        }
    }

    @Test func parallelSteppingChangesNothing() throws {
        let count = 16
        var alone = try (0..<count).map { try World(WorldGenerator.scene(seed: UInt64($0 % 4))) }
        var batch = WorldBatch(alone)
        var random = (0..<count).map { SeededGenerator(seed: UInt64($0)) }
        for step in 0..<150 {
            var actions = (0..<count).map { randomAction(&random[$0]) }
            if step % 10 == 0 { for index in actions.indices { actions[index].calls = [LEGENTCall(name: "PathToUser")] } }
            // One world refuses.
            actions[3].teleportForward = step % 7 == 0 ? .nan : actions[3].teleportForward
            let together = batch.step(actions)
            for index in 0..<count {
                switch together[index] {
                case .success(let observation): #expect(try alone[index].step(actions[index]) == observation)
                case .failure(let error): #expect(throws: error) { try alone[index].step(actions[index]) }
                }
                #expect(batch.worlds[index].agent == alone[index].agent)
                #expect(batch.worlds[index].transforms == alone[index].transforms)
            }
        }
    }

    /// Taking and putting down changes the grid piece by piece; it must stay what building it anew gives.
    @Test(arguments: 0..<SimGeometry.count(10)) func gridFollowsTheFurniture(seed: UInt64) throws {
        var world = try World(WorldGenerator.scene(seed: seed))
        var random = SeededGenerator(seed: seed)
        _ = world.pathToUser()
        for _ in 0..<30 {
            let index = Int.random(in: 0..<world.transforms.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: world.setHidden(!world.hidden[index], index)
            case 1:
                let step = SIMD3(Double.random(in: -1..<1, using: &random), 0, Double.random(in: -1..<1, using: &random))
                world.move(index, to: world.transforms[index].position + step, rotation: SIMD3(0, Double.random(in: 0..<360, using: &random), 0))
            default: try world.step(randomAction(&random))
            }
        }
        var fresh = try World(world.currentScene)
        for index in world.transforms.indices where world.hidden[index] { fresh.setHidden(true, index) }
        guard world.agent.held == nil else { return }
        #expect(world.pathToUser() == fresh.pathToUser())
        for index in world.transforms.indices { #expect(world.pathToObject(index) == fresh.pathToObject(index), "seed \(seed), object \(index)") }
    }
}
