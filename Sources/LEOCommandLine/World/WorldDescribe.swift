import ArgumentParser
import LEOWorld

struct WorldDescribe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "List the rooms and things of a world.",
        discussion: """
              leo world describe 7
              leo world describe house.json --json
            """)

    @OptionGroup var source: WorldArgument
    @OptionGroup var format: JSONOption

    func run() throws {
        let scene = try source.scene()
        if format.json { return try StandardOutput.json(scene.summary) }
        StandardOutput.write(scene.describe())
    }
}
