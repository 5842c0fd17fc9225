import Foundation
import ExecutionPlan
import LEOArchive
import LEOModel
import LEOTensor

/// Finds a plan's constants in a mapped `.leo` file. Nothing is read, folded or repacked.
package struct ArchiveSource: ConstantSource {
    private let archive: Archive
    package init(_ archive: Archive) { self.archive = archive }

    package func constant(_ recipe: Recipe) throws -> Constant {
        if recipe.isComputed {
            // A table that follows from its own attributes; see `Recipe.isComputed`.
            return try EvaluatingSource(InMemoryParameters([:])).constant(recipe)
        }
        // The file decides how precise a constant is, and the plan picks the kernel that reads it.
        let encoding = ConstantEncoding(recipe: recipe, precision: precision(of: recipe))
        let entry = try archive.tensor(
            TensorSpecification(
                name: recipe.name, elementType: encoding.elementType, shape: recipe.shape, layout: TensorLayout(encoding.layout)))
        let scale = try encoding.scaleShape.map {
            try archive.tensor(
                TensorSpecification(name: recipe.name + ".scale", elementType: encoding.scaleType, shape: $0, layout: .nk64)).tensor
        }
        return Constant(
            elementType: entry.elementType, shape: recipe.shape, layout: encoding.layout, storage: entry.tensor, scale: scale)
    }

    package func precision(of recipe: Recipe) -> Precision {
        guard let entry = archive.tensor(named: recipe.name) else { return .f32 }
        return Precision.allCases.first {
            let encoding = ConstantEncoding(recipe: recipe, precision: $0)
            return encoding.elementType == entry.elementType && TensorLayout(encoding.layout) == entry.layout
        } ?? .f32
    }

    package func inputScale(of weight: Recipe) -> Recipe? {
        archive.tensor(named: weight.inputScale.name) == nil ? nil : weight.inputScale
    }
}

extension TensorLayout {
    fileprivate init(_ layout: ConstantLayout) {
        switch layout {
        case .rows: self = .rows
        case .nk16: self = .nk16
        case .n64k4: self = .n64k4
        case .n64k8: self = .n64k8
        }
    }
}

extension Network {
    /// Compiles the model of an archive.
    ///
    /// - Throws: `ConfigurationError`, `ArchiveError`, `GraphError`
    package convenience init(_ archive: Archive, options: CompileOptions = CompileOptions(), exposesCaches: Bool = true) throws {
        let configuration = try ModelConfiguration(json: Data(archive.configuration.utf8))
        try self.init(configuration, source: ArchiveSource(archive), options: options, exposesCaches: exposesCaches)
    }
}
