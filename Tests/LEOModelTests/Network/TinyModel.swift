import ExecutionPlan
import LEOModel
import LEOTensor
import TestSupport

/// A model with every part and random weights, small enough to run hundreds of times.
enum TinyModel {
    static func configuration(_ change: (inout ModelConfiguration) -> Void = { _ in }) -> ModelConfiguration {
        var model = ModelConfiguration(name: "tiny")
        model.image.depths = [1, 1, 1, 1]
        model.image.dims = [8, 8, 16, 16]
        model.image.size = 32
        model.points.pointsPerObject = 48
        model.points.layers = [
            .init(samples: 8, neighbours: 6, radius: 0.4, widths: [8, 12]), .init(samples: 4, neighbours: 4, radius: 0.8, widths: [16]),
            .init(widths: [24, 32]),
        ]
        model.points.outputWidth = 32
        model.spatial.hiddenDim = 32
        model.spatial.dimFeedforward = 48
        model.spatial.numLayers = 2
        model.language.hiddenSize = 32
        model.language.numHiddenLayers = 2
        model.language.numAttentionHeads = 4
        model.language.numKeyValueHeads = 2
        model.language.intermediateSize = 48
        model.language.vocabulary = 50
        model.language.maxPositions = 1200
        model.lora?.rank = 4
        model.lora?.alpha = 8
        model.maximumObjects = 6
        change(&model)
        return model
    }

    /// Uniform values of variance 1 / fan-in, the same for a name everywhere.
    static func parameters(_ configuration: ModelConfiguration) throws -> InMemoryParameters {
        var tensors: [String: Tensor] = [:]
        for (name, shape) in try Network.storedRecipes(configuration).flatMap(\.parameters) where tensors[name] == nil {
            var random = SeededGenerator(seed: name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
            let fanIn = shape.count > 1 ? shape.dropFirst().reduce(1, *) : 3
            let scale = (3 / Float(fanIn)).squareRoot()
            let values = random.floats(shape.reduce(1, *))
            tensors[name] = Tensor(name.hasSuffix("running_var") ? values.map { abs($0) + 0.5 } : values.map { $0 * scale }, shape: shape)
        }
        return InMemoryParameters(tensors)
    }

    static func network(
        workers: Int = 1, instructionSet: String? = nil, precision: Precision = .f32, _ change: (inout ModelConfiguration) -> Void = { _ in }
    ) throws -> Network {
        let configuration = configuration(change)
        var options = CompileOptions()
        options.workers = workers
        options.instructionSetName = instructionSet
        return try Network(configuration, source: source(configuration, precision), options: options)
    }

    /// The language model's matrices in this precision; adapters beside integers as the converter keeps them.
    static func source(_ configuration: ModelConfiguration, _ precision: Precision) throws -> EvaluatingSource {
        EvaluatingSource(try parameters(configuration)) { recipe in
            guard recipe.name.hasPrefix("language."), recipe.shape.count == 2, !recipe.name.contains("lora_b") else { return .f32 }
            if recipe.name.contains("lora_a") { return precision.isInteger ? .f16 : .f32 }
            if !recipe.isPacked { return precision.isInteger ? .f16 : precision }
            return precision == .int4 && recipe.name.contains("lm_head") ? .int8 : precision
        }
    }

    /// Rows of a prompt, one in `every` of them an extra row, at positions 0, 1, ...
    static func prompt(_ count: Int, extra: Int = 0, every: Int = 7, seed: UInt64 = 3) -> [PromptRow] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            let isExtra = extra > 0 && index % every == every - 1
            return PromptRow(
                source: isExtra ? -1 - Int32.random(in: 0..<Int32(extra), using: &random) : Int32.random(in: 0..<50, using: &random),
                position: Int32(index))
        }
    }

    static func extra(_ rows: Int, _ change: (inout ModelConfiguration) -> Void = { _ in }) -> [Float] {
        var random = SeededGenerator(seed: 99)
        return random.floats(rows * configuration(change).language.hiddenSize)
    }
}

/// The language graph itself, all rows in one run and every layer for all of them: what the runner must agree with however it cuts
/// its work.
struct DirectLanguage {
    let instance: PlanInstance
    static let rows = 1200

    init(_ configuration: ModelConfiguration, precision: Precision = .f32) throws {
        var limits = LanguageLimits(extraRows: 8, cells: Self.rows)
        limits.rows = Self.rows
        limits.logitRows = Self.rows
        limits.tail = Self.rows
        let source = try TinyModel.source(configuration, precision)
        let cacheType = try Network.cacheType(configuration, precision: source.precision)
        let graph = try LLaMA(configuration.language, lora: configuration.lora, cacheType: cacheType).graph(limits: limits, traces: true)
        var options = CompileOptions()
        options.workers = 1
        instance = try PlanInstance(graph.compiled(source, options: options))
    }

    /// Logits of every row.
    ///
    /// - Parameter visible: slots that others see; nil lists no tails and takes all before a row as its prefix.
    func logits(_ prompt: [PromptRow], extra: [Float], visible: [Bool]? = nil) -> [[Float]] {
        let symbols = instance.plan.symbols
        instance.set(symbols[0], to: prompt.count)
        instance.set(symbols[1], to: prompt.count)
        instance.set(symbols[2], to: extra.count / 32)
        instance.write(prompt.map(\.source), to: "sources")
        instance.write(extra, to: "extra")
        instance.write(prompt.map(\.position), to: "positions")
        instance.write(prompt.indices.map { Int32($0) }, to: "cells")
        instance.write(prompt.indices.map { Int32(visible == nil ? $0 + 1 : 0) }, to: "prefix_counts")
        let tails = instance.integers("tail_cells"), counts = instance.integers("tail_counts")
        for row in prompt.indices {
            let cells = visible.map { visible in (0...row).filter { visible[$0] } } ?? []
            counts[row] = Int32(cells.count)
            for (column, cell) in cells.enumerated() { tails[row * Self.rows + column] = Int32(cell) }
        }
        instance.write(prompt.indices.map { Int32($0) }, to: "selected")
        guard instance.run() else { return [] }
        let all = Array(instance.floats("logits"))
        return prompt.indices.map { Array(all[$0 * 50..<($0 + 1) * 50]) }
    }
}

extension LanguageRunner {
    /// `prefill` with a copy of the logits, which otherwise live in the runner's memory.
    func read(_ prompt: [PromptRow], extra: [Float], cancellation: Cancellation? = nil) throws -> [Float] {
        Array(try prefill(prompt, extra: extra, cancellation: cancellation))
    }

    /// `step` with a copy of the logits.
    func feed(tokens: [Int32], sources: [Int32], cancellation: Cancellation? = nil) throws -> [Float] {
        Array(try step(tokens: tokens, sources: sources, cancellation: cancellation))
    }
}

func bits(_ values: some Sequence<Float>) -> [UInt32] { values.map(\.bitPattern) }

/// Largest absolute difference; infinite where the counts differ or a number is not finite.
func distance(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
    guard a.count == b.count, !a.isEmpty, a.allSatisfy(\.isFinite), b.allSatisfy(\.isFinite) else { return .infinity }
    return zip(a, b).map { abs($0 - $1) }.max() ?? 0
}
