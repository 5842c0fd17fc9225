import ArgumentParser
import ExecutionPlan
import Foundation
import LEO
import LEOArchive
import LEOConvert
import LEOModel

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Print what runs for a model: steps, kernels, costs, memory.",
        discussion: """
            Sizes and costs are those of the largest run; `rows≤512` is a symbol and its bound. The environment variable
            LEO_ISA limits the instruction sets, here as in every command.

              leo plan leo-7b.leo --part language
              leo plan --config models/vicuna7b.json --dtype int8
              leo plan leo-7b.leo --part spatial --dot | dot -Tsvg > spatial.svg
            """)

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case image, points, spatial, language
    }

    @Argument(help: ArgumentHelp("A .leo file.", valueName: "file"))
    var file: String?
    @Option(help: ArgumentHelp("Instead of a file: a model configuration (models/*.json).", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("With --config: type of the language model's matrices.", valueName: "type"))
    var dtype: WeightType?
    @Option(help: ArgumentHelp("Only this plan: \(Part.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "part"))
    var part: Part?
    @Option(help: ArgumentHelp("Threads; 0 takes every core.", valueName: "n"))
    var threads = 0
    @Flag(help: "Print a graph for Graphviz.")
    var dot = false
    @OptionGroup var format: JSONOption

    func validate() throws {
        if (file == nil) == (config == nil) { throw ValidationError("Give a .leo file, or a configuration with --config.") }
        if dtype != nil, config == nil { throw ValidationError("--dtype goes with --config; a .leo file has its types.") }
        if dot, format.json { throw ValidationError("--dot and --json exclude each other.") }
        try Ask.checkThreads(threads)
    }

    func run() throws {
        var options = CompileOptions()
        options.workers = threads
        let network: Network
        if let config {
            network = try .withoutWeights(.read(config.expandingTilde), weightType: dtype ?? .int8, options: options)
        } else {
            network = try Network(Archive(path: (file ?? "").expandingTilde), options: options, exposesCaches: false)
        }
        let plans = zip(Part.allCases, network.plans).filter { part == nil || $0.0 == part }.map(\.1)
        if dot {
            StandardOutput.line("digraph leo {\n  rankdir=TB;\n  node [fontname=\"monospace\"];")
            for plan in plans { StandardOutput.line(plan.dot) }
            StandardOutput.line("}")
        } else if format.json {
            try StandardOutput.json(PlanReport(model: network.configuration.name, plans: plans.map(\.details)))
        } else {
            StandardOutput.line(plans.map { $0.details.text }.joined(separator: "\n\n"))
        }
    }
}

/// What `leo plan --json` prints.
private struct PlanReport: Encodable {
    let model: String
    let plans: [PlanDescription]
}

extension Network {
    /// The compiled model of a configuration alone: every size is right, every weight is zero. It can be looked at, not asked.
    static func withoutWeights(
        _ configuration: ModelConfiguration, weightType: WeightType, options: CompileOptions = CompileOptions()
    ) throws -> Network {
        try Network(
            configuration, source: ZeroSource { $0.isComputed ? .f32 : weightType.precision(of: $0) }, options: options, exposesCaches: false)
    }
}
