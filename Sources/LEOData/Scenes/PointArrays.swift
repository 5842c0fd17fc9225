import LEOConvert
import LEOScene
import LEOTensor

/// The points of a scan with their colours, as flat buffers.
struct PointArrays: Sendable {
    let count: Int
    /// x y z ..., finite.
    let coordinates: [Double]
    /// r g b ... in -1...1.
    let colors: [Float]
    /// In which precision the official loaders compute with these points.
    private let arithmetic: PointArithmetic

    /// - Parameters:
    ///   - positions: [n, 3] or wider, of any number type
    ///   - tints: [n, 3] or wider, of which columns from `firstTint` on count
    ///   - isByChannel: whether the file holds channels one after the other instead of points
    ///   - color: from the file's range to -1...1
    init(
        positions: Tensor, tints: Tensor, firstTint: Int = 0, file: String, fields: (positions: String, tints: String),
        isByChannel: Bool = false, color: (Double) -> Float
    ) throws(DataError) {
        try Self.check(positions, 3, file, fields.positions)
        try Self.check(tints, firstTint + 3, file, fields.tints)
        guard positions.shape[0] == tints.shape[0] else {
            throw .malformed(
                file: file, field: fields.tints,
                reason: "expected \(positions.shape[0]) rows, one a point, found \(tints.shape[0])")
        }
        count = positions.shape[0]
        // Both stand in one array there, of a type that holds both: integers, divided, are doubles.
        let isSingle = [positions, tints].allSatisfy { [.f32, .f16].contains($0.elementType) }
        arithmetic = isSingle ? (isByChannel ? .singleByChannel : .single) : .double
        coordinates = positions.doubles(columns: 0..<3)
        if let place = coordinates.firstIndex(where: { !$0.isFinite }) {
            throw .malformed(
                file: file, field: "\(fields.positions)[\(place / 3)]",
                reason: "expected finite numbers, found \(coordinates[place])")
        }
        let values = tints.doubles(columns: firstTint..<firstTint + 3)
        if let place = values.firstIndex(where: { !$0.isFinite }) {
            throw .malformed(
                file: file, field: "\(fields.tints)[\(place / 3)]", reason: "expected finite numbers, found \(values[place])"
            )
        }
        colors = [Float](unsafeUninitializedCapacity: values.count) { target, initialized in
            for (index, value) in values.enumerated() { target.initializeElement(at: index, to: color(value)) }
            initialized = values.count
        }
    }

    private static func check(_ tensor: Tensor, _ columns: Int, _ file: String, _ field: String) throws(DataError) {
        guard tensor.shape.count == 2, tensor.shape[1] >= columns, tensor.shape[0] > 0 else {
            throw .malformed(
                file: file, field: field, reason: "expected [points, \(columns)] numbers, found shape \(tensor.shape)")
        }
    }

    /// 0...255 to -1...1.
    static func byteColor(_ value: Double) -> Float { Float(value / 127.5 - 1) }

    /// The points at `indices`, of which there is at least one.
    func points(at indices: some RandomAccessCollection<Int>) -> ObjectPoints {
        func gathered<Value>(_ source: [Value]) -> [Value] {
            [Value](unsafeUninitializedCapacity: 3 * indices.count) { target, initialized in
                source.withUnsafeBufferPointer { source in
                    var place = 0
                    for index in indices {
                        for axis in 0..<3 { target.initializeElement(at: place + axis, to: source[3 * index + axis]) }
                        place += 3
                    }
                }
                initialized = 3 * indices.count
            }
        }
        return ObjectPoints(coordinates: gathered(coordinates), colors: gathered(colors), arithmetic: arithmetic)
    }

    /// Indices of the points of each label, in their order.
    static func groups(_ labels: [Int]) -> [Int: ArraySlice<Int>] {
        // Labels are numbered once, so that the passes over all points look up an array.
        var numbers: [Int: Int] = [:]
        var names: [Int] = []
        var counts: [Int] = []
        var last = (label: 0, number: -1)
        let numbered = labels.map { label in
            if last.number < 0 || last.label != label {
                let number = numbers[label] ?? names.count
                if number == names.count {
                    numbers[label] = number
                    names.append(label)
                    counts.append(0)
                }
                last = (label, number)
            }
            counts[last.number] += 1
            return last.number
        }
        var next = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let starts = next
        let order = [Int](unsafeUninitializedCapacity: labels.count) { target, initialized in
            for (index, number) in numbered.enumerated() {
                target.initializeElement(at: next[number], to: index)
                next[number] += 1
            }
            initialized = labels.count
        }
        var groups: [Int: ArraySlice<Int>] = [:]
        for (number, label) in names.enumerated() { groups[label] = order[starts[number]..<starts[number + 1]] }
        return groups
    }

    /// The middle of the box around all points.
    var center: SIMD3<Double> {
        var (least, greatest) = (SIMD3<Double>(repeating: .infinity), SIMD3<Double>(repeating: -.infinity))
        coordinates.withUnsafeBufferPointer { values in
            for first in stride(from: 0, to: values.count, by: 3) {
                let point = SIMD3(values[first], values[first + 1], values[first + 2])
                least = pointwiseMin(least, point)
                greatest = pointwiseMax(greatest, point)
            }
        }
        return (least + greatest) / 2
    }
}

