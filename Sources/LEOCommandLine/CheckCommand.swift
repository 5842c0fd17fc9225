import ArgumentParser
import Foundation
import LEOCheck

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Run golden cases: compare this build with recorded outputs of the official code.",
        discussion: """
            Runs every case in and below the folders. Exits with 1 when an output is outside its tolerance, a case cannot
            be run, or a folder holds no case.

              leo check golden/kernels golden/modules
            """)

    @Argument(help: ArgumentHelp("Folders of golden cases.", valueName: "dir"))
    var folders: [String]
    @OptionGroup var format: JSONOption

    func run() throws {
        let cases = try Check.run(folders.map(\.expandingTilde)) { result in
            if !format.json { StandardOutput.line("\(result.passed ? "ok" : "FAILED") \(result.path)") }
        }
        if !cases.allSatisfy(\.passed) { throw CommandError.reported }
    }
}
