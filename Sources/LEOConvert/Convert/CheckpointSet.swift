import Foundation
internal import ExecutionPlan
package import LEOModel
import LEOTensor

/// Paths of the checkpoints of one model, as a user has them.
public struct CheckpointPaths: Sendable {
    /// Hugging Face folder of LLaMA or Vicuna: config.json, weights, tokenizer.model.
    public var languageModel: String?
    /// Weights of the language model where its folder holds several forms: a file or an index; nil takes the folder's own.
    public var languageModelWeights: String?
    /// OpenCLIP or timm ConvNeXt file.
    public var imageEncoder: String?
    /// `pointnetpp_vil3dref.pth`.
    public var pointEncoder: String?
    /// LEO's checkpoint folder (`<name>.pth/pytorch_model.bin`) or file; may hold a complete state dict.
    public var leo: String
    /// `tokenizer.model`, where it is not in the language model's folder.
    public var tokenizer: String?
    /// Row of `[PAD]` in a file with `embed_tokens` and `lm_head`; zeros without it. The official code draws it at random.
    public var padRow: String?

    public init(leo: String, languageModel: String? = nil, imageEncoder: String? = nil, pointEncoder: String? = nil) {
        self.leo = leo
        self.languageModel = languageModel
        self.imageEncoder = imageEncoder
        self.pointEncoder = pointEncoder
    }
}

/// The opened checkpoints of one model, and which official tensor each of our parameters is.
package struct CheckpointSet: Sendable {
    package let readers: [CheckpointRole: any CheckpointReader]
    package let paths: CheckpointPaths
    private let entries: [OfficialName: CheckpointTensor]

    package init(_ paths: CheckpointPaths) throws {
        self.paths = paths
        var readers: [CheckpointRole: any CheckpointReader] = [.leo: try openCheckpoint(path: paths.leo)]
        if let path = paths.languageModelWeights ?? paths.languageModel { readers[.languageModel] = try openCheckpoint(path: path) }
        if let path = paths.imageEncoder { readers[.imageEncoder] = try openCheckpoint(path: path) }
        if let path = paths.pointEncoder { readers[.pointEncoder] = try openCheckpoint(path: path) }
        self.readers = readers
        var entries: [OfficialName: CheckpointTensor] = [:]
        for (role, reader) in readers {
            for tensor in reader.tensors { entries[OfficialName(role: role, name: tensor.name)] = tensor }
        }
        self.entries = entries
    }

    /// The official tensor behind one of our names.
    package func find(_ name: String) -> (name: OfficialName, tensor: CheckpointTensor)? {
        for candidate in OfficialNames.candidates(for: name) {
            if let tensor = entries[candidate] { return (candidate, tensor) }
        }
        return nil
    }

    package func shape(_ name: String) -> [Int]? { find(name)?.tensor.shape }

    /// Names of one checkpoint.
    package func names(_ role: CheckpointRole) -> [String] { readers[role]?.tensors.map(\.name) ?? [] }

    /// Compares what a model needs with what the checkpoints hold.
    ///
    /// - Throws: `ConversionError.tensors` that lists every missing, extra or wrongly shaped tensor by official name.
    package func check(_ configuration: ModelConfiguration, ignoresExtra: Bool) throws {
        var problems: [TensorProblem] = []
        var used = Set<OfficialName>()
        var seen = Set<String>()
        for recipe in try Network.storedRecipes(configuration) {
            for (name, shape) in recipe.parameters where seen.insert(name).inserted {
                guard let (official, tensor) = find(name) else {
                    let usual = OfficialNames.candidates(for: name).first { readers[$0.role] != nil }
                        ?? OfficialNames.candidates(for: name).first
                    problems.append(TensorProblem(name: usual?.name ?? name, role: usual?.role ?? .leo, kind: .missing(expected: shape)))
                    continue
                }
                used.insert(official)
                if !fits(name, tensor, shape, configuration) {
                    problems.append(TensorProblem(name: official.name, role: official.role, kind: .shape(expected: shape, found: tensor.shape)))
                } else if !tensor.elementType.isFloatingPoint {
                    problems.append(TensorProblem(name: official.name, role: official.role, kind: .type(found: tensor.elementType.rawValue)))
                }
            }
        }
        if !ignoresExtra {
            for (official, tensor) in entries.sorted(by: { $0.key.name < $1.key.name })
            where !used.contains(official) && !OfficialNames.isIgnored(official.name, role: official.role) {
                problems.append(TensorProblem(name: official.name, role: official.role, kind: .extra(found: tensor.shape)))
            }
        }
        if !problems.isEmpty { throw ConversionError.tensors(problems) }
    }

    /// The vocabulary grows by the rows that the checkpoint lacks.
    private func fits(_ name: String, _ tensor: CheckpointTensor, _ shape: [Int], _ configuration: ModelConfiguration) -> Bool {
        if tensor.shape == shape { return true }
        return Self.hasVocabularyRows(name) && tensor.shape.count == 2 && tensor.shape[1] == shape[1] && tensor.shape[0] == shape[0] - 1
    }

    private static func hasVocabularyRows(_ name: String) -> Bool {
        name == "language.embed_tokens.weight" || name == "language.lm_head.weight"
    }

    /// The tokenizer's bytes.
    package func tokenizerModel() throws -> [UInt8] {
        let path: String
        if let given = paths.tokenizer {
            path = given
        } else if let folder = paths.languageModel {
            path = (folder as NSString).appendingPathComponent("tokenizer.model")
        } else {
            throw ConversionError.missingFile(what: "tokenizer.model", hint: "name it with --tokenizer, or a folder that has it with --llm")
        }
        return try MappedFile.contents(of: path)
    }
}

