import ArgumentParser
import Foundation
import LEO
import LEOArchive
import LEOConvert
import LEOModel

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert official checkpoints into one .leo file.",
        discussion: """
            Memory stays small: at most one layer. The file appears under its name only when it is complete;
            Ctrl-C removes what was written.

              leo convert --llm vicuna-7b-v1.1 --image-encoder open_clip_pytorch_model.bin \\
                  --point-encoder pointnetpp_vil3dref.pth --leo sft_noact.pth -o leo-7b.leo --dtype int8

            With --base, what LEO learned in another training becomes an adapter, a small file for `leo ask --adapter`:

              leo convert --base leo-7b.leo --leo sft_act.pth -o act.leo
            """)

    @Option(help: ArgumentHelp("Hugging Face folder of Vicuna or LLaMA: config.json, weights, tokenizer.model.", valueName: "dir"))
    var llm: String?
    @Option(help: ArgumentHelp("ConvNeXt weights in OpenCLIP's or timm's naming.", valueName: "file"))
    var imageEncoder: String?
    @Option(help: ArgumentHelp("PointNet++ weights (pointnetpp_vil3dref.pth).", valueName: "file"))
    var pointEncoder: String?
    @Option(help: ArgumentHelp("Write an adapter for this .leo file: only what LEO's checkpoint has learned.", valueName: "file"))
    var base: String?
    @Option(help: ArgumentHelp("LEO's checkpoint folder or file; one that holds the complete model needs no other.", valueName: "dir"))
    var leo: String
    @Option(name: [.short, .long], help: ArgumentHelp("The .leo file to write.", valueName: "file"))
    var output: String
    @Option(help: ArgumentHelp(
        "Type of the language model's matrices: \(WeightType.allCases.map(\.rawValue).joined(separator: ", ")). Without it, that of the checkpoint.",
        valueName: "type"))
    var dtype: WeightType?
    @Option(help: ArgumentHelp("Type of the image encoder's matrices: f32, or bf16 for CPUs that multiply it (AVX-512 BF16); without it, f32.", valueName: "type"))
    var imageDtype: ImageWeightType?
    @Option(help: ArgumentHelp(
        "Type of the key/value cache: \(LanguageConfiguration.CacheType.allCases.map(\.rawValue).joined(separator: ", ")). Without it, f16, or f32 where the query projections are f32.",
        valueName: "type"))
    var cacheDtype: LanguageConfiguration.CacheType?
    @Option(help: ArgumentHelp("Model configuration (models/*.json); without it, inferred from the checkpoints.", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("tokenizer.model, where it is not in the --llm folder.", valueName: "file"))
    var tokenizer: String?
    @Option(help: ArgumentHelp("File with the row of [PAD] in embed_tokens and lm_head; zeros without it.", valueName: "file"))
    var padRow: String?
    @Option(help: "Name of the model, for people; without it, that of the configuration or of the file.")
    var name: String?
    @Flag(help: "Pass over tensors that are not part of the model.")
    var ignoreExtra = false
    @Flag(help: "With int8 and int4: quantise weights as they are, without reading LEO's role prompt to find channels that stand out.")
    var noBalance = false
    @OptionGroup var prompt: StoredPromptOption
    @OptionGroup var format: JSONOption

    func validate() throws {
        let others = [
            ("--llm", llm), ("--image-encoder", imageEncoder), ("--point-encoder", pointEncoder), ("--dtype", dtype?.rawValue),
            ("--image-dtype", imageDtype?.rawValue), ("--cache-dtype", cacheDtype?.rawValue), ("--config", config), ("--tokenizer", tokenizer), ("--pad-row", padRow),
        ]
        if base != nil, noBalance { throw ValidationError("--no-balance goes without --base: an adapter stays as it is.") }
        if base != nil, let other = others.first(where: { $0.1 != nil }) {
            throw ValidationError("\(other.0) goes without --base: an adapter shares it with its base.")
        }
    }

    func run() throws {
        var paths = CheckpointPaths(
            leo: leo.expandingTilde, languageModel: llm?.expandingTilde, imageEncoder: imageEncoder?.expandingTilde,
            pointEncoder: pointEncoder?.expandingTilde)
        paths.tokenizer = tokenizer?.expandingTilde
        paths.padRow = padRow?.expandingTilde
        let output = output.expandingTilde
        let inputs = [
            paths.leo, paths.languageModel, paths.imageEncoder, paths.pointEncoder, paths.tokenizer, paths.padRow, config, base,
        ]
        try Files.checkOutput(output, inputs: inputs.compactMap { $0 })
        var configuration = try config.map { try ModelConfiguration.read($0.expandingTilde) }
        if let name { configuration?.name = name }
        let stem = (output.lastPathComponent as NSString).deletingPathExtension
        let usualName = name ?? (stem.isEmpty ? "leo" : stem)
        var converter = if let base {
            try Converter(
                adapter: paths.leo, of: try Archive(path: base.expandingTilde), name: usualName, ignoresExtra: ignoreExtra)
        } else {
            try Converter(paths, configuration: configuration, name: usualName, weightType: dtype, ignoresExtra: ignoreExtra)
        }
        converter.imageWeightType = imageDtype ?? .f32
        if let cacheDtype { converter.cacheType = cacheDtype }
        converter.storesPrompt = prompt.isStored
        converter.balancesInputs = !noBalance
        try converter.write(to: output, label: "convert", json: format.json)
    }
}

