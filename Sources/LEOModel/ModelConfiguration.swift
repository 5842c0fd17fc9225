public import ExecutionPlan
public import Foundation

/// Everything about a LEO model that its tensors do not say by themselves.
///
/// Stored as JSON (snake case) in a `.leo` file and in `models/`.
public struct ModelConfiguration: Codable, Sendable, Equatable {
    /// A short name, for people.
    public var name: String
    public var image: ImageEncoderConfiguration
    public var points: PointEncoderConfiguration
    public var spatial: SpatialConfiguration
    public var language: LanguageConfiguration
    /// Nil for a language model without an adapter.
    public var lora: LoRAConfiguration?
    /// Objects a request may have; of more, those that come first are kept. A scene divided by this engine keeps the largest.
    public var maximumObjects: Int
    /// Tokens kept of the last part of the prompt, counting its BOS.
    public var maximumContext: Int

    public init(
        name: String, image: ImageEncoderConfiguration = .init(), points: PointEncoderConfiguration = .init(),
        spatial: SpatialConfiguration = .init(), language: LanguageConfiguration = .init(),
        lora: LoRAConfiguration? = .init(), maximumObjects: Int = 60, maximumContext: Int = 256
    ) {
        self.name = name
        self.image = image
        self.points = points
        self.spatial = spatial
        self.language = language
        self.lora = lora
        self.maximumObjects = maximumObjects
        self.maximumContext = maximumContext
    }

