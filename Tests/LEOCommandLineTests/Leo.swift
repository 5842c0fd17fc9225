import Foundation
import LEOModel
import Testing
import TestSupport

/// The built executable, run as a user runs it.
enum Leo {
    struct Outcome {
        let status: Int32
        /// The signal that ended it, instead of `status`.
        let signal: Int32?
        let output: String
        let errors: String

        /// Standard output as a JSON object.
        func json(_ location: SourceLocation = #_sourceLocation) throws -> [String: Any] {
            try #require(
                JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "no JSON object: \(output)",
                sourceLocation: location)
        }
    }

    /// The product beside the bundle of the tests.
    static let path: String = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
            ?? URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appendingPathComponent("leo").path
    }()

    static func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Outcome {
        try start(path, arguments, environment: environment).wait()
    }

    /// Runs a line of shell in which `$LEO` is the executable.
    static func shell(_ line: String, environment: [String: String] = [:]) throws -> Outcome {
        try start("/bin/bash", ["-c", line], environment: environment.merging(["LEO": path]) { $1 }).wait()
    }

    /// A run under way. Its output goes to files, so that a full pipe can never stop it.
    struct Running {
        let process: Process
        fileprivate let output: URL
        fileprivate let errors: URL

        func wait() throws -> Outcome {
            process.waitUntilExit()
            defer {
                try? FileManager.default.removeItem(at: output)
                try? FileManager.default.removeItem(at: errors)
            }
            let ended = process.terminationReason == .uncaughtSignal
            return Outcome(
                status: process.terminationStatus, signal: ended ? process.terminationStatus : nil,
                output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
                errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
        }
    }

    static func start(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Running {
        func file() throws -> (URL, FileHandle) {
            let url = FileManager.default.temporaryDirectory.appendingPathComponent("leo-output-" + UUID().uuidString)
            try Data().write(to: url)
            return (url, try FileHandle(forWritingTo: url))
        }
        let (output, outputHandle) = try file(), (errors, errorsHandle) = try file()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = outputHandle
        process.standardError = errorsHandle
        try process.run()
        return Running(process: process, output: output, errors: errors)
    }
}

/// The root of the repository.
let repository = URL(fileURLWithPath: fixturesFolder).deletingLastPathComponent().deletingLastPathComponent().path

extension ModelConfiguration {
    /// A model so small that everything about it takes no time.
    static var micro: ModelConfiguration {
        var configuration = ModelConfiguration(name: "micro")
        configuration.image.depths = [1, 1, 1, 1]
        configuration.image.dims = [8, 16, 32, 64]
        configuration.points.pointsPerObject = 64
        for (index, widths) in [[8, 8, 16], [16, 16, 32], [32, 32, 64]].enumerated() {
            configuration.points.layers[index].widths = widths
        }
        configuration.points.outputWidth = 64
        configuration.spatial.hiddenDim = 32
        configuration.spatial.numAttentionHeads = 4
        configuration.spatial.dimFeedforward = 64
        configuration.spatial.numLayers = 1
        configuration.language.hiddenSize = 64
        configuration.language.numHiddenLayers = 2
        configuration.language.numAttentionHeads = 2
        configuration.language.numKeyValueHeads = 2
        configuration.language.intermediateSize = 128
        configuration.language.vocabulary = 400
        configuration.lora?.rank = 4
        return configuration
    }

    /// Large enough that writing it can be interrupted.
    static var slow: ModelConfiguration {
        var configuration = micro
        configuration.language.hiddenSize = 2048
        configuration.language.numHiddenLayers = 16
        configuration.language.intermediateSize = 8192
        configuration.language.numAttentionHeads = 16
        configuration.language.numKeyValueHeads = 16
        return configuration
    }

    func write(to path: String) throws { try json().write(to: URL(fileURLWithPath: path)) }
}

/// Calls `body` with a folder that holds `micro.json` and the model `micro.leo` made of it.
func withMicroModel<Result>(_ body: (_ folder: String, _ model: String) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
        try ModelConfiguration.micro.write(to: folder + "/micro.json")
        let model = folder + "/micro.leo"
        let outcome = try Leo.run("synthesize", "--config", folder + "/micro.json", "-o", model)
        try #require(outcome.status == 0, "\(outcome.errors)")
        return try body(folder, model)
    }
}

/// Whether errors are one line that begins as all errors do and holds every one of `parts`.
func isOneError(_ text: String, _ parts: String...) -> Bool {
    text.hasPrefix("error: ") && text.split(separator: "\n").count == 1 && parts.allSatisfy { text.contains($0) }
}
