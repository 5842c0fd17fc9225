/// The body of the agent and of the player: an upright cylinder with a camera.
public enum AgentBody {
    /// Metres around the vertical axis that must be free.
    public static let radius = 0.25
    /// Metres from the feet to the top of the head.
    public static let height = 1.6
    /// Height of the agent's camera above its feet: LEGENT has it at 1.3 with the feet at 0.05.
    public static let agentCameraHeight = 1.25
    /// Height of the player's camera above the feet.
    public static let playerCameraHeight = 1.55
    /// What lies lower than this does not stop walking: rugs, thresholds.
    public static let stepHeight = 0.03
}
