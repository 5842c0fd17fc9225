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
        // Cases are printed as they end: the slow ones take a while.
        let cases = try Check.run(folders.map(\.expandingTilde)) { result in
            if !format.json { StandardOutput.line(CheckReport.text(result)) }
        }
        let report = CheckReport(cases)
        if format.json {
            StandardOutput.line(String(decoding: try report.json(), as: UTF8.self))
        } else {
            StandardOutput.line(report.summary)
        }
        if !report.passed { throw CommandError.reported }
    }
}
