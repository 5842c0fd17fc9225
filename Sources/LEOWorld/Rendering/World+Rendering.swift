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

    /// Takes over what moved, is hidden or held since, in a world of the same scene.
    public func update(from world: World) { world.arrange(self) }
}
