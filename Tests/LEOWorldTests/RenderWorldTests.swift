import AllocationCounter
import LEOScene
import LEOWorld
import Testing

/// Pictures of running and of generated worlds.
@Suite struct RenderWorldTests {
    private let seeds: [UInt64] = [3, 5, 7, 8]

    /// The view of the agent: the pixel in the middle shows what a ray through the middle meets.
    @Test func middleOfTheViewIsWhatARayMeets() throws {
        var compared = 0
        for seed in seeds {
            let world = try World(WorldGenerator.scene(seed: seed))
            let scene = RenderScene(world, options: .init(showsPlayer: false))
            let renderer = try Renderer(width: 63, height: 63)
            for step in 0..<24 {
                var view = world.agentView
                (view.width, view.height) = (63, 63)
                view.rotation = SIMD3(10, Double(step) * 15 + 1, 0)
                let frame = try renderer.render(scene, from: Camera(view))
                let seen = SurfaceCode.meaning(of: frame.ids[31 * 63 + 31])
                let direction = view.direction(x: 0.5, y: 0.5)
                guard let hit = world.castRay(Ray(origin: view.position, direction: direction)) else {
                    #expect(seen == .nothing, "seed \(seed), step \(step)")
                    continue
                }
                let cosine = (direction * view.orientation.z).sum()
                // At an outline the ray and the pixel may meet different things; in a thousand pixels few are outlines.
                guard abs(Double(frame.depth[31 * 63 + 31]) - hit.distance * cosine) < 0.01 else { continue }
                compared += 1
                switch hit.target {
                case .instance(let index): #expect(seen == .instance(index))
                case .wall(let index): #expect(seen == .wall(index))
                case .floor(let index): #expect(seen == .floor(index) || seen == .ceiling(index))
                }
            }
        }
        #expect(compared > seeds.count * 24 * 9 / 10)
    }

    /// Generated rooms are closed: through walls nothing is seen, only through windows and doors.
    @Test func generatedRoomsHaveNoCracks() throws {
        for seed in seeds {
            let scene = WorldGenerator.scene(seed: seed)
            var closed = scene
            // All windows shut: from inside there is no way out, because all doors lead to rooms.
            for index in closed.walls.indices {
                let bottom = -closed.walls[index].size.y / 2 + 0.05
                closed.walls[index].holes.removeAll { $0.center.y - $0.size.y / 2 > bottom }
            }
            let drawn = RenderScene(closed, options: .init(showsPlayer: false))
            let renderer = try Renderer(width: 111, height: 111)
            for room in scene.rooms {
                let middle = (room.minimum + room.maximum) / 2
                for yaw in stride(from: 7.0, to: 360, by: 45) {
                    for pitch in [-50.0, 0, 50] {
                        let camera = Camera(
                            position: SIMD3(middle.x, 2.2, middle.y), rotation: SIMD3(pitch, yaw, 0), verticalFieldOfView: 100)
                        let ids = try renderer.render(drawn, from: camera).ids
                        #expect(!ids.contains(SurfaceCode.nothing), "seed \(seed), room \(room.id), yaw \(yaw), pitch \(pitch)")
                    }
                }
            }
        }
    }

    @Test func pictureFollowsTheWorld() throws {
        var world = try World(WorldGenerator.scene(seed: 5))
        let scene = RenderScene(world)
        let renderer = try Renderer(width: 60, height: 60)
        let target = try #require(world.scene.instances.firstIndex { $0.isInteractable })
        let place = world.transforms[target].position
        let camera = Camera(position: place + SIMD3(0, 1, 0.01)).looking(at: place)
        #expect(try renderer.render(scene, from: camera).ids.contains(Int32(target)))
        world.setHidden(true, target)
        world.arrange(scene)
        #expect(try !renderer.render(scene, from: camera).ids.contains(Int32(target)))
        world.setHidden(false, target)
        world.arrange(scene)
        #expect(try renderer.render(scene, from: camera) == renderer.render(RenderScene(world), from: camera))
    }

    @Test(.enabled(if: allocation_counter_works(), "allocations cannot be counted here"))
    func framesAllocateNothingOnceWarm() throws {
        let world = try World(WorldGenerator.scene(seed: 7))
        let scene = RenderScene(world)
        let renderer = try Renderer(width: 96, height: 96)
        var frame = Frame()
        func turn() throws {
            for step in 0..<36 {
                var camera = Camera(world.agentView)
                camera.rotation.y = Double(step) * 10
                try renderer.render(scene, from: camera, into: &frame)
            }
        }
        try turn()
        let before = allocation_count()
        try turn()
        #expect(allocation_count() == before)
    }

    /// A complete cloud of a generated world as a scene: every thing is an object within its own box.
    @Test func everyThingIsAnObject() throws {
        let world = WorldGenerator.scene(seed: 8)
        let scene = try RenderScene(world).objectScene(SurfaceCloudOptions(pointsPerInstance: 200))
        #expect(scene.objects.map(\.id) == Array(world.instances.indices))
        for object in scene.objects {
            let instance = world.instances[object.id]
            let center = LEOFrame.point(instance.transform.position)
            let half = instance.model.size * instance.transform.scale / 2
            let reach = (half * half).sum().squareRoot() + 1e-3
            for point in 0..<object.points.count {
                let offset = SIMD3(
                    object.points.coordinates[3 * point], object.points.coordinates[3 * point + 1],
                    object.points.coordinates[3 * point + 2]) - center
                guard (offset * offset).sum().squareRoot() > reach else { continue }
                Issue.record("\(instance.model.name): a point \(offset) from its middle")
                break
            }
        }
    }
}
