import Foundation
import Testing
import TestSupport

@Suite struct UsageTests {
    static let commands = ["ask", "act", "eval", "convert", "synthesize", "inspect", "verify", "plan", "check", "doctor", "bench", "quality"]

    @Test func helpAndVersionSucceed() throws {
        let version = try Leo.run("--version")
        #expect(version.status == 0)
        #expect(version.output.range(of: #"^\d+\.\d+\.\d+\n$"#, options: .regularExpression) != nil)
        let help = try Leo.run("--help")
        #expect(help.status == 0)
        #expect(help.errors.isEmpty)
        for command in Self.commands { #expect(help.output.contains("  \(command) ")) }
    }

    @Test(arguments: commands) func everyCommandHasHelpWithAnExample(command: String) throws {
        let help = try Leo.run(command, "--help")
        #expect(help.status == 0)
        #expect(help.output.contains("  leo \(command)"))
        #expect(help.output.contains("USAGE: leo \(command)"))
    }

    @Test(arguments: [
        ["bogus"], ["inspect"], ["inspect", "a", "b"], ["convert", "--leo", "x"], ["convert", "--leo", "x", "-o", "y", "--dtype", "f99"],
        ["synthesize", "--config", "x", "-o", "y", "--cache-dtype", "int4"], ["convert", "--base", "x", "--leo", "y", "-o", "z", "--cache-dtype", "int8"],
        ["plan"], ["plan", "a", "--config", "b"], ["plan", "a", "--dot", "--json"], ["plan", "a", "--dtype", "int8"],
        ["plan", "a", "--part", "wheels"], ["check"], ["verify"], ["synthesize", "-o", "x"], ["ask", "model"],
        ["ask", "model", "hi", "--position", "1,2"], ["ask", "model", "hi", "--position", "1,2,nan"],
        ["ask", "model", "hi", "--orientation", "1,2,3"], ["ask", "model", "hi", "--object", "3"],
        ["ask", "model", "hi", "--beams", "0"], ["ask", "model", "hi", "--beams", "4", "--top-k", "3"],
        ["ask", "model", "hi", "--temperature", "-1"], ["ask", "model", "hi", "--top-p", "1.5"],
        ["ask", "model", "hi", "--min-tokens", "9223372036854775807"], ["ask", "model", "hi", "--threads", "-1"],
        ["ask", "model", "hi", "--min-tokens", "2", "--rules", "4.57"], ["ask", "model", "hi", "--repetition-penalty", "nan"],
    ])
    func wrongUsageExitsWith64(arguments: [String]) throws {
        let outcome = try Leo.start(Leo.path, arguments).wait()
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("error: "))
        #expect(outcome.errors.contains("Usage: leo"))
    }

    @Test(arguments: [
        ["inspect", "/nonexistent/x.leo"], ["verify", "/nonexistent/x.leo"], ["plan", "/nonexistent/x.leo"],
        ["plan", "--config", "/nonexistent/x.leo"], ["ask", "/nonexistent/x.leo", "hi"], ["check", "/nonexistent/x.leo"],
        ["synthesize", "--config", "/nonexistent/x.leo", "-o", "/tmp/never.leo"],
        ["convert", "--leo", "/nonexistent/x.leo", "-o", "/tmp/never.leo"],
    ])
    func absentFilesAreNamed(arguments: [String]) throws {
        let outcome = try Leo.start(Leo.path, arguments).wait()
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(isOneError(outcome.errors, "/nonexistent/x.leo"), "\(outcome.errors)")
    }

    @Test func wrongConfigurationIsNamedByFileAndField() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/wrong.json"
            try Data("[1, 2".utf8).write(to: URL(fileURLWithPath: path))
            #expect(isOneError(try Leo.run("plan", "--config", path).errors, path))
            let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: repository + "/models/tiny.json")), as: UTF8.self)
            try Data(text.replacingOccurrences(of: "\"num_hidden_layers\" : 3", with: "\"num_hidden_layers\" : -3").utf8)
                .write(to: URL(fileURLWithPath: path))
            let outcome = try Leo.run("plan", "--config", path)
            #expect(outcome.status == 1)
            #expect(isOneError(outcome.errors, path, "num_hidden_layers", "-3"), "\(outcome.errors)")
        }
    }

    // MARK: Standard output

    @Test func aReaderThatGoesAwayIsNoError() throws {
        let outcome = try Leo.shell(#""$LEO" plan --config models/vicuna7b.json | true; echo "${PIPESTATUS[0]}" >&2"#, in: repository)
        #expect(outcome.errors == "0\n")
    }

    @Test func closedOrFullOutputIsAnError() throws {
        let closed = try Leo.shell(#""$LEO" doctor >&-"#)
        #expect(closed.status == 1)
        #expect(isOneError(closed.errors, "standard output"), "\(closed.errors)")
        let full = try Leo.shell(#""$LEO" doctor > /dev/full"#)
        #expect(full.status == 1)
        #expect(isOneError(full.errors, "standard output", "No space left"), "\(full.errors)")
    }

    @Test func closedErrorsDoNotReachTheFile() throws {
        // Without descriptors 1 and 2 the file being written must not receive what is printed.
        try withMicroModel { folder, model in
            let other = folder + "/other.leo"
            _ = try Leo.shell(#""$LEO" synthesize --config \#(folder)/micro.json -o \#(other) >&- 2>&-"#)
            #expect(FileManager.default.contentsEqual(atPath: model, andPath: other))
        }
    }
}

extension Leo {
    static func shell(_ line: String, in folder: String) throws -> Outcome { try shell("cd '\(folder)' && " + line) }
}
