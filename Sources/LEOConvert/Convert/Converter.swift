import Foundation
package import ExecutionPlan
internal import LEOArchive
public import LEOModel
import LEOTensor
internal import LEOText

/// How the language model's matrices are kept in a `.leo` file. Everything else stays float32, but see `int8` and `ImageWeightType`.
public enum WeightType: String, Sendable, CaseIterable {
    case f32, bf16, f16
    /// 8 bits with one factor per output and 128 inputs. Embeddings are f16, and so are the first halves of LoRA's matrices: in f32
    /// their memory traffic would be beyond their share of the work.
    case int8
    /// As `int8`, with 4 bits for the layers' matrices; the head, whose errors reach the tokens directly, keeps 8.
    case int4

    /// How a constant is stored.
    package func precision(of recipe: Recipe) -> Precision {
        let name = recipe.name
        guard name.hasPrefix("language."), recipe.shape.count == 2 else { return .f32 }
        let isAdapter = name.contains(".lora_")
        guard isAdapter || name.hasSuffix(".weight") else { return .f32 }
        switch self {
        case .f32: return .f32
        case .bf16: return isAdapter ? .f32 : .bf16
        case .f16: return isAdapter ? .f32 : .f16
        case .int8, .int4:
            if isAdapter { return name.contains(".lora_b") ? .f32 : .f16 }
            if !recipe.isPacked { return .f16 }
            return self == .int8 || name.contains("lm_head") ? .int8 : .int4
        }
    }
}

/// How the image encoder's matrices are kept in a `.leo` file.
public enum ImageWeightType: String, Sendable, CaseIterable {
    case f32
    /// Where the CPU multiplies pairs of bfloat16 (AVX-512 BF16), rows are rounded to it too, and an instruction does twice the products.
    case bf16

    fileprivate func precision(of recipe: Recipe) -> Precision {
        self == .bf16 && recipe.isPacked && recipe.shape.count == 2 && recipe.name.hasSuffix(".weight") ? .bf16 : .f32
    }
}

/// How far a conversion is.
public struct ConversionProgress: Sendable {
    public let bytesDone: Int
    /// 0 before writing has begun.
    public let bytesTotal: Int
    /// The constant being written, or what is done before.
    public let name: String
}

/// Turns official checkpoints into one `.leo` file.
///
/// Memory stays small: matrices are read, folded, packed and written a few megabytes at a time; only to balance what becomes integers
/// (`balancesInputs`) one layer is in memory, in 16 bits. The file appears under its final name only when it is complete.
public struct Converter: Sendable {
    public private(set) var configuration: ModelConfiguration
    public let weightType: WeightType
    public var imageWeightType = ImageWeightType.f32
    /// See `LanguageConfiguration.cacheType`. An adapter shares that of its base.
    public var cacheType: LanguageConfiguration.CacheType? {
        get { configuration.language.cacheType }
        set { configuration.language.cacheType = newValue }
    }
    /// Whether keys and values of LEO's role prompt are computed and stored, so that requests need not read it.
    public var storesPrompt = true
    /// Whether channels that stand out while the model reads that prompt are made smaller before integers are multiplied, and the
    /// columns that read them larger.
    public var balancesInputs = true
    let parameters: any ParameterSource
    let tokenizerModel: [UInt8]
    let metadata: [String: String]
    /// What an adapter adapts, and which constants are its own; nil for a whole model.
    var adapting: (base: Archive, isOwn: @Sendable (Recipe) -> Bool)?

    init(
        _ configuration: ModelConfiguration, weightType: WeightType, parameters: any ParameterSource, tokenizerModel: [UInt8],
        metadata: [String: String]
    ) {
        self.configuration = configuration
        self.weightType = weightType
        self.parameters = parameters
        self.tokenizerModel = tokenizerModel
        self.metadata = metadata
    }