extension Tensor {
    /// The chosen columns of each row in double precision; the tensor has two dimensions.
    func doubles(columns: Range<Int>) -> [Double] {
        let (rows, width) = (shape[0], shape[1])
        return [Double](unsafeUninitializedCapacity: rows * columns.count) { target, initialized in
            withBytes { bytes in
                func each<Value>(_: Value.Type, _ convert: (Value) -> Double) {
                    let size = MemoryLayout<Value>.size
                    var place = 0
                    for row in 0..<rows {
                        for column in columns {
                            let value = bytes.loadUnaligned(fromByteOffset: (row * width + column) * size, as: Value.self)
                            target.initializeElement(at: place, to: convert(value))
                            place += 1
                        }
                    }
                }
                switch elementType {
                case .f64: each(Double.self) { $0 }
                case .f32: each(Float.self) { Double($0) }
                case .f16: each(UInt16.self) { Double(float(half: $0)) }
                case .bf16: each(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
                case .i64: each(Int64.self) { Double($0) }
                case .i32: each(Int32.self) { Double($0) }
                case .i16: each(Int16.self) { Double($0) }
                case .i8: each(Int8.self) { Double($0) }
                case .u8, .bool: each(UInt8.self) { Double($0) }
                }
            }
            initialized = rows * columns.count
        }
    }

    /// Some rows of a matrix as columns: [columns, rows] of the same type.
    func transposed(rows: Range<Int>) -> Tensor {
        let size = elementType.byteCount
        let width = shape[1]
        return Tensor(elementType: elementType, shape: [width, rows.count]) { target in
            withBytes { source in
                for (column, row) in rows.enumerated() {
                    for index in 0..<width {
                        let (from, to) = ((row * width + index) * size, (index * rows.count + column) * size)
                        for byte in 0..<size { target[to + byte] = source[from + byte] }
                    }
                }
            }
        }
    }

    /// The integers of a tensor with one value a row: [n] or [n, 1].
    func labels(count: Int, file: String, field: String) throws(DataError) -> [Int] {
        guard shape == [count] || shape == [count, 1] else {
            throw .malformed(file: file, field: field, reason: "expected \(count) labels, one a point, found shape \(shape)")
        }
        return integers()
    }
}

/// Values of a pickle with the place in the file they come from.
struct PickleNode {
    let file: String
    let field: String
    let value: PickleValue

    init(contentsOf file: String, needed: String) throws(DataError) {
        guard exists(file) else { throw .missing(path: file, needed: needed) }
        do { self.init(file: file, field: "", value: try loadPickle(path: file)) } catch {
            throw DataError(error, file: file)
        }
    }

    init(file: String, field: String, value: PickleValue) {
        self.file = file
        self.field = field
        self.value = value
    }

    func malformed(_ expected: String) -> DataError {
        .malformed(
            file: file, field: field.isEmpty ? "file" : field, reason: "expected \(expected), found \(Self.words(value))")
    }

    private static func words(_ value: PickleValue) -> String {
        switch value.kind {
        case .none: "None"
        case .bool(let flag): "\(flag)"
        case .int(let number): "\(number)"
        case .bigInteger: "a very large integer"
        case .double(let number): "\(number)"
        case .string: "a text"
        case .bytes: "bytes"
        case .list(let items): "a list of \(items.count)"
        case .tuple(let items): "a tuple of \(items.count)"
        case .set(let items): "a set of \(items.count)"
        case .dictionary(let entries): "a dictionary of \(entries.count)"
        case .tensor(_, let shape): "numbers of shape \(shape)"
        case .objectArray(let shape, _): "objects of shape \(shape)"
        case .other(let text): text
        }
    }

    /// Items of a tuple, list or array of objects.
    func items() throws(DataError) -> [PickleNode] {
        guard let items = value.items else { throw malformed("a list or tuple") }
        return items.enumerated().map { PickleNode(file: file, field: "\(field)[\($0.offset)]", value: $0.element) }
    }

    func entries() throws(DataError) -> [(key: PickleValue, value: PickleValue)] {
        guard let entries = value.entries else { throw malformed("a dictionary") }
        return entries
    }

    func member(_ name: String) throws(DataError) -> PickleNode {
        guard let entries = value.entries else { throw malformed("a dictionary with \(name)") }
        guard let entry = entries.first(where: { $0.key.string == name }) else {
            throw .malformed(file: file, field: field.isEmpty ? name : "\(field).\(name)", reason: "is missing")
        }
        return PickleNode(file: file, field: field.isEmpty ? name : "\(field).\(name)", value: entry.value)
    }

    func tensor() throws(DataError) -> Tensor {
        do {
            if let tensor = try value.tensor() { return tensor }
        } catch { throw DataError(error, file: file) }
        throw malformed("an array of numbers")
    }

    /// Exactly `count` finite numbers: an array of any shape, or a list.
    func numbers(_ count: Int) throws(DataError) -> [Double] {
        var numbers: [Double] = []
        if let items = value.items {
            for item in items {
                guard let number = item.double else { throw malformed("\(count) numbers") }
                numbers.append(number)
            }
        } else {
            let tensor = try tensor()
            numbers = tensor.reshaped([1, tensor.count]).doubles(columns: 0..<tensor.count)
        }
        guard numbers.count == count, numbers.allSatisfy(\.isFinite) else { throw malformed("\(count) finite numbers") }
        return numbers
    }
}
