package import ExecutionPlan
package import LEOTensor

/// The compiled parts of one model, shared by every session that uses it.
public final class Network: Sendable {
    public let configuration: ModelConfiguration
    package let image: Plan
    package let points: Plan
    package let spatial: Plan
    package let language: Plan
    package let limits: LanguageLimits
    /// Learned extent of the agent's box, used as row 0 of the locations.
    package let anchorSize: [Float]

    /// - Parameter exposesCaches: whether a runner can start with, and give away, what the caches hold; as outputs they would
    ///   stand in a printed plan.
    /// - Parameter others: work of the caller's that the threads do meanwhile.
    /// - Throws: `GraphError` or the source's error, naming the constant and what was expected.
    package init(
        _ configuration: ModelConfiguration, source: any ConstantSource, options: CompileOptions = CompileOptions(),
        exposesCaches: Bool = true, alongside others: [any AnyWork] = []
    ) throws {
        self.configuration = configuration
        limits = Self.limits(configuration)
        var options = options
        options.workers = options.threadCount
        let settled = options
        let image = Work { try Self.imageGraph(configuration).compiled(source, options: settled) }
        let points = Work { try Self.pointsGraph(configuration).compiled(source, options: settled) }
        let spatial = Work { try Self.spatialGraph(configuration).compiled(source, options: settled) }
        let language = Work {
            let cacheType = try Self.cacheType(configuration, precision: source.precision)
            return try Self.languageGraph(configuration, cacheType: cacheType, exposesCaches: exposesCaches).compiled(source, options: settled)
        }
        // The longest first, so that the threads end together.
        ([language, image] + others + [spatial, points]).perform(threads: options.workers)
        self.image = try image.value()
        self.points = try points.value()
        self.spatial = try spatial.value()
        self.language = try language.value()
        anchorSize = try Self.hostRecipes(configuration).first.map { recipe in
            let constant = try source.constant(recipe)
            let values = constant.storage.rawFloats()
            guard constant.elementType == .f32, constant.shape == recipe.shape, values.count == recipe.shape.reduce(1, *) else {
                throw GraphError.constant(
                    name: recipe.name, expected: "\(recipe.shape) f32", found: "\(constant.shape) \(constant.elementType.rawValue)")
            }
            return values
        } ?? []
    }

    package var plans: [Plan] { [image, points, spatial, language] }

    // MARK: Graphs

    package static func imageGraph(_ configuration: ModelConfiguration) throws(GraphError) -> Graph {
        try ConvNeXt(configuration.image).graph(hidden: configuration.language.hiddenSize)
    }

    package static func pointsGraph(_ configuration: ModelConfiguration) throws(GraphError) -> Graph {
        try PointNetPP(configuration.points).graph(maximumObjects: configuration.maximumObjects)
    }

    package static func spatialGraph(_ configuration: ModelConfiguration) throws(GraphError) -> Graph {
        try SpatialTransformer(configuration.spatial).graph(
            pointWidth: configuration.points.outputWidth, maximumObjects: configuration.maximumObjects,
            hidden: configuration.language.hiddenSize)
    }

    package static func languageGraph(
        _ configuration: ModelConfiguration, cacheType: ElementType = .f32, exposesCaches: Bool = false
    ) throws(GraphError) -> Graph {
        var graph = switch configuration.language.architecture {
        case .llama:
            try LLaMA(configuration.language, lora: configuration.lora, cacheType: cacheType).graph(limits: limits(configuration))
        }
        if exposesCaches { graph.exposeStates() }
        return graph
    }

    /// The language model in pieces of one layer, then the head, for reading `rows` rows with little memory: each takes x, the
    /// rows of the one before, and gives y.
    package static func languagePieces(_ configuration: ModelConfiguration, rows: Int) throws(GraphError) -> [Graph] {
        switch configuration.language.architecture {
        case .llama:
            let model = LLaMA(configuration.language, lora: configuration.lora)
            var pieces: [Graph] = []
            for layer in 0..<configuration.language.numHiddenLayers { pieces.append(try model.layerGraph(layer, rows: rows)) }
            return pieces + [try model.headGraph(rows: rows)]
        }
    }

