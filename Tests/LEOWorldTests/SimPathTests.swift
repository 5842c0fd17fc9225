import LEOAction
import LEOWorld
import TestSupport
import Testing

@Suite struct SimPathTests {
    /// Whether the agent, walking as it does, gets from each corner to the next, the last `short` metres left out.
    private func isWalkable(_ corners: [SIMD3<Double>], in world: World, short: Double = 0) throws -> Bool {
        var walker = world
        for (index, corner) in corners.enumerated().dropFirst() {
            let way = corner - walker.agent.position
            let length = (way.x * way.x + way.z * way.z).squareRoot() - (index == corners.count - 1 ? short : 0)
            let yaw = SimGeometry.yaw(of: way)
            var turn = LEGENTAction.step
            turn.rotateRight = SimGeometry.turn(from: walker.agent.yaw, to: yaw)
            try walker.step(turn)
            var move = LEGENTAction.step
            move.teleportForward = length
            if abs(try walker.step(move).walked - length) > 1e-6 { return false }
        }
        return true
    }

    @Test func leadsThroughTheDoor() throws {
        var world = try World(SimScenes.furnished())
        let corners = world.pathToUser()
        #expect(corners.first == SIMD3(-2, 0, -1))
        #expect(corners.last == SIMD3(3, 0, -1))
        #expect(corners.count >= 3)
        // Straight to the door, through it, and on: no way is shorter than to the door's edges.
        let length = World.length(of: corners)
        #expect(length > 5.8 && length < 6.9)
        // The player stands in the way of the last 45 cm.
        #expect(try isWalkable(corners, in: world, short: 0.46))
    }

    @Test func endsBesideTheObject() throws {
        var world = try World(SimScenes.furnished())
        for index in world.transforms.indices {
            let corners = world.pathToObject(index)
            let last = try #require(corners.last)
            let distance = world.footprint(of: index).distance(to: SIMD2(last.x, last.z))
            #expect(distance < 0.75, "object \(index)")
            #expect(world.isOpen(from: SIMD2(last.x, last.z), toward: index))
            #expect(try isWalkable(corners, in: world), "object \(index)")
        }
    }

    @Test func isEmptyWhereNothingLeads() throws {
        var scene = SimScenes.twoRooms()
        scene.walls[4].holes = []
        var world = try World(scene)
        #expect(world.pathToUser().isEmpty == false)
        // The nearest point to the player on this side of the wall.
        #expect(try #require(world.pathToUser().last).x < 0)
        #expect(world.pathToObject(99).isEmpty)
        scene.instances = [SimScenes.put(SimScenes.box("Block", SIMD3(7.9, 1, 3.9)), x: 0, z: 0)]
        world = try World(scene)
        #expect(world.pathToObject(0).isEmpty)
    }

    @Test func followsMovedFurniture() throws {
        var world = try World(SimScenes.furnished())
        _ = world.pathToUser()
        // The stool into the doorway: 0.25 m are left on either side.
        world.move(4, to: SIMD3(0, 0.225, 1), rotation: .zero)
        #expect(try #require(world.pathToUser().last).x < 0)
        world.setHidden(true, 4)
        #expect(world.pathToUser().last == SIMD3(3, 0, -1))
        world.setHidden(false, 4)
        #expect(try #require(world.pathToUser().last).x < 0)
        world.move(4, to: SIMD3(-3, 0.225, -1), rotation: .zero)
        #expect(world.pathToUser().last == SIMD3(3, 0, -1))
    }
}
