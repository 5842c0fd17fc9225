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

    func run() throws {
        var kinds: [WorldTaskKind] = []
        for name in kind.flatMap({ $0.split(separator: ",").map(String.init) }) {
            guard let found = WorldTaskKind.kinds(named: name) else {
                throw ValidationError(
                    "--kind: \(name) is none of \(WorldTaskKind.allCases.map(\.description).joined(separator: ", ")), leo, legent, all."
                )
            }
            kinds += found
        }
        var options = WorldTaskOptions(kinds: kinds, seed: seed, count: count, validationCount: validationCount)
        options.perScene = perScene
        options.pointsPerObject = points
        options.overwrites = force
        let output = output.expandingTilde
        var last = ContinuousClock.now
        let report = try WorldTaskWriter.write(options, to: output, makeScene: { WorldGenerator.scene(seed: $0) }) {
            done, total, name in
            let now = ContinuousClock.now
            guard now - last >= (StandardError.isTerminal ? .milliseconds(200) : .seconds(5)) else { return }
            last = now
            let line = "tasks: \(done) of \(total), \(name)"
            if StandardError.isTerminal {
                StandardError.write("\r" + line + "\u{1B}[K")
            } else {
                StandardError.line(line)
            }
        }
        if StandardError.isTerminal { StandardError.write("\r\u{1B}[K") }
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
