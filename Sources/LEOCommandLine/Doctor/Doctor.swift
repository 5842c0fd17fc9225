import ArgumentParser
import Foundation

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what files and folders are, what is missing or odd, and what a run will take.",
        discussion: """
            Knows .leo files, the checkpoints that `leo convert` takes (alone or in one folder), point clouds, images and
            the trees of LEO's datasets. Without a path, it describes this machine. Exits with 1 if something is unusable.

              leo doctor
              leo doctor ~/Downloads/leo-checkpoints
              leo doctor office.ply leo-7b.leo
            """)

    @Argument(help: ArgumentHelp("Files and folders.", valueName: "path"))
    var paths: [String] = []
    @OptionGroup var format: JSONOption

    func run() throws {
        if paths.isEmpty {
            let report = MachineReport()
            format.json ? try StandardOutput.json(report) : StandardOutput.line(report.text)
            if report.error != nil { throw CommandError.reported }
            return
        }
        let diagnoses = paths.map { Examination.examine($0.expandingTilde) }
        let isUsable = diagnoses.allSatisfy(\.isUsable)
        if format.json {
            try StandardOutput.json(DoctorReport(usable: isUsable, diagnoses: diagnoses))
        } else {
            StandardOutput.line(diagnoses.map(\.text).joined(separator: "\n\n"))
        }
        if !isUsable { throw CommandError.reported }
    }
}

/// What `leo doctor PATH… --json` prints.
private struct DoctorReport: Encodable {
    let usable: Bool
    let diagnoses: [Diagnosis]
}