    /// Opens the checkpoints and compares them with the model.
    ///
    /// - Parameters:
    ///   - configuration: nil to infer it from the checkpoints.
    ///   - weightType: nil keeps the precision of the language model's checkpoint.
    ///   - ignoresExtra: accepts tensors that are not part of the model.
    /// - Throws: `CheckpointError`, `ConversionError`, `ConfigurationError`, `TokenizerError`
    public init(
        _ paths: CheckpointPaths, configuration: ModelConfiguration? = nil, name: String = "leo", weightType: WeightType? = nil,
        ignoresExtra: Bool = false
    ) throws {
        let set = try CheckpointSet(paths)
        let configuration = try configuration ?? set.inferredConfiguration(name: name)
        try configuration.validate()
        try set.check(configuration, ignoresExtra: ignoresExtra)
        tokenizerModel = try set.tokenizerModel()
        let tokenizer = try Tokenizer(sentencePieceModel: tokenizerModel)
        guard tokenizer.vocabularyCount <= configuration.language.vocabulary else {
            throw ConversionError.tokenizer(
                path: paths.tokenizer ?? paths.languageModel ?? "tokenizer.model",
                expected: "at most \(configuration.language.vocabulary) pieces", found: "\(tokenizer.vocabularyCount)")
        }
        self.configuration = configuration
        self.weightType = weightType ?? set.storedWeightType
        parameters = try CheckpointParameters(set, hiddenSize: configuration.language.hiddenSize)
        var metadata = ["producer": "leo convert"]
        let sources: [(CheckpointRole, String?)] = [
            (.languageModel, paths.languageModel), (.imageEncoder, paths.imageEncoder), (.pointEncoder, paths.pointEncoder), (.leo, paths.leo),
        ]
        // Names only: where a checkpoint lay is nobody else's business.
        for (role, path) in sources { metadata["source." + role.rawValue] = path.map { ($0 as NSString).lastPathComponent } }
        self.metadata = metadata
    }

    /// A model of the given shape with seeded random weights, for benchmarks.
    ///
    /// - Parameter tokenizerModel: nil makes a tokenizer of common words, characters and bytes.
    public init(synthetic configuration: ModelConfiguration, weightType: WeightType, seed: UInt64, tokenizerModel: [UInt8]? = nil) throws {
        try configuration.validate()
        self.configuration = configuration
        self.weightType = weightType
        self.tokenizerModel = tokenizerModel ?? SyntheticTokenizer.model(pieces: configuration.language.vocabulary - 1)
        let pieces = try Tokenizer(sentencePieceModel: self.tokenizerModel).vocabularyCount
        guard pieces <= configuration.language.vocabulary else {
            throw ConversionError.tokenizer(
                path: "tokenizer.model", expected: "at most \(configuration.language.vocabulary) pieces, [PAD] included", found: "\(pieces)")
        }
        parameters = SyntheticParameters(seed: seed)
        balancesInputs = false // Nothing stands out of random numbers.
        metadata = ["producer": "leo synthesize", "seed": "\(seed)"]
    }

    /// What the checkpoints themselves show: sizes from shapes, the rest LEO's defaults.
    ///
    /// - Throws: `ConversionError.cannotInfer` where two configurations have the same tensors.
    public static func inferredConfiguration(_ paths: CheckpointPaths, name: String) throws -> ModelConfiguration {
        try CheckpointSet(paths).inferredConfiguration(name: name)
    }

    private struct Item {
        let recipe: Recipe
        let encoding: ConstantEncoding
        var scaleName: String { recipe.name + ".scale" }
        var layout: TensorLayout {
            switch encoding.layout {
            case .rows: .rows
            case .nk16: .nk16
            case .n64k4: .n64k4
            case .n64k8: .n64k8
            }
        }
    }

    /// Writes the file.
    ///
    /// - Throws: `ArchiveError`; whatever `progress` throws stops the conversion and leaves nothing behind.
    public func write(to path: String, progress: (ConversionProgress) throws -> Void = { _ in }) throws {
        try write(to: path, started: { _ in }, progress: progress)
    }

    /// Nil where the prompt is not to be stored.
    private func promptWriter() throws -> PrefixWriter? {
        guard storesPrompt else { return nil }
        let cacheType = try Network.cacheType(configuration) {
            adapting?.base.tensor(named: $0.name)?.specification.precision ?? precision(of: $0)
        }
        return try PrefixWriter(configuration, tokenizerModel: tokenizerModel, cacheType: cacheType)
    }

    private func item(_ recipe: Recipe) -> Item {
        Item(recipe: recipe, encoding: ConstantEncoding(recipe: recipe, precision: precision(of: recipe)))
    }

    private func precision(of recipe: Recipe) -> Precision {
        recipe.name.hasPrefix("image.") ? imageWeightType.precision(of: recipe) : weightType.precision(of: recipe)
    }

