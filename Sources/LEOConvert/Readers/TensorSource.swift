import LEOTensor

/// Limits that keep a small hostile file from costing much. None is near what real checkpoints need.
enum ReaderLimits {
    /// Dimensions of a tensor (PyTorch and NumPy 2 stop at 64).
    static let rank = 64
    /// Bytes of a view that shows its storage several times over (`expand`), or of a sparse matrix made dense.
    static let expandedViewBytes = 64 << 20
    static let denseBytes = 1 << 30
    /// Bytes held to gather scattered elements.
    static let gatherWindow = 32 << 20
}

/// Rows of one tensor.
protocol TensorSource: Sendable {
    var elementType: ElementType { get }
    /// Sizes whose products do not overflow, see `checkedShape`.
    var shape: [Int] { get }
    func prepare() throws
    /// Fills `target` (rows times bytes of a row) in C order, little-endian. `rows` is within `rowCount`.
    func read(rows: Range<Int>, into target: UnsafeMutableRawBufferPointer) throws
}

extension TensorSource {
    var rowCount: Int { shape.first ?? 1 }
    var rowByteCount: Int { shape.dropFirst().reduce(1, *) * elementType.byteCount }

    func tensor() throws -> Tensor {
        try prepare()
        return try Tensor(elementType: elementType, shape: shape) { target in try read(rows: 0..<rowCount, into: target)
        }
    }
}

/// Checks that no dimension is negative and that neither the product of all dimensions nor that of any part of them
/// overflows (an empty tensor may not hide a huge dimension behind its zero). Returns the number of elements.
@discardableResult
func checkedShape(_ shape: [Int], elementBytes: Int, file: String, field: String) throws -> Int {
    guard shape.count <= ReaderLimits.rank else {
        throw CheckpointError.tooLarge(
            file: file, field: field, limit: ReaderLimits.rank, found: "\(shape.count) dimensions")
    }
    var product = max(elementBytes, 1)
    for dimension in shape {
        guard dimension >= 0 else {
            throw CheckpointError.malformed(
                file: file, field: field, expected: "dimensions from 0", found: "shape \(shape)")
        }
        let (next, overflow) = product.multipliedReportingOverflow(by: max(dimension, 1))
        guard !overflow else {
            throw CheckpointError.malformed(
                file: file, field: field, expected: "a size that fits 64 bits", found: "shape \(shape), which overflows"
            )
        }
        product = next
    }
    guard shape.contains(0) else { return product / max(elementBytes, 1) }
    guard product <= 1 << 40 else {
        throw CheckpointError.malformed(
            file: file, field: field, expected: "a plausible empty shape", found: "\(shape)")
    }
    return 0
}

/// Elements of a byte source under shape and strides, as NumPy and PyTorch store views.
struct StridedTensor: TensorSource {
    let elementType: ElementType
    let shape: [Int]
    private let strides: [Int]
    private let byteOffset: Int
    private let source: any ByteSource
    private let isBigEndian: Bool
    private let isContiguous: Bool

