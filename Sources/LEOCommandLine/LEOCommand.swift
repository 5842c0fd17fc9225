import ArgumentParser
import Foundation
import LEOConvert
import LEOModel

@main
struct LEOCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leo",
        abstract: "Runs LEO, an embodied agent that sees a 3D scene, on CPUs.",
        discussion: """
            Convert the official checkpoints once, then ask about a scan:

              leo convert --llm vicuna-7b --image-encoder open_clip.bin --point-encoder pointnetpp.pth \\
                  --leo leo.pth -o leo-7b.leo --dtype int8
              leo ask leo-7b.leo --scene office.ply "What is on the desk?"

            Exit codes: 0 success, 1 failure (said on standard error), 64 wrong usage, 128 + N ended by signal N.
            """,
        version: version,
        subcommands: [
            Ask.self, Act.self, Eval.self, Convert.self, Synthesize.self, Inspect.self, Verify.self, PlanCommand.self, CheckCommand.self, Doctor.self,
            BenchCommand.self, Quality.self, WorldCommand.self,
        ] + networked)

    /// What speaks gRPC, which Apple's older systems cannot run.
    private static var networked: [any ParsableCommand.Type] {
        if #available(macOS 15.0, *) { [LEGENTCommand.self] } else { [] }
    }

    static let version = "0.1.0"

    static func main() async {
        occupyStandardDescriptors()
        // A reader that goes away and a file that grows too large are errors of the write, not the end of the program.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        var code = EXIT_SUCCESS
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            code = report(error)
        }
        do { try StandardOutput.finish() } catch {
            StandardError.line("error: \(error)")
            code = code == EXIT_SUCCESS ? EXIT_FAILURE : code
        }
        Foundation.exit(code)
    }

    /// Says what ended a command and returns the exit code.
    private static func report(_ error: any Error) -> Int32 {
        if case CommandError.reported = error { return EXIT_FAILURE }
        let code = exitCode(for: error)
        switch code {
        case .success: StandardOutput.line(fullMessage(for: error))
        case .validationFailure:
            let text = fullMessage(for: error)
            StandardError.line(text.hasPrefix("Error: ") ? "error: " + text.dropFirst("Error: ".count) : text)
        default:
            if let exit = error as? ExitCode { return exit.rawValue }
            StandardError.line("error: \(error)")
        }
        return code.rawValue
    }
}

extension WeightType: ExpressibleByArgument {}
extension ImageWeightType: ExpressibleByArgument {}
extension LanguageConfiguration.CacheType: ExpressibleByArgument {}

extension ModelConfiguration {
    /// Reads a configuration from a JSON file; errors name the file.
    static func read(_ path: String) throws -> ModelConfiguration {
        do {
            return try ModelConfiguration(json: try Files.contents(path))
        } catch let error as ConfigurationError {
            throw CommandError.file(path: path, reason: "\(error.field): expected \(error.expected), found \(error.found)")
        }
    }
}

/// What all commands with machine-readable output have.
struct JSONOption: ParsableArguments {
    @Flag(help: "Print JSON on standard output (keys: docs/cli.md).")
    var json = false
}
