/// Binds NumPy arrays to their bytes or items, once the pickle is read.
extension PickleMachine {
    func bind(_ array: PickleArray) throws {
        let field = "array in the pickle"
        func malformed(_ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: file, field: field, expected: expected, found: found)
        }
        guard let type = array.type else { throw malformed("a state", "none") }
        let count = try checkedShape(array.shape, elementBytes: max(type.byteCount, 1), file: file, field: field)
        switch type {
        case .element(let elementType, let isBigEndian):
            let bytes = try data(of: array, field)
            guard bytes.byteCount == count * elementType.byteCount else {
                throw malformed("\(count * elementType.byteCount) bytes for shape \(array.shape)", "\(bytes.byteCount)")
            }
            array.bind(
                to: try StridedTensor(
                    elementType: elementType, shape: array.shape,
                    strides: array.isFortran ? StridedTensor.fortranStrides(array.shape) : nil,
                    isBigEndian: isBigEndian,
                    source: bytes, file: file, field: field))
        case .unsigned:
            throw CheckpointError.unsupported(file: file, field: field, found: "dtype \(type.name)")
        case .bytes, .unicode:
            guard !array.isFortran || array.shape.count < 2 else {
                throw CheckpointError.unsupported(file: file, field: field, found: "Fortran order of texts")
            }
            let bytes = try data(of: array, field)
            guard bytes.byteCount == count * type.byteCount else {
                throw malformed("\(count * type.byteCount) bytes for shape \(array.shape)", "\(bytes.byteCount)")
            }
            // Several arrays may share their bytes, so texts are paid for by length too.
            try charge(bytes.byteCount / 16)
            try charge(count)
            array.bind(
                to: try (0..<count).map { index in
                    let start = bytes.range.lowerBound + index * type.byteCount
                    guard let text = type.scalar(bytes.bytes[start..<start + type.byteCount]) else {
                        throw malformed("text", "other bytes")
                    }
                    return try raw(text)
                })
        case .object:
            guard !array.isFortran || array.shape.count < 2 else {
                throw CheckpointError.unsupported(file: file, field: field, found: "Fortran order of objects")
            }
            let items = try sequence(array.data, "items of an array of objects")
            guard items.count == count else {
                throw malformed("\(count) objects for shape \(array.shape)", "\(items.count)")
            }
            array.bind(to: items)
        }
    }

    private func data(of array: PickleArray, _ field: String) throws -> MemoryBytes {
        switch node(array.data) {
        case .bytes(.place(let range))?, .string(.place(let range))?: return MemoryBytes(input.bytes, range: range)
        case .bytes(.own(let own))?, .string(.own(let own))?: return own
        default:
            throw CheckpointError.malformed(file: file, field: field, expected: "bytes", found: describe(array.data))
        }
    }
}
