internal import CLEOKernels
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
            return range.flatMap { position in
                frequencies.map { sine ? sinf(Float(position) * $0) : cosf(Float(position) * $0) }
            }
        }
    }

    package func allElements(_ recipe: Recipe) throws -> [Float] { try rows(recipe, 0..<(recipe.shape.first ?? 1)) }

    private func slice(_ all: [Float], _ shape: [Int], _ range: Range<Int>) -> [Float] {
        let columns = shape.dropFirst().reduce(1, *)
        return Array(all[range.lowerBound * columns..<range.upperBound * columns])
    }
}

/// Storage of a constant in a file or in memory, and how it is filled.
package struct ConstantEncoding: Sendable {
    package let elementType: ElementType
    package let layout: ConstantLayout
    package let shape: [Int]

    /// Group length of `i8` weights along a row.
    package static let groupLength = Int(CK_GROUP)
    private static let panel = Int(CK_PANEL)

    package init(recipe: Recipe, elementType: ElementType) {
        self.elementType = elementType
        layout = recipe.isPacked ? .nk16 : .rows
        shape = recipe.shape
    }

    private var columns: Int { shape.dropFirst().reduce(1, *) }

    package var byteCount: Int {
        let rows = shape.first ?? 1
        let stored = layout == .nk16 ? (rows + Self.panel - 1) / Self.panel * Self.panel : rows
        return stored * columns * elementType.byteCount
    }

    /// Shape [n, groups] of the factors that go with `i8`, packed like the matrix; else nil.
    package var scaleShape: [Int]? {
        guard elementType == .i8 else { return nil }
        return [shape[0], (columns + Self.groupLength - 1) / Self.groupLength]
    }

    /// Bytes of the factors that go with `i8`, those of the padded rows included; else nil.
    package var scaleByteCount: Int? {
        scaleShape.map { ($0[0] + Self.panel - 1) / Self.panel * Self.panel * $0[1] * ElementType.f32.byteCount }
    }

    /// Encodes the whole constant piece by piece, in order.
    ///
    /// - Parameters:
    ///   - write: receives the next bytes of the constant.
    ///   - writeScale: receives the next bytes of its factors, for `i8`.
    package func encode(
        _ recipe: Recipe, with evaluator: RecipeEvaluator, write: (UnsafeRawBufferPointer) throws -> Void,
        writeScale: (UnsafeRawBufferPointer) throws -> Void = { _ in }
    ) throws {
        let rows = shape.first ?? 1
        // 4 MiB pieces of float32, in whole panels.
        let step = max(Self.panel, (1 << 20) / max(columns, 1) / Self.panel * Self.panel)
        var first = 0
        while first < rows {
            let last = min(first + step, rows)
            let values = try evaluator.rows(recipe, first..<last)
            try encode(values, rows: last - first, write: write, writeScale: writeScale)
            first = last
        }
    }

    private func encode(
        _ values: [Float], rows: Int, write: (UnsafeRawBufferPointer) throws -> Void,
        writeScale: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let padded = layout == .nk16 ? (rows + Self.panel - 1) / Self.panel * Self.panel : rows
        var bytes = [UInt8](repeating: 0, count: padded * columns * elementType.byteCount)
        var scales: [Float] = []
        var status = CK_OK
        bytes.withUnsafeMutableBytes { target in
            guard let base = target.baseAddress else { return }
            let rows = Int64(rows), columns = Int64(columns), count = Int64(values.count)
            switch (layout, elementType) {
            case (.rows, .f32): values.withUnsafeBytes { target.copyMemory(from: $0) }
            case (.rows, .f16): ck_f16_from_f32(values, base.assumingMemoryBound(to: UInt16.self), count)
            case (.rows, .bf16): ck_bf16_from_f32(values, base.assumingMemoryBound(to: UInt16.self), count)
            case (.nk16, .f32): status = ck_pack_nk16_f32(values, rows, columns, base.assumingMemoryBound(to: Float.self))
            case (.nk16, .f16): status = ck_pack_nk16_f16(values, rows, columns, base.assumingMemoryBound(to: UInt16.self))
            case (.nk16, .bf16): status = ck_pack_nk16_bf16(values, rows, columns, base.assumingMemoryBound(to: UInt16.self))
            case (.nk16, .i8):
                let groups = (self.columns + Self.groupLength - 1) / Self.groupLength
                scales = [Float](repeating: 0, count: padded * groups)
                status = ck_pack_nk16_i8g128(values, rows, columns, base.assumingMemoryBound(to: Int8.self), &scales)
            default: status = CK_UNSUPPORTED
            }
        }
        guard status == CK_OK else {
            throw GraphError.constant(
                name: "\(layout.rawValue)", expected: "a layout that holds \(elementType.rawValue)", found: "\(elementType.rawValue)")
        }
        try bytes.withUnsafeBytes(write)
        if !scales.isEmpty { try scales.withUnsafeBytes(writeScale) }
    }
}

/// Evaluates every constant in memory, for tests, checks and models too small for a file.
package struct EvaluatingSource: ConstantSource {
    private let evaluator: RecipeEvaluator
    private let packedType: ElementType

    /// - Parameter packedType: element type of packed matrices.
    package init(_ parameters: any ParameterSource, packedType: ElementType = .f32) {
        evaluator = RecipeEvaluator(parameters)
        self.packedType = packedType
    }

    package func constant(_ recipe: Recipe) throws -> Constant {
        let encoding = ConstantEncoding(recipe: recipe, elementType: recipe.isPacked ? packedType : .f32)
        var bytes: [UInt8] = [], scales: [UInt8] = []
        try encoding.encode(recipe, with: evaluator, write: { bytes += $0 }, writeScale: { scales += $0 })
        func tensor(_ bytes: [UInt8]) -> Tensor {
            Tensor(elementType: .u8, shape: [bytes.count]) { target in bytes.withUnsafeBytes { target.copyMemory(from: $0) } }
        }
        return Constant(
            elementType: encoding.elementType, shape: encoding.shape, layout: encoding.layout, storage: tensor(bytes),
            scale: encoding.scaleShape == nil ? nil : tensor(scales))
    }
}
