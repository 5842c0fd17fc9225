import Foundation
internal import ExecutionPlan
internal import LEOModel
import LEOTensor

/// Factors between the channels of activations and the columns of the matrices that read them, found while the model reads LEO's
/// role prompt: where a channel is always much larger than its neighbours, which share a scale with it when they are quantised, it
/// is divided and the columns are multiplied by the same power of two. Nothing changes but what rounding takes away.
///
/// - Source: SmoothQuant (Xiao et al. 2023) section 4, with strength 1/2, here for outliers alone
struct InputBalance {
    /// For each weight whose input has outliers: what its columns are multiplied with.
    private(set) var columnFactors: [String: [Float]] = [:]
    /// What the inputs are multiplied with, the reciprocals, as they stand in a file.
    private(set) var inputScales: [(recipe: Recipe, values: [Float])] = []

    /// - Parameters:
    ///   - tokens: what is read.
    ///   - precision: how weights will be kept; only integer ones are balanced.
    ///   - progress: told the name of each piece before it is read.
    /// - Throws: what `parameters` and `progress` throw; `GraphError`
    init(
        _ configuration: ModelConfiguration, tokens: [Int32], parameters: any ParameterSource,
        precision: @escaping @Sendable (Recipe) -> Precision, progress: (String) throws -> Void
    ) throws {
        let hidden = configuration.language.hiddenSize
        let embeddings = Recipe.parameter(name: "language.embed_tokens.weight", shape: [configuration.language.vocabulary, hidden])
        var x: [Float] = []
        for token in tokens { x += try RecipeEvaluator(parameters).rows(embeddings, Int(token)..<Int(token) + 1) }
        for var graph in try Network.languagePieces(configuration, rows: tokens.count) {
            try progress("reading the prompt: " + graph.name)
            let readings = graph.exposeLinearInputs { precision($0).isInteger }
            let columns = ColumnSizes(parameters)
            // 16 bits hold the weights of a layer in half of the memory; what stands out does so by far more than their rounding.
            let plan = try graph.compiled(EvaluatingSource(columns) { WeightType.bf16.precision(of: $0) })
            let outputs = try Self.run(plan, x, rows: tokens.count, wanted: readings.map(\.output))
            for (reading, input) in zip(readings, outputs.wanted) {
                // Errors of 4 bits are some 16 times those of 8.
                let strength: Float = reading.weights.contains { precision(.packed($0)) == .int4 } ? 1.0 / 16 : 1
                guard let first = reading.weights.first,
                    let factors = Self.factors(
                        channels: Self.typicalSizes(input, columns: first.shape[1]),
                        columns: columns.sizes(reading.weights.map(\.name)), strength: strength)
                else { continue }
                for weight in reading.weights { columnFactors[weight.name] = factors }
                inputScales.append((first.inputScale, factors.map { 1 / $0 }))
            }
            x = outputs.rows
        }
    }

    /// Runs a piece over a prompt from its beginning.
    private static func run(_ plan: Plan, _ x: [Float], rows: Int, wanted: [String]) throws -> (rows: [Float], wanted: [[Float]]) {
        let instance = try PlanInstance(plan)
        instance.set(plan.symbols[0], to: rows)
        let values: [String: [Int32]] = [
            "positions": (0..<rows).map { Int32($0) }, "cells": (0..<rows).map { Int32($0) },
            "prefix_counts": (1...max(rows, 1)).map { Int32($0) },
        ]
        instance.write(x, to: "x")
        for name in plan.graph.inputs.keys where name != "x" {
            instance.write(values[name] ?? [Int32](repeating: 0, count: rows), to: name)
        }
        _ = instance.run()
        return (Array(instance.floats("y")), wanted.map { Array(instance.floats($0)) })
    }

    /// The median over all rows of each channel's size: what happens to few rows is none of it.
    private static func typicalSizes(_ input: [Float], columns: Int) -> [Float] {
        let rows = input.count / max(columns, 1)
        return (0..<columns).map { column in (0..<rows).map { abs(input[$0 * columns + column]) }.median }
    }

    /// Powers of two that are above 1 where a channel stands out of its group; nil if none does.
    ///
    /// - Parameter strength: how precise weights are beside activations.
    static func factors(channels: [Float], columns: [Float], strength: Float) -> [Float]? {
        // Groups are those of quantised rows.
        let group = 128, limit: Float = 4, most: Float = 4096
        var factors = [Float](repeating: 1, count: channels.count)
        for first in stride(from: 0, to: channels.count, by: group) {
            let range = first..<min(first + group, channels.count)
            let channel = channels[range].median, column = columns[range].median
            guard channel > 0, column > 0 else { continue }
            for k in range where channels[k] > limit * channel {
                let balance = (channels[k] / channel * (column / max(columns[k], column / most)) * strength).squareRoot()
                factors[k] = exp2(log2(min(max(balance, 1), most)).rounded())
            }
        }
        return factors.contains { $0 > 1 } ? factors : nil
    }
}

/// The parameters of a model with their columns multiplied by the factors of a balance.
struct BalancedParameters: ParameterSource {
    let parameters: any ParameterSource
    let balance: InputBalance

    func withRows(
        of name: String, shape: [Int], _ rows: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        if let values = balance.inputScales.first(where: { $0.recipe.name == name })?.values {
            return try Array(values[rows]).withUnsafeBufferPointer(body)
        }
        guard let factors = balance.columnFactors[name] else { return try parameters.withRows(of: name, shape: shape, rows, body) }
        try parameters.withRows(of: name, shape: shape, rows) { values in
            var product = Array(values)
            for row in stride(from: 0, to: product.count, by: factors.count) {
                for column in factors.indices { product[row + column] *= factors[column] }
            }
            try product.withUnsafeBufferPointer(body)
        }
    }
}

/// Remembers, of every matrix that passes, the size of each column.
private final class ColumnSizes: ParameterSource, @unchecked Sendable {
    private let parameters: any ParameterSource
    private let lock = NSLock()
    private var squares: [String: [Float]] = [:]

    init(_ parameters: any ParameterSource) { self.parameters = parameters }

    /// Roots of the sums of squares of the columns of all these matrices.
    func sizes(_ names: [String]) -> [Float] {
        lock.withLock {
            let all = names.compactMap { squares[$0] }
            return (all.first?.indices ?? 0..<0).map { column in all.reduce(0) { $0 + $1[column] }.squareRoot() }
        }
    }

    func withRows(
        of name: String, shape: [Int], _ rows: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        try parameters.withRows(of: name, shape: shape, rows) { values in
            if shape.count == 2, shape[1] > 0 { add(values, columns: shape[1], to: name) }
            try body(values)
        }
    }

    private func add(_ values: UnsafeBufferPointer<Float>, columns: Int, to name: String) {
        lock.withLock {
            squares[name, default: [Float](repeating: 0, count: columns)].withUnsafeMutableBufferPointer { sums in
                for row in stride(from: 0, to: values.count, by: columns) {
                    for column in 0..<columns { sums[column] += values[row + column] * values[row + column] }
                }
            }
        }
    }
}

extension Collection<Float> {
    /// The upper one of two; 0 of nothing.
    fileprivate var median: Float { isEmpty ? 0 : sorted()[count / 2] }
}
