/// The type of one tensor element, named as in the `.leo` file.
public enum ElementType: String, Sendable, Codable, CaseIterable, Hashable {
    case f64, f32, f16, bf16, i64, i32, i16, i8, u8, bool

    /// Size of one element in bytes.
    public var byteCount: Int {
        switch self {
        case .f64, .i64: 8
        case .f32, .i32: 4
        case .f16, .bf16, .i16: 2
        case .i8, .u8, .bool: 1
        }
    }

    /// True for the types that hold real numbers.
    public var isFloatingPoint: Bool {
        switch self {
        case .f64, .f32, .f16, .bf16: true
        default: false
        }
    }
}

/// The place of the first value that is NaN or whose size is not below `bound`.
package func firstPlace(in values: UnsafeBufferPointer<Float>, notBelow bound: Float) -> Int? {
    // As bits a NaN is larger than infinity and infinity than any number; finding the largest takes a fraction of a search.
    let largest = values.reduce(0 as UInt32) { max($0, $1.magnitude.bitPattern) }
    return largest < bound.bitPattern ? nil : values.firstIndex { !($0.magnitude < bound) }
}

/// Indices of an element of `shape` by its place in C order.
package func elementIndices(of place: Int, in shape: [Int]) -> [Int] {
    var rest = place
    return Array(shape.reversed().map { extent in
        defer { rest /= extent }
        return rest % extent
    }.reversed())
}

/// Number of elements of a shape, or nil where a dimension is negative or the product overflows.
public func elementCount(of shape: [Int]) -> Int? {
    var count = 1
    for dimension in shape {
        guard dimension >= 0 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
        guard !overflow else { return nil }
        count = product
    }
    return count
}
