package import LEOTensor

/// How precisely the elements of a constant are kept.
package enum Precision: String, Sendable, Hashable, CaseIterable {
    case f32, f16, bf16
    /// 8 bits with a factor per row and 128 columns; read by integer kernels, see i8g128 in `CKernels/include/ck_quantized.h`.
    case int8
    /// 4 bits with such a factor and a finer one per 32 columns, see i4g32 there.
    case int4

    /// Whether integer kernels read it, which want their other operand quantised too.
    package var isInteger: Bool { self == .int8 || self == .int4 }

    /// The least size that would become infinite. Integers have a factor, which is an f32.
    package var overflow: Float {
        switch self {
        case .f32, .int8, .int4: .infinity
        case .f16: 65_520  // halfway from the largest to what would be the next
        case .bf16: Float(bitPattern: 0x7f7f_8000)  // likewise
        }
    }

    /// Element type of the stored bytes; codes of integers are stored as bytes.
    package var elementType: ElementType {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        case .int8, .int4: .u8
        }
    }

    /// Layout of a matrix that a linear kernel reads.
    package var packedLayout: ConstantLayout {
        switch self {
        case .f32, .f16, .bf16: .nk16
        case .int8: .n64k4
        case .int4: .n64k8
        }
    }

    /// The precision of what is stored in this form; nil where no kernel reads it.
    package init?(elementType: ElementType, layout: ConstantLayout) {
        let match = Self.allCases.first {
            $0.elementType == elementType && (layout == $0.packedLayout || layout == .rows && !$0.isInteger)
        }
        guard let match else { return nil }
        self = match
    }
}

/// How the elements of a stored constant are arranged.
package enum ConstantLayout: String, Sendable, Hashable {
    /// C order.
    case rows
    /// Panels of 16 rows, see `CKernels/include/ck_linear.h`.
    case nk16
    /// 8-bit codes in panels of 64 rows and blocks of 4 columns, see `CKernels/include/ck_quantized.h`.
    case n64k4
    /// 4-bit codes in panels of 64 rows and blocks of 8 columns, likewise.
    case n64k8
}

/// A constant as the kernels read it.
package struct Constant: Sendable {
    package let elementType: ElementType
    package let shape: [Int]
    package let layout: ConstantLayout
    package let storage: Tensor
    /// One factor per row and group of columns, for integers.
    package let scale: Tensor?

    package init(elementType: ElementType, shape: [Int], layout: ConstantLayout, storage: Tensor, scale: Tensor? = nil) {
        self.elementType = elementType
        self.shape = shape
        self.layout = layout
        self.storage = storage
        self.scale = scale
    }

    /// Nil where element type and layout do not go together.
    package var precision: Precision? { Precision(elementType: elementType, layout: layout) }
}

/// Where a plan finds its constants: a mapped file, or parameters in memory.
package protocol ConstantSource: Sendable {
    /// - Throws: an error that names the constant and what was expected.
    func constant(_ recipe: Recipe) throws -> Constant

    /// How `constant` will give it: the steps of a plan depend on it. What is not there counts as f32.
    func precision(of recipe: Recipe) -> Precision

    /// What the inputs of an integer weight are multiplied with before they are quantised, a vector [k], where there is such a thing.
    /// The weight was divided by it.
    func inputScale(of weight: Recipe) -> Recipe?
}

extension ConstantSource {
    package func inputScale(of weight: Recipe) -> Recipe? { nil }
}

extension Recipe {
    /// See `ConstantSource.inputScale`; of a weight.
    package var inputScale: Recipe {
        let stem = name.hasSuffix(".weight") ? String(name.dropLast(".weight".count)) : name
        return .parameter(name: stem + ".input_scale", shape: Array(shape.suffix(1)))
    }
}
