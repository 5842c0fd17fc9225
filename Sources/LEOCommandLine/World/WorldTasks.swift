import ArgumentParser
import Foundation
import LEOTasks
import LEOWorld

struct WorldTasks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "Generate tasks with true answers, in the official data layouts.",
        discussion: """
            Worlds are generated from the seed, scanned and asked about. What is written has the folders and files of LEO's
            data sets (scannet, rscan, alignment, instruction) and LEGENT's task settings (legent), so that everything that
            reads those reads this. The same options give the same files.

              leo world tasks --kind scanqa --kind sqa3d --seed 1 --count 1000 -o data
              leo world tasks --kind all --count 200 -o data

            Kinds: \(WorldTaskKind.allCases.map(\.description).joined(separator: ", ")); leo, legent and all for many.
            A dialogue counts once, though each of its answers is a sample; so does a demonstration of navigation or
            manipulation, though each of its steps is one. Of cap3d, loaders take the last 1000 for evaluation.
            """)

    @Option(name: .long, help: ArgumentHelp("What to generate; may be given more than once.", valueName: "kind"))
    var kind: [String]
    @Option(help: "Seed of all worlds and texts.")
    var seed: UInt64 = 0
    @Option(help: "Annotations of each kind for training.")
    var count = 100
    @Option(
        help: ArgumentHelp(
            "The same for validation and test, from other scenes; a tenth of --count without it.", valueName: "count"))
    var validationCount: Int?
    @Option(help: "Most annotations of one kind from one scene.")
    var perScene = 8
    @Option(help: "Points of each thing in a scan.")
    var points = 2048
    @Option(name: [.short, .customLong("out")], help: ArgumentHelp("Folder to write; new or empty.", valueName: "dir"))
    var output: String
    @Flag(help: "Write into a folder with files, over those of the same names.")
    var force = false
    @OptionGroup var format: JSONOption

    func validate() throws {
        _ = try kinds()
        for (name, value, range) in [
            ("--count", count, WorldTaskOptions.counts), ("--validation-count", validationCount ?? 0, WorldTaskOptions.validationCounts),
            ("--per-scene", perScene, WorldTaskOptions.perSceneCounts), ("--points", points, WorldTaskOptions.pointCounts),
        ] where !range.contains(value) {
            throw ValidationError("\(name): expected \(range.lowerBound) to \(range.upperBound), found \(value).")
        }
    }

    private func kinds() throws -> [WorldTaskKind] {
        let names = kind.flatMap { $0.split(separator: ",").map(String.init) }
        let known = WorldTaskKind.allCases.map(\.description).joined(separator: ", ") + ", leo, legent, all"
        guard !names.isEmpty else { throw ValidationError("--kind: expected \(known).") }
        return try names.flatMap { name in
            guard let found = WorldTaskKind.kinds(named: name) else { throw ValidationError("--kind: \(name) is none of \(known).") }
            return found
        }
    }

    func run() throws {
        var options = WorldTaskOptions(kinds: try kinds(), seed: seed, count: count, validationCount: validationCount)
        options.perScene = perScene
        options.pointsPerObject = points
        options.overwrites = force
        let output = output.expandingTilde
        let progress = Progress("tasks", .things)
        defer { progress.finish() }
        let report = try WorldTaskWriter.write(options, to: output, makeScene: { WorldGenerator.scene(seed: $0) }) {
            progress.update(done: $0, total: $1, note: $2)
        }
        progress.finish()
        if format.json { return try StandardOutput.json(Summary(report)) }
        for row in report.rows { StandardOutput.line("\(row.kind) \(row.split.rawValue): \(row.count) in \(row.path)") }
        StandardOutput.line(
            "\(report.sceneCount) scenes, \(report.fileCount) files, \(Units.bytes(report.byteCount)) in \(output)")
    }

    /// What `--json` prints.
    struct Summary: Encodable {
        struct Part: Encodable {
            let kind: String
            let split: String
            let count: Int
            let path: String
        }

        let parts: [Part]
        let scenes: Int
        let files: Int
        let bytes: Int

        init(_ report: WorldTaskReport) {
            parts = report.rows.map {
                Part(kind: $0.kind.description, split: $0.split.rawValue, count: $0.count, path: $0.path)
            }
            (scenes, files, bytes) = (report.sceneCount, report.fileCount, report.byteCount)
        }
    }
}
