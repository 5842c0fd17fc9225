import ArgumentParser
import LEGENTWire

/// A side of LEGENT's protocol, as far as its options differ from the other's.
protocol LEGENTSide {
    static var host: String { get }
    static var hostHelp: String { get }
    static var ports: ClosedRange<Int> { get }
    static var portHelp: String { get }
    static var patience: Double { get }
    static var patienceHelp: String { get }
    /// Whether it may have no patience at all.
    static var mayHurry: Bool { get }
}

enum AgentSide: LEGENTSide {
    static let host = "::"
    static let hostHelp = "Address to listen on; :: is every one of this machine."
    static let ports = 0...65535
    static let portHelp = "Port to listen on; 0 takes a free one and prints it."
    static let patience = 600.0
    static let patienceHelp = "Seconds that a game may take for an action."
    static let mayHurry = false
}

enum GameSide: LEGENTSide {
    static let host = "localhost"
    static let hostHelp = "Where the agent listens."
    static let ports = 1...65535
    static let portHelp = "Its port."
    static let patience = 60.0
    static let patienceHelp = "Seconds to wait until an agent listens."
    static let mayHurry = true
}

/// Where the two sides meet, and how long one waits for the other.
@available(macOS 15.0, *)
struct LEGENTConnection<Side: LEGENTSide>: ParsableArguments {
    @Option(help: ArgumentHelp("\(Side.hostHelp)", valueName: "address"))
    var host = Side.host
    @Option(help: ArgumentHelp("\(Side.portHelp)", valueName: "n"))
    var port = LEGENTServer.defaultPort
    @Option(help: ArgumentHelp("\(Side.patienceHelp)", valueName: "s"))
    var patience = Side.patience

    func validate() throws {
        if !Side.ports.contains(port) {
            throw ValidationError("--port: expected \(Side.ports.lowerBound) to \(Side.ports.upperBound), found \(port).")
        }
        if !(patience >= 0 && patience <= 1e6) || patience == 0 && !Side.mayHurry {
            throw ValidationError("--patience: expected \(Side.mayHurry ? "0" : "more than 0") to 1000000 seconds, found \(patience).")
        }
    }
}
