import ArgumentParser
import Foundation
import LEOWorld

struct WorldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "world",
        abstract: "Show, describe and scan embedded worlds.",
        discussion: """
            A world is a seed, which generates furnished rooms, or a scene file in LEGENT's JSON.

              leo world describe 7
              leo world render 7 -o view.png --position 1,1.5,2 --yaw 90
              leo world render 7 -o plan.svg --top-down
              leo world scene 7 -o scan.ply --views 8 --noise
              leo world tasks --kind scanqa --seed 7 --count 100 -o data
              leo world legent --seed 7

            Positions are metres in Unity's frame: left-handed, y up; yaw 0 looks along +z. Point clouds are in LEO's frame,
            z up: x, z, y of the former.
            """,
        subcommands: [
            WorldRender.self,
            WorldDescribe.self,
            WorldSceneCommand.self,
            WorldTasks.self,
        ] + networked)

    private static var networked: [any ParsableCommand.Type] {
        if #available(macOS 15.0, *) { [WorldLEGENT.self] } else { [] }
    }
}

/// Where a world comes from.
struct WorldArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("A seed (a whole number), or a scene file in LEGENT's JSON.", valueName: "seed|file"))
    var world: String

    /// Name for messages and clouds: the file, or the seed.
    var name: String { seed.map { "world \($0)" } ?? world }

    /// The seed, where the argument is one. A file whose name is a number is given as ./7.
    var seed: UInt64? { UInt64(world) }

    func scene() throws -> WorldScene {
        if let seed { return WorldGenerator.scene(seed: seed) }
        let reading = try SceneJSON.read(path: world.expandingTilde)
        reading.notices.forEach(StandardError.notice)
        return reading.scene
    }
}

/// Three numbers with commas between them, in double precision.
struct WorldPosition: ExpressibleByArgument {
    let value: SIMD3<Double>
    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard numbers.count == 3, let x = numbers[0], let y = numbers[1], let z = numbers[2],
            x.isFinite, y.isFinite, z.isFinite
        else { return nil }
        value = SIMD3(x, y, z)
    }
}
