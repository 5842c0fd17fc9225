extension Camera {
    /// The camera of a view; its picture has the view's width and height.
    public init(_ view: WorldView) {
        self.init(position: view.position, rotation: view.rotation, verticalFieldOfView: view.fieldOfView)
    }
}

extension RenderScene {
    /// The world as it is now.
    public convenience init(_ world: World, options: Options = Options()) {
        self.init(world.scene, options: options)
        update(from: world)
    }

    /// Takes over what has moved, is hidden or held in a world of the same scene; work is done for changes only.
    public func update(from world: World) {
        precondition(world.transforms.count == instanceCount, "the world of another scene")
        for (index, transform) in world.transforms.enumerated() {
            setTransform(transform, ofInstance: index)
            setVisible(!world.hidden[index], instance: index)
        }
        setPlayer(Transform(position: world.player.position, rotation: SIMD3(0, world.player.yaw, 0)))
        setAgent(Transform(position: world.agent.position, rotation: SIMD3(0, world.agent.yaw, 0)))
    }
}