/// The parameters of a checkpoint set under our names, as float32 rows.
package struct CheckpointParameters: ParameterSource {
    private let set: CheckpointSet
    private let padRow: (embedding: [Float], head: [Float])?

    package init(_ set: CheckpointSet, hiddenSize: Int) throws {
        self.set = set
        guard let path = set.paths.padRow else {
            padRow = nil
            return
        }
        let reader = try openCheckpoint(path: path)
        func row(_ name: String) throws -> [Float] {
            let values = try reader.tensor(named: name).floats()
            guard values.count == hiddenSize else {
                throw ConversionError.padRow(path: path, tensor: name, expected: hiddenSize, found: values.count)
            }
            try Self.check(values, path: path, tensor: name, shape: [values.count], from: 0)
            return values
        }
        padRow = (try row("embed_tokens"), try row("lm_head"))
    }

    /// Every value is a number. Said here, where the file is known; what is computed from them would only be NaN.
    ///
    /// - Parameters:
    ///   - shape: of the tensor.
    ///   - start: the place of the first value in it.
    private static func check(_ values: [Float], path: String, tensor: String, shape: [Int], from start: Int) throws {
        guard let place = values.withUnsafeBufferPointer({ firstPlace(in: $0, notBelow: .infinity) }) else { return }
        throw ConversionError.numbers(
            path: path, tensor: tensor, expected: "finite numbers", found: "\(values[place]) at \(elementIndices(of: start + place, in: shape))")
    }

    /// `error` with the tensor's file and official name, where a constant is one whole tensor as the checkpoint has it.
    func located(_ error: GraphError, _ recipe: Recipe) -> any Error {
        guard case .constant(recipe.name, let expected, let found) = error, let only = recipe.parameters.first, recipe.parameters.count == 1,
            let (official, tensor) = set.find(only.name), tensor.shape == recipe.shape, let reader = set.readers[official.role]
        else { return error }
        return ConversionError.numbers(path: reader.path, tensor: official.name, expected: expected, found: found)
    }

    package func withRows(
        of name: String, shape: [Int], _ rows: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        guard let (official, tensor) = set.find(name), let reader = set.readers[official.role] else {
            throw GraphError.constant(name: name, expected: "a tensor of shape \(shape)", found: "nothing")
        }
        let columns = shape.dropFirst().reduce(1, *)
        var values = [Float](repeating: 0, count: rows.count * columns)
        let stored = rows.clamped(to: 0..<tensor.rowCount)
        if !stored.isEmpty {
            try reader.withRows(of: official.name, stored) { bytes in
                values.withUnsafeMutableBufferPointer { target in
                    convertToFloat(
                        bytes, from: tensor.elementType,
                        into: UnsafeMutableBufferPointer(rebasing: target[..<(stored.count * columns)]))
                }
            }
            try Self.check(values, path: reader.path, tensor: official.name, shape: tensor.shape, from: stored.lowerBound * columns)
        }
        // Rows beyond the checkpoint's vocabulary: [PAD].
        if rows.upperBound > tensor.rowCount, let padRow {
            values.replaceSubrange(
                stored.count * columns..<(stored.count + 1) * columns, with: name.contains("embed_tokens") ? padRow.embedding : padRow.head)
        }
        try values.withUnsafeBufferPointer(body)
    }
}