    /// - Throws: `ConfigurationError` that names the field.
    public init(json: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            self = try decoder.decode(Self.self, from: json)
        } catch let error as DecodingError {
            throw ConfigurationError(error)
        }
        try validate()
    }

    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Refuses sizes that no graph can be built from, so that a hostile file is an error and not a trap.
    public func validate() throws(ConfigurationError) {
        func check(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws(ConfigurationError) {
            if !range.contains(value) { throw ConfigurationError(field: field, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)") }
        }
        func check(_ field: String, _ condition: Bool, _ expected: String, _ found: String) throws(ConfigurationError) {
            if !condition { throw ConfigurationError(field: field, expected: expected, found: found) }
        }
        try check("maximum_objects", maximumObjects, 1...4096)
        try check("maximum_context", maximumContext, 2...65536)
        try check("image.depths", image.depths.count == 4 && image.depths.allSatisfy { (1...256).contains($0) }, "four depths of 1 to 256", "\(image.depths)")
        try check("image.dims", image.dims.count == 4 && image.dims.allSatisfy { (1...65536).contains($0) }, "four widths", "\(image.dims)")
        try check("image.size", image.size, 32...4096)
        try check("image.size", image.size % 32 == 0, "a multiple of 32", "\(image.size)")
        try check("image.layer_norm_epsilon", image.layerNormEpsilon.isFinite && image.layerNormEpsilon > 0, "a positive number", "\(image.layerNormEpsilon)")
        try check("points.points_per_object", points.pointsPerObject, 1...1_048_576)
        try check("points.feature_count", points.featureCount, 1...1024)
        try check("points.output_width", points.outputWidth, 1...65536)
        try check("points.layers", (1...16).contains(points.layers.count), "1 to 16 layers", "\(points.layers.count)")
        for (index, layer) in points.layers.enumerated() {
            let isLast = index == points.layers.count - 1
            let groups = layer.samples != nil && layer.neighbours != nil && layer.radius != nil
            let groupsAll = layer.samples == nil && layer.neighbours == nil && layer.radius == nil
            try check("points.layers[\(index)]", isLast ? groupsAll : groups, isLast ? "no samples, neighbours or radius in the last layer" : "samples, neighbours and radius", "\(layer)")
            try check("points.layers[\(index)].widths", (1...4).contains(layer.widths.count) && layer.widths.allSatisfy { (1...65536).contains($0) }, "1 to 4 widths", "\(layer.widths)")
            if let samples = layer.samples { try check("points.layers[\(index)].samples", samples, 1...1_048_576) }
            if let neighbours = layer.neighbours { try check("points.layers[\(index)].neighbours", neighbours, 1...65536) }
            if let radius = layer.radius { try check("points.layers[\(index)].radius", Float(radius).isNormal && radius > 0, "a positive float32", "\(radius)") }
        }
        try check("spatial.hidden_dim", spatial.hiddenDim, 1...65536)
        try check("spatial.num_attention_heads", spatial.numAttentionHeads, 1...1024)
        try check("spatial.hidden_dim", spatial.hiddenDim % spatial.numAttentionHeads == 0, "a multiple of \(spatial.numAttentionHeads) heads", "\(spatial.hiddenDim)")
        try check("spatial.dim_feedforward", spatial.dimFeedforward, 1...1_048_576)
        try check("spatial.num_layers", spatial.numLayers, 1...256)
        let dims = spatial.pairwiseRelType == .mlp ? [12] : [1, 4, 5]
        try check("spatial.spatial_dim", dims.contains(spatial.spatialDim), "one of \(dims)", "\(spatial.spatialDim)")
        try check("spatial.spatial_attn_fusion", spatial.spatialAttnFusion != .none, "cond, mul, bias, ctx or add", "none")
        try check("language.hidden_size", language.hiddenSize, 1...65536)
        try check("language.num_hidden_layers", language.numHiddenLayers, 1...1024)
        try check("language.num_attention_heads", language.numAttentionHeads, 1...4096)
        try check("language.num_key_value_heads", language.numKeyValueHeads, 1...language.numAttentionHeads)
        try check("language.num_attention_heads", language.numAttentionHeads % language.numKeyValueHeads == 0, "a multiple of num_key_value_heads", "\(language.numAttentionHeads)")
        try check("language.hidden_size", language.hiddenSize % (2 * language.numAttentionHeads) == 0, "an even multiple of \(language.numAttentionHeads) heads", "\(language.hiddenSize)")
        try check("language.intermediate_size", language.intermediateSize, 1...1_048_576)
        try check("language.vocabulary", language.vocabulary, 3...1_048_576)
        try check("language.max_positions", language.maxPositions, 16...1_048_576)
        // The table of the rotary embedding is computed, not stored: bound it.
        let angles = language.hiddenSize / language.numAttentionHeads * language.maxPositions
        try check("language.max_positions", angles <= 1 << 27, "at most 2^27 angles of the rotary embedding", "\(angles)")
        try check("language.rms_norm_epsilon", language.rmsNormEpsilon.isFinite && language.rmsNormEpsilon > 0, "a positive number", "\(language.rmsNormEpsilon)")
        try check("language.rope_theta", language.ropeTheta.isFinite && language.ropeTheta > 0, "a positive number", "\(language.ropeTheta)")
        if let lora {
            try check("lora.rank", lora.rank, 1...1024)
            try check("lora.alpha", lora.alpha.isFinite, "a number", "\(lora.alpha)")
        }
    }
}

/// A configuration that cannot be used: the field, what was expected and what was found.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let field: String
    public let expected: String
    public let found: String

    public init(field: String, expected: String, found: String) {
        self.field = field
        self.expected = expected
        self.found = found
    }

    init(_ error: DecodingError) {
        func path(_ keys: [any CodingKey]) -> String {
            // As the file spells them.
            let joined = keys.map { $0.stringValue.reduce("") { $0 + ($1.isUppercase ? "_" + $1.lowercased() : String($1)) } }.joined(separator: ".")
            return joined.isEmpty ? "configuration" : joined
        }
        switch error {
        case .keyNotFound(let key, let context):
            self.init(field: path(context.codingPath + [key]), expected: "a value", found: "nothing")
        case .valueNotFound(let type, let context):
            self.init(field: path(context.codingPath), expected: "\(type)", found: "null")
        case .typeMismatch(let type, let context):
            self.init(field: path(context.codingPath), expected: "\(type)", found: "another type")
        case .dataCorrupted(let context):
            self.init(field: path(context.codingPath), expected: "a valid value", found: context.debugDescription)
        @unknown default:
            self.init(field: "configuration", expected: "a valid value", found: "\(error)")
        }
    }

    public var description: String { "configuration: \(field): expected \(expected), found \(found)" }
}

/// ConvNeXt and the pooling of its feature map.
public struct ImageEncoderConfiguration: Codable, Sendable, Equatable {
    /// How the feature map becomes tokens; names as in the official configuration.
    public enum Pooling: String, Codable, Sendable, CaseIterable { case avg, conv, attn, null }
    public var depths = [3, 3, 27, 3]
    public var dims = [128, 256, 512, 1024]
    public var layerNormEpsilon = 1e-6
    /// Side of the square input in pixels.
    public var size = 224
    public var pooling = Pooling.avg
    public init() {}

