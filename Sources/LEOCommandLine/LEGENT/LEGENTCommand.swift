import ArgumentParser

/// Commands that speak LEGENT's protocol with an agent's side of ours.
@available(macOS 15.0, *)
struct LEGENTCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "legent",
        abstract: "Act in LEGENT's game, or in any game that speaks its protocol.",
        subcommands: [LEGENTServe.self])
}
