import LEOAction

/// Habitat's discrete steps in the same world.
extension World {
    /// Metres of one step.
    public static let habitatMove = 0.25
    /// Degrees of one turn or look.
    public static let habitatTurn = 30.0

    /// Carries out one of the eight actions: 0.25 m forwards or backwards, stopped by what is in the way without sliding
    /// along it; 30 degrees left, right, up or down; grab or release; stop changes nothing.
    @discardableResult
    public mutating func step(_ action: HabitatAction) -> WorldObservation {
        var observation = WorldObservation()
        switch action {
        case .stop: break
        case .moveForward: observation.walked = walkAgent(by: Self.habitatMove, along: agent.heading)
        case .moveBackward: observation.walked = walkAgent(by: -Self.habitatMove, along: agent.heading)
        case .turnLeft: turnAgent(right: -Self.habitatTurn, down: 0)
        case .turnRight: turnAgent(right: Self.habitatTurn, down: 0)
        case .lookUp: turnAgent(right: 0, down: -Self.habitatTurn)
        case .lookDown: turnAgent(right: 0, down: Self.habitatTurn)
        case .grabRelease: observation.grabbed = grabOrPut()
        }
        carry()
        stepCount += 1
        if !pendingText.isEmpty { observation.text = pendingText.removeFirst() }
        return observation
    }
}
