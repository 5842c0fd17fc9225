import LEOAction
import LEOWorld
import TestSupport
import Testing

@Suite struct SimTabletopTests {
    @Test(arguments: TabletopScene.Task.allCases) func expertSolves(task: TabletopScene.Task) throws {
        for seed in 0..<SimGeometry.count(200) {
            var world = TabletopWorld(TabletopScene(seed: seed, task: task))
            #expect(!world.isDone)
            for step in world.scene.steps {
                #expect(world.instruction == step.instruction)
                let action = try #require(world.expertAction)
                guard case .moved(let object, _) = world.apply(action) else { Issue.record("\(task) \(seed): missed"); return }
                #expect(object == step.object && world.isDone(step), "\(task) \(seed)")
            }
            #expect(world.isDone && world.expertAction == nil, "\(task) \(seed)")
            #expect(world.completedSteps == world.scene.steps.count)
        }
    }

    /// Whatever is done, nothing leaves the table, hovers, or stands in another.
    @Test func randomActionsKeepOrder() throws {
        for seed in 0..<SimGeometry.count(100) {
            var world = TabletopWorld(TabletopScene(seed: seed))
            var random = SeededGenerator(seed: seed)
            for _ in 0..<30 {
                func cell(near object: Int?) throws -> CLIPortCell {
                    guard let object else {
                        return try CLIPortCell(
                            u: Int.random(in: 0..<320, using: &random), v: Int.random(in: 0..<160, using: &random),
                            rotation: Int.random(in: 0..<36, using: &random))
                    }
                    var pose = CLIPortPose.dummy
                    pose.position = world.objects[object].position
                    return try CLIPortCell(pose)
                }
                let pick = try cell(near: Int.random(in: 0..<world.objects.count, using: &random))
                let place = try cell(near: Bool.random(using: &random) ? nil : Int.random(in: 0..<world.objects.count, using: &random))
                world.apply(CLIPortAction(pick: pick, place: place))
                for (index, object) in world.objects.enumerated() {
                    #expect(TabletopScene.xBounds.contains(object.position.x) && TabletopScene.yBounds.contains(object.position.y))
                    let rest = world.supports[index].map { world.objects[$0].position.z + world.objects[$0].shape.restHeight } ?? 0
                    #expect(abs(object.position.z - rest) < 1e-9, "seed \(seed), object \(index)")
                    for other in world.objects.indices where other < index && object.shape == .block && world.objects[other].shape == .block {
                        let offset = object.position - world.objects[other].position
                        // Blocks at one height are no nearer than an edge's length.
                        #expect(
                            abs(offset.z) > 0.039 || (offset.x * offset.x + offset.y * offset.y).squareRoot() > 0.0399,
                            "seed \(seed): \(other) in \(index)")
                    }
                }
            }
        }
    }

    @Test func missesBesideThings() throws {
        var world = TabletopWorld(TabletopScene(seed: 3))
        let before = world.objects
        let view = world.view()
        let free = try #require(view.segments.firstIndex(of: -1))
        let cell = try CLIPortCell(u: free / 160, v: free % 160, rotation: 0)
        #expect(world.topmost(at: TabletopWorld.point(u: cell.u, v: cell.v)) == nil)
        #expect(world.apply(CLIPortAction(pick: cell, place: .dummy)) == .missed)
        #expect(world.objects == before && world.stepCount == 1)
        var wild = CLIPortPose.dummy
        wild.position = SIMD3(.nan, .infinity, -.infinity)
        wild.orientation = SIMD4(repeating: .nan)
        world.apply(pick: wild, place: wild)
    }

    @Test func viewShowsWhatIsThere() throws {
        for seed in UInt64(0)..<30 {
            let world = TabletopWorld(TabletopScene(seed: seed))
            let view = world.view()
            #expect(view.color.width == 160 && view.color.height == 320 && view.heights.count == 51200)
            #expect(view.heightMap != nil)
            for (index, object) in world.objects.enumerated() {
                let pixels = view.segments.filter { $0 == Int32(index) }.count
                let area = object.shape == .bowl
                    ? 3.14159 * object.shape.size.x * object.shape.size.x / 4 : object.shape.size.x * object.shape.size.y
                let expected = area / (TabletopView.pixel * TabletopView.pixel)
                #expect(abs(Double(pixels) - expected) < 0.1 * expected + 6, "seed \(seed), object \(index)")
                var pose = CLIPortPose.dummy
                pose.position = object.position
                let cell = try CLIPortCell(pose)
                let pixel = cell.u * 160 + cell.v
                #expect(view.segments[pixel] == Int32(index))
                #expect(abs(view.heights[pixel] - object.shape.restHeight) < 1e-9)
                let color = view.color[cell.v, cell.u]
                #expect(abs(Float(color.red) / 255 - object.color.x) < 0.01)
            }
        }
    }

    @Test func turnsByTheDifference() throws {
        var world = TabletopWorld(TabletopScene(seed: 1, task: .stackTwo))
        let before = world.objects[0]
        var pick = CLIPortPose.dummy
        pick.position = before.position
        var place = pick
        place.orientation = SIMD4(0, 0, 0.3826834323650898, 0.9238795325112867)
        world.apply(pick: pick, place: place)
        let turned = (world.objects[0].rotation - before.rotation).remainder(dividingBy: 2 * .pi)
        #expect(abs(turned - .pi / 4) < 1e-9)
        #expect(abs(world.objects[0].position.x - before.position.x) < 1e-9)
    }
}
