import ArgumentParser

/// Commands around the embedded world.
@available(macOS 15.0, *)
struct WorldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "world",
        abstract: "Run the embedded world: rooms, things, an agent and somebody who talks to it.",
        subcommands: [WorldLEGENT.self])
}
