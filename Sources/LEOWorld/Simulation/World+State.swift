import LEOAction

/// What the world tells about itself.
extension World {
    /// LEGENT's `game_states`.
    public var gameState: LEGENTGameState {
        func placement(_ position: SIMD3<Double>, _ rotation: SIMD3<Double>) -> LEGENTGameState.Placement {
            .init(position: position, rotation: rotation, forward: RotationMatrix(degrees: rotation).z)
        }
        func body(_ avatar: Avatar) -> LEGENTGameState.Placement { placement(avatar.position, SIMD3(0, avatar.yaw, 0)) }
        func camera(_ view: WorldView) -> LEGENTGameState.Placement { placement(view.position, view.rotation) }
        var state = LEGENTGameState()
        state.instances = transforms.indices.map { index in
            let transform = transforms[index]
            return .init(
                prefab: scene.instances[index].model.prefab, placement: placement(transform.position, transform.rotation))
        }
        state.player = body(player)
        state.agent = body(agent)
        state.playerCamera = camera(playerView)
        state.agentCamera = camera(agentView)
        state.playerGrabbedInstance = player.held
        state.agentGrabbedInstance = agent.held
        return state
    }

    /// The scene as it is now, for saving and for what works on scenes: instances where they are, agent and player where
    /// they stand. Hidden things are in it, because indices must not change.
    public var currentScene: WorldScene {
        var scene = scene
        for index in transforms.indices {
            scene.instances[index].transform = transforms[index]
            scene.instances[index].parent = parents[index]
            scene.instances[index].parentSurface = parentSurfaces[index]
        }
        scene.agent = body(agent)
        scene.player = body(player)
        return scene
    }

    /// Moves everything in a picture of this world's scene to where it is now.
    ///
    /// - Parameter picture: made from `scene`, so that indices agree
    public func arrange(_ picture: RenderScene) {
        for index in transforms.indices where index < picture.instanceCount {
            picture.setTransform(transforms[index], ofInstance: index)
            picture.setVisible(!hidden[index], instance: index)
        }
        picture.setAgent(body(agent))
        picture.setPlayer(body(player))
    }

    private func body(_ avatar: Avatar) -> Transform { Transform(position: avatar.position, rotation: SIMD3(0, avatar.yaw, 0)) }
}
