import ArgumentParser
import ExecutionPlan
import Foundation
import LEO
import LEOArchive
import LEOModel

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read a .leo file through and compare it with its checksums.",
        discussion: """
            Checks the header, every offset and length, the checksum of every tensor, the padding between them, and that
            the tensors are those that the configuration asks for. Exits with 1 and names what is damaged.

              leo verify leo-7b.leo
            """)

    @Argument(help: ArgumentHelp("A .leo file.", valueName: "file"))
    var file: String
    @OptionGroup var format: JSONOption

    func run() throws {
        let path = file.expandingTilde
        let progress = Progress("verify", .bytes)
        defer { progress.finish() }
        do {
            let archive = try Archive(path: path)
            let damages = archive.damages {
                progress.update(done: $0.bytesDone, total: $0.bytesTotal, note: $0.name)
            }
            progress.finish()
            let problems = damages.map { Problem(name: $0.name, expected: $0.expected, found: $0.found) } + archive.modelProblems()
            let report = VerifyReport(
                file: path, ok: problems.isEmpty, error: nil, bytes: archive.byteCount, tensors: archive.tensors.count,
                problems: problems, seconds: progress.seconds)
            if format.json { try StandardOutput.json(report) }
            if report.ok {
                if !format.json {
                    StandardOutput.line(
                        "\(path): ok, \(report.tensors) tensors, \(Units.bytes(archive.byteCount)), \(Units.seconds(report.seconds))")
                }
                return
            }
            for problem in problems {
                StandardError.line("error: \(path): \(problem.name): expected \(problem.expected), found \(problem.found)")
            }
            throw CommandError.reported
        } catch let error as ArchiveError {
            if format.json {
                try StandardOutput.json(
                    VerifyReport(file: path, ok: false, error: "\(error)", bytes: nil, tensors: 0, problems: [], seconds: progress.seconds))
            }
            throw error
        }
    }

    struct Problem: Encodable {
        let name: String
        let expected: String
        let found: String
    }
}

/// What `leo verify --json` prints.
private struct VerifyReport: Encodable {
    let file: String
    let ok: Bool
    /// Why the file could not be opened.
    let error: String?
    let bytes: Int?
    let tensors: Int
    let problems: [Verify.Problem]
    let seconds: Double
}

extension Archive {
    /// Tensors that the configuration asks for and that are absent or of a form no plan reads, factors of integers included.
    fileprivate func modelProblems() -> [Verify.Problem] {
        // An adapter holds a part of a model only.
        guard base == nil else { return [] }
        let source = ArchiveSource(self)
        do {
            return try Network.storedRecipes(ModelConfiguration(json: Data(configuration.utf8))).compactMap { recipe in
                do {
                    _ = try source.constant(recipe)
                    return nil
                } catch ArchiveError.missingTensor(_, let name) {
                    let shape = name == recipe.name ? " of shape \(recipe.shape)" : ""
                    return Verify.Problem(name: name, expected: "a tensor\(shape)", found: "none")
                } catch ArchiveError.mismatch(_, let name, let expected, let found) {
                    return expected.shape == found.shape
                        ? Verify.Problem(name: name, expected: expected.form, found: found.form)
                        : Verify.Problem(name: name, expected: "\(expected.shape)", found: "\(found.shape)")
                }
            }
        } catch {
            return [Verify.Problem(name: "configuration", expected: "a LEO model", found: "\(error)")]
        }
    }
}