    private func table(of items: [Item]) -> [TensorSpecification] {
        var specifications: [TensorSpecification] = []
        if adapting == nil {
            specifications.append(TensorSpecification(name: Self.tokenizerName, elementType: .u8, shape: [tokenizerModel.count]))
        }
        for item in items {
            specifications.append(
                TensorSpecification(
                    name: item.recipe.name, elementType: item.encoding.elementType, shape: item.recipe.shape, layout: item.layout))
            if let shape = item.encoding.scaleShape {
                specifications.append(TensorSpecification(name: item.scaleName, elementType: item.encoding.scaleType, shape: shape, layout: .nk64))
            }
        }
        return specifications
    }

    private func inputBalance(progress: (String) throws -> Void) throws -> InputBalance {
        let tokens = PrefixWriter.tokens(
            try Tokenizer(sentencePieceModel: tokenizerModel), limit: configuration.language.maxPositions)
        return try InputBalance(
            configuration, tokens: tokens, parameters: parameters, precision: { precision(of: $0) }, progress: progress)
    }

    /// - Parameter started: receives the path of the temporary file, so that a signal handler can remove it.
    public func write(
        to path: String, started: (_ temporaryPath: String) -> Void, progress: (ConversionProgress) throws -> Void
    ) throws {
        let recipes = try Network.storedRecipes(configuration).filter { adapting?.isOwn($0) ?? true }
        let prefix = try promptWriter()
        let text = String(decoding: try configuration.json(), as: UTF8.self)
        let base = try adapting.map {
            ArchiveBase(name: try $0.base.modelName(), fingerprint: $0.base.fingerprint(leavingOut: PromptPrefix.namePrefix))
        }
        func begin(_ items: [Item]) throws -> ArchiveWriter {
            let writer = try ArchiveWriter(
                path: path, configuration: text, metadata: metadata, base: base,
                tensors: table(of: items) + (prefix?.specifications ?? []))
            started(writer.temporaryPath)
            return writer
        }
        var items = recipes.map { item($0) }
        var writer = try begin(items)
        var balance: InputBalance?
        if balancesInputs, adapting == nil, weightType == .int8 || weightType == .int4 {
            // A file that there is no room for, or no folder, has shown by now; its table is known after the prompt was read.
            writer.cancel()
            let found = try inputBalance { try progress(ConversionProgress(bytesDone: 0, bytesTotal: 0, name: $0)) }
            items += found.inputScales.map { item($0.recipe) }
            writer = try begin(items)
            balance = found
        }
        let specifications = writer.tensors
        let written = WrittenTensors(writer)
        let total = specifications.reduce(0) { $0 + ($1.byteCount ?? 0) }
        var done = 0
        let evaluator = RecipeEvaluator(balance.map { BalancedParameters(parameters: parameters, balance: $0) } ?? parameters)
        do {
            if adapting == nil {
                try tokenizerModel.withUnsafeBytes { try written.append($0, to: Self.tokenizerName) }
                done += tokenizerModel.count
            }
            for item in items {
                var scales: [UInt8] = []
                try encode(
                    item, with: evaluator,
                    write: { bytes in
                        try written.append(bytes, to: item.recipe.name)
                        done += bytes.count
                        try progress(ConversionProgress(bytesDone: done, bytesTotal: total, name: item.recipe.name))
                    },
                    writeScale: { scales += $0 })
                if item.encoding.scaleShape != nil {
                    try scales.withUnsafeBytes { try written.append($0, to: item.scaleName) }
                    done += scales.count
                    try progress(ConversionProgress(bytesDone: done, bytesTotal: total, name: item.scaleName))
                }
            }
            try prefix?.write(to: writer, written, base: adapting?.base) { bytes, name in
                done += bytes
                try progress(ConversionProgress(bytesDone: done, bytesTotal: total, name: name))
            }
            try writer.finish()
        } catch {
            writer.cancel()
            throw error
        }
    }

    /// Encodes a constant; its numbers are the checkpoint's, and so are errors about them.
    private func encode(
        _ item: Item, with evaluator: RecipeEvaluator, write: (UnsafeRawBufferPointer) throws -> Void,
        writeScale: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        do {
            try item.encoding.encode(item.recipe, with: evaluator, write: write, writeScale: writeScale)
        } catch let error as GraphError {
            throw (parameters as? CheckpointParameters)?.located(error, item.recipe) ?? error
        }
    }

    /// Name under which the tokenizer's bytes stand in the file.
    package static let tokenizerName = "tokenizer.model"
}

extension CheckpointSet {
    /// The weight type that keeps the language model's precision.
    var storedWeightType: WeightType {
        switch find("language.layers.0.q_proj.weight")?.tensor.elementType {
        case .f16: .f16
        case .bf16: .bf16
        default: .f32
        }
    }
}
