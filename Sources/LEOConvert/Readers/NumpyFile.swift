import LEOTensor

/// `.npy`: a magic number, a version, a header that is a Python literal, the data.
///
/// - Source: numpy/lib/format.py
struct NumpyFile {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    let type: NumpyType
    let shape: [Int]
    let isFortran: Bool
    /// Where the data starts within the source.
    let dataStart: Int
    private let source: any ByteSource
    private let file: String
    private let field: String

    private static let headerLimit = 1 << 20

    /// Reads the header. `field` names the array within `file`.
    init(_ source: any ByteSource, file: String, field: String) throws {
        func malformed(_ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: file, field: field, expected: expected, found: found)
        }
        guard source.byteCount >= 10 else { throw malformed("a .npy header", "\(source.byteCount) bytes") }
        let start = try source.bytes(count: 10)
        guard Array(start[..<6]) == Self.magic else { throw malformed("the magic of .npy", "other bytes") }
        let lengthBytes = start[6] == 1 ? 2 : 4
        guard 1...3 ~= start[6] else {
            throw CheckpointError.unsupported(file: file, field: field, found: ".npy version \(start[6])")
        }
        guard source.byteCount >= 8 + lengthBytes else { throw malformed("a .npy header", "\(source.byteCount) bytes") }
        let length = try source.bytes(at: 8, count: lengthBytes).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= source.byteCount - 8 - lengthBytes else {
            throw malformed("a header of \(length) bytes", "\(source.byteCount - 8 - lengthBytes)")
        }
        guard length <= Self.headerLimit else {
            throw CheckpointError.tooLarge(
                file: file, field: field, limit: Self.headerLimit, found: "a header of \(length) bytes")
        }
        let header = try NumpyHeader(source.bytes(at: 8 + lengthBytes, count: length))
        guard let header else {
            throw malformed("a header with descr, fortran_order and shape as plain literals", "something else")
        }
        guard let type = NumpyType(header.description) else {
            throw CheckpointError.unsupported(file: file, field: field, found: "dtype \(quoted(header.description))")
        }
        self.type = type
        shape = header.shape
        isFortran = header.isFortran
        dataStart = 8 + lengthBytes + length
        self.source = source
        self.file = file
        self.field = field
        let count = try checkedShape(shape, elementBytes: max(type.byteCount, 1), file: file, field: field)
        // Zip entries and files hold one array each, so neither less nor more is right. Objects are a pickle of any length.
        guard type == .object || count * type.byteCount == source.byteCount - dataStart else {
            throw malformed(
                "\(count * type.byteCount) bytes for shape \(shape) of \(type.name)", "\(source.byteCount - dataStart)")
        }
    }

    func tensor() throws -> StridedTensor {
        guard case .element(let elementType, let isBigEndian) = type else {
            throw CheckpointError.unsupported(file: file, field: field, found: "dtype \(type.name) as a tensor")
        }
        return try StridedTensor(
            elementType: elementType, shape: shape, strides: isFortran ? StridedTensor.fortranStrides(shape) : nil,
            byteOffset: dataStart, isBigEndian: isBigEndian, source: source, file: file, field: field)
    }

    /// The only value of an array without dimensions that is no tensor.
    func scalar() throws -> PickleAtom? {
        guard shape.isEmpty, type != .object, type.byteCount <= 1 << 16 else { return nil }
        try source.prepare()
        return type.scalar(try source.bytes(at: dataStart, count: type.byteCount)[...])
    }

    static func open(_ file: CheckpointFile) throws -> any CheckpointReader {
        let array = try NumpyFile(file, file: file.path, field: "array")
        if array.type == .object {
            return try TorchCheckpoint.openBare(file, at: array.dataStart, formatName: "npy of objects").reader()
        }
        var table = CheckpointTable(path: file.path)
        if case .element = array.type {
            try table.add("array", array.tensor())
        } else if let scalar = try array.scalar() {
            try table.add("array", CheckpointScalar(scalar))
        } else {
            _ = try array.tensor()
        }
        return TableReader(formatName: "npy", table: table)
    }
}

extension CheckpointScalar {
    init(_ atom: PickleAtom) {
        self =
            switch atom {
            case .bool(let value): .bool(value)
            case .int(let value): .int(value)
            case .double(let value): .double(value)
            case .string(let value): .string(value)
            }
    }
}

/// The header of `.npy`: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
private struct NumpyHeader {
    var description = ""
    var isFortran = false
    var shape: [Int] = []
    private var rest: ArraySlice<UInt8>

    /// nil where the header is not just that.
    init?(_ bytes: [UInt8]) {
        rest = bytes[...]
        var seen: Set<String> = []
        guard take("{") else { return nil }
        while !take("}") {
            guard let key = text(), take(":"), seen.insert(key).inserted else { return nil }
            switch key {
            case "descr":
                guard let value = text() else { return nil }
                description = value
            case "fortran_order":
                if take("True") { isFortran = true } else if !take("False") { return nil }
            case "shape":
                guard let value = tuple() else { return nil }
                shape = value
            default: return nil
            }
            if !take(",") {
                guard take("}") else { return nil }
                break
            }
        }
        skipSpace()
        guard rest.isEmpty, seen.count == 3 else { return nil }
    }

    private mutating func skipSpace() {
        while let byte = rest.first, byte == 0x20 || byte == 0x0a || byte == 0x09 { rest.removeFirst() }
    }

    private mutating func take(_ word: String) -> Bool {
        skipSpace()
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }

    private mutating func text() -> String? {
        skipSpace()
        guard let quote = rest.popFirst(), quote == 0x27 || quote == 0x22, let end = rest.firstIndex(of: quote),
            !rest[..<end].contains(0x5c)
        else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(validating: rest[..<end], as: UTF8.self)
    }

    private mutating func tuple() -> [Int]? {
        guard take("(") else { return nil }
        var items: [Int] = []
        while !take(")") {
            skipSpace()
            let digits = rest.prefix { 0x30...0x39 ~= $0 || $0 == 0x2d }
            guard let number = Int(String(decoding: digits, as: UTF8.self)), items.count <= ReaderLimits.rank else {
                return nil
            }
            rest = rest.dropFirst(digits.count)
            // Python 2 wrote long integers with an L.
            if rest.first == UInt8(ascii: "L") { rest.removeFirst() }
            items.append(number)
            if !take(",") {
                guard take(")") else { return nil }
                break
            }
        }
        return items
    }
}
