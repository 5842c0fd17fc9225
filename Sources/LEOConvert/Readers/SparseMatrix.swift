import LEOTensor

/// A SciPy sparse matrix (csr, csc or coo), whose rows are made dense as they are asked for. Entries at one place are
/// summed, as SciPy does: integers wrap, booleans are joined by "or".
///
/// - Source: scipy/sparse/_matrix_io.py, `save_npz`; `_compressed.py`, `check_format`
struct SparseMatrix: TensorSource {
    let elementType: ElementType
    let shape: [Int]
    /// Row in the upper, place among the values in the lower 32 bits; ascending, so that a row's entries lie together.
    private let order: [UInt64]
    private let columns: [UInt32]
    private let values: Tensor

    init(format: String, arrays: [String: NumpyFile], path: String) throws {
        func malformed(_ field: String, _ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: path, field: field, expected: expected, found: found)
        }
        func array(_ name: String) throws -> Tensor {
            guard let array = arrays[name] else {
                throw CheckpointError.missing(file: path, field: "array \(quoted(name))")
            }
            let tensor = try array.tensor()
            guard tensor.shape.count == 1 else {
                throw malformed("array \(quoted(name))", "one dimension", "\(tensor.shape)")
            }
            return try tensor.tensor()
        }
        func indices(_ name: String) throws -> [Int] {
            let tensor = try array(name)
            guard [.i64, .i32].contains(tensor.elementType) else {
                throw CheckpointError.unsupported(
                    file: path, field: "array \(quoted(name))", found: "dtype \(tensor.elementType.rawValue)")
            }
            return tensor.integers()
        }
        guard ["csr", "csc", "coo"].contains(format) else {
            throw CheckpointError.unsupported(file: path, field: "format", found: "sparse format \(quoted(format))")
        }
        let shape = try indices("shape")
        guard shape.count == 2 else { throw malformed("array 'shape'", "two sizes", "\(shape.count)") }
        values = try array("data")
        elementType = values.elementType
        try checkedShape(shape, elementBytes: elementType.byteCount, file: path, field: "array 'shape'")
        let (rows, columnCount) = (shape[0], shape[1])
        guard max(rows, 1) * max(columnCount, 1) * elementType.byteCount <= ReaderLimits.denseBytes else {
            throw CheckpointError.tooLarge(
                file: path, field: "array 'shape'", limit: ReaderLimits.denseBytes,
                found: "a dense matrix of shape \(shape)")
        }
        let count = values.count
        guard count < 1 << 32 else {
            throw CheckpointError.tooLarge(file: path, field: "array 'data'", limit: 1 << 32, found: "\(count) values")
        }
        let rowOfEntry: [Int]
        let columnOfEntry: [Int]
        switch format {
        case "coo":
            rowOfEntry = try indices("row")
            columnOfEntry = try indices("col")
        default:
            let isRows = format == "csr"
            let minor = try indices("indices")
            let pointers = try indices("indptr")
            let majors = isRows ? rows : columnCount
            guard pointers.count == majors + 1, pointers.first == 0 else {
                throw malformed(
                    "array 'indptr'", "\(majors + 1) numbers from 0", "\(pointers.count) from \(pointers.first ?? -1)")
            }
            var major: [Int] = []
            major.reserveCapacity(count)
            for index in 0..<majors {
                guard pointers[index] <= pointers[index + 1], pointers[index + 1] <= count else {
                    throw malformed(
                        "array 'indptr'", "numbers that do not go down",
                        "\(pointers[index]), then \(pointers[index + 1])")
                }
                major.append(contentsOf: repeatElement(index, count: pointers[index + 1] - pointers[index]))
            }
            guard pointers.last == count else {
                throw malformed("array 'indptr'", "\(count) at its end", "\(pointers.last ?? -1)")
            }
            rowOfEntry = isRows ? major : minor
            columnOfEntry = isRows ? minor : major
        }
        guard rowOfEntry.count == count, columnOfEntry.count == count else {
            throw malformed(
                "array 'data'", "as many values as indices", "\(count), \(rowOfEntry.count) and \(columnOfEntry.count)")
        }
        if let row = rowOfEntry.first(where: { $0 < 0 || $0 >= rows }) {
            throw malformed("row indices", "0..<\(rows)", "\(row)")
        }
        if let column = columnOfEntry.first(where: { $0 < 0 || $0 >= columnCount }) {
            throw malformed("column indices", "0..<\(columnCount)", "\(column)")
        }
        var order = rowOfEntry.enumerated().map { UInt64($1) << 32 | UInt64($0) }
        if !zip(order, order.dropFirst()).allSatisfy({ $0 < $1 }) { order.sort() }
        self.shape = shape
        self.order = order
        columns = columnOfEntry.map { UInt32($0) }
    }

    func prepare() throws {}

    func read(rows: Range<Int>, into target: UnsafeMutableRawBufferPointer) throws {
        target.initializeMemory(as: UInt8.self, repeating: 0)
        let first = firstEntry(ofRow: rows.lowerBound)
        let last = firstEntry(ofRow: rows.upperBound)
        values.withBytes { source in
            func add<Value>(_: Value.Type, _ sum: (Value, Value) -> Value) {
                let size = MemoryLayout<Value>.size
                for key in order[first..<last] {
                    let entry = Int(key & 0xffff_ffff)
                    let row = Int(key >> 32) - rows.lowerBound
                    let place = (row * shape[1] + Int(columns[entry])) * size
                    let value = source.loadUnaligned(fromByteOffset: entry * size, as: Value.self)
                    let old = target.loadUnaligned(fromByteOffset: place, as: Value.self)
                    target.storeBytes(of: sum(old, value), toByteOffset: place, as: Value.self)
                }
            }
            switch elementType {
            case .f64: add(Double.self, +)
            case .f32: add(Float.self, +)
            // SciPy has no half-precision matrices; a file that claims one keeps its last value.
            case .f16, .bf16: add(UInt16.self) { $1 }
            case .i64: add(Int64.self, &+)
            case .i32: add(Int32.self, &+)
            case .i16: add(Int16.self, &+)
            case .i8: add(Int8.self, &+)
            case .u8: add(UInt8.self, &+)
            case .bool: add(UInt8.self) { $0 | ($1 == 0 ? 0 : 1) }
            }
        }
    }

    /// Position in `order` of the first entry in `row` or later.
    private func firstEntry(ofRow row: Int) -> Int {
        let key = UInt64(row) << 32
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
