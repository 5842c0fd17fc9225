import LEOAction
import LEOScene
import LEOWorld
import TestSupport
import Testing

@Suite struct SimHoldingTests {
    private static let grab: LEGENTAction = {
        var action = LEGENTAction.step
        action.grabs = true
        return action
    }()

    /// Turns the agent's view to a point.
    private func look(_ world: inout World, at point: SIMD3<Double>) throws {
        for _ in 0..<4 {
            let view = world.agentView
            guard var action = LEGENTController.lookAt(point, cameraPosition: view.position, cameraForward: view.orientation.z) else { return }
            action.usesTeleport = true
            try world.step(action)
        }
    }

    /// Beside the table of the furnished scene.
    private func beforeTable() throws -> World {
        var scene = SimScenes.furnished()
        scene.agent.position = SIMD3(2, 0, -0.4)
        return try World(scene)
    }

    @Test func takesWhatIsInTheMiddle() throws {
        var world = try beforeTable()
        try look(&world, at: world.transforms[1].position)
        #expect(world.grabTarget() == 1)
        #expect(try world.step(Self.grab).grabbed == .took(1))
        #expect(world.agent.held == 1 && world.parents[1] == nil && world.isHeld(1))
        #expect(!world.isInView(1))
        // It goes where the agent goes.
        var back = LEGENTAction.step
        back.teleportForward = -0.5
        let before = world.transforms[1].position
        try world.step(back)
        #expect(abs((world.transforms[1].position - before).z + 0.5) < 1e-9)
    }

    @Test func takesNothingOutOfReachOrFixed() throws {
        var scene = SimScenes.furnished()
        scene.agent.position = SIMD3(2, 0, -1.7)
        scene.instances[1].transform.position.z = 0.9
        scene.instances[1].transform.scale = SIMD3(1, 1, 1)
        var world = try World(scene)
        world.move(1, to: SIMD3(3.8, 0.04, 1.8), rotation: .zero)
        try look(&world, at: world.transforms[1].position)
        #expect(try world.step(Self.grab).grabbed == .nothing)
        try look(&world, at: world.transforms[0].position)
        #expect(try world.step(Self.grab).grabbed == .nothing)
        #expect(world.agent.held == nil)
    }

    @Test func putsItBackOnTheTable() throws {
        var world = try beforeTable()
        try look(&world, at: world.transforms[1].position)
        try world.step(Self.grab)
        // At the cup, where the apple cannot stand: it ends beside it.
        let cup = world.transforms[2].position
        try look(&world, at: SIMD3(cup.x, 0.75, cup.z))
        #expect(try world.step(Self.grab).grabbed == .put(1, on: 0))
        #expect(world.parents[1] == 0 && world.agent.held == nil)
        #expect(abs(world.transforms[1].position.y - 0.79) < 1e-9)
        #expect(!world.footprint(of: 1).overlaps(world.footprint(of: 2)))
        let apart = world.transforms[1].position - cup
        #expect((apart.x * apart.x + apart.z * apart.z).squareRoot() < 0.2)
        #expect(world.relations[1].onWhat == 0)
    }

    @Test func dropsItToTheFloorElsewhere() throws {
        var world = try beforeTable()
        try look(&world, at: world.transforms[1].position)
        try world.step(Self.grab)
        try look(&world, at: SIMD3(2.5, 1.2, -1.9))
        #expect(try world.step(Self.grab).grabbed == .put(1, on: nil))
        #expect(abs(world.transforms[1].position.y - 0.04) < 1e-9)
        #expect(abs(world.transforms[1].position.z) < 2)
    }

    @Test func keepsItWhereThereIsNoRoom() throws {
        // A closet hardly wider than the agent.
        var scene = SimScenes.room(half: SIMD2(0.3, 0.3), instances: [
            SimScenes.put(SimScenes.box("Box", SIMD3(0.2, 0.2, 0.2), isInteractable: true), x: 0, z: 0.1, bottom: 1.7)
        ])
        scene.agent.position = .zero
        scene.player.position = SIMD3(50, 0, 50)
        var world = try World(scene)
        try look(&world, at: world.transforms[0].position)
        #expect(try world.step(Self.grab).grabbed == .took(0))
        #expect(try world.step(Self.grab).grabbed == .nothing)
        #expect(world.agent.held == 0)
    }