    /// Tokens that one image becomes.
    public var tokenCount: Int { pooling == .null ? (size / 32) * (size / 32) : 1 }
    /// Width of a token before the projection.
    public var featureWidth: Int { pooling == .conv ? 32 * (size / 32) * (size / 32) : dims.last ?? 0 }
}

/// PointNet++ over the clouds of single objects.
public struct PointEncoderConfiguration: Codable, Sendable, Equatable {
    /// One set-abstraction layer; the last one groups all points.
    public struct Layer: Codable, Sendable, Equatable {
        /// Centres chosen by farthest-point sampling.
        public var samples: Int?
        public var neighbours: Int?
        /// Metres, in the object's unit sphere.
        public var radius: Double?
        public var widths: [Int]
        public init(samples: Int? = nil, neighbours: Int? = nil, radius: Double? = nil, widths: [Int]) {
            self.samples = samples
            self.neighbours = neighbours
            self.radius = radius
            self.widths = widths
        }
    }
    public var pointsPerObject = 1024
    /// Features per point besides xyz.
    public var featureCount = 3
    public var layers = [
        Layer(samples: 32, neighbours: 32, radius: 0.2, widths: [64, 64, 128]),
        Layer(samples: 16, neighbours: 32, radius: 0.4, widths: [128, 128, 256]),
        Layer(widths: [256, 512, 768]),
    ]
    public var outputWidth = 768
    public init() {}
}

/// OSE3D, the spatial transformer over objects. Field names follow the official configuration.
public struct SpatialConfiguration: Codable, Sendable, Equatable {
    public enum LocationEncoding: String, Codable, Sendable { case sameAll = "same_all", same0 = "same_0", diffAll = "diff_all" }
    public var hiddenDim = 256
    public var useSpatialAttn = true
    public var useEmbodiedToken = true
    public var numAttentionHeads = 8
    public var dimFeedforward = 2048
    public var activation = FeedForwardActivation.gelu
    public var spatialMultihead = true
    public var spatialDim = 5
    public var spatialDistNorm = true
    public var spatialAttnFusion = SpatialFusion.cond
    public var numLayers = 3
    public var objLocEncoding = LocationEncoding.sameAll
    public var pairwiseRelType = PairwiseRelation.center
    public init() {}

    public enum FeedForwardActivation: String, Codable, Sendable { case gelu, relu }
    /// Location layers the checkpoint holds.
    public var locationLayerCount: Int { objLocEncoding == .diffAll ? numLayers : 1 }
}

/// LLaMA. Field names follow Hugging Face where it has them.
public struct LanguageConfiguration: Codable, Sendable, Equatable {
    /// The architecture; the seam for other language models.
    public enum Architecture: String, Codable, Sendable { case llama }
    public var architecture = Architecture.llama
    public var hiddenSize = 4096
    public var numHiddenLayers = 32
    public var numAttentionHeads = 32
    public var numKeyValueHeads = 32
    public var intermediateSize = 11008
    /// Including the added `[PAD]`.
    public var vocabulary = 32001
    public var rmsNormEpsilon = 1e-6
    public var ropeTheta = 10000.0
    public var maxPositions = 2048
    /// How the key/value cache holds its numbers; sums over them are f32 in any case.
    public enum CacheType: String, Codable, Sendable, CaseIterable {
        case f32
        /// Half the memory. Keeps 11 bits of numbers up to 65504; a larger one becomes infinite and shows in the logits.
        case f16
        /// Half the memory. Keeps 8 bits of numbers of any size, for models whose keys or values pass the range of f16.
        case bf16
        /// A quarter of the memory and a little more: integers up to 127, a f32 scale for each head of each row.
        case int8
    }
    /// Nil follows the weights: f32 where the query projection is stored in f32, so that
    /// nothing is rounded that the weights are not; else, for weights in f16, bf16 or quantised, f16.
    public var cacheType: CacheType?
    public init() {}
}

/// A low-rank adapter on the seven projections of every layer, never merged.
public struct LoRAConfiguration: Codable, Sendable, Equatable {
    public var rank = 16
    public var alpha = 16.0
    public init() {}
    /// What the adapter's product is multiplied by.
    public var scale: Float { Float(alpha / Double(rank)) }
}
