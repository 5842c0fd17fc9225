import LEOScene
import LEOWorld
import Testing

/// Rooms: what is seen through openings, what hides what, what moves.
@Suite struct RenderRoomTests {
    private func code(_ frame: Frame, _ x: Int, _ y: Int) -> SurfaceCode.Meaning {
        SurfaceCode.meaning(of: frame.ids[y * frame.width + x])
    }

    @Test func codesNameWhatTheyStandFor() {
        #expect(SurfaceCode.meaning(of: 12) == .instance(12))
        #expect(SurfaceCode.meaning(of: SurfaceCode.nothing) == .nothing)
        #expect(SurfaceCode.meaning(of: SurfaceCode.firstWall) == .wall(0))
        #expect(SurfaceCode.meaning(of: SurfaceCode.firstWall - 3) == .wall(3))
        #expect(SurfaceCode.meaning(of: SurfaceCode.firstFloor - 1) == .floor(1))
        #expect(SurfaceCode.meaning(of: SurfaceCode.firstCeiling - 2) == .ceiling(2))
        #expect(SurfaceCode.meaning(of: SurfaceCode.player) == .player)
    }

    @Test func roomIsClosedButForItsDoorway() throws {
        let room = smallRoom()
        let scene = RenderScene(room, options: RenderScene.Options(showsPlayer: false))
        let renderer = try Renderer(width: 120, height: 120)
        var seen: Set<Int32> = []
        for yaw in stride(from: 0.0, to: 360, by: 30) {
            for pitch in [-60.0, 0, 60] {
                let camera = Camera(position: SIMD3(1, 1.4, 1), rotation: SIMD3(pitch, yaw, 0), verticalFieldOfView: 90)
                let frame = try renderer.render(scene, from: camera)
                seen.formUnion(frame.ids)
                for y in 0..<120 {
                    for x in 0..<120 where frame.ids[y * 120 + x] == SurfaceCode.nothing {
                        // The ray must leave through the doorway: x 2...3, y 0...2, in the plane z = 4.
                        let point = camera.unproject(x: Double(x) + 0.5, y: Double(y) + 0.5, depth: 1, width: 120, height: 120)
                        let direction = point - camera.position
                        #expect(direction.z > 0)
                        let inner = camera.position + direction * (3 / direction.z)
                        #expect(inner.x > 1.99 && inner.x < 3.01 && inner.y > -0.01 && inner.y < 2.01, "\(inner)")
                    }
                }
            }
        }
        #expect(seen.contains(SurfaceCode.nothing))
        #expect(seen.contains(0))
        for wall in 0..<4 { #expect(seen.contains(SurfaceCode.firstWall - Int32(wall))) }
        #expect(seen.contains(SurfaceCode.firstFloor))
        #expect(seen.contains(SurfaceCode.firstCeiling - 1))
    }

    @Test func doorwayShowsWhatIsBehind() throws {
        var room = smallRoom()
        room.instances.append(
            Instance(model: boxModel(size: SIMD3(0.4, 0.4, 0.4)), transform: Transform(position: SIMD3(2.5, 1, 6))))
        let scene = RenderScene(room, options: RenderScene.Options(showsPlayer: false))
        let renderer = try Renderer(width: 60, height: 60)
        let through = try renderer.render(scene, from: Camera(position: SIMD3(2.5, 1, 3)))
        #expect(through.instance(x: 30, y: 30) == 1)
        // One metre to the left the wall stands in between.
        let blocked = try renderer.render(scene, from: Camera(position: SIMD3(1, 1, 3)).looking(at: SIMD3(1, 1, 6)))
        #expect(code(blocked, 30, 30) == .wall(1))
    }

    /// Leaving out what is hidden must not change a picture: with and without walls taking part in hiding, each pixel that
    /// shows an instance shows the same one.
    @Test func hidingTestLosesNothing() throws {
        var random = SeededNumbers(seed: 11)
        var room = smallRoom()
        for _ in 0..<60 {
            let size = 0.05 + random.unit() * 0.5
            room.instances.append(
                Instance(
                    model: boxModel(size: SIMD3(repeating: size)),
                    transform: Transform(
                        position: SIMD3(random.unit() * 8 - 2, random.unit() * 2, random.unit() * 8 - 2),
                        rotation: SIMD3(0, random.unit() * 360, 0))))
        }
        let tested = RenderScene(room, options: RenderScene.Options(showsPlayer: false))
        // The same meshes, none an occluder.
        let plain = RenderScene()
        for (index, floor) in room.floors.enumerated() {
            plain.add(slab(floor.size), at: floor.transform, id: (index == 0 ? SurfaceCode.firstFloor : SurfaceCode.firstCeiling) - Int32(index))
        }
        for (index, wall) in room.walls.enumerated() where wall.holes.isEmpty {
            plain.add(slab(wall.size), at: wall.transform, id: SurfaceCode.firstWall - Int32(index))
        }
        for (index, instance) in room.instances.enumerated() {
            plain.add(instance.model.mesh, at: instance.transform, id: Int32(index))
        }
        let renderer = try Renderer(width: 90, height: 70)
        var instancePixels = 0
        for yaw in stride(from: 0.0, to: 360, by: 24) {
            let camera = Camera(position: SIMD3(1.2, 1.3, 0.8), rotation: SIMD3(8, yaw, 0), verticalFieldOfView: 75)
            let first = try renderer.render(tested, from: camera), second = try renderer.render(plain, from: camera)
            for index in first.ids.indices {
                // The wall with the doorway is missing from the second scene.
                if SurfaceCode.meaning(of: first.ids[index]) == .wall(1) { continue }
                if first.ids[index] != second.ids[index] {
                    // Where two faces cross, rounding decides; walls are divided in one scene and whole in the other.
                    #expect(abs(first.depth[index] - second.depth[index]) < 2e-3, "pixel \(index) at yaw \(yaw)")
                }
                if first.ids[index] >= 0 { instancePixels += 1 }
            }
        }
        #expect(instancePixels > 1000)
    }

    private func slab(_ size: SIMD3<Double>) -> Mesh { boxMesh(size: SIMD3<Float>(size)) }

    // MARK: What changes

    @Test func movedAndHiddenInstances() throws {
        let scene = RenderScene(smallRoom(), options: RenderScene.Options(showsPlayer: false))
        let renderer = try Renderer(width: 80, height: 80)
        let camera = Camera(position: SIMD3(2, 1, 0.3)).looking(at: SIMD3(2, 0.25, 2))
        let before = try renderer.render(scene, from: camera)
        #expect(before.instance(x: 40, y: 40) == 0)
        scene.setTransform(Transform(position: SIMD3(1, 0.25, 2)), ofInstance: 0)
        let moved = try renderer.render(scene, from: camera)
        #expect(moved.instance(x: 40, y: 40) == nil)
        #expect(moved.ids.contains(0))
        scene.setVisible(false, instance: 0)
        #expect(try !renderer.render(scene, from: camera).ids.contains(0))
        scene.setVisible(true, instance: 0)
        scene.setTransform(Transform(position: SIMD3(2, 0.25, 2)), ofInstance: 0)
        #expect(try renderer.render(scene, from: camera) == before)
    }

    @Test func figuresAreDrawnWhereTheyStand() throws {
        let room = smallRoom()
        let scene = RenderScene(room, options: RenderScene.Options(showsPlayer: true, showsAgent: true))
        let renderer = try Renderer(width: 80, height: 80)
        let eye = SIMD3(2.0, 1.2, 2.9)
        let atPlayer = try renderer.render(scene, from: Camera(position: eye).looking(at: room.player.position + SIMD3(0, 1.1, 0)))
        #expect(code(atPlayer, 40, 40) == .player)
        let atAgent = try renderer.render(scene, from: Camera(position: eye).looking(at: room.agent.position + SIMD3(0, 1.1, 0)))
        #expect(code(atAgent, 40, 40) == .agent)
        scene.setPlayer(Transform(position: SIMD3(2, 0, -5)))
        #expect(try !renderer.render(scene, from: Camera(position: eye)).ids.contains(SurfaceCode.player))
    }

    // MARK: Same and reused

    @Test func sameSceneGivesTheSameBytes() throws {
        let camera = Camera(position: SIMD3(0.5, 1.4, 0.5), rotation: SIMD3(15, 40, 0), verticalFieldOfView: 90)
        let first = try Renderer(width: 123, height: 77).render(RenderScene(smallRoom()), from: camera)
        let renderer = try Renderer(width: 123, height: 77)
        let scene = RenderScene(smallRoom())
        var frame = Frame()
        for yaw in [200.0, 0, 90] {
            try renderer.render(scene, from: Camera(position: SIMD3(2, 1, 1), rotation: SIMD3(0, yaw, 0)), into: &frame)
        }
        try renderer.render(scene, from: camera, into: &frame)
        #expect(frame == first)
    }

    @Test func supersamplingSoftensColoursOnly() throws {
        let camera = Camera(position: SIMD3(0.5, 1.4, 0.5), rotation: SIMD3(15, 40, 0), verticalFieldOfView: 90)
        let scene = RenderScene(smallRoom())
        // With three samples the middle one lies where the single one does.
        let single = try Renderer(width: 90, height: 60).render(scene, from: camera)
        let triple = try Renderer(width: 90, height: 60, supersampling: 3).render(scene, from: camera)
        let sameIDs = zip(single.ids, triple.ids).filter(==).count
        #expect(sameIDs > 90 * 60 * 99 / 100)
        for index in single.depth.indices where single.ids[index] == triple.ids[index] && single.depth[index].isFinite {
            #expect(abs(single.depth[index] - triple.depth[index]) < 1e-3 * single.depth[index])
        }
        #expect(single.pixels != triple.pixels)
    }

    /// Patterns lie in the local frame: a checkered floor changes colour exactly at multiples of its size.
    @Test func checkersLieInTheLocalFrame() throws {
        let black = SIMD3<Float>(0, 0, 0), white = SIMD3<Float>(1, 1, 1)
        var scene = WorldScene()
        scene.floors = [
            Floor(
                transform: Transform(position: SIMD3(0, -0.5, 0)), size: SIMD3(8, 1, 8),
                material: Material(name: "tile", colorName: "white", color: white, pattern: .checker(size: 1, second: black)))
        ]
        scene.player.position.x = 100
        let drawn = RenderScene(scene)
        let camera = Camera(position: SIMD3(0.2, 3, 0.1), rotation: SIMD3(70, 30, 0), verticalFieldOfView: 70)
        let frame = try Renderer(width: 100, height: 100).render(drawn, from: camera)
        var compared = 0
        for y in 0..<100 {
            for x in 0..<100 where frame.ids[y * 100 + x] == SurfaceCode.firstFloor {
                let depth = Double(frame.depth[y * 100 + x])
                let point = camera.unproject(x: Double(x) + 0.5, y: Double(y) + 0.5, depth: depth, width: 100, height: 100)
                // Near a line between two squares rounding decides.
                let nearest = SIMD2(point.x.rounded() - point.x, point.z.rounded() - point.z)
                guard abs(point.y) < 0.01, abs(nearest.x) > 0.01, abs(nearest.y) > 0.01 else { continue }
                let isSecond = (Int(point.x.rounded(.down)) + Int(point.z.rounded(.down))) & 1 != 0
                #expect((frame.pixels[3 * (y * 100 + x)] < 60) == isSecond, "pixel \(x), \(y)")
                compared += 1
            }
        }
        #expect(compared > 5000)
    }

    /// A box turned so that three faces are seen shows three shades.
    @Test func facesOfABoxDiffer() throws {
        let scene = RenderScene(smallRoom(), options: RenderScene.Options(showsPlayer: false))
        let frame = try Renderer(width: 200, height: 200)
            .render(scene, from: Camera(position: SIMD3(0.8, 1.5, 0.6), verticalFieldOfView: 40).looking(at: SIMD3(2, 0.25, 2)))
        let reds = Set(frame.ids.indices.filter { frame.ids[$0] == 0 }.map { frame.pixels[3 * $0] / 12 })
        #expect(reds.count >= 3)
        #expect(frame.ids.indices.filter { frame.ids[$0] == 0 }.allSatisfy { frame.pixels[3 * $0] > frame.pixels[3 * $0 + 1] })
    }
}
