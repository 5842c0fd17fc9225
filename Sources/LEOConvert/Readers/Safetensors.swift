import LEOTensor

/// safetensors: an 8-byte length, a JSON header, the data. As strict as the reference reader: tensors lie without holes
/// or overlaps and end where the file ends.
///
/// - Source: github.com/huggingface/safetensors, "Format", and `SafeTensors::read_metadata`
struct Safetensors {
    /// The limit of the reference reader.
    private static let headerLimit = 100_000_000

    /// Whether the first bytes look like a header length followed by an object.
    static func recognizes(_ start: [UInt8]) -> Bool {
        guard start.count > 8, start[8] == UInt8(ascii: "{") else { return false }
        return start[5] == 0 && start[6] == 0 && start[7] == 0
    }

    static func open(_ file: CheckpointFile) throws -> TableReader {
        let path = file.path
        func malformed(_ field: String, _ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: path, field: field, expected: expected, found: found)
        }
        guard file.byteCount > 0 else { throw malformed("file", "safetensors", "an empty file") }
        guard file.byteCount >= 8 else { throw malformed("header length", "8 bytes", "\(file.byteCount)") }
        let length = try file.bytes(count: 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length > 0 else { throw malformed("header length", "from 2", "0") }
        guard length <= UInt64(file.byteCount - 8) else {
            throw malformed("header length", "at most \(file.byteCount - 8), the rest of the file", "\(length)")
        }
        guard length <= UInt64(headerLimit) else {
            throw CheckpointError.tooLarge(file: path, field: "header length", limit: headerLimit, found: "\(length)")
        }
        let header = try file.bytes(at: 8, count: Int(length))
        guard case .object(let members) = try StrictJSON.parse(header, file: path, field: "header") else {
            throw malformed("header", "an object", "another JSON value")
        }
        let data = FileRegion(file: file, start: 8 + Int(length), byteCount: file.byteCount - 8 - Int(length))
        var table = CheckpointTable(path: path)
        var places: [(begin: Int, end: Int, name: String)] = []
        for (name, value) in members {
            if name == "__metadata__" {
                try addMetadata(value, to: &table)
                continue
            }
            let (source, begin, end) = try tensor(named: name, value, in: data, path: path)
            try table.add(name, source)
            places.append((begin, end, name))
        }
        var position = 0
        for place in places.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            guard place.begin == position else {
                throw malformed(
                    "tensor \(quoted(place.name))", "data from byte \(position), where the one before ends",
                    "\(place.begin), \(place.begin < position ? "an overlap" : "a hole")")
            }
            position = place.end
        }
        guard position == data.byteCount else {
            throw malformed("data", "\(position) bytes, as the header says", "\(data.byteCount)")
        }
        return TableReader(formatName: "safetensors", table: table)
    }

    private static func addMetadata(_ value: StrictJSON, to table: inout CheckpointTable) throws {
        guard case .object(let members) = value else {
            throw CheckpointError.malformed(
                file: table.path, field: "__metadata__", expected: "an object", found: value.kind)
        }
        for (key, value) in members {
            guard case .string = value else {
                throw CheckpointError.malformed(
                    file: table.path, field: "__metadata__ \(quoted(key))", expected: "a text", found: value.kind)
            }
        }
    }

    private static func tensor(
        named name: String, _ value: StrictJSON, in data: FileRegion, path: String
    ) throws -> (source: StridedTensor, begin: Int, end: Int) {
        let field = "tensor \(quoted(name))"
        func malformed(_ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: path, field: field, expected: expected, found: found)
        }
        guard case .object(let members) = value else { throw malformed("an object", value.kind) }
        var type: ElementType?
        var shape: [Int]?
        var offsets: [Int]?
        for (key, value) in members {
            switch (key, value) {
            case ("dtype", .string(let text)):
                guard let known = ElementType(rawValue: text.lowercased()), text == text.uppercased() else {
                    throw CheckpointError.unsupported(file: path, field: field, found: "dtype \(quoted(text))")
                }
                type = known
            case ("shape", .array(let items)): shape = try integers(items, malformed)
            case ("data_offsets", .array(let items)): offsets = try integers(items, malformed)
            default: throw malformed("dtype, shape and data_offsets", "\(quoted(key)) with \(value.kind)")
            }
        }
        guard let type else { throw malformed("a dtype", "none") }
        guard let shape else { throw malformed("a shape", "none") }
        guard let offsets, offsets.count == 2 else { throw malformed("two data_offsets", "\(offsets?.count ?? 0)") }
        let (begin, end) = (offsets[0], offsets[1])
        guard 0 <= begin, begin <= end, end <= data.byteCount else {
            throw malformed("data_offsets within \(data.byteCount) bytes of data, in order", "\(begin) and \(end)")
        }
        let count = try checkedShape(shape, elementBytes: type.byteCount, file: path, field: field)
        guard count * type.byteCount == end - begin else {
            throw malformed("\(count * type.byteCount) bytes for shape \(shape) of \(type.rawValue)", "\(end - begin)")
        }
        let source = try StridedTensor(
            elementType: type, shape: shape, byteOffset: begin, source: data, file: path, field: field)
        return (source, begin, end)
    }

    private static func integers(
        _ items: [StrictJSON], _ malformed: (String, String) -> CheckpointError
    ) throws -> [Int] {
        try items.map { item in
            guard let number = item.integer, number >= 0 else { throw malformed("integers from 0", item.kind) }
            return number
        }
    }
}
