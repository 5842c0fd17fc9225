import Foundation
package import LEOTensor

/// Parameters by name, read in rows so that large matrices are never whole in memory.
package protocol ParameterSource: Sendable {
    /// Calls `body` with rows `rows` of the first dimension as float32, C order. A scalar counts as one row.
    func withRows(
        of name: String, shape: [Int], _ rows: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws
}

/// Parameters that are in memory already.
package struct InMemoryParameters: ParameterSource {
    private let tensors: [String: Tensor]

    package init(_ tensors: [String: Tensor]) { self.tensors = tensors }

    package func withRows(
        of name: String, shape: [Int], _ rows: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        guard let tensor = tensors[name] else {
            throw GraphError.constant(name: name, expected: "a tensor of shape \(shape)", found: "nothing")
        }
        guard tensor.shape == shape || tensor.count == shape.reduce(1, *) else {
            throw GraphError.constant(name: name, expected: "\(shape)", found: "\(tensor.shape)")
        }
        let all = tensor.reshaped(shape.isEmpty ? [1] : shape)
        try all.rows(rows).floats().withUnsafeBufferPointer(body)
    }
}

/// Evaluates recipes over the parameters of a model, row by row.
package struct RecipeEvaluator: Sendable {
    private let parameters: any ParameterSource
    package init(_ parameters: any ParameterSource) { self.parameters = parameters }

    /// Rows `range` of the result, in C order.
    package func rows(_ recipe: Recipe, _ range: Range<Int>) throws -> [Float] {
        switch recipe {
        case .parameter(let name, let shape):
            var result: [Float] = []
            try parameters.withRows(of: name, shape: shape, range) { result = Array($0) }
            return result
        case .normalisedWeight(let weight, let gamma, let variance, let epsilon):
            var result = try rows(weight, range)
            let gamma = try rows(gamma, range), variance = try rows(variance, range)
            let columns = result.count / max(range.count, 1)
            for row in 0..<range.count {
                let factor = Double(gamma[row]) / (Double(variance[row]) + epsilon).squareRoot()
                for column in row * columns..<(row + 1) * columns { result[column] = Float(Double(result[column]) * factor) }
            }
            return result
        case .normalisedBias(_, let gamma, let beta, let mean, let variance, let epsilon):
            let gamma = try rows(gamma, range), beta = try rows(beta, range)
            let mean = try rows(mean, range), variance = try rows(variance, range)
            return (0..<range.count).map { row in
                Float(Double(beta[row]) - Double(mean[row]) * Double(gamma[row]) / (Double(variance[row]) + epsilon).squareRoot())
            }
        case .concatenated(let parts):
            var result: [Float] = []
            var first = 0
            for part in parts {
                let count = part.shape[0]
                let overlap = range.clamped(to: first..<first + count)
                if !overlap.isEmpty { result += try rows(part, overlap.lowerBound - first..<overlap.upperBound - first) }
                first += count
            }
            return result
        case .sum(let parts):
            let all = try parts.map { try allElements($0) }
            let total = (0..<(all.first?.count ?? 0)).map { index in Float(all.reduce(0.0) { $0 + Double($1[index]) }) }
            return slice(total, recipe.shape, range)
        case .row(let inner, let index):
            return slice(try rows(inner, index..<index + 1), recipe.shape, range)
        case .reshaped(let inner, let shape):
            if inner.shape.first == shape.first { return try rows(inner, range) }
            return slice(try allElements(inner), shape, range)
        case .patchOrdered(let inner):
            let shape = inner.shape
            let channels = shape[1], area = shape[2] * shape[3]
            let source = try rows(inner, range)
            var result = [Float](repeating: 0, count: source.count)
            for row in 0..<range.count {
                let base = row * channels * area
                for channel in 0..<channels {
                    for place in 0..<area { result[base + place * channels + channel] = source[base + channel * area + place] }
                }
            }
            return result
        case .channelsLast(let inner):
            let shape = inner.shape
            let channels = shape[0], area = shape[2] * shape[3]
            let source = try rows(inner, 0..<channels)
            var result = [Float](repeating: 0, count: source.count)
            for channel in 0..<channels {
                for place in 0..<area { result[place * channels + channel] = source[channel * area + place] }
            }
            return slice(result, recipe.shape, range)
        case .packed(let inner): return try rows(inner, range)
        case .rotary(let sine, _, let dimension, let theta):
            let half = dimension / 2
            // float32 all along, as the reference computes inv_freq and the angles.
            let frequencies = (0..<half).map { 1 / Float(pow(theta, Double(2 * $0) / Double(dimension))) }
            return [Float](unsafeUninitializedCapacity: range.count * half) { values, count in
                for position in range {
                    for frequency in frequencies {
                        let angle = Float(position) * frequency
                        values[count] = sine ? sinf(angle) : cosf(angle)
                        count += 1
                    }
                }
            }
        }
    }

    package func allElements(_ recipe: Recipe) throws -> [Float] { try rows(recipe, 0..<(recipe.shape.first ?? 1)) }

    private func slice(_ all: [Float], _ shape: [Int], _ range: Range<Int>) -> [Float] {
        let columns = shape.dropFirst().reduce(1, *)
        return Array(all[range.lowerBound * columns..<range.upperBound * columns])
    }
}

/// Evaluates every constant in memory, for tests, checks and models too small for a file.
package struct EvaluatingSource: ConstantSource {
    private let evaluator: RecipeEvaluator
    private let precision: @Sendable (Recipe) -> Precision

    /// - Parameter precision: how each constant is kept.
    package init(_ parameters: any ParameterSource, precision: @escaping @Sendable (Recipe) -> Precision = { _ in .f32 }) {
        evaluator = RecipeEvaluator(parameters)
        self.precision = precision
    }

    package func precision(of recipe: Recipe) -> Precision { precision(recipe) }

    package func constant(_ recipe: Recipe) throws -> Constant {
        let encoding = ConstantEncoding(recipe: recipe, precision: precision(recipe))
        var bytes: [UInt8] = [], scales: [UInt8] = []
        bytes.reserveCapacity(encoding.byteCount)
        scales.reserveCapacity(encoding.scaleByteCount ?? 0)
        try encoding.encode(recipe, with: evaluator, write: { bytes += $0 }, writeScale: { scales += $0 })
        func tensor(_ bytes: [UInt8]) -> Tensor {
            Tensor(elementType: .u8, shape: [bytes.count]) { target in bytes.withUnsafeBytes { target.copyMemory(from: $0) } }
        }
        return Constant(
            elementType: encoding.elementType, shape: encoding.shape, layout: encoding.layout, storage: tensor(bytes),
            scale: encoding.scaleShape == nil ? nil : tensor(scales))
    }
}
