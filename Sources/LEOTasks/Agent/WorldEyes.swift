import LEOScene
import LEOWorld

/// What an agent in a world perceives, as LEO takes it: a picture, objects, and where it stands.
package final class WorldEyes {
    /// Objects that LEO takes at most.
    private let maximumObjects: Int
    private let seed: UInt64
    private let drawing: RenderScene
    private var renderer: Renderer?
    private var frame = Frame()
    /// The objects of the last look, and where they were.
    private var known: (transforms: [Transform], hidden: [Bool], instances: [Int], scene: Scene)?

    package init(_ world: World, maximumObjects: Int, seed: UInt64) {
        self.maximumObjects = maximumObjects
        self.seed = seed
        drawing = RenderScene(world)
    }

    /// The agent's view.
    package func view(of world: World) throws -> Image {
        let view = world.agentView
        if renderer?.width != view.width || renderer?.height != view.height {
            renderer = try Renderer(width: view.width, height: view.height)
        }
        drawing.update(from: world)
        try renderer?.render(drawing, from: Camera(view), into: &frame)
        return frame.image
    }

    /// All that is in the scene, seen or not, as LEO's scans have it; of more than it takes, the nearest to the agent.
    package func objects(of world: World) throws -> Scene {
        let instances = nearest(in: world)
        if let known, known.instances == instances, known.transforms == world.transforms, known.hidden == world.hidden {
            return known.scene
        }
        drawing.update(from: world)
        let points = SurfaceCloudOptions(pointsPerInstance: ObjectTensors.pointsPerObject, seed: seed)
        let scene = try drawing.objectScene(instances: instances, points)
        known = (world.transforms, world.hidden, instances, scene)
        return scene
    }

    /// In ascending order.
    private func nearest(in world: World) -> [Int] {
        let shown = world.transforms.indices.filter { !world.hidden[$0] }
        guard shown.count > maximumObjects else { return shown }
        func distance(_ index: Int) -> Double {
            let way = world.transforms[index].position - world.agent.position
            return (way * way).sum()
        }
        let byDistance = shown.map { (distance($0), $0) }.sorted { $0 < $1 }
        return byDistance.prefix(maximumObjects).map(\.1).sorted()
    }
}
