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
        let layout: ConstantLayout = recipe.isPacked ? .nk16 : .rows
        let stored: TensorLayout = recipe.isPacked ? .nk16 : .rows
        // Any element type will do: the file decides, and the plan picks the kernel that reads it.
        let elementType = archive.tensor(named: recipe.name)?.elementType ?? .f32
        let entry = try archive.tensor(
            TensorSpecification(name: recipe.name, elementType: elementType, shape: recipe.shape, layout: stored))
        var scale: Tensor?
        if entry.elementType == .i8 {
            let encoding = ConstantEncoding(recipe: recipe, elementType: .i8)
            scale = try archive.tensor(
                TensorSpecification(name: recipe.name + ".scale", elementType: .f32, shape: encoding.scaleShape ?? [], layout: .nk16)
            ).tensor
        }
        return Constant(elementType: entry.elementType, shape: recipe.shape, layout: layout, storage: entry.tensor, scale: scale)
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
