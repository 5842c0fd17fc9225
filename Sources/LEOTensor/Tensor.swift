/// An immutable, contiguous, little-endian tensor in C order, in memory of its own or borrowed from a mapped file.
///
/// Values are shared, never copied: copying a `Tensor` copies a reference.
public struct Tensor: Sendable {
    public let elementType: ElementType
    public let shape: [Int]
    private let storage: TensorStorage
    private let byteOffset: Int

    public var count: Int { shape.reduce(1, *) }
    public var byteCount: Int { count * elementType.byteCount }

    /// A view of `storage`; the caller has checked that it holds the tensor.
    package init(elementType: ElementType, shape: [Int], storage: TensorStorage, byteOffset: Int = 0) {
        self.elementType = elementType
        self.shape = shape
        self.storage = storage
        self.byteOffset = byteOffset
        precondition(byteOffset >= 0 && byteOffset + byteCount <= storage.byteCount, "tensor does not fit its storage")
    }

    /// A tensor of zeros filled by `body`. The memory is 64-byte aligned.
    public init(
        elementType: ElementType, shape: [Int], filledBy body: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        let bytes = shape.reduce(1, *) * elementType.byteCount
        let storage = TensorStorage(zeroedByteCount: bytes)
        try body(UnsafeMutableRawBufferPointer(start: storage.mutableBase, count: bytes))
        self.init(elementType: elementType, shape: shape, storage: storage)
    }

    public init(_ values: [Float], shape: [Int]) {
        precondition(shape.reduce(1, *) == values.count, "shape does not match the number of values")
        self.init(elementType: .f32, shape: shape) { target in values.withUnsafeBytes { target.copyMemory(from: $0) } }
    }

    public init(_ values: [Int32], shape: [Int]) {
        precondition(shape.reduce(1, *) == values.count, "shape does not match the number of values")
        self.init(elementType: .i32, shape: shape) { target in values.withUnsafeBytes { target.copyMemory(from: $0) } }
    }

    /// Calls `body` with the bytes; they live as long as the call.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount))
    }

    /// The first byte. Valid while any copy of this tensor is alive.
    package var baseAddress: UnsafeRawPointer { storage.base + byteOffset }

    /// The same elements under another shape with the same count.
    public func reshaped(_ shape: [Int]) -> Tensor {
        precondition(shape.reduce(1, *) == count, "reshape changes the number of elements")
        return Tensor(elementType: elementType, shape: shape, storage: storage, byteOffset: byteOffset)
    }

    /// Rows `range` of the first dimension, without a copy.
    public func rows(_ range: Range<Int>) -> Tensor {
        precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows out of range")
        let rowBytes = shape.dropFirst().reduce(1, *) * elementType.byteCount
        return Tensor(
            elementType: elementType, shape: [range.count] + shape.dropFirst(), storage: storage,
            byteOffset: byteOffset + range.lowerBound * rowBytes)
    }

    /// The values as `Float`, converted from any element type (64-bit integers lose precision beyond 2^24).
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { target, initialized in
            withBytes { convertToFloat($0, from: elementType, into: target) }
            initialized = count
        }
    }

    /// The values of an integer or boolean tensor; real numbers are rounded, and are 0 where no integer holds them.
    public func integers() -> [Int] {
        if elementType.isFloatingPoint { return floats().map { Int(exactly: $0.rounded()) ?? 0 } }
        return withBytes { bytes in
            func each<Value: BinaryInteger & BitwiseCopyable>(_: Value.Type) -> [Int] {
                let size = MemoryLayout<Value>.size
                return (0..<count).map { Int(truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: $0 * size, as: Value.self)) }
            }
            switch elementType {
            case .i64: return each(Int64.self)
            case .i32: return each(Int32.self)
            case .i16: return each(Int16.self)
            case .i8: return each(Int8.self)
            default: return each(UInt8.self)
            }
        }
    }
}

/// Memory that tensors share: allocated and 64-byte aligned, or borrowed from an owner that is kept alive.
package final class TensorStorage: @unchecked Sendable {
    package let base: UnsafeRawPointer
    package let byteCount: Int
    private let owner: AnyObject?
    private let allocation: UnsafeMutableRawPointer?

    package init(zeroedByteCount byteCount: Int) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 64), alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 64))
        base = UnsafeRawPointer(memory)
        self.byteCount = byteCount
        owner = nil
        allocation = memory
    }

    /// Borrows memory that stays valid and unchanged as long as `owner` lives.
    package init(base: UnsafeRawPointer, byteCount: Int, owner: AnyObject) {
        self.base = base
        self.byteCount = byteCount
        self.owner = owner
        allocation = nil
    }

    deinit { allocation?.deallocate() }

    /// Writable only while the tensor is being made.
    fileprivate var mutableBase: UnsafeMutableRawPointer? { allocation }
}
