import Foundation
package import LEOTensor

/// Constants of the right size whose values are all zero, in pages that are never touched: for looking at the plan of a model
/// whose weights are not at hand, at no cost in memory.
package struct ZeroSource: ConstantSource {
    private let elementType: @Sendable (Recipe) -> ElementType

    /// - Parameter elementType: how a constant would be stored.
    package init(elementType: @escaping @Sendable (Recipe) -> ElementType) { self.elementType = elementType }

    package func constant(_ recipe: Recipe) throws -> Constant {
        let encoding = ConstantEncoding(recipe: recipe, elementType: elementType(recipe))
        var scale: Tensor?
        if let shape = encoding.scaleShape, let panels = shape.first.map({ ($0 + 15) / 16 }) {
            scale = try Self.tensor(recipe, .f32, [panels, 16] + shape.dropFirst())
        }
        let count = encoding.byteCount / encoding.elementType.byteCount
        return Constant(
            elementType: encoding.elementType, shape: encoding.shape, layout: encoding.layout,
            storage: try Self.tensor(recipe, encoding.elementType, [count]), scale: scale)
    }

    private static func tensor(_ recipe: Recipe, _ type: ElementType, _ shape: [Int]) throws -> Tensor {
        let byteCount = shape.reduce(type.byteCount, *)
        do {
            let pages = try ZeroPages(byteCount: byteCount)
            return Tensor(
                elementType: type, shape: shape, storage: TensorStorage(base: pages.base, byteCount: byteCount, owner: pages))
        } catch {
            throw GraphError.constant(name: recipe.name, expected: "\(byteCount) bytes of address space", found: error.reason)
        }
    }
}

/// Read-only anonymous memory.
private final class ZeroPages {
    let base: UnsafeRawPointer
    private let byteCount: Int

    init(byteCount: Int) throws(FileError) {
        self.byteCount = max(byteCount, 1)
        guard let memory = mmap(nil, self.byteCount, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0), memory != MAP_FAILED else {
            throw FileError(path: "memory", action: "map \(byteCount) bytes", code: errno)
        }
        base = UnsafeRawPointer(memory)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }
}