    /// See `LanguageConfiguration.cacheType`.
    package static func cacheType(
        _ configuration: ModelConfiguration, precision: (Recipe) -> Precision
    ) throws(GraphError) -> ElementType {
        switch configuration.language.cacheType {
        case .f32: return .f32
        case .f16: return .f16
        case .bf16: return .bf16
        case .int8: return .i8
        case nil: break
        }
        // All layers are kept alike, and the graph of one is built sooner.
        var first = configuration
        first.language.numHiddenLayers = min(configuration.language.numHiddenLayers, 1)
        let recipes = try languageGraph(first).optimised().usedRecipes
        guard let recipe = recipes.first(where: { $0.name.hasSuffix("layers.0.q_proj.weight") }) else { return .f32 }
        return precision(recipe) == .f32 ? .f32 : .f16
    }

    package static func graphs(_ configuration: ModelConfiguration) throws(GraphError) -> [Graph] {
        [
            try imageGraph(configuration), try pointsGraph(configuration), try spatialGraph(configuration),
            try languageGraph(configuration),
        ]
    }

    /// Constants that no graph reads, only the code that prepares inputs.
    package static func hostRecipes(_ configuration: ModelConfiguration) -> [Recipe] {
        configuration.spatial.useEmbodiedToken ? [.parameter(name: "spatial.anchor_size", shape: [1, 1, 3])] : []
    }

    /// Every constant a `.leo` file of this model holds, in the order of use.
    package static func storedRecipes(_ configuration: ModelConfiguration) throws(GraphError) -> [Recipe] {
        var recipes: [Recipe] = []
        for graph in try graphs(configuration) { recipes += graph.optimised().usedRecipes }
        return (recipes + hostRecipes(configuration)).filter { !$0.isComputed }
    }

    package static func limits(_ configuration: ModelConfiguration) -> LanguageLimits {
        let objectRows = configuration.maximumObjects + (configuration.spatial.useEmbodiedToken ? 1 : 0)
        // The prompt, and eight beams (or answers in flight) of a full answer; memory is touched only as it fills.
        return LanguageLimits(
            extraRows: objectRows + configuration.image.tokenCount, cells: configuration.language.maxPositions + 8 * 256)
    }
}

extension Tensor {
    /// The bytes as float32, whatever the element type says.
    fileprivate func rawFloats() -> [Float] {
        withBytes { bytes in (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) } }
    }
}

/// A request that is too large for the model's limits.
public enum CapacityError: Error, Sendable, Equatable, CustomStringConvertible {
    case promptTooLong(tokens: Int, limit: Int)
    case cacheFull(needed: Int, limit: Int)
    case tooManyObjects(count: Int, limit: Int)
    case tooManyBeams(count: Int, limit: Int)
    /// Tokens of one answer.
    case tooManySteps(limit: Int)
    /// Tokens of an answer to be scored.
    case answerTooLong(tokens: Int, limit: Int)

    public var description: String {
        switch self {
        case .promptTooLong(let tokens, let limit): "the prompt has \(tokens) positions, the model allows \(limit)"
        case .cacheFull(let needed, let limit): "the request needs \(needed) cells of the key/value cache, there are \(limit)"
        case .tooManyObjects(let count, let limit): "the scene has \(count) objects, the model takes \(limit)"
        case .tooManyBeams(let count, let limit): "\(count) beams are asked for, the model runs \(limit)"
        case .tooManySteps(let limit): "the answer has more than \(limit) tokens, the model keeps no more"
        case .answerTooLong(let tokens, let limit): "an answer has \(tokens) tokens, \(limit) can be scored"
        }
    }
}
