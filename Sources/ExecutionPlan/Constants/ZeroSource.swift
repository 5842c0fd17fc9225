import Foundation
internal import LEOTensor

/// Constants of the right size whose values are all zero, in pages that are never touched: for looking at the plan of a model
/// whose weights are not at hand, at no cost in memory.
package struct ZeroSource: ConstantSource {
    private let precision: @Sendable (Recipe) -> Precision

    /// - Parameter precision: how a constant would be stored.
    package init(precision: @escaping @Sendable (Recipe) -> Precision) { self.precision = precision }

    package func precision(of recipe: Recipe) -> Precision { precision(recipe) }

    package func constant(_ recipe: Recipe) throws -> Constant {
        let encoding = ConstantEncoding(recipe: recipe, precision: precision(recipe))
        return Constant(
            elementType: encoding.elementType, shape: encoding.shape, layout: encoding.layout,
            storage: try Self.zeros(recipe, encoding.byteCount),
            scale: try encoding.scaleByteCount.map { try Self.zeros(recipe, $0) })
    }

    private static func zeros(_ recipe: Recipe, _ byteCount: Int) throws -> Tensor {
        do {
            let pages = try ZeroPages(byteCount: byteCount)
            return Tensor(
                elementType: .u8, shape: [byteCount], storage: TensorStorage(base: pages.base, byteCount: byteCount, owner: pages))
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
