package import LEOTensor

/// How the elements of a stored constant are arranged.
package enum ConstantLayout: String, Sendable, Hashable {
    /// C order.
    case rows
    /// Panels of 16 rows, see `CKernels/include/ck_linear.h`.
    case nk16
}

/// A constant as the kernels read it.
package struct Constant: Sendable {
    package let elementType: ElementType
    package let shape: [Int]
    package let layout: ConstantLayout
    package let storage: Tensor
    /// One factor per output and group of 128, for `i8`.
    package let scale: Tensor?

    package init(elementType: ElementType, shape: [Int], layout: ConstantLayout, storage: Tensor, scale: Tensor? = nil) {
        self.elementType = elementType
        self.shape = shape
        self.layout = layout
        self.storage = storage
        self.scale = scale
    }
}

/// Where a plan finds its constants: a mapped file, or parameters in memory.
package protocol ConstantSource: Sendable {
    /// - Throws: an error that names the constant and what was expected.
    func constant(_ recipe: Recipe) throws -> Constant
}