    @Test func whatStandsOnItComesAlong() throws {
        let tray = SimScenes.box("Tray", SIMD3(0.3, 0.02, 0.3), isInteractable: true, hasTop: true)
        let cup = SimScenes.box("Cup", SIMD3(0.06, 0.1, 0.06), isInteractable: true)
        let table = SimScenes.box("Table", SIMD3(1, 0.7, 0.6), hasTop: true)
        var scene = SimScenes.room(half: SIMD2(3, 3), instances: [
            SimScenes.put(table, x: 0, z: 0),
            SimScenes.put(tray, x: 0, z: -0.1, bottom: 0.7, parent: 0),
            SimScenes.put(cup, x: 0.05, z: -0.05, bottom: 0.72, parent: 1),
        ])
        scene.agent.position = SIMD3(0, 0, -0.8)
        var world = try World(scene)
        try look(&world, at: SIMD3(-0.05, 0.72, -0.2))
        #expect(try world.step(Self.grab).grabbed == .took(1))
        #expect(world.isHeld(2) && world.parents[2] == 1)
        var turn = LEGENTAction.step
        turn.rotateRight = 180 - 1e-9
        try world.step(turn)
        try look(&world, at: SIMD3(0, 0, -2))
        #expect(try world.step(Self.grab).grabbed == .put(1, on: nil))
        let offset = world.transforms[2].position - world.transforms[1].position
        #expect(abs((offset.x * offset.x + offset.z * offset.z).squareRoot() - 0.0707) < 1e-3)
        #expect(abs(offset.y - 0.06) < 1e-9)
    }

    @Test(arguments: 0..<SimGeometry.count(30)) func nothingIsLostOrInsideAnother(seed: UInt64) throws {
        let scene = WorldGenerator.scene(seed: seed)
        var world = try World(scene)
        var random = SeededGenerator(seed: seed)
        let start = world.transforms
        for _ in 0..<60 {
            let target = Int.random(in: 0..<max(world.transforms.count, 1), using: &random)
            if world.transforms.isEmpty { return }
            // Anywhere near it, looking at it or at anything else.
            let corners = world.pathToObject(target)
            for corner in corners.dropFirst() {
                let way = corner - world.agent.position
                var turn = LEGENTAction.step
                turn.rotateRight = SimGeometry.turn(from: world.agent.yaw, to: SimGeometry.yaw(of: way))
                turn.teleportForward = 0
                try world.step(turn)
                var move = LEGENTAction.step
                move.teleportForward = (way.x * way.x + way.z * way.z).squareRoot()
                try world.step(move)
            }
            try look(&world, at: world.transforms[target].position)
            let before = world.agent.held
            let result = try world.step(Self.grab).grabbed
            if let before {
                if case .put(let index, _) = result {
                    #expect(index == before)
                    expectFree(index, in: world, seed)
                }
            }
            for (index, instance) in scene.instances.enumerated() where !instance.isInteractable {
                #expect(world.transforms[index] == start[index], "seed \(seed): fixed \(index) moved")
            }
        }
    }

    /// A thing that was put down stands in nothing and rests on a surface or the floor.
    private func expectFree(_ index: Int, in world: World, _ seed: UInt64) {
        func upright(_ i: Int) -> [Box] {
            world.scene.instances[i].model.colliders.map { $0.upright(in: world.transforms[i]) }
        }
        var family: Set<Int> = [index]
        var grew = true
        while grew {
            grew = false
            for (child, parent) in world.parents.enumerated() where parent.map(family.contains) == true && family.insert(child).inserted { grew = true }
        }
        let transform = world.transforms[index]
        let size = world.scene.instances[index].model.size * transform.scale
        let bottom = transform.position.y - size.y / 2
        if let parent = world.parents[index] {
            let surfaces = world.scene.instances[parent].model.surfaces
            #expect(surfaces.contains { abs(world.transforms[parent].apply(to: $0.center).y - bottom) < 1e-6 }, "seed \(seed): \(index) hovers")
        } else {
            #expect(abs(bottom) < 1e-6, "seed \(seed): \(index) hovers at \(bottom)")
        }
        for other in world.transforms.indices where !family.contains(other) && !world.isHeld(other) {
            let outline = Footprint(
                center: SIMD2(transform.position.x, transform.position.z),
                axis: SIMD2(transform.orientation.x.x, transform.orientation.x.z), half: SIMD2(size.x, size.z) / 2 - SIMD2(repeating: 1e-6))
            guard outline.overlaps(world.footprint(of: other)) else { continue }
            for box in upright(other) where box.minimum.y < bottom + size.y - 1e-6 && box.maximum.y > bottom + 0.004 {
                let rectangle = Footprint(
                    center: SIMD2(box.center.x, box.center.z), half: SIMD2(box.size.x, box.size.z) / 2 - SIMD2(repeating: 1e-6))
                // Boxes around turned colliders are larger than these; only right-angled ones count here.
                let isRight = abs(world.transforms[other].rotation.y.remainder(dividingBy: 90)) < 1e-9
                #expect(!isRight || !outline.overlaps(rectangle), "seed \(seed): \(index) stands in \(other)")
            }
        }
    }
}
