internal import ExecutionPlan
import Foundation
public import LEOArchive
internal import LEOModel
import LEOTensor

extension Converter {
    /// An adapter for an existing model: what LEO's checkpoint holds of what LEO learns (LoRA, the spatial transformer, the
    /// projections), and nothing of what it shares with `base`. LoRA may have another rank.
    ///
    /// - Parameters:
    ///   - checkpoint: LEO's checkpoint folder or file; of a complete one, the rest is passed over.
    ///   - ignoresExtra: accepts tensors that are not part of the model.
    /// - Throws: `CheckpointError`, `ConversionError`, `ConfigurationError`; `ArchiveError` where `base` is no model
    public init(adapter checkpoint: String, of base: Archive, name: String? = nil, ignoresExtra: Bool = false) throws {
        let set = try CheckpointSet(CheckpointPaths(leo: checkpoint))
        var configuration = try base.modelConfiguration()
        if let name { configuration.name = name }
        if let rank = set.shape("language.layers.0.q_proj.lora_a")?.first {
            var lora = LoRAConfiguration()
            lora.rank = rank
            // Official files keep alpha equal to the rank; alpha itself is not stored.
            lora.alpha = Double(rank)
            configuration.lora = lora
        }
        try configuration.validate()
        let recipes = try Network.storedRecipes(configuration)
        let own = Set(
            recipes.filter { recipe in recipe.parameters.contains { Self.isLearned($0.name) && set.find($0.name) != nil } }.map(\.name))
        try set.checkAdapter(recipes, own: own, ignoresExtra: ignoresExtra)
        self.init(
            configuration, weightType: .f32, parameters: try CheckpointParameters(set, hiddenSize: configuration.language.hiddenSize),
            tokenizerModel: try base.tokenizerModel(),
            metadata: ["producer": "leo convert", "source." + CheckpointRole.leo.rawValue: (checkpoint as NSString).lastPathComponent])
        adapting = (base, { own.contains($0.name) })
    }

    /// An adapter with seeded random weights, for benchmarks.
    public init(syntheticAdapterOf base: Archive, seed: UInt64, name: String? = nil) throws {
        var configuration = try base.modelConfiguration()
        configuration.name = name ?? configuration.name + "-adapter"
        let own = Set(try Network.storedRecipes(configuration).filter { $0.parameters.contains { Self.isLearned($0.name) } }.map(\.name))
        self.init(
            configuration, weightType: .f32, parameters: SyntheticParameters(seed: seed), tokenizerModel: try base.tokenizerModel(),
            metadata: ["producer": "leo synthesize", "seed": "\(seed)"])
        adapting = (base, { own.contains($0.name) })
    }

    /// Whether a parameter is part of LEO's own checkpoint and of no other.
    private static func isLearned(_ name: String) -> Bool {
        OfficialNames.candidates(for: name).first?.role == .leo
    }
}

extension CheckpointSet {
    /// Makes sure that everything of the adapter's constants is there, and nothing that no model has.
    fileprivate func checkAdapter(_ recipes: [Recipe], own: Set<String>, ignoresExtra: Bool) throws {
        var problems: [TensorProblem] = []
        var seen = Set<String>(), known = Set<String>()
        for recipe in recipes {
            for (name, shape) in recipe.parameters where seen.insert(name).inserted {
                let candidates = OfficialNames.candidates(for: name)
                known.formUnion(candidates.filter { $0.role == .leo }.map(\.name))
                guard own.contains(recipe.name) else { continue }
                if let (official, tensor) = find(name) {
                    if tensor.shape != shape {
                        problems.append(TensorProblem(name: official.name, role: .leo, kind: .shape(expected: shape, found: tensor.shape)))
                    } else if !tensor.elementType.isFloatingPoint {
                        problems.append(TensorProblem(name: official.name, role: .leo, kind: .type(found: tensor.elementType.rawValue)))
                    }
                } else if let usual = candidates.first {
                    problems.append(TensorProblem(name: usual.name, role: .leo, kind: .missing(expected: shape)))
                }
            }
        }
        let lora = recipes.filter { $0.name.contains(".lora_") }
        if own.isEmpty || (lora.contains { own.contains($0.name) } && !lora.allSatisfy { own.contains($0.name) }) {
            for (name, shape) in lora.flatMap(\.parameters) where find(name) == nil {
                guard let usual = OfficialNames.candidates(for: name).first else { continue }
                problems.append(TensorProblem(name: usual.name, role: .leo, kind: .missing(expected: shape)))
            }
        }
        if !ignoresExtra {
            for tensor in readers[.leo]?.tensors ?? [] where !known.contains(tensor.name) && !OfficialNames.isIgnored(tensor.name, role: .leo) {
                problems.append(TensorProblem(name: tensor.name, role: .leo, kind: .extra(found: tensor.shape)))
            }
        }
        var listed = Set<String>()
        problems = problems.filter { listed.insert($0.name).inserted }
        if !problems.isEmpty { throw ConversionError.tensors(problems) }
        if own.isEmpty { throw ConversionError.missingFile(what: "tensor that LEO learns in the checkpoint", hint: "an adapter would be empty") }
    }
}

extension Archive {
    /// - Throws: `ArchiveError` where this is an adapter; `ConfigurationError`
    fileprivate func modelConfiguration() throws -> ModelConfiguration {
        if let base { throw ArchiveError.invalid(path: path, field: "base", expected: "a whole model", found: "an adapter of \(base.name)") }
        return try ModelConfiguration(json: Data(configuration.utf8))
    }

    func modelName() throws -> String { try modelConfiguration().name }

    fileprivate func tokenizerModel() throws -> [UInt8] {
        let entry = try tensor(
            TensorSpecification(
                name: Converter.tokenizerName, elementType: .u8, shape: tensor(named: Converter.tokenizerName)?.shape ?? [0]))
        return entry.withBytes { Array($0) }
    }
}
