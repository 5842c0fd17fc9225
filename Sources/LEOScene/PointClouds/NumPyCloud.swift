/// Reads a point cloud from a NumPy `.npy` file: an array [N, 3], [N, 6] or [N, 7] of numbers.
struct NumPyCloudReader {
    private let bytes: UnsafeRawBufferPointer
    private let name: String
    private let header: NumPyHeader

    init(bytes: UnsafeRawBufferPointer, name: String) throws(SceneError) {
        self.bytes = bytes
        self.name = name
        header = try NumPyHeader(bytes: bytes, file: name)
    }

    func read(_ options: PointCloudOptions) throws(SceneError) -> PointCloud {
        guard header.shape.count == 2, [3, 6, 7].contains(header.shape[1]) else {
            throw .unusable(
                file: name, field: "shape", reason: "expected [N, 3], [N, 6] or [N, 7], found \(header.shape)")
        }
        let (count, width) = (header.shape[0], header.shape[1])
        guard count > 0 else { throw .unusable(file: name, field: "shape", reason: "no points") }
        let size = header.type.byteCount
        let room = bytes.count - header.dataOffset
        let (total, overflow) = count.multipliedReportingOverflow(by: width * size)
        guard !overflow, total <= room else {
            throw .truncated(
                file: name, field: "shape",
                reason: "\(header.shape) values of \(size) bytes are promised, the file has \(room) bytes")
        }
        let columns = ["x", "y", "z", "red", "green", "blue", "instance"].prefix(width).enumerated().map {
            index, field in
            header.isColumnMajor
                ? Column(name: field, type: header.type, offset: index * count * size, stride: size)
                : Column(name: field, type: header.type, offset: index * size, stride: width * size)
        }
        let block = UnsafeRawBufferPointer(rebasing: bytes[header.dataOffset..<header.dataOffset + total])
        let table = ColumnTable(bytes: block, count: count, columns: columns, isBigEndian: header.isBigEndian)
        let notices = room > total ? ["\(name): \(room - total) bytes are left over after the array"] : []
        return try CloudAssembler(file: name, table: table, notices: notices)
            .assemble(options.nonFinitePoints ?? .reject, kept: options.keptProperties)
    }
}

/// The header of a `.npy` file, version 1 to 3. The dictionary is matched, never evaluated.
struct NumPyHeader {
    let type: ScalarType
    let isBigEndian: Bool
    let isColumnMajor: Bool
    let shape: [Int]
    let dataOffset: Int

    init(bytes: UnsafeRawBufferPointer, file: String) throws(SceneError) {
        func malformed(_ field: String, _ reason: String) -> SceneError {
            .malformed(file: file, field: field, reason: reason)
        }
        guard bytes.count >= 12, bytes[0] == 0x93, bytes[1..<6].elementsEqual("NUMPY".utf8) else {
            throw malformed("magic", "is not that of a NumPy file")
        }
        guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
            throw malformed("version", "\(bytes[6]).\(bytes[7]) is unknown")
        }
        let start = bytes[6] == 1 ? 10 : 12
        let length =
            bytes[6] == 1
            ? Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
            : Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        guard length <= bytes.count - start, length <= 1 << 16 else {
            throw .truncated(
                file: file, field: "header", reason: "length \(length), the file has \(bytes.count - start) bytes")
        }
        dataOffset = start + length

        let text = String(decoding: bytes[start..<dataOffset], as: UTF8.self)
        let entry = /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^']*)'|(True|False)|\(([0-9,\s]*)\))\s*/
        guard let dictionary = text.wholeMatch(of: /\s*\{([^{}]*)\}\s*/) else {
            throw malformed("header", "is not a dictionary: \(quotedForMessage(text))")
        }
        var rest = dictionary.1
        var description: Substring?
        var order: Substring?
        var dimensions: Substring?
        while let match = rest.prefixMatch(of: entry) {
            switch match.1 {
            case "descr" where description == nil && match.2 != nil: description = match.2
            case "fortran_order" where order == nil && match.3 != nil: order = match.3
            case "shape" where dimensions == nil && match.4 != nil: dimensions = match.4
            default: throw malformed("\(match.1)", "appears twice or has a value of the wrong kind")
            }
            rest = rest[match.range.upperBound...]
            guard rest.first == "," else { break }
            rest = rest.dropFirst()
        }
        guard rest.allSatisfy(\.isWhitespace) else {
            throw malformed(
                "header", "expected descr, fortran_order and shape, found \(quotedForMessage(String(rest)))")
        }
        guard let description, let order, let dimensions else {
            throw malformed("header", "descr, fortran_order or shape is missing")
        }
        guard let byteOrder = description.first, let type = ScalarType(numPyName: description.dropFirst()),
            byteOrder == "<" || byteOrder == ">" || (byteOrder == "|" && type.byteCount == 1)
        else {
            throw malformed("descr", "element type \(quotedForMessage(String(description))) is not a plain number")
        }
        self.type = type
        isBigEndian = byteOrder == ">"
        isColumnMajor = order == "True"
        var shape: [Int] = []
        for part in dimensions.split(separator: ",") {
            let word = part.filter { !$0.isWhitespace }
            if word.isEmpty { continue }
            guard let value = NumberParser.count(word).value else {
                throw malformed("shape", NumberParser.count(word).reason)
            }
            shape.append(value)
        }
        self.shape = shape
    }
}

extension ScalarType {
    init?(numPyName: Substring) {
        switch numPyName {
        case "i1": self = .i8
        case "u1": self = .u8
        case "i2": self = .i16
        case "u2": self = .u16
        case "i4": self = .i32
        case "u4": self = .u32
        case "i8": self = .i64
        case "u8": self = .u64
        case "f4": self = .f32
        case "f8": self = .f64
        default: return nil
        }
    }
}
