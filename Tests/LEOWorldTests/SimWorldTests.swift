import LEOAction
import LEOWorld
import TestSupport
import Testing

@Suite struct SimWorldTests {
    private func action(_ change: (inout LEGENTAction) -> Void) -> LEGENTAction {
        var action = LEGENTAction.step
        change(&action)
        return action
    }

    private func forward(_ metres: Double) -> LEGENTAction { action { $0.teleportForward = metres } }
    private func turn(_ degrees: Double) -> LEGENTAction { action { $0.rotateRight = degrees } }

    @Test func walksAndTurns() throws {
        var world = try World(SimScenes.room(half: SIMD2(3, 3)))
        #expect(try world.step(forward(1.5)).walked == 1.5)
        #expect(abs(world.agent.position.z - -0.5) < 1e-12)
        try world.step(turn(90))
        #expect(world.agent.yaw == 90)
        try world.step(forward(1))
        #expect(world.agent.position.x == 1 && abs(world.agent.position.z - -0.5) < 1e-12)
        try world.step(forward(-0.5))
        #expect(abs(world.agent.position.x - 0.5) < 1e-12)
        #expect(abs(world.pathLength - 3) < 1e-12)
    }

    @Test func walksOneFrame() throws {
        var world = try World(SimScenes.room(half: SIMD2(3, 3)))
        var move = LEGENTAction()
        move.moveRight = 1
        // Without teleport its distance counts for nothing.
        move.teleportForward = 2
        try world.step(move)
        #expect(world.agent.position == SIMD3(WorldRules.frameMove, 0, -2))
    }

    @Test func movesBeforeItTurns() throws {
        var world = try World(SimScenes.room(half: SIMD2(3, 3)))
        try world.step(action { $0.teleportForward = 1; $0.rotateRight = 90 })
        #expect(world.agent.position == SIMD3(0, 0, -1) && world.agent.yaw == 90)
    }

    @Test func stopsAtWallsAtAnyDistance() throws {
        for distance in [6.0, 10, 1000, 1e300] {
            var world = try World(SimScenes.room(half: SIMD2(3, 3)))
            try world.step(forward(distance))
            #expect(abs(world.agent.position.z - (3 - WorldRules.agentRadius - WorldRules.skin)) < 1e-9)
            try world.step(forward(-distance))
            #expect(abs(world.agent.position.z + (3 - WorldRules.agentRadius - WorldRules.skin)) < 1e-9)
        }
    }

    @Test func passesDoorwaysAndNoWalls() throws {
        var world = try World(SimScenes.twoRooms())
        try world.step(turn(90))
        try world.step(forward(5))
        #expect(abs(world.agent.position.x - (-0.05 - WorldRules.agentRadius - WorldRules.skin)) < 1e-9)
        world = try World(SimScenes.twoRooms())
        try world.step(forward(2))
        try world.step(turn(90))
        try world.step(forward(4))
        #expect(abs(world.agent.position.x - 2) < 1e-9)
    }

    @Test func stopsBeforeFurnitureAndPlayer() throws {
        var scene = SimScenes.room(half: SIMD2(3, 3), instances: [
            SimScenes.put(SimScenes.box("Rug", SIMD3(2, 0.02, 1)), x: 0, z: -1),
            SimScenes.put(SimScenes.box("Lamp", SIMD3(1, 0.3, 1)), x: 0, z: -1, bottom: 2),
            SimScenes.put(SimScenes.box("Crate", SIMD3(1, 1, 1)), x: 0, z: 1.5, yaw: 45),
        ])
        var world = try World(scene)
        try world.step(forward(5))
        // Over the rug, under the lamp, to the corner of the crate.
        #expect(abs(world.agent.position.z - (1.5 - 0.5.squareRoot() - WorldRules.agentRadius - WorldRules.skin)) < 1e-9)
        scene.instances = []
        scene.player.position = SIMD3(0, 0, 1)
        world = try World(scene)
        try world.step(forward(5))
        #expect(abs(world.agent.position.z - (1 - 0.45 - WorldRules.skin)) < 1e-9)
    }

    @Test func clampsPitch() throws {
        var world = try World(SimScenes.room(half: SIMD2(3, 3)))
        try world.step(action { $0.rotateDown = 80 })
        try world.step(action { $0.rotateDown = 80 })
        #expect(world.agent.pitch == WorldRules.pitchLimit)
        try world.step(action { $0.rotateDown = -90 })
        try world.step(action { $0.rotateDown = -90 })
        #expect(world.agent.pitch == -WorldRules.pitchLimit)
    }

    @Test func looksAtImagePoints() throws {
        var world = try World(SimScenes.furnished())
        let target = SIMD3(-1.2, 0.225, -0.2)
        let seen = try #require(world.agentView.project(target))
        try world.step(action { $0.looksAtPoint = true; $0.lookX = seen.x; $0.lookY = seen.y })
        let centered = try #require(world.agentView.project(target))
        #expect(abs(centered.x - 0.5) < 1e-9 && abs(centered.y - 0.5) < 1e-9)
    }

    @Test func refusesWhatIsNoStep() throws {
        var world = try World(SimScenes.furnished())
        let before = world.agent
        for kind in [LEGENTAction.Kind.initialize, .reset, .close] {
            #expect(throws: SimulationError.notAStep(kind: kind.rawValue)) { try world.step(action { $0.kind = kind }) }
        }
        for bad in [Double.nan, .infinity, -.infinity] {
            #expect(throws: SimulationError.self) { try world.step(forward(bad)) }
            #expect(throws: SimulationError.self) { try world.step(turn(bad)) }
        }
        #expect(throws: SimulationError.self) {
            try world.step(action { $0.teleportForward = 1; $0.calls = [LEGENTCall(name: "Fly")] })
        }
        #expect(world.agent == before && world.stepCount == 0)
    }

    @Test func hearsThePlayerOnce() throws {
        var scene = SimScenes.furnished()
        scene.prompt = "Come here."
        var world = try World(scene)
        world.say("Hurry.")
        #expect(try world.step(.step).text == "Come here.")
        #expect(try world.step(.step).text == "Hurry.")
        #expect(try world.step(action { $0.text = "Yes." }).text == "")
        #expect(world.lastSpeech == "Yes.")
    }

    @Test func refusesDamagedScenes() {
        var scene = SimScenes.furnished()
        scene.instances[1].parent = 9
        #expect(throws: SimulationError.self) { try World(scene) }
        scene.instances[1].parent = 1
        #expect(throws: SimulationError.self) { try World(scene) }
        scene.instances[1].parent = 0
        scene.instances[1].parentSurface = 4
        #expect(throws: SimulationError.self) { try World(scene) }
        scene.instances[1].parentSurface = 0
        scene.instances[2].transform.position.x = .nan
        #expect(throws: SimulationError.self) { try World(scene) }
        scene.instances[2].transform.position.x = 0
        scene.instances[2].transform.scale.y = 0
        #expect(throws: SimulationError.self) { try World(scene) }
    }
}
