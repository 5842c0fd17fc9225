/// What can go wrong between a game and an agent, apart from what the messages hold.
public enum LEGENTWireError: Error, Sendable, Equatable, CustomStringConvertible {
    case cannotListen(address: String, reason: String)
    /// No agent was listening in all the time that the game waited.
    case nobodyListens(address: String, seconds: Double, reason: String)
    case invalidAddress(String, reason: String)
    /// The agent refused an observation, or does not speak the protocol.
    case refused(address: String, reason: String)
    /// A message that cannot come here.
    case outOfOrder(peer: String, expected: String, found: String)
    case tooManySessions(peer: String, maximum: Int)
    /// The game's connection broke.
    case gameVanished(peer: String)
    /// The game said that it ends.
    case gameExited(peer: String)
    case gameSilent(peer: String, seconds: Double)
    /// The server is shutting down.
    case serverStopped

    public var description: String {
        switch self {
        case .cannotListen(let address, let reason): "\(address): cannot listen: \(reason)"
        case .nobodyListens(let address, let seconds, let reason):
            "\(address): no agent listened there within \(Self.text(seconds)) s (\(reason)); start one, LEGENT's Environment(env_path=None) or leo legent serve"
        case .invalidAddress(let address, let reason): "\(address): \(reason)"
        case .refused(let address, let reason): "\(address): the agent refused: \(reason)"
        case .outOfOrder(let peer, let expected, let found): "\(peer): expected \(expected), found \(found)"
        case .tooManySessions(let peer, let maximum): "\(peer): \(maximum) games are being played already"
        case .gameVanished(let peer): "\(peer): the game's connection broke"
        case .gameExited(let peer): "\(peer): the game ended"
        case .gameSilent(let peer, let seconds): "\(peer): the game did not answer within \(Self.text(seconds)) s"
        case .serverStopped: "the server is shutting down"
        }
    }

    /// Half a second is not none.
    private static func text(_ seconds: Double) -> String { Int(exactly: seconds).map(String.init) ?? "\(seconds)" }
}