    /// - Parameters:
    ///   - strides: in elements; nil is C order
    ///   - byteOffset: of the first element within `source`
    /// - Throws: `CheckpointError` under `field` where the view does not lie within the source
    init(
        elementType: ElementType, shape: [Int], strides: [Int]? = nil, byteOffset: Int = 0, isBigEndian: Bool = false,
        source: any ByteSource, file: String, field: String
    ) throws {
        let size = elementType.byteCount
        let count = try checkedShape(shape, elementBytes: size, file: file, field: field)
        let cOrder = StridedTensor.cOrderStrides(shape)
        let strides = strides ?? cOrder
        func malformed(_ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: file, field: field, expected: expected, found: found)
        }
        guard strides.count == shape.count else {
            throw malformed("as many strides as dimensions", "shape \(shape), strides \(strides)")
        }
        guard strides.allSatisfy({ $0 >= 0 }) else { throw malformed("strides from 0", "strides \(strides)") }
        guard byteOffset >= 0 else { throw malformed("an offset from 0", "\(byteOffset)") }
        if count > 0 {
            var last = 0
            for (dimension, stride) in zip(shape, strides) where dimension > 1 {
                let (extent, tooFar) = stride.multipliedReportingOverflow(by: dimension - 1)
                let (sum, overflow) = last.addingReportingOverflow(extent)
                guard !tooFar, !overflow else {
                    throw malformed("strides within the data", "shape \(shape), strides \(strides)")
                }
                last = sum
            }
            let (bytes, tooFar) = last.multipliedReportingOverflow(by: size)
            let (end, overflow) = bytes.addingReportingOverflow(byteOffset)
            guard !tooFar, !overflow, end <= source.byteCount - size else {
                throw malformed(
                    "data for shape \(shape), strides \(strides) from byte \(byteOffset)", "\(source.byteCount) bytes")
            }
            guard count * size <= max(source.byteCount, ReaderLimits.expandedViewBytes) else {
                throw CheckpointError.tooLarge(
                    file: file, field: field, limit: ReaderLimits.expandedViewBytes,
                    found: "\(count * size) bytes expanded from \(source.byteCount)")
            }
        }
        self.elementType = elementType
        self.shape = shape
        self.strides = strides
        self.byteOffset = byteOffset
        self.source = source
        self.isBigEndian = isBigEndian
        isContiguous = zip(shape, zip(strides, cOrder)).allSatisfy { $0 <= 1 || $1.0 == $1.1 }
    }

    /// Strides of a C-order array whose shape passed `checkedShape`.
    static func cOrderStrides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(shape[axis + 1], 1) }
        return strides
    }

    /// Strides of a Fortran-order array whose shape passed `checkedShape`.
    static func fortranStrides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * max(shape[axis - 1], 1) }
        return strides
    }

    func prepare() throws { try source.prepare() }

    func read(rows: Range<Int>, into target: UnsafeMutableRawBufferPointer) throws {
        guard target.count > 0 else { return }
        let start = byteOffset + rows.lowerBound * (strides.first ?? 0) * elementType.byteCount
        if isContiguous {
            try source.read(at: start, into: target)
        } else {
            try gather(rows: rows.count, from: start, into: target)
        }
        if isBigEndian { swapBytes(of: target, elementBytes: elementType.byteCount) }
    }

    private struct Axis {
        var count: Int
        /// In bytes.
        let input: Int, output: Int
    }

    /// Walks the axes in the order of storage, so that what is read is read once per call and mostly forward.
    private func gather(rows: Int, from start: Int, into target: UnsafeMutableRawBufferPointer) throws {
        let size = elementType.byteCount
        var dimensions = shape
        dimensions[0] = rows
        let output = StridedTensor.cOrderStrides(dimensions)
        let axes = dimensions.indices.filter { dimensions[$0] > 1 }
            .map { Axis(count: dimensions[$0], input: strides[$0] * size, output: output[$0] * size) }
            .sorted { $0.input > $1.input }
        try gather(axes[...], from: start, to: 0, target)
    }

    /// Bytes from the first to the last element of `axes`.
    private func span(_ axes: ArraySlice<Axis>) -> Int {
        axes.reduce(elementType.byteCount) { $0 + ($1.count - 1) * $1.input }
    }

    private func gather(
        _ axes: ArraySlice<Axis>, from start: Int, to position: Int, _ target: UnsafeMutableRawBufferPointer
    ) throws {
        let length = span(axes)
        if length <= ReaderLimits.gatherWindow {
            let window = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 64)
            defer { window.deallocate() }
            try source.read(at: start, into: window)
            guard let input = window.baseAddress, let output = target.baseAddress else { return }
            scatter(axes, from: UnsafeRawPointer(input), to: output + position)
            return
        }
        guard var axis = axes.first else { return }
        let rest = axes.dropFirst()
        let inner = span(rest)
        // A window of several steps where they fit, else every step on its own.
        let step = inner <= ReaderLimits.gatherWindow ? 1 + (ReaderLimits.gatherWindow - inner) / max(axis.input, 1) : 1
        let total = axis.count
        for first in Swift.stride(from: 0, to: total, by: step) {
            axis.count = min(step, total - first)
            try gather(
                axis.count == 1 ? rest : [axis] + rest, from: start + first * axis.input,
                to: position + first * axis.output,
                target)
        }
    }

    private func scatter(_ axes: ArraySlice<Axis>, from input: UnsafeRawPointer, to output: UnsafeMutableRawPointer) {
        guard let axis = axes.first else {
            output.copyMemory(from: input, byteCount: elementType.byteCount)
            return
        }
        guard axes.count == 1 else {
            for index in 0..<axis.count {
                scatter(axes.dropFirst(), from: input + index * axis.input, to: output + index * axis.output)
            }
            return
        }
        func copy<Word>(_: Word.Type) {
            for index in 0..<axis.count {
                let word = (input + index * axis.input).loadUnaligned(as: Word.self)
                (output + index * axis.output).storeBytes(of: word, as: Word.self)
            }
        }
        switch elementType.byteCount {
        case 1: copy(UInt8.self)
        case 2: copy(UInt16.self)
        case 4: copy(UInt32.self)
        default: copy(UInt64.self)
        }
    }
}

/// Reverses the bytes of every element in place.
func swapBytes(of target: UnsafeMutableRawBufferPointer, elementBytes: Int) {
    func swap<Word: FixedWidthInteger>(_: Word.Type) {
        for offset in stride(from: 0, to: target.count, by: elementBytes) {
            let word = target.loadUnaligned(fromByteOffset: offset, as: Word.self)
            target.storeBytes(of: word.byteSwapped, toByteOffset: offset, as: Word.self)
        }
    }
    switch elementBytes {
    case 2: swap(UInt16.self)
    case 4: swap(UInt32.self)
    case 8: swap(UInt64.self)
    default: break
    }
}