struct Synthesize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a .leo file of a given shape with seeded random weights, for benchmarks.",
        discussion: """
            The same configuration, type and seed give the same weights everywhere. Answers of such a model mean nothing.

              leo synthesize --config models/vicuna7b.json -o synthetic.leo --dtype int8
              leo synthesize --base synthetic.leo -o adapter.leo --seed 2
            """)

    @Option(help: ArgumentHelp("Model configuration (models/*.json).", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("Instead of a configuration: make an adapter for this .leo file.", valueName: "file"))
    var base: String?
    @Option(name: [.short, .long], help: ArgumentHelp("The .leo file to write; without it, NAME-TYPE.leo or NAME-adapter.leo in this folder.", valueName: "file"))
    var output: String?
    @Option(help: ArgumentHelp(
        "Type of the language model's matrices: \(WeightType.allCases.map(\.rawValue).joined(separator: ", ")); without it, int8.", valueName: "type"))
    var dtype: WeightType?
    @Option(help: ArgumentHelp("Type of the image encoder's matrices: f32, or bf16 for CPUs that multiply it (AVX-512 BF16); without it, f32.", valueName: "type"))
    var imageDtype: ImageWeightType?
    @Option(help: ArgumentHelp(
        "Type of the key/value cache: \(LanguageConfiguration.CacheType.allCases.map(\.rawValue).joined(separator: ", ")). Without it, f16, or f32 where the query projections are f32.",
        valueName: "type"))
    var cacheDtype: LanguageConfiguration.CacheType?
    @Option(help: "Seed of the random weights.")
    var seed: UInt64 = 1
    @Option(help: ArgumentHelp("tokenizer.model; without it, a tokenizer of common words, letters and bytes.", valueName: "file"))
    var tokenizer: String?
    @OptionGroup var prompt: StoredPromptOption
    @OptionGroup var format: JSONOption

    func validate() throws {
        if (config == nil) == (base == nil) { throw ValidationError("Give a configuration with --config, or a model with --base.") }
        let others = [
            ("--dtype", dtype != nil), ("--image-dtype", imageDtype != nil), ("--cache-dtype", cacheDtype != nil), ("--tokenizer", tokenizer != nil),
        ]
        for (name, isGiven) in others where isGiven && base != nil {
            throw ValidationError("\(name) goes without --base: an adapter shares it with its base.")
        }
    }

    func run() throws {
        var converter: Converter
        let usual: String
        if let base {
            converter = try Converter(syntheticAdapterOf: try Archive(path: base.expandingTilde), seed: seed)
            usual = converter.configuration.name
        } else {
            converter = try Converter(
                synthetic: try .read((config ?? "").expandingTilde), weightType: dtype ?? .int8, seed: seed,
                tokenizerModel: try tokenizer.map { Array(try Files.contents($0.expandingTilde, limit: 256 << 20)) })
            usual = converter.configuration.name + "-" + converter.weightType.rawValue
        }
        converter.imageWeightType = imageDtype ?? .f32
        if let cacheDtype { converter.cacheType = cacheDtype }
        converter.storesPrompt = prompt.isStored
        // A name from a configuration is no path.
        let output = self.output?.expandingTilde ?? usual.replacing("/", with: "-") + ".leo"
        try Files.checkOutput(output, inputs: [config, tokenizer, base].compactMap { $0?.expandingTilde })
        try converter.write(to: output, label: "synthesize", json: format.json)
    }
}

/// Whether a new file gets the keys and values of the role prompt.
struct StoredPromptOption: ParsableArguments {
    @Flag(help: "Do not compute and store the keys and values of LEO's role prompt.")
    var noStoredPrompt = false
    var isStored: Bool { !noStoredPrompt }
}

/// What `leo convert --json` and `leo synthesize --json` print.
private struct ConversionReport: Encodable {
    let file: String
    let name: String
    let dtype: String
    let bytes: Int
    let tensors: Int
    let parameters: Int
    let fingerprint: String
    let seconds: Double
}

extension Converter {
    /// Writes the file with progress and signal handling, then says what it holds.
    fileprivate func write(to output: String, label: String, json: Bool) throws {
        let progress = Progress(label, .bytes)
        Interruption.begin()
        defer {
            Interruption.end()
            progress.finish()
        }
        try write(to: output, started: { Interruption.remove($0) }) {
            progress.update(done: $0.bytesDone, total: $0.bytesTotal, note: $0.name)
        }
        Interruption.end()
        progress.finish()
        let archive = try Archive(path: output)
        let report = ConversionReport(
            file: output, name: configuration.name, dtype: weightType.rawValue, bytes: archive.byteCount,
            tensors: archive.tensors.count, parameters: archive.parameterCount, fingerprint: archive.fingerprint,
            seconds: progress.seconds)
        if json { return try StandardOutput.json(report) }
        StandardOutput.line(
            "\(output): \(report.name), \(Units.bytes(report.bytes)), \(report.tensors) tensors, "
                + "\(Units.count(report.parameters)) parameters, \(report.dtype), \(Units.seconds(report.seconds))")
    }
}

extension Archive {
    /// Numbers the model has learned: neither the tokenizer's bytes, nor the factors of 8-bit and 4-bit matrices and their inputs, nor the
    /// stored prompt.
    var parameterCount: Int {
        tensors.filter {
            ($0.elementType != .u8 || $0.layout != .rows) && !$0.name.hasPrefix(PromptPrefix.namePrefix)
                && ![".scale", ".input_scale"].contains(where: $0.name.hasSuffix)
        }.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }
}
